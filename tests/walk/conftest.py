"""One server with several workers, the stand-in for Stripe, and the practices on them."""

import pytest

from devtools.stripe_double.process import StripeDouble

from .clinic import Clinic
from .post import Post


@pytest.fixture(scope="session")
def stripe():
    """Return a stand-in of its own: nobody else's tests reset it."""
    with StripeDouble() as double:
        yield double


@pytest.fixture(scope="session")
def clinic(make_server, stripe):
    server = make_server(
        options=["--workers=3", "--max-cron-threads=0"], environment=stripe.environment
    )
    clinic = Clinic(server, stripe)
    yield clinic
    clinic.close()


@pytest.fixture
def post(clinic, stripe):
    clinic.server.allow_log("could not serialize access|retry|Received HTTP")
    post = Post(clinic)
    yield post
    stripe.webhook()
    post.close()
