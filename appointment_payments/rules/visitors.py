"""Who counts as one visitor, and how many times one visitor keeps."""

import ipaddress

# whoever has one IPv6 address has as many as they like in the same /64
IPV6_PREFIX = 64


def network_of(address):
    """Return what stands for one visitor among network addresses.

    :param str address: an IPv4 or IPv6 address, as the server sees it; it may be anything.
    :return: the IPv4 address, the /64 network of an IPv6 address, or the text as it is.
    :rtype: str
    """
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return address or ""
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))


def free_number(taken, limit):
    """Return the first number that is not taken.

    :param collection taken: the numbers that are taken.
    :param int limit: the last number there is.
    :return: a number from 1 to ``limit``, or None when all are taken.
    :rtype: int|None
    """
    return next((number for number in range(1, limit + 1) if number not in taken), None)
