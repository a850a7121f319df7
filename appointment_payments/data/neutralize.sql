-- a copied database takes no bookings, and the links mailed from the original open nothing in it
UPDATE calendar_event_type
   SET bookable = false;
UPDATE res_company
   SET appointment_prepayment = false;
UPDATE appointment_payment_booking
   SET access_token = NULL,
       checkout_token = NULL;
-- nor does it pay anybody back: the original does
UPDATE appointment_payment_operation
   SET state = 'failed',
       next_attempt_at = NULL,
       error = 'This is a copy of the database.'
 WHERE state IN ('intended', 'sent', 'unknown');
-- nor does it believe Stripe, which speaks to the original
UPDATE payment_provider
   SET stripe_event_secret = NULL;
UPDATE appointment_payment_stripe_event
   SET state = 'ignored',
       next_attempt_at = NULL,
       error = 'This is a copy of the database.'
 WHERE state IN ('received', 'failed');
