"""Stripe's form encoding: `a[b][c]=1`, `a[]=1`, `a[0][b]=1`, in the URL and in the body."""

import re
from urllib.parse import parse_qsl

from .errors import invalid_request

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


def decode(*encoded):
    """Return the nested parameters of form-encoded texts (the query string and the body).

    :raise StripeError: If a key is malformed or used both as a value and as a hash.
    """
    params = {}
    for text in encoded:
        for key, value in parse_qsl(text, keep_blank_values=True):
            _insert(params, _split(key), value, key)
    return _as_lists(params)


def as_text(value):
    """Return parameters given as JSON as they would have come in a form."""
    if isinstance(value, dict):
        return {name: as_text(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [as_text(entry) for entry in value]
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _split(key):
    match = _KEY.fullmatch(key)
    if not match:
        raise _malformed(key)
    return [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]


def _insert(params, path, value, key):
    *parents, last = path
    if "" in parents:
        raise _malformed(key)  # An array of hashes needs an index: `a[0][b]`.
    for position, name in enumerate(parents):
        empty = [] if path[position + 1] == "" else {}
        params = params.setdefault(name, empty)
        if not isinstance(params, type(empty)):
            raise _malformed(key)
    if last == "":
        params.append(value)
    else:
        params[last] = value


def _as_lists(node):
    """Turn the hashes whose keys are all indexes into lists."""
    if not isinstance(node, dict):
        return node
    node = {name: _as_lists(value) for name, value in node.items()}
    if node and all(name.isdigit() for name in node):
        return [node[name] for name in sorted(node, key=int)]
    return node


def _malformed(key):
    return invalid_request(f"Invalid request: the parameter {key!r} is malformed.", saved=False)
