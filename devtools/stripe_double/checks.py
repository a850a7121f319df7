"""Refuse the parameters that Stripe refuses, and give the others their types."""

import re
from urllib.parse import urlsplit

from .errors import invalid_parameter, not_here

NEWEST = "2026-10-28"  # What the Python package asks for.


def check(params, operation, version=""):
    """Return the parameters with their types.

    :param dict params: The nested parameters of the request.
    :param operation: The :class:`schemas.Operation` that was called.
    :param str version: The API version; the newest has let go of some parameters.
    :raise StripeError: As Stripe, for unknown, missing or malformed parameters.
    """
    gone = operation.gone if version >= NEWEST else ()
    unknown = [name for name in params if name not in operation.params or name in gone]
    if later := [name for name in unknown if name in operation.later]:
        raise not_here(f"the parameter {later[0]} is not known here yet.")
    _refuse_unknown(unknown)
    for name in operation.required:
        if name not in params:
            raise invalid_parameter(
                f"Missing required param: {name}.", name, "parameter_missing"
            )
        if params[name] == "":
            raise _empty(name)
    return {name: operation.params[name](value, name) for name, value in params.items()}


def _refuse_unknown(names):
    if not names:
        return
    label = "parameter" if len(names) == 1 else "parameters"
    raise invalid_parameter(
        f"Received unknown {label}: {', '.join(names)}", names[0], "parameter_unknown"
    )


def _empty(param):
    return invalid_parameter(
        f"You passed an empty string for '{param}'. We assume empty values are an attempt to unset "
        f"a field; however '{param}' cannot be unset. You should remove '{param}' from your "
        f"request or supply a non-empty value.", param, "parameter_invalid_empty",
    )


# === TYPES: each takes the value and the name of the parameter, and returns the value === #

def string(value, param):
    if not isinstance(value, str):
        raise invalid_parameter(f"Invalid string: {value}", param)
    return value or None  # An empty string unsets a field.


def integer(value, param):
    if not isinstance(value, str) or not re.fullmatch(r"-?\d+", value):
        raise invalid_parameter(f"Invalid integer: {value}", param, "parameter_invalid_integer")
    return int(value)


def positive(value, param):
    number = integer(value, param)
    if number < 1:
        raise invalid_parameter(
            "This value must be greater than or equal to 1.", param, "parameter_invalid_integer"
        )
    return number


def boolean(value, param):
    if not isinstance(value, str) or value.lower() not in ("true", "false"):
        raise invalid_parameter(f"Invalid boolean: {value}", param)
    return value.lower() == "true"


def url(value, param):
    parts = urlsplit(string(value, param) or "")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise invalid_parameter("Not a valid URL", param, "url_invalid")
    return value


def one_of(*allowed):
    def check_choice(value, param):
        if value not in allowed:
            *first, last = allowed
            names = f"{', '.join(first)} or {last}" if first else last
            raise invalid_parameter(f"Invalid {param}: must be one of {names}", param)
        return value
    return check_choice


def span(value, param):
    """A moment, or a span of them: https://docs.stripe.com/api/pagination"""
    if isinstance(value, str):
        moment = integer(value, param)
        return {"gte": moment, "lte": moment}
    return hash_of(gt=integer, gte=integer, lt=integer, lte=integer)(value, param)


def anything(value, _param):
    """What the stand-in keeps and shows, and does not look into."""
    return value


def list_of(item):
    def check_list(value, param):
        if not isinstance(value, list):
            raise invalid_parameter("Invalid array", param)
        return [item(entry, f"{param}[{index}]") for index, entry in enumerate(value)]
    return check_list


def hash_of(required=(), **fields):
    def check_hash(value, param):
        if value == "":
            return None
        if not isinstance(value, dict):
            raise invalid_parameter("Invalid object", param)
        _refuse_unknown([f"{param}[{name}]" for name in value if name not in fields])
        for name in required:
            if name not in value:
                missing = f"{param}[{name}]"
                raise invalid_parameter(
                    f"Missing required param: {missing}.", missing, "parameter_missing"
                )
        return {name: fields[name](entry, f"{param}[{name}]") for name, entry in value.items()}
    return check_hash


def metadata(value, param):
    """Keys of 40 characters, values of 500, 50 of them: https://docs.stripe.com/api/metadata"""
    if value == "":
        return None
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise invalid_parameter("Invalid object", param)
    for key, entry in value.items():
        if len(key) > 40 or len(entry) > 500:
            raise invalid_parameter(
                f"Metadata keys have at most 40 characters and values 500: {key}", param
            )
    return value
