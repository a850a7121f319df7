"""A Stripe that runs on this machine: what a test needs of api.stripe.com and js.stripe.com.

It is a stand-in, started as a process of its own (`python -m devtools.stripe_double`), and takes
no money. What it does not know it refuses, as Stripe would or with HTTP 501 and `stand_in_error`.
"""
