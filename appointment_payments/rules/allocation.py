"""How an invoice's payments spread over the bookings it bills."""


def _totals(shares):
    """Return what each booking has on the invoice, in the order of first mention.

    :param shares: mapping, or iterable of pairs, of a booking's key and an int in minor units;
        a key named twice (two invoice lines) has both amounts.
    :return: the amount per key; a booking whose lines are negative in all owes nothing.
    :rtype: dict
    """
    totals = {}
    for key, amount in getattr(shares, "items", lambda: shares)():
        totals[key] = totals.get(key, 0) + amount
    return {key: max(amount, 0) for key, amount in totals.items()}


def fit(shares, total):
    """Make the shares of an invoice add up to its total.

    Odoo rounds taxes on the invoice as a whole, so what its lines say can be some minor units off.
    The difference is split evenly over the shares that are not zero.

    :param dict shares: the int amount in minor units of each booking, by key.
    :param int total: of the invoice, in minor units.
    :return: the amount per key; as given when no share can take the difference.
    :rtype: dict
    """
    keys = [key for key, amount in shares.items() if amount]
    if not keys:
        return dict(shares)
    each, rest = divmod(total - sum(shares.values()), len(keys))
    parts = {key: each + (index < rest) for index, key in enumerate(keys)}
    return {key: amount + parts.get(key, 0) for key, amount in shares.items()}


def spread(shares, paid, earmarked=None):
    """Spread what was paid on an invoice over its bookings (design rule 4).

    Money known to belong to a booking goes to it first, up to its share. The rest, an earmarked
    surplus included, pays the bookings in the given order. What exceeds all shares stays unspread.

    :param shares: mapping, or iterable of pairs, of a booking's key and its int amount in minor
        units; the oldest appointment first.
    :param int paid: paid on the invoice in all, in minor units; below zero counts as nothing.
    :param dict earmarked: the part of `paid`, in minor units, known to belong to each key. Where
        it promises more than was paid, the given order decides; keys without a share are ignored.
    :return: the amount in minor units that each booking has received; every key is present.
    :rtype: dict
    """
    owed = _totals(shares)
    own = earmarked or {}
    received = dict.fromkeys(owed, 0)
    left = max(paid, 0)
    for goal in ({key: min(own.get(key, 0), share) for key, share in owed.items()}, owed):
        for key, amount in goal.items():
            part = min(max(amount - received[key], 0), left)
            received[key] += part
            left -= part
    return received
