"""The parameter types of Stripe's Python package, for pydantic to judge a request by.

Which types belong to which call is read from the package's own service classes. Its types are open
for values to come; here they are closed: an enum takes what it names and a hash has no other keys.
"""

import functools
import importlib.util
import pathlib
import re
import sys
import types

import pydantic
import stripe
import typing_extensions
from stripe._request_options import RequestOptions

CALL = re.compile(
    r'def (\w+)\(\s*self,(?:(?!\n    def ).)*?params:\s*(?:Optional\[)?"(\w+)"'
    r'(?:(?!\n    def ).)*?self\._request\(\s*"(\w+)",\s*("(?:[^"]+)"(?:\.format\()?)', re.DOTALL,
)
OPTIONS = set(RequestOptions.__annotations__)  # Of the call, not of the request.
STRICT = pydantic.ConfigDict(extra="forbid", arbitrary_types_allowed=True)


@functools.cache
def calls():
    """Return every call of the package: method, path, name of its type."""
    found = []
    for path in sorted(pathlib.Path(stripe.__file__).parent.glob("*_service.py")):
        for name, type_name, method, url in CALL.findall(path.read_text()):
            if not name.endswith("_async"):
                found.append((method.upper(), re.match(r'"?([^"]+)', url)[1], type_name))
    return found


def find(method, path):
    """Return the name of the type for a request, or None when the package has no such call."""
    hits = [
        (url, name) for known, url, name in calls()
        if known == method and re.fullmatch(re.sub(r"\{[^/]+?\}", "[^/]+", url), path)
    ]
    return min(hits, key=lambda hit: hit[0].count("{"))[1] if hits else None


@functools.cache
def type_of(name):
    """Return a closed TypedDict of the package, without the options of the call."""
    module_name = "stripe.params._" + re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    source = pathlib.Path(importlib.util.find_spec(module_name).origin).read_text()
    # Enums are open since version 15; `Literal[""] | str` is a text that can be unset and stays.
    source = re.sub(r"(Literal\[\s*(?!(?:''|\"\")\s*\])[^\]]*\])\s*\|\s*str\b", r"\1", source)
    source = re.sub(r"Union\[\s*(Literal\[[^\]]*\]),\s*str\s*,?\s*\]", r"\1", source)
    module = sys.modules[f"closed_{module_name}"] = types.ModuleType(f"closed_{module_name}")
    exec(compile(source, module_name, "exec"), vars(module))
    for value in list(vars(module).values()):
        if typing_extensions.is_typeddict(value):
            value.__module__, value.__pydantic_config__ = module.__name__, STRICT
    declared = getattr(module, name).__annotations__
    own = typing_extensions.TypedDict(
        name, {key: value for key, value in declared.items() if key not in OPTIONS}
    )
    own.__module__, own.__pydantic_config__ = module.__name__, STRICT
    return own


@functools.cache
def adapter(name):
    return pydantic.TypeAdapter(type_of(name))


def names(method, path):
    """Return the parameters that a call takes, or None when the package has no such call."""
    found = find(method, path)
    return set(type_of(found).__annotations__) if found else None


def judge(method, path, params):
    """Return what is wrong with the parameters, as one text; nothing when they are right.

    :param dict params: Nested, their values texts as they came in the form.
    """
    name = find(method, path)
    if not name:
        return "" if not params else f"the package has no call {method} {path}"
    try:
        adapter(name).validate_python(params)  # Takes "1099" for an integer, "true" for a boolean.
    except pydantic.ValidationError as error:
        return "; ".join(
            f"{'.'.join(map(str, entry['loc']))}: {entry['msg']}" for entry in error.errors()[:3]
        )
    return ""
