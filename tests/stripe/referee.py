"""Judges what was sent to the stand-in by what Stripe itself has written down.

The types of Stripe's Python package, and its OpenAPI file where that is beside the repository. Any
test with a stand-in can have all its requests judged: `assert_requests_are_stripes(double)`.
"""

import functools
import importlib.util
import pathlib
from urllib.parse import urlencode

from devtools.stripe_double import routes
from devtools.stripe_double.checks import NEWEST

from . import sdk_types

REFEREE = pathlib.Path(__file__).parents[3] / "shared" / "stripe" / "validate.py"
TEST_AGENT = "stand-in-tests"
ASKING = (TEST_AGENT, "stripe-check")  # They also send what Stripe has to refuse.


@functools.cache
def openapi():
    """Return the referee with Stripe's OpenAPI file, or None where it cannot be had."""
    if not REFEREE.exists() or not importlib.util.find_spec("openapi_schema_validator"):
        return None
    found = importlib.util.spec_from_file_location("validate", REFEREE)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def judge(entry):
    """Return what is wrong with a request that the stand-in has written down; "" if nothing is.

    An old API version still takes what the newest one has let go of.

    :param dict entry: As `GET /_double/requests` has it.
    """
    method, path, params = entry["method"], entry["path"], dict(entry["params"])
    is_old = entry["version"] is None or entry["version"] < NEWEST
    if is_old:
        _handler, operation, _ids = routes.find(method, path)
        params = {name: value for name, value in params.items() if name not in operation.gone}
    wrong = sdk_types.judge(method, path, params)
    if not wrong and is_old and openapi():
        fine, reason = openapi().validate_openapi(method, path, entry["query"] or entry["body"])
        wrong = "" if fine else reason
    return wrong


def assert_requests_are_stripes(double):
    """Assert that Stripe would take the parameters of every request since the stand-in started.

    Not those of Stripe.js, whose API is not public, and not those of the stand-in's own tests.

    :param StripeDouble double: a running stand-in
    :return: how many requests were judged
    """
    judged = [
        entry for entry in double.requests(all=True)
        if entry["key"] == "secret" and entry["user_agent"] not in ASKING and entry["status"] != 401
    ]
    wrong = [
        f"{entry['method']} {entry['path']} {urlencode(entry['params'])}: {reason}"
        for entry in judged if (reason := judge(entry))
    ]
    assert not wrong, "\n".join(["Stripe knows no such requests:", *wrong])
    return len(judged)
