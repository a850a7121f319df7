import binascii

from odoo import fields, models
from odoo.fields import Command
from odoo.tools import hash_sign, verify_hash_signed

PROOF_SCOPE = "appointment-booking-mail"


class AppointmentPaymentBooking(models.Model):
    """How an anonymous booking finds the client's file (design rule 15).

    The link in the client's mail carries a proof that the page of whoever booked does not have: it
    shows that the address is theirs. A form on the booking's page then puts the booking there.
    """

    _inherit = "appointment.payment.booking"

    def _get_mail_url(self):
        """Return the link of a booking for a mail to its client, with the proof.

        :rtype: str
        """
        self.ensure_one()
        return self.get_base_url() + self.get_portal_url(
            query_string=f"&proof={self._get_mail_proof()}"
        )

    def _get_mail_proof(self):
        """Return what only a mail to the client's address tells.

        :rtype: str
        """
        self.ensure_one()
        message = [self.id, self.partner_id.email_normalized]
        return hash_sign(self.env(su=True), PROOF_SCOPE, message)

    def _is_mail_proof(self, proof):
        """Return whether somebody has read the mail to the client's address of this booking.

        :param proof: what they say is the proof, of any type
        :rtype: bool
        """
        self.ensure_one()
        if not isinstance(proof, str):
            return False
        try:
            message = verify_hash_signed(self.env(su=True), PROOF_SCOPE, proof)
        except (ValueError, IndexError, OverflowError, binascii.Error):
            return False  # cut off or made up
        address = self.partner_id.email_normalized
        return bool(address) and message == [self.id, address]

    def _find_known_contact(self):
        """Return the one contact of the practice with the client's address.

        :return: nothing when there is none, or when staff have to choose among several
        :rtype: recordset of `res.partner`
        """
        self.ensure_one()
        partners = self.env["res.partner"].sudo()  # sudo: asked for whoever has proven the address
        client = self.partner_id.sudo()
        if not (client.appointment_visitor and client.email_normalized):
            return partners
        domain = [
            ("email_normalized", "=", client.email_normalized),
            ("company_id", "in", (False, self.company_id.id)),
            ("appointment_visitor", "=", False),
            # a firm's address is nobody's, an address for invoices is not a client
            ("is_company", "=", False),
            ("type", "=", "contact"),
            ("id", "!=", client.id),
        ]
        found = partners.search(domain, limit=2)
        return found if len(found) == 1 else partners

    def _attach_to_known_contact(self):
        """Put a booking into the file of the client who has proven their address.

        What is paid or invoiced stays with the contact that it names; staff merge the two.

        :return: whether there was such a file
        :rtype: bool
        """
        self.ensure_one()
        booking, contact = self.sudo(), self._find_known_contact()  # sudo: see there
        if not contact:
            return False
        visitor = booking.partner_id
        values = {"partner_id": contact.id}
        if not booking._has_paper_trail():
            values["payer_id"] = contact.id
        booking.write(values)
        booking._replace_attendee(visitor, contact)
        booking._message_log(
            body=self.env._(
                "The client has shown by mail that they are %(contact)s.", contact=contact.name
            )
        )
        if booking.payer_id != contact:
            booking._raise_merge_needed(visitor, contact)
        return True

    def _has_paper_trail(self):
        """Return whether a payment or an invoice names who pays for a booking.

        :rtype: bool
        """
        self.ensure_one()
        payments = self.transaction_ids.filtered(lambda t: t.state not in ("cancel", "error"))
        return bool(payments or self.invoice_line_ids)

    def _replace_attendee(self, visitor, contact):
        self.ensure_one()
        quiet = {"no_mail_to_attendees": True, "skip_contact_description": True}
        event = self.event_id.with_context(**quiet)
        if visitor in event.partner_ids:  # the clients of a group do not attend
            event.partner_ids = [Command.unlink(visitor.id), Command.link(contact.id)]

    def _raise_merge_needed(self, visitor, contact):
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=self.env._("Merge two contacts of one client"),
            note=self.env._(
                "The client has shown that they are %(contact)s. What they have paid is on the"
                " contact %(visitor)s (%(number)s) that the booking page made: merge the two in"
                " Contacts.",
                contact=contact.name,
                visitor=visitor.name,
                number=visitor.id,
            ),
            user_id=self.user_id.id,
            date_deadline=fields.Date.context_today(self),
        )
