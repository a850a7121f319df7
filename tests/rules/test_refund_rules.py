"""From which payments money goes back, and what of the price goes with it."""

from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.refund import Source, credit, spread, take

AMOUNTS = st.integers(0, 10**6)
SOURCES = st.lists(st.tuples(AMOUNTS, st.booleans()), max_size=6).map(
    lambda rows: [Source(key, left, whole) for key, (left, whole) in enumerate(rows)]
)


@pytest.mark.parametrize(
    ("amount", "taken"),
    [
        (0, None),
        (-1, None),
        (1, {"new": 1}),
        (5600, {"new": 5600}),
        (6000, {"new": 5600, "old": 400}),
        (8000, {"new": 5600, "old": 2400}),
        (8001, None),
    ],
)
def test_the_newest_payment_first(amount, taken):
    assert spread(amount, [Source("new", 5600), Source("gone", 0), Source("old", 2400)]) == taken


@pytest.mark.parametrize(
    ("amount", "taken"),
    [
        (3000, {"part": 3000}),  # not touched without need
        (5000, {"whole": 5000}),
        (7000, {"part": 2000, "whole": 5000}),
        (8000, {"part": 3000, "whole": 5000}),
        (4000, None),
    ],
)
def test_what_goes_back_in_full_only_is_not_divided(amount, taken):
    assert spread(amount, [Source("part", 3000), Source("whole", 5000, True)]) == taken


@given(AMOUNTS, SOURCES)
def test_it_adds_up_and_nobody_gives_more_than_is_left(amount, sources):
    taken = spread(amount, sources)
    if taken is None:
        return
    by_key = {source.key: source for source in sources}
    assert sum(taken.values()) == amount > 0
    for key, part in taken.items():
        assert 0 < part <= by_key[key].left
        assert not by_key[key].whole_only or part == by_key[key].left
    assert list(taken) == [source.key for source in sources if source.key in taken]


@given(AMOUNTS, SOURCES)
def test_what_can_be_put_together_is(amount, sources):
    whole = [source.left for source in sources if source.whole_only]
    parts = sum(source.left for source in sources if not source.whole_only)
    sums = map(sum, chain.from_iterable(combinations(whole, n) for n in range(len(whole) + 1)))
    possible = amount > 0 and any(total <= amount <= total + parts for total in sums)
    assert (spread(amount, sources) is not None) == possible


@given(SOURCES)
def test_everything_can_go_back_at_once(sources):
    total = sum(source.left for source in sources)
    assert spread(total, sources) == ({s.key: s.left for s in sources if s.left} if total else None)


@given(st.integers(-100, 10**6), SOURCES)
def test_take_goes_as_far_as_it_can(amount, sources):
    taken = take(amount, sources)
    assert sum(taken.values()) == min(max(amount, 0), sum(source.left for source in sources))


@pytest.mark.parametrize(
    ("given_back", "paid", "invoiced", "credited"),
    [
        (8000, 8000, 8000, 8000),
        (3000, 8000, 8000, 3000),
        (2400, 2400, 8000, 8000),  # nothing stays paid: nothing is owed
        (1000, 2400, 8000, 1000),
        (5000, 3000, 3000, 3000),  # more than was for it
        (0, 0, 8000, 0),
        (-5, 0, 8000, 0),
        (3000, 8000, -1, 0),
    ],
)
def test_what_is_credited(given_back, paid, invoiced, credited):
    assert credit(given_back, paid, invoiced) == credited


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_never_more_is_credited_than_was_invoiced(given_back, paid, invoiced):
    credited = credit(given_back, paid, invoiced)
    assert 0 <= credited <= invoiced
    if given_back < paid:
        assert credited <= given_back
