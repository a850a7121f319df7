"""One request to the API, once it is authenticated and its parameters are checked."""

import dataclasses

from .store import Store, token


@dataclasses.dataclass
class Call:
    """`store` is the account that it acts on.

    `request_id` is None for what nobody asked for over the API: the dashboard, the bank, the clock.
    """
    store: Store
    params: dict = dataclasses.field(default_factory=dict)
    publishable: bool = False  # Whether it comes from Stripe.js, with the publishable key.
    base_url: str = ""  # Where this stand-in answers.
    idempotency_key: str = None
    version: str = ""
    request_id: str = dataclasses.field(default_factory=lambda: f"req_{token(14)}")
