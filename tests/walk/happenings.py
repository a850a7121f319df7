"""What may happen on a walk. Each says whom it can happen to, and does it."""

from .walker import CARDS, FAULTS, Ticket

MODES = ("deposit", "full")
REQUESTS = ("hold", "charge", "hold", "approve_first", "small")
WHO = ("Ada", "Bo")
PERCENTS = (100, 50, 33, 10)
PATHS = (
    "refunds", "refunds", "payment_intents/*/capture", "payment_intents/*/cancel",
    "payment_intents",
)
HAPPENINGS = []


class Happening:
    """Something that may happen to a booking, or to nobody in particular.

    :param int weight: how often it happens, compared with the others
    :param callable to: takes a `Ticket` and tells whether it can happen to it; None: to nobody
    :param callable work: takes the walker, what draws a number below another, and the ticket if any
    :param callable when: takes the walker and tells whether it can happen at all
    """

    def __init__(self, weight, to, work, when):
        self.weight, self.to, self.work, self.when = weight, to, work, when

    def can_happen(self, walker, tickets):
        if self.when and not self.when(walker):
            return False
        return not self.to or any(map(self.to, tickets))

    def happen(self, walker, draw):
        if not self.to:
            return self.work(walker, draw)
        return self.work(walker, draw, pick(draw, *filter(self.to, walker.tickets)))


def happening(weight, to=None, when=None):
    def keep(work):
        HAPPENINGS.append(Happening(weight, to, work, when))
        return work
    return keep


def has_intent(*statuses):
    return lambda ticket: ticket.intent and ticket.status in statuses


def pick(draw, *options):
    return options[draw(len(options))]


# === PEOPLE === #

@happening(12, lambda ticket: ticket.can_pay and not ticket.waits)
def the_client_pays(walker, draw, ticket):
    open_form(walker, ticket)
    confirm(walker, ticket, pick(draw, "pays", "pays", "pays", *CARDS))
    if pick(draw, True, True, False):
        walker.come_back(ticket)


@happening(6)
def somebody_books(walker, draw):
    place = pick(draw, *walker.clinic.places)
    who = pick(draw, *WHO)
    book(walker, place, pick(draw, *MODES), who, walker.clinic.next_start(place, who))


@happening(3, lambda ticket: ticket.state in ("expired", "cancelled", "declined"))
def somebody_books_what_another_gave_up(walker, draw, ticket):
    book(walker, ticket.place, pick(draw, *MODES, *REQUESTS), ticket.who, ticket.start)


def book(walker, place, mode, who, start):
    """Book, and return the ticket; nothing when the time is taken."""
    walker.tell("book", currency=place.currency, mode=mode, who=who, start=start)
    booked = walker.attempt(lambda: walker.clinic.book(place, f"{mode} {who}", start))
    if booked and booked[1]:
        visitor, link = booked
        number = len(walker.tickets) + 1
        walker.tickets.append(Ticket(number, place, mode, who, start, visitor, link))
        walker.bookings.append(link.id)
        walker.story.append(f"   it is booking {link.id}")
        return walker.tickets[-1]
    return None


@happening(3, lambda ticket: ticket.can_pay)
def the_client_opens_the_form(walker, draw, ticket):
    open_form(walker, ticket)


@happening(6, lambda ticket: (
    ticket.state == "pending_payment" and ticket.mode in MODES and not ticket.waits
))
def the_client_has_money_held(walker, draw, ticket):
    open_form(walker, ticket, held=True)
    confirm(walker, ticket, pick(draw, "pays", "pays", "is asked by the bank", "is declined"))
    if pick(draw, True, False):
        walker.come_back(ticket)


def open_form(walker, ticket, held=False):
    walker.tell("open the form", booking=ticket.link.id, held=held)
    clinic, place = walker.clinic, ticket.place
    asked = walker.attempt(
        lambda: clinic.ask_to_hold(place, ticket.link) if held
        else clinic.ask_to_pay(place, ticket.visitor, ticket.link)
    )
    if asked and asked[1]:
        ticket.reference, ticket.intent, ticket.secret = asked


@happening(6, has_intent("requires_payment_method", "requires_action"))
def the_client_pays_in_an_open_form(walker, draw, ticket):
    confirm(walker, ticket, pick(draw, "pays", "is declined", "is asked by the bank"))


def confirm(walker, ticket, card):
    if ticket.intent:
        answer = walker.clinic.confirm(ticket.intent, ticket.secret, CARDS[card]).json()
        status = answer.get("status") or answer["error"].get("code")
        walker.tell(f"card {card}", booking=ticket.link.id, intent=status)


@happening(6, has_intent("requires_action"))
def the_client_answers_the_bank(walker, draw, ticket):
    passed = pick(draw, True, True, False)
    walker.tell("answer the bank", booking=ticket.link.id, passed=passed)
    walker.clinic.authenticate(ticket.intent, ticket.secret, passed)


@happening(5, lambda ticket: ticket.intent)
def the_client_comes_back(walker, draw, ticket):
    walker.tell("come back", booking=ticket.link.id)
    walker.come_back(ticket)


@happening(3, lambda ticket: ticket.state in ("pending_payment", "requested", "confirmed"))
def staff_cancel(walker, draw, ticket):
    walker.tell("cancel", booking=ticket.link.id)
    walker.attempt(lambda: walker.clinic.rpc(
        "appointment.payment.booking", "action_cancel", [ticket.link.id]
    ))


@happening(2)
def staff_change_the_terms(walker, draw):
    place, percent = pick(draw, *walker.clinic.places), pick(draw, 60, 100, 140)
    mode = pick(draw, *MODES, "hold", "charge", "approve_first")
    category = place.categories[f"{mode} {pick(draw, *WHO)}"][0]
    digits = min(place.decimals, 2)  # Stripe: the third decimal is always 0
    walker.tell("change the terms", currency=place.currency, percent=percent)
    values = {
        "price": round(place.price * percent / 100, digits),
        "deposit_fixed": round(place.deposit * percent / 100, digits),
    }
    walker.attempt(lambda: walker.clinic.rpc("calendar.event.type", "write", [category], values))


@happening(4, lambda ticket: ticket.owes)
def the_client_pays_at_the_desk(walker, draw, ticket):
    amount = walker.part_of(ticket, ticket.residual, pick(draw, *PERCENTS))
    walker.tell("pay at the desk", booking=ticket.link.id, amount=amount)
    walker.attempt(lambda: register(walker.clinic, ticket, amount))


def register(clinic, ticket, amount):
    """Register a payment on the invoice as bookkeepers do."""
    context = {"active_model": "account.move", "active_ids": [ticket.invoice]}
    model, company = "account.payment.register", ticket.place.company
    values = {"journal_id": ticket.place.cash, "amount": amount}
    wizard = clinic.rpc(model, "create", values, company=company, context=context)
    return clinic.rpc(model, "action_create_payments", [wizard], company=company, context=context)


# === HOLDS AND REFUNDS, by Odoo's own buttons and wizards === #

@happening(10, lambda ticket: ticket.held > 0)
def staff_capture(walker, draw, ticket):
    [(payment, amount), *_others] = walker.payments(ticket, "authorized")
    percent, void_rest = pick(draw, *PERCENTS), pick(draw, False, False, True)
    part = walker.part_of(ticket, amount, percent)
    walker.tell("capture", booking=ticket.link.id, amount=part, void_rest=void_rest)
    values = {
        "transaction_ids": [[6, 0, [payment]]], "amount_to_capture": part,
        "void_remaining_amount": void_rest,
    }

    def press():
        if percent < 100 and not void_rest:  # Odoo's wizard takes the whole of a hold at Stripe
            return walker.clinic.open_door("press", payment, press="capture", amount=part)
        wizard = walker.clinic.rpc("payment.capture.wizard", "create", values)
        return walker.clinic.rpc("payment.capture.wizard", "action_capture", [wizard])

    walker.attempt(press)


@happening(5, lambda ticket: ticket.held > 0)
def staff_void(walker, draw, ticket):
    walker.tell("void", booking=ticket.link.id)
    [(payment, _amount), *_others] = walker.payments(ticket, "authorized")
    walker.attempt(lambda: walker.clinic.rpc("payment.transaction", "action_void", [payment]))


@happening(4, lambda ticket: ticket.paid > 0 and ticket.intent)
def staff_refund_a_payment(walker, draw, ticket):
    payments = walker.payments(ticket, "done")
    if payments:
        payment, amount = pick(draw, *payments)
        part = walker.part_of(ticket, amount, pick(draw, *PERCENTS))
        walker.tell("refund a payment", booking=ticket.link.id, amount=part)
        walker.attempt(lambda: walker.clinic.rpc(
            "payment.transaction", "action_refund", [payment], amount_to_refund=part
        ))


@happening(9, lambda ticket: ticket.refundable > 0)
def a_manager_refunds(walker, draw, ticket):
    amount = walker.part_of(ticket, ticket.refundable, pick(draw, *PERCENTS))
    values = {
        "booking_id": ticket.link.id, "amount": amount, "refund_reason": "other",
        "price_effect": pick(draw, "falls", "owed"), "client_message": "Sorry",
    }
    twice = pick(draw, False, True)
    walker.tell("refund", booking=ticket.link.id, amount=amount, twice=twice,
                price=values["price_effect"])

    def press():
        model = "appointment.payment.refund"
        wizard = walker.clinic.rpc(model, "create", values)
        for _time in range(2 if twice else 1):
            walker.clinic.rpc(model, "action_refund", [wizard])

    walker.attempt(press)


# === STRIPE === #

@happening(3, has_intent("succeeded"))
def somebody_refunds_in_the_dashboard(walker, draw, ticket):
    intent = walker.clinic.ask_stripe(f"payment_intents/{ticket.intent}")
    amount = max(intent["amount_received"] * pick(draw, *PERCENTS) // 100 // 10 * 10, 10)
    walker.tell("refund in the dashboard", booking=ticket.link.id, minor=amount)
    walker.at_stripe("refund", payment_intent=ticket.intent, amount=amount)


@happening(1, has_intent("succeeded"))
def the_bank_takes_a_payment_back(walker, draw, ticket):
    walker.tell("dispute", booking=ticket.link.id)
    walker.at_stripe("dispute", payment_intent=ticket.intent)


@happening(2, lambda ticket: ticket.intent and ticket.refunds)
def a_refund_fails_later(walker, draw, ticket):
    refund = pick(draw, *ticket.refunds)
    walker.tell("a refund fails", booking=ticket.link.id, refund=refund)
    walker.at_stripe("settle", refund=refund, outcome="failed")


@happening(2, has_intent("requires_capture"))
def somebody_ends_a_hold_in_the_dashboard(walker, draw, ticket):
    action = pick(draw, "capture", "cancel")
    walker.tell(f"{action} in the dashboard", booking=ticket.link.id)
    walker.at_stripe(action, payment_intent=ticket.intent)


@happening(2, has_intent("requires_capture"))
def the_hold_lapses(walker, draw, ticket):
    walker.tell("the hold lapses", booking=ticket.link.id)
    walker.clinic.double.lapse(ticket.intent)


@happening(6, has_intent("processing"))
def the_bank_decides(walker, draw, ticket):
    outcome = pick(draw, "succeeded", "succeeded", "failed")
    walker.tell("the bank decides", booking=ticket.link.id, outcome=outcome)
    walker.clinic.double.settle(payment_intent=ticket.intent, outcome=outcome)


@happening(8, when=lambda walker: walker.post.letters)
def the_post_comes(walker, draw):
    how = pick(draw, "in order", "in order", "twice", "backwards", "at once")
    walker.tell(f"the post comes {how}")
    walker.attempt(lambda: walker.deliver(how))


@happening(2, when=lambda walker: walker.post.letters)
def the_post_is_lost(walker, draw):
    walker.tell("the post is lost", letters=walker.lose_post())


# === TIME AND ACCIDENTS === #

@happening(3, lambda ticket: True)
def time_passes(walker, draw, _ticket):
    hours = pick(draw, 1, 1, 25, 24 * 5)
    walker.tell("time passes", hours=hours)
    walker.let_pass(hours)


@happening(4, lambda ticket: True)
def a_cron_runs(walker, draw, _ticket):
    name = pick(
        draw, "cron_expire_bookings", "cron_expire_bookings", "cron_post_process_payment_tx",
        "cron_reconcile_transactions",
    )
    walker.tell(name)
    walker.attempt(lambda: walker.clinic.run_cron(name))


@happening(2, lambda ticket: True)
def the_server_will_be_killed(walker, draw, _ticket):
    milliseconds = draw(401)
    walker.tell("the server will be killed", milliseconds=milliseconds)
    walker.crash_after = milliseconds / 1000


@happening(2, lambda ticket: True)
def stripe_will_fail(walker, draw, _ticket):
    kind, path = pick(draw, *FAULTS), pick(draw, *PATHS)
    walker.tell("Stripe will fail", kind=kind, path=path)
    walker.faults.append(path)
    walker.clinic.double.fault(kind, path)
