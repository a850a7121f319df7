"""What may happen to booking requests on a walk: sent, answered, given up, over, paid anew."""

from concurrent.futures import ThreadPoolExecutor

from .happenings import REQUESTS, WHO, book, confirm, happening, open_form, pick

CAPTURE = "payment_intents/*/capture"


@happening(10)
def somebody_sends_a_request(walker, draw):
    place = pick(draw, *walker.clinic.places)
    mode, who = pick(draw, *REQUESTS), pick(draw, *WHO)
    ticket = book(walker, place, mode, who, walker.clinic.next_start(place, who))
    card = pick(draw, *["pays"] * 6, "is declined", "waits", None)
    if ticket and card and mode in ("hold", "charge"):
        pay(walker, draw, ticket, card)


def pay(walker, draw, ticket, card):
    open_form(walker, ticket)
    confirm(walker, ticket, card)
    if pick(draw, True, True, True, False):
        walker.come_back(ticket)


# === ANSWERS === #

@happening(18, lambda ticket: ticket.is_to_answer)
def the_practitioner_accepts(walker, draw, ticket):
    accept(walker, ticket, by_mail=pick(draw, False, False, True))


def accept(walker, ticket, by_mail=False):
    """Accept a request; what is confirmed by that is paid by then."""
    walker.tell("accept", booking=ticket.link.id, by_mail=by_mail)
    walker.attempt(answer(walker, ticket, "accept", by_mail))
    walker.look()
    # a part is there where staff took less, or gave back a part: that they may accept
    if ticket.state == "confirmed" and ticket.due > 0 >= ticket.paid:
        raise AssertionError(f"booking {ticket.link.id} is confirmed, and {ticket.paid} is paid")


def answer(walker, ticket, how, by_mail=False, message="Not this week, sorry"):
    """Return what gives an answer: to accept, decline, or cancel."""
    clinic, number = walker.clinic, ticket.link.id
    typed = {"message": message} if how == "decline" else {}
    if how == "cancel":
        return lambda: clinic.cancel_request(ticket.visitor, ticket.link)
    if by_mail:
        return lambda: clinic.answer_by_mail(number, how.capitalize(), **typed)
    return lambda: clinic.rpc_as(
        ticket.place, ticket.who, f"action_{how}", [number], *typed.values()
    )


@happening(4, lambda ticket: ticket.is_to_answer)
def the_practitioner_declines(walker, draw, ticket):
    by_mail = pick(draw, False, True)
    walker.tell("decline", booking=ticket.link.id, by_mail=by_mail)
    walker.attempt(answer(walker, ticket, "decline", by_mail))


@happening(3, lambda ticket: ticket.state == "requested")
def the_client_cancels_the_request(walker, draw, ticket):
    walker.tell("the client cancels", booking=ticket.link.id)
    walker.attempt(answer(walker, ticket, "cancel"))


@happening(4, lambda ticket: ticket.is_to_answer)
def two_answers_meet(walker, draw, ticket):
    other = pick(draw, "accept", "decline", "cancel", "nobody")
    walker.tell("two answers meet", booking=ticket.link.id, other=other)
    walker.crash_after = None
    if other == "nobody":
        walker.let_end(ticket, "confirm_deadline")
        second = expire(walker)
    else:
        second = answer(walker, ticket, other)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(walker.attempt, [answer(walker, ticket, "accept"), second]))


# === TIME === #

@happening(4, lambda ticket: ticket.is_to_answer)
def nobody_answers_in_time(walker, draw, ticket):
    walker.tell("the deadline passes", booking=ticket.link.id)
    walker.let_end(ticket, "confirm_deadline")
    if pick(draw, True, True, False):
        walker.attempt(expire(walker))


@happening(4, lambda ticket: ticket.is_approved)
def an_accepted_request_is_not_paid_in_time(walker, draw, ticket):
    walker.tell("the time to pay passes", booking=ticket.link.id)
    walker.let_end(ticket, "hold_until")
    walker.attempt(expire(walker))


def expire(walker):
    return lambda: walker.clinic.run_cron("cron_expire_bookings")


# === STRIPE AND ACCIDENTS AT THE ANSWER === #

def is_held(ticket):
    """Tell whether a request waits for its answer, and its hold stands, here and at Stripe."""
    return ticket.is_to_answer and ticket.held > 0 and ticket.status == "requires_capture"


@happening(10, is_held)
def the_hold_is_gone_when_it_is_accepted(walker, draw, ticket):
    """Stripe refuses to take it, and nobody has heard why; the client may pay anew."""
    how = pick(draw, "lapse", "cancel")
    walker.tell(f"the hold ends unheard by {how}", booking=ticket.link.id)
    if how == "lapse":
        walker.clinic.double.lapse(ticket.intent)
    else:
        walker.at_stripe("cancel", payment_intent=ticket.intent)
    walker.lose_post()
    accept(walker, ticket)
    if ticket.lost and pick(draw, True, True, False):
        pay(walker, draw, ticket, "pays")


@happening(14, lambda ticket: ticket.is_to_answer and ticket.held > 0)
def the_server_is_killed_while_it_takes_the_money(walker, draw, ticket):
    """Before Stripe is asked, while it works, or before its answer is committed."""
    milliseconds = draw(701)
    walker.tell("killed at the capture", booking=ticket.link.id, milliseconds=milliseconds)
    walker.faults.append(CAPTURE)
    walker.clinic.double.fault("delay", CAPTURE, seconds=0.3)
    walker.crash_after = milliseconds / 1000
    accept(walker, ticket)
