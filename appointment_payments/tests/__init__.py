from . import test_booking_payment
