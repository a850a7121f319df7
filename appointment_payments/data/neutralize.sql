-- a copied database takes no bookings, and the links mailed from the original open nothing in it
UPDATE calendar_event_type
   SET bookable = false;
UPDATE res_company
   SET appointment_prepayment = false;
UPDATE appointment_payment_booking
   SET access_token = NULL,
       checkout_token = NULL;
