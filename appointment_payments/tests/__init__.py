from . import (
    test_booking_payment,
    test_booking_state,
    test_category_terms,
    test_occupancy,
    test_staff_views,
    test_stripe_seams,
)
