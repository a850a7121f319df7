from . import test_booking_payment
from . import test_booking_state
from . import test_occupancy
from . import test_staff_views
from . import test_stripe_seams
