"""Which payment mode applies to a booking."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import terms

MODES = ["none", "deposit", "full"]
CONFIRMATIONS = ["automatic", "manual"]


@pytest.mark.parametrize(
    ("mode", "confirmation", "company_mode"),
    list(product(["default", *MODES], CONFIRMATIONS, MODES)),
)
def test_switch_off_asks_nothing_anywhere(mode, confirmation, company_mode):
    assert terms.resolve_mode(mode, confirmation, False, company_mode) == "none"


@pytest.mark.parametrize(
    ("mode", "confirmation", "company_mode"), list(product(MODES, CONFIRMATIONS, MODES))
)
def test_an_explicit_mode_wins_over_the_practice(mode, confirmation, company_mode):
    assert terms.resolve_mode(mode, confirmation, True, company_mode) == mode


@pytest.mark.parametrize("company_mode", MODES)
def test_default_is_the_full_price_where_an_answer_is_needed(company_mode):
    assert terms.resolve_mode("default", "manual", True, company_mode) == "full"


@pytest.mark.parametrize("company_mode", MODES)
def test_default_is_the_practices_mode_otherwise(company_mode):
    assert terms.resolve_mode("default", "automatic", True, company_mode) == company_mode


@given(st.text())
def test_an_unknown_mode_is_refused_rather_than_free(mode):
    if mode in {"default", *MODES}:
        return
    with pytest.raises(ValueError, match="payment mode"):
        terms.resolve_mode(mode, "automatic", True, "none")


@pytest.mark.parametrize("company_mode", ["default", False, ""])
def test_a_practice_without_a_mode_is_refused_rather_than_free(company_mode):
    with pytest.raises(ValueError, match="payment mode"):
        terms.resolve_mode("default", "automatic", True, company_mode)


COLLECTION_MODES = ["now", "automatic", "manual", "none"]


@pytest.mark.parametrize("company_mode", COLLECTION_MODES)
def test_the_rest_is_asked_for_as_the_practice_does_by_default(company_mode):
    assert terms.resolve_collection_mode("default", company_mode) == company_mode


@given(st.sampled_from(COLLECTION_MODES), st.sampled_from(["default", *COLLECTION_MODES]))
def test_an_explicit_way_to_ask_wins_over_the_practice(mode, company_mode):
    assert terms.resolve_collection_mode(mode, company_mode) == mode


@given(st.sampled_from(COLLECTION_MODES), st.sampled_from(COLLECTION_MODES))
def test_what_is_resolved_stays_resolved(mode, company_mode):
    once = terms.resolve_collection_mode(mode, company_mode)
    assert terms.resolve_collection_mode(once, company_mode) == once
    assert once != "default"


@given(st.text(), st.sampled_from(COLLECTION_MODES))
def test_an_unknown_way_to_ask_is_refused(mode, company_mode):
    if mode in {"default", *COLLECTION_MODES}:
        return
    with pytest.raises(ValueError, match="collection mode"):
        terms.resolve_collection_mode(mode, company_mode)


@pytest.mark.parametrize("company_mode", ["default", False, "", "link"])
def test_a_practice_without_a_way_to_ask_is_refused(company_mode):
    with pytest.raises(ValueError, match="collection mode"):
        terms.resolve_collection_mode("default", company_mode)
