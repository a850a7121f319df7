"""Which of several bookings' states an appointment shows: the one that needs somebody most."""

# the first needs somebody most
STATES = ("pending_payment", "requested", "confirmed", "no_show", "attended")
PAYMENT_STATUSES = (
    "collection",
    "overdue",
    "unpaid",
    "asked",
    "partial",
    "processing",
    "held",
    "not_required",
    "refunded",
    "paid",
)


def worst(values, order):
    """Return the value that needs somebody most.

    :param values: what the bookings have
    :param order: the known values, the one that needs somebody most first
    :return: one of the values; an unknown one comes before all others, so that nothing is hidden;
        False when there are none
    :rtype: str | bool
    """
    ranks = {value: rank for rank, value in enumerate(order)}
    return min(values, key=lambda value: ranks.get(value, -1), default=False)
