"""A payment that comes too late, with the Demo provider: it goes back, or books the time again."""

from tests.refunds import activities, assert_refunded, expire_while_paying, operations


def test_f11_it_goes_back_by_itself_once(practice, visitor):
    link = expire_while_paying(practice, visitor)
    visitor.simulate(visitor.asked["reference"])
    visitor.poll()
    assert_refunded(practice, link)
    practice.run_cron("cron_reconcile_transactions")
    practice.run_cron("cron_post_process_payment_tx")
    assert_refunded(practice, link)
    assert not activities(practice, link)


def test_f11_it_books_the_time_again_if_that_is_free(practice, visitor):
    link = visitor.book("with-anna")
    reference = visitor.ask_to_pay(link)["reference"]
    practice.end_hold(link)
    practice.run_cron("cron_expire_bookings")
    visitor.simulate(reference)
    visitor.poll()
    assert practice.booking(link.id)["state"] == "confirmed"
    assert not operations(practice, link)
    practice.assert_ledger(link.id, total=80.0, tax=13.33, residual=56.0, payments=[24.0])
