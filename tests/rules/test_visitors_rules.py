"""Who counts as one visitor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.visitors import free_number, network_of


@pytest.mark.parametrize(("address", "network"), [
    ("192.0.2.7", "192.0.2.7"),
    ("::ffff:192.0.2.7", "192.0.2.7"),
    ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
    ("fe80::1%eth0", "fe80::/64"),
    ("unix:", "unix:"),
    ("", ""),
    (None, ""),
])  # fmt: skip
def test_what_stands_for_a_visitor(address, network):
    assert network_of(address) == network


@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_two_ipv4_addresses_are_two_visitors(one, other):
    assert (network_of(str(one)) == network_of(str(other))) == (one == other)


@given(st.sets(st.integers(0, 12)), st.integers(0, 10))
def test_the_number_is_free_and_the_first(taken, limit):
    number = free_number(taken, limit)
    free = set(range(1, limit + 1)) - taken
    assert number == (min(free) if free else None)
