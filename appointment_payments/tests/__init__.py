from . import (
    test_availability,
    test_booking_invoice,
    test_booking_payment,
    test_booking_state,
    test_category_readiness,
    test_category_terms,
    test_late_payment,
    test_occupancy,
    test_practitioner_resource,
    test_prepare_payment,
    test_staff_views,
    test_stripe_seams,
)
