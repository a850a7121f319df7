import logging

from werkzeug.exceptions import Forbidden, RequestEntityTooLarge

from odoo import http
from odoo.http import request, route

from odoo.addons.payment_stripe.controllers.main import StripeController as StripeBase

from ..models.stripe_event_endpoint import EVENTS_ROUTE
from ..rules import stripe_webhook

_logger = logging.getLogger(__name__)

ANSWER = b'""'
MAX_BODY = 1_000_000  # bytes; Stripe's events have some ten thousand


class RefusedDeliveryError(Exception):
    """A delivery that is not answered as one of Stripe's.

    :param int status: of the answer
    """

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status = status


class StripeEventController(http.Controller):
    """The addon's own endpoint: its secret, its events, Stripe's current API version."""

    @route(
        EVENTS_ROUTE,
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
        max_content_length=MAX_BODY,
    )
    def stripe_events(self):
        """Store what Stripe says; it is acted on after the answer (design rule 7)."""
        try:
            body, header = read_delivery()
            hint = stripe_webhook.read_hint(stripe_webhook.parse(body))
            signers = request.env["payment.provider"]._stripe_find_signers(body, header)
            return answer(receive(hint, signers))
        except (RefusedDeliveryError, ValueError) as error:
            return refuse(error)


class StripeController(StripeBase):
    """The endpoint of `payment_stripe`: what concerns bookings obeys the same rules."""

    @route(max_content_length=MAX_BODY)
    def stripe_webhook(self):
        """Override of `payment_stripe`: payments of bookings and of their invoices.

        Everything else is answered as ever.
        """
        try:
            event = stripe_webhook.parse(read_body())
            payment, bookings = find_ours(event)
            if payment or bookings:
                body, header = read_delivery()
                hint = stripe_webhook.read_hint(event)
                signers = find_stock_signers(payment, bookings, body, header)
                return answer(receive(hint, signers))
        except (RefusedDeliveryError, ValueError) as error:
            return refuse(error)
        return super().stripe_webhook()

    def _verify_signature(self, tx_sudo):
        """Override of `payment_stripe`: it lets everything pass where there is no secret.

        What Stripe says of bookings never comes this far: this was written to look like something
        else above, and like a booking's payment here.
        """
        if any(transaction._stripe_is_ours() for transaction in tx_sudo):
            raise Forbidden()
        return super()._verify_signature(tx_sudo)


def read_body():
    """Return the body, as it came.

    :rtype: bytes
    :raise RefusedDeliveryError: when it is too large
    """
    try:
        return request.httprequest.get_data()
    except RequestEntityTooLarge as error:
        raise RefusedDeliveryError(413, "too large") from error


def read_delivery():
    """Return the body and the signature.

    :rtype: tuple[bytes, str]
    :raise RefusedDeliveryError: when there is no signature
    """
    header = request.httprequest.headers.get("Stripe-Signature", "")
    if not stripe_webhook.has_signature(header):
        raise RefusedDeliveryError(400, "no signature")
    return read_body(), header


def find_ours(event):
    """Return the payment that an unproven event names, if it is of a booking; else the bookings
    that the name was made for: the payment may not have been committed yet.

    :param dict event: of anybody
    :rtype: tuple
    """
    # sudo: what it names is looked up, nothing else
    transactions = request.env["payment.transaction"].sudo()
    data = event.get("data")
    try:
        kept = stripe_webhook.keep(data.get("object") if isinstance(data, dict) else None)
    except ValueError:
        return transactions, ()
    hint = stripe_webhook.Hint("", "", "", False, kept)
    found = transactions._stripe_find(hint.references, hint.intent_ref)
    if found:
        return found if found._stripe_is_ours() else transactions, ()
    return transactions, transactions._stripe_find_bookings_by_name(hint.references)


def find_stock_signers(payment, bookings, body, header):
    """Return the providers whose secret on `payment_stripe`'s endpoint has signed a delivery.

    :param payment: the `payment.transaction` that it names, if that is known
    :param bookings: else the bookings
    :rtype: recordset of `payment.provider`
    """
    providers = payment.provider_id or request.env["payment.provider"].sudo().search(
        [("code", "=", "stripe"), ("company_id", "in", bookings.company_id.ids)]
    )  # sudo: their secrets are compared, not shown
    return providers.filtered(lambda p: p._stripe_signed_on_stock_route(body, header))


def receive(hint, signers):
    """Store an event that one of these providers has signed.

    :param Hint hint: what it says
    :param signers: `payment.provider`
    :return: the event; empty when it is known
    :rtype: recordset of `appointment.payment.stripe.event`
    :raise RefusedDeliveryError: when nobody has signed it, or not the provider of the payment
    """
    if not signers:
        raise RefusedDeliveryError(403, "no secret here, or none that has signed it")
    events = request.env["appointment.payment.stripe.event"].sudo()  # sudo: Stripe, and it signed
    if events._is_known(hint.event_ref):
        return events
    payments = request.env["payment.transaction"].sudo()  # sudo: as above
    payment = payments._stripe_find(hint.references, hint.intent_ref)
    if payment and payment.provider_id not in signers:
        raise RefusedDeliveryError(403, "a payment of another provider")
    return events._receive((payment.provider_id or signers)[:1], hint, payment)


def answer(event):
    """Tell Stripe that it need not come again, then act.

    :param event: `appointment.payment.stripe.event`, or none
    :rtype: odoo.http.Response
    """
    work = []
    if event.next_attempt_at:
        event._run_when_answered(work)
    elif event:
        _logger.info("Stripe event %s (%s) ignored: %s", event.event_ref, event.type, event.error)
    headers = {"Content-Type": "application/json", "Content-Length": str(len(ANSWER))}
    return request.make_response(answer_then(work), headers=list(headers.items()))


def answer_then(work):
    """Yield the answer; work begins when it is out, or Stripe has hung up.

    Not by `call_on_close`: the server skips it when the connection is reset at the end.

    :param list work: what is called
    """
    try:
        yield ANSWER
    finally:
        for call in work:
            call()


def refuse(error):
    """Refuse a delivery; nothing of it is logged but the reason.

    :rtype: odoo.http.Response
    """
    _logger.info("Webhook of Stripe refused: %s", error)
    return request.make_json_response("", status=getattr(error, "status", 400))
