from . import booking, payment, portal, stripe_payment
