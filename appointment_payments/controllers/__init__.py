from . import booking, payment, portal
