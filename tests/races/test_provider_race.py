"""A provider that nobody has been paid with yet, and several first payments at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.visitor import RpcError

TOGETHER = 4
# an UPDATE that this rule swallows locks nothing, so two workers do not meet
GUARD_OFF = "CREATE RULE guard_off AS ON UPDATE TO payment_provider DO INSTEAD NOTHING"
GUARD_ON = "DROP RULE guard_off ON payment_provider"


@pytest.fixture(autouse=True)
def collisions(practice):
    """Odoo repeats what could not be serialized, and logs each as an error."""
    practice.server.allow_log("could not serialize access|retry|Expected singleton")


def lines(practice):
    return practice.query(
        "SELECT count(*) FROM account_payment_method_line WHERE payment_provider_id = %s",
        practice.ids["provider"],
    )[0][0]


def forget_lines(practice):
    practice.query(
        "UPDATE account_payment SET payment_method_line_id = NULL WHERE payment_method_line_id IN"
        " (SELECT id FROM account_payment_method_line WHERE payment_provider_id = %s)",
        practice.ids["provider"],
    )
    practice.query(
        "DELETE FROM account_payment_method_line WHERE payment_provider_id = %s",
        practice.ids["provider"],
    )


def paid_together(practice):
    """Have several clients pay at once; the provider's payment method line is not there yet."""
    visitors = [practice.visitor() for _number in range(TOGETHER)]
    links = [visitor.book("with-cleo") for visitor in visitors]
    for visitor, link in zip(visitors, links, strict=True):
        visitor.simulate(visitor.ask_to_pay(link)["reference"])
    forget_lines(practice)

    def poll(visitor):
        try:
            return visitor.poll()
        except RpcError as error:
            return error

    with ThreadPoolExecutor(TOGETHER) as pool:
        list(pool.map(poll, visitors))
    return links


@pytest.mark.parametrize("round_number", range(2))
def test_f18_first_payments_at_once_make_one_payment_method_line(practice, round_number):
    links = paid_together(practice)
    assert lines(practice) == 1
    practice.run_cron("cron_post_process_payment_tx")
    for link in links:
        practice.assert_ledger(link.id, total=80.0, tax=13.33, residual=56.0, payments=[24.0])


def test_f18_without_the_lock_they_make_several(practice):
    """The control: each worker looks, sees none, and makes its own."""
    practice.query(GUARD_OFF)
    try:
        made = []
        for _round in range(6):
            paid_together(practice)
            made.append(lines(practice))
            if made[-1] > 1:
                break
    finally:
        practice.query(GUARD_ON)
        forget_lines(practice)
    assert max(made) > 1, made
