"""The seats of a group, confirmed in one moment, meet in one event of the calendar."""

from concurrent.futures import ThreadPoolExecutor

from tests.visitor import from_text

GROUP = "back-school"
SEATS = 3
ROUNDS = 4
# the claim then writes nothing, so nobody meets anybody
WITHOUT_CLAIM = """
CREATE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER keep_row BEFORE UPDATE ON resource_resource
FOR EACH ROW EXECUTE FUNCTION keep_row();
"""


def fill(practice, start):
    """Have as many visitors as there are seats book at once; return their events."""
    visitors = [practice.visitor() for _seat in range(SEATS)]
    forms = [
        visitor.form(GROUP, start, email=f"seat-{number}@example.com")
        for number, visitor in enumerate(visitors)
    ]
    with ThreadPoolExecutor(SEATS) as pool:
        answers = list(pool.map(lambda v, form: v.submit(form, GROUP), visitors, forms))
    assert [answer.status_code for answer in answers] == [303] * SEATS
    rows = practice.query(
        "SELECT b.event_id, e.name FROM appointment_payment_booking b"
        " JOIN calendar_event e ON e.id = b.event_id WHERE b.start = %s AND b.capacity > 1",
        from_text(start),
    )
    assert len(rows) == SEATS
    return rows


def test_seats_that_are_confirmed_at_once_share_an_event(practice):
    for start in practice.visitor().starts(GROUP)[:ROUNDS]:
        [(_event, name)] = set(fill(practice, start))
        assert name == f"Back school · {SEATS} of {SEATS}"
    assert "deadlock" not in practice.server.log()


def test_without_the_claim_they_do_not(make_practice):
    """The control: a search alone sees nothing of what others do in that moment."""
    practice = make_practice(options=["--max-cron-threads=0"])
    practice.query(WITHOUT_CLAIM)
    starts = practice.visitor().starts(GROUP)[:ROUNDS]
    events = [len({event for event, _name in fill(practice, start)}) for start in starts]
    assert max(events) > 1, events
