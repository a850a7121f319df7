"""Somebody who books too much, over the real server."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.visitor import Page


@pytest.fixture(scope="module")
def practice(make_practice):
    """Return a practice of its own, so that its limits are nobody else's."""
    return make_practice(options=["--max-cron-threads=0", "--proxy-mode"])


@pytest.fixture(autouse=True)
def fresh(practice):
    """Begin each test with nothing booked and nothing counted."""
    practice.query("TRUNCATE appointment_payment_rate")
    practice.query("DELETE FROM appointment_payment_booking")


def limit(practice, **limits):
    """Set limits; none where none are named."""
    values = dict.fromkeys(("rate_per_address", "rate_per_email", "holds_per_client"), 0) | limits
    practice.query(
        "UPDATE res_company SET "
        + ", ".join(f"appointment_{name} = {value:d}" for name, value in values.items())
    )
    practice.server.restart()  # companies are cached


def test_f45_holds_are_capped_per_client_also_when_they_come_at_once(practice):
    limit(practice, holds_per_client=3)
    starts = practice.visitor().starts("with-anna")[:12]
    visitors = [practice.visitor() for _start in starts]
    forms = [
        visitor.form("with-anna", start, email=f"client{number}@example.com")
        for number, (visitor, start) in enumerate(zip(visitors, starts, strict=True))
    ]
    with ThreadPoolExecutor(len(starts)) as pool:
        answers = list(pool.map(lambda v, f: v.submit(f, "with-anna"), visitors, forms))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [303] * 3 + [429] * 9
    assert practice.count("appointment_payment_occupancy") == 3
    refused = Page(next(answer for answer in answers if answer.status_code == 429))
    assert "Finish paying one of them" in refused.alerts()[0]
    assert refused.form()["name"] == "Carla Client"
    assert "deadlock" not in practice.server.log()


def test_f45_without_the_index_a_burst_gets_more(practice):
    """The control: counting before booking looks at an old snapshot."""
    limit(practice, holds_per_client=1)
    indexes = [
        f"appointment_payment_booking_holder_{holder}_uniq" for holder in ("client", "address")
    ]
    saved = [
        definition for (definition,) in practice.query(
            "SELECT indexdef FROM pg_indexes WHERE indexname = ANY(%s)", indexes
        )
    ]
    assert len(saved) == 2
    for index in indexes:
        practice.query(f"DROP INDEX {index}")
    try:
        starts = practice.visitor().starts("first-consultation")[:8]
        visitors = [practice.visitor() for _start in starts]
        forms = [v.form(start=start) for v, start in zip(visitors, starts, strict=True)]
        with ThreadPoolExecutor(len(starts)) as pool:
            answers = list(pool.map(lambda v, f: v.submit(f), visitors, forms))
        assert sum(answer.status_code == 303 for answer in answers) > 1
    finally:
        practice.query("DELETE FROM appointment_payment_booking")
        for definition in saved:
            practice.query(definition)


def test_f45_what_is_refused_and_rolled_back_counts_too(practice):
    limit(practice, rate_per_address=3, holds_per_client=1)
    visitor = practice.visitor()
    reasons = []
    for number, start in enumerate(visitor.starts("with-anna")[:5]):
        form = visitor.form("with-anna", start, email=f"client{number}@example.com")
        answer = visitor.submit(form, "with-anna")
        alerts = Page(answer).alerts() if answer.status_code == 429 else [""]
        reasons.append((answer.status_code, alerts[0].partition(".")[0][-20:]))
    hold, rate = "person can have: 1", "in the last hour"
    assert [status for status, _reason in reasons] == [303, 429, 429, 429, 429]
    held = [reason.endswith(hold) for _status, reason in reasons]
    assert held == [False, True, True, False, False]
    assert [reason.endswith(rate) for _status, reason in reasons] == [False] * 3 + [True] * 2
    assert practice.query("SELECT count FROM appointment_payment_rate") == [(5,)]


def test_f45_many_at_once_are_all_counted(practice):
    limit(practice, rate_per_address=4)
    starts = practice.visitor().starts("with-cleo")[:12]
    visitors = [practice.visitor() for _start in starts]
    forms = [
        visitor.form("with-cleo", start, email=f"client{number}@example.com")
        for number, (visitor, start) in enumerate(zip(visitors, starts, strict=True))
    ]
    with ThreadPoolExecutor(len(forms)) as pool:
        answers = list(pool.map(lambda v, f: v.submit(f, "with-cleo"), visitors, forms))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(303), statuses.count(429)) == (4, 8)


def test_f45_behind_a_proxy_each_client_has_an_address(practice):
    limit(practice, rate_per_address=1)
    visitor = practice.visitor()
    statuses = []
    for number, address in enumerate(["192.0.2.1", "192.0.2.2", "192.0.2.1"]):
        visitor.http.headers["X-Forwarded-For"] = address
        visitor.http.headers["X-Forwarded-Host"] = visitor.practice.url.split("//")[1]
        start = visitor.starts("with-anna")[number]
        form = visitor.form("with-anna", start, email=f"client{number}@example.com")
        statuses.append(visitor.submit(form, "with-anna").status_code)
    assert statuses == [303, 303, 429]


def test_f45_without_a_proxy_nobody_chooses_their_address(make_practice):
    practice = make_practice(options=["--max-cron-threads=0"])
    limit(practice, rate_per_address=1)
    visitor = practice.visitor()
    statuses = []
    for number in range(2):
        visitor.http.headers["X-Forwarded-For"] = f"192.0.2.{number}"
        visitor.http.headers["X-Forwarded-Host"] = "elsewhere.example"
        form = visitor.form("with-anna", email=f"client{number}@example.com")
        statuses.append(visitor.submit(form, "with-anna").status_code)
    assert statuses == [303, 429]
