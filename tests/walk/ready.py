"""Payments that are ready for something to be done to them: taken, held, or a card to charge."""

from dataclasses import dataclass

import requests

CARD = "4242424242424242"


@dataclass
class Ready:
    """A booking with a payment, or with a card that can be charged."""

    place: object
    visitor: object
    link: object
    reference: str = None
    intent: str = None
    payment: int = None
    token: int = None
    refunds: int = 0


def book(clinic, place=None, category="full Ada"):
    """Book the next free time."""
    place = place or clinic.places[0]
    start = clinic.next_start(place, category.split()[1])
    visitor, link = clinic.book(place, category, start)
    assert link, start
    return Ready(place, visitor, link)


def pay(clinic, place=None, category="full Ada", act=True):
    """Have a booking paid at Stripe.

    :param bool act: whether the client comes back, so that the practice acts on it
    """
    ready = book(clinic, place, category)
    asked = clinic.ask_to_pay(ready.place, ready.visitor, ready.link)
    return _confirm(clinic, ready, asked, act)


def hold(clinic, place=None, act=True):
    """Have the money of a booking held at Stripe."""
    ready = book(clinic, place)
    return _confirm(clinic, ready, clinic.ask_to_hold(ready.place, ready.link), act)


def _confirm(clinic, ready, asked, act):
    ready.reference, ready.intent, secret = asked
    assert clinic.confirm(ready.intent, secret, CARD).status_code == 200
    if act:
        come_back(clinic, ready)
    [(ready.payment,)] = clinic.query(
        "SELECT id FROM payment_transaction WHERE reference = %s", ready.reference
    )
    return ready


def come_back(clinic, ready):
    """Return from Stripe to the practice's page, and have the payment posted."""
    ready.visitor.send(
        "GET", "/payment/stripe/return",
        params={"reference": ready.reference, "payment_intent": ready.intent},
    )
    clinic.run_cron("cron_post_process_payment_tx")


def save_card(clinic, ready):
    """Keep a card of the booking's client at Stripe, as an earlier payment did."""
    def post(path, **data):
        answer = requests.post(
            f"{clinic.double.url}/v1/{path}", data=data, timeout=10,
            headers={"AUTHORIZATION": f"Bearer {clinic.double.secret_key}"},
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    customer = post("customers", email="carla@example.com")
    card = post("payment_methods/pm_card_visa/attach", customer=customer)
    [(ready.token,)] = clinic.query(
        "INSERT INTO payment_token (provider_id, payment_method_id, partner_id, provider_ref,"
        " stripe_payment_method, payment_details, active, company_id)"
        " SELECT %s, %s, payer_id, %s, %s, '4242', true, company_id"
        " FROM appointment_payment_booking WHERE id = %s RETURNING id",
        ready.place.provider, clinic.method, customer, card, ready.link.id,
    )
    return ready


def charge(clinic, ready, **context):
    """Charge the saved card of a booking while nobody is there."""
    return clinic.open_door(
        "charge", ready.link.id, provider=ready.place.provider, method=clinic.method,
        token=ready.token, **context,
    )


def capture(clinic, ready, amount):
    """Capture a part of a hold; Odoo's wizard takes the whole of one at Stripe only."""
    return clinic.open_door("press", ready.payment, press="capture", amount=amount)


def void(clinic, ready):
    return clinic.rpc("payment.transaction", "action_void", [ready.payment])


def refund(clinic, ready, amount):
    return clinic.rpc(
        "payment.transaction", "action_refund", [ready.payment], amount_to_refund=amount
    )


def make_due(clinic, *ids):
    """Let time pass until the scheduled action looks at the operations of bookings again."""
    clinic.query(
        "UPDATE appointment_payment_operation SET next_attempt_at = now() AT TIME ZONE 'UTC'"
        " - interval '1 second' WHERE next_attempt_at IS NOT NULL AND booking_id = ANY(%s)",
        list(ids),
    )


def operations(clinic, *ids):
    """Return id, kind and state of the operations of bookings, oldest first."""
    return clinic.query(
        "SELECT id, kind, state FROM appointment_payment_operation WHERE booking_id = ANY(%s)"
        " ORDER BY id", list(ids),
    )


def moved(clinic, ready):
    """Return what Stripe has done to a booking's payments, in minor units."""
    rows = clinic.double.ledger()["intents"]
    names = [row[0] for row in clinic.query(
        "SELECT reference FROM payment_transaction WHERE appointment_booking_id = %s",
        ready.link.id,
    )]
    mine = [row for row in rows if row["description"] in names]
    return {
        name: sum(row[name] for row in mine) for name in ("captured", "refunded", "held")
    }
