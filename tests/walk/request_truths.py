"""What must hold of booking requests. Each statement finds those of which it does not."""

# what was taken, whatever went back later; parts count, not what was captured in parts
TAKEN = """(SELECT coalesce(sum(t.amount), 0) FROM payment_transaction t
    WHERE t.appointment_booking_id = b.id AND t.state = 'done'
        AND t.operation IS DISTINCT FROM 'refund'
        AND NOT EXISTS (SELECT FROM payment_transaction k WHERE k.source_transaction_id = t.id
            AND k.operation = t.operation AND k.state IN ('done', 'cancel')))"""
# staff captured a part of a hold: they took less themselves
IN_PART = """EXISTS (SELECT FROM payment_transaction p JOIN payment_transaction rest
    ON rest.source_transaction_id = p.source_transaction_id AND rest.operation = p.operation
        AND rest.state = 'cancel'
    WHERE p.appointment_booking_id = b.id AND p.state = 'done'
        AND p.operation IS DISTINCT FROM 'refund')"""
IN_CALENDAR = "(SELECT FROM calendar_event e WHERE e.id = b.event_id AND e.active)"
# what Stripe refused to give back, or what a bank sent back, is a person's
GIVEN_UP = """(
    EXISTS (SELECT FROM appointment_payment_operation o WHERE o.booking_id = b.id
        AND o.kind IN ('void', 'refund') AND o.state = 'failed')
    OR EXISTS (SELECT FROM payment_transaction r WHERE r.appointment_booking_id = b.id
        AND r.operation = 'refund' AND r.state = 'error'))"""
INVOICES = """FROM account_move m WHERE m.state = 'posted' AND m.move_type = 'out_invoice'
    AND EXISTS (SELECT FROM account_move_line l WHERE l.move_id = m.id
        AND l.appointment_booking_id = b.id)"""
BOOKED = "b.state IN ('confirmed', 'attended', 'no_show')"
OVER = "b.state IN ('expired', 'cancelled', 'declined')"
SCOPE = "(%s OR b.id = ANY(%s))"
REQUESTS = f"""SELECT b.id, b.state, b.payment_status FROM appointment_payment_booking b
    WHERE b.confirmation_mode = 'manual' AND {SCOPE} AND"""
BOOKINGS = f"SELECT b.id, b.state FROM appointment_payment_booking b WHERE {SCOPE} AND"

REQUEST_STEADY = {
    "a request is confirmed unpaid": f"""
        {REQUESTS} {BOOKED} AND b.amount_due_now > {TAKEN} + 0.0001 AND NOT {IN_PART}""",
    "a request is confirmed, and nobody has accepted it": f"""
        {REQUESTS} {BOOKED} AND (b.answered_at IS NULL OR b.answered_by_id IS NULL)""",
    "a booking is not in the calendar": f"""
        {BOOKINGS} (b.state IN ('requested', 'confirmed')
            OR b.state = 'pending_payment' AND b.answered_at IS NOT NULL)
            AND NOT EXISTS {IN_CALENDAR}""",
    "a booking that is over is in the calendar": f"{BOOKINGS} {OVER} AND EXISTS {IN_CALENDAR}",
    "a request reads as refunded before Stripe has said so": f"""
        {REQUESTS} b.payment_status = 'refunded' AND EXISTS (
            SELECT FROM appointment_payment_operation o WHERE o.booking_id = b.id
                AND o.kind = 'refund' AND o.state IN ('intended', 'sent', 'unknown'))""",
    "somebody is asked to answer what is answered": f"""
        {BOOKINGS} NOT (b.state = 'requested' AND b.answered_at IS NULL) AND EXISTS (
            SELECT FROM mail_activity a JOIN ir_model_data d ON d.res_id = a.activity_type_id
                AND d.model = 'mail.activity.type' AND d.name = 'mail_activity_type_request'
            WHERE a.res_model = 'appointment.payment.booking' AND a.res_id = b.id AND a.active)""",
}
REQUEST_SETTLED = {
    "a request that is over keeps money or a hold": f"""
        {REQUESTS} {OVER} AND b.requested_at IS NOT NULL
            AND (b.amount_held <> 0 OR b.amount_paid <> 0) AND NOT {GIVEN_UP}""",
    "a request that is over has an open invoice": f"""
        {REQUESTS} {OVER} AND EXISTS (SELECT {INVOICES} AND m.amount_residual > 0)""",
    "an accepted request is not invoiced as its terms say": f"""
        {REQUESTS} {BOOKED} AND (SELECT count(*) {INVOICES} AND m.amount_total = b.amount_total)
            <> (b.amount_due_now > 0)::int""",
    "an accepted request is never confirmed": f"""
        {REQUESTS} b.state = 'requested' AND b.answered_at IS NOT NULL""",
}
