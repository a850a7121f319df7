"""From which payments money goes back, and what of the price goes with it.

Amounts are ints in minor units.
"""

from itertools import chain, combinations
from typing import NamedTuple


class Source(NamedTuple):
    """A payment that money can go back from.

    :param key: the payment
    :param int left: what of it has not gone back, nor is on its way
    :param bool whole_only: whether its provider pays it back in full only
    """

    key: object
    left: int
    whole_only: bool = False


def spread(amount, sources):
    """Say how much goes back from each payment: as few providers' refunds in full as possible,
    then from the newest on, since the older ones are likelier to be refused.

    :param int amount: what goes back in all
    :param sources: iterable of :class:`Source`, the newest payment first
    :return: what goes back from each payment that is touched; None when it cannot be put together
    :rtype: dict | None
    """
    sources = [source for source in sources if source.left > 0]
    whole = [source for source in sources if source.whole_only]
    parts = [source for source in sources if not source.whole_only]
    choices = chain.from_iterable(combinations(whole, n) for n in range(len(whole) + 1))
    for chosen in choices:
        rest = amount - sum(source.left for source in chosen)
        if amount > 0 and 0 <= rest <= sum(source.left for source in parts):
            taken = {source.key: source.left for source in chosen}
            return _in_order(sources, {**taken, **take(rest, parts)})
    return None


def take(amount, sources):
    """Take an amount from the first on, as far as it goes.

    :param int amount: what is taken at most; below zero counts as nothing
    :param sources: iterable of pairs or :class:`Source`: a key and what it has
    :return: what is taken from each that is touched
    :rtype: dict
    """
    taken, rest = {}, max(amount, 0)
    for key, left, *_rest in sources:
        part = min(max(left, 0), rest)
        if part:
            taken[key] = part
            rest -= part
    return taken


def credit(given_back, paid, invoiced):
    """Say how much of the price is credited along with money that goes back.

    :param int given_back: what goes back of what an invoice took
    :param int paid: what was paid of the price before it goes back
    :param int invoiced: what of the price is invoiced and not credited
    :return: as much as goes back; the whole price once nothing of it stays paid
    :rtype: int
    """
    if given_back <= 0:
        return 0
    return max(invoiced, 0) if given_back >= paid else min(given_back, max(invoiced, 0))


def _in_order(sources, taken):
    return {source.key: taken[source.key] for source in sources if source.key in taken}
