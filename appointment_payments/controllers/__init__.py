from . import booking, payment, portal, request, stripe_payment, stripe_webhook
