from . import test_booking_payment
from . import test_booking_state
from . import test_staff_views
