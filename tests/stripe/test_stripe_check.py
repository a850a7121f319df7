"""`./dev stripe-check`, which a person runs against a real test account, against the stand-in."""

import os
import subprocess
import sys

import pytest

from devtools import paths
from devtools.stripe_check import Check


def run(key, base):
    return subprocess.run(
        [sys.executable, "-m", "devtools.stripe_check"], cwd=paths.REPOSITORY, text=True,
        capture_output=True, check=False, timeout=120, env={
            **os.environ, "PYTHONPATH": str(paths.REPOSITORY), "STRIPE_SECRET_KEY": key,
            "STRIPE_API_BASE": base,
        },
    )


def test_every_question_is_answered_by_the_stand_in(double):
    result = run(double.secret_key, double.url)
    count = len(Check(double.secret_key, double.url).questions())
    assert f"{count} of {count} passed" in result.stdout, result.stdout + result.stderr
    assert result.returncode == 0


def test_what_stripe_would_do_otherwise_is_said(double):
    double.fault("error", "webhook_endpoints")
    result = run(double.secret_key, double.url)
    assert "FAIL  A webhook endpoint shows its secret once: " in result.stdout
    assert result.returncode == 1


@pytest.mark.parametrize("key", ["", "sk_live_0123456789", "rk_live_0123456789"])
def test_a_live_key_is_refused(double, key):
    result = run(key, double.url)
    assert result.returncode == 2
    assert "sk_test_" in result.stderr
    assert double.requests() == []
