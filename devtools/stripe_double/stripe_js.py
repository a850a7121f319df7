"""The stand-in for Stripe.js, served as https://js.stripe.com/v3/ is: one plain script.

It is the part of https://docs.stripe.com/js that Odoo's payment form uses.
"""

import pathlib

STATIC = pathlib.Path(__file__).parent / "static"
PARTS = ("fields.js", "element.js", "stripe.js")


def script():
    """Return the parts as one script that leaves nothing behind but `window.Stripe`."""
    parts = "\n".join((STATIC / name).read_text() for name in PARTS)
    return f"(() => {{\n'use strict';\n{parts}}})();\n"
