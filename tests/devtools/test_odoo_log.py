"""Odoo's log is read to the last failure and warning."""

from devtools import odoo_log

TESTS = "odoo.addons.appointment_payments.tests.test_terms"


def line(level, logger, message):
    return f"2026-01-02 03:04:05,678 9 {level} db {logger}: {message}"


def outcome(*lines):
    return odoo_log.outcome("\n".join(lines))


def test_passed_skipped_and_failed_tests_are_told_apart():
    result = outcome(
        line("INFO", TESTS, "Starting TestTerms.test_a ..."),
        line("INFO", TESTS, "Starting TestTerms.test_b ..."),
        line("INFO", TESTS, "skipped TestTerms.test_b : no browser"),
        line("INFO", TESTS, "Starting TestTerms.test_c ..."),
        line("ERROR", TESTS, "FAIL: Subtest TestTerms.test_c (n=1)"),
        "Traceback (most recent call last):",
        line("ERROR", TESTS, "FAIL: Subtest TestTerms.test_c (n=2)"),
        line("ERROR", "odoo.tests.result", "2 failed, 0 error(s) of 3 tests"),
    )
    assert (result.passed, result.failed) == (1, 1)
    assert "Traceback" in odoo_log.report(result)


def test_a_class_that_cannot_be_set_up_is_a_failure():
    result = outcome(line("ERROR", TESTS, f"ERROR: setUpClass ({TESTS}.TestTerms)"))
    assert (result.passed, result.failed) == (0, 1)


def test_every_different_warning_is_a_failure_once():
    result = outcome(
        line("INFO", TESTS, "Starting TestTerms.test_a ..."),
        line("WARNING", "odoo.addons.appointment_payments.models.x", "late"),
        line("WARNING", "odoo.addons.appointment_payments.models.x", "late"),
        line("WARNING", "py.warnings", "/x/appointment_payments/y.py:1: DeprecationWarning: old"),
        line("INFO", f"{TESTS}.TestTerms.test_a.browser", "all good"),
        line("WARNING", f"{TESTS}.TestTerms.test_a.browser", "the browser's own affair"),
    )
    assert (result.passed, result.failed) == (1, 2)


def test_entries_know_whose_they_are():
    ours, theirs = odoo_log.entries(
        "\n".join(
            [
                line("ERROR", "odoo.http", "broken"),
                '  File "/r/appointment_payments/controllers/booking.py", line 1',
                line("ERROR", "odoo.http", "broken"),
            ]
        )
    )
    assert ours.is_ours
    assert not theirs.is_ours
