import logging
from datetime import timedelta

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import mute_logger

from .appointment_payment_operation import OPEN_STATES

_logger = logging.getLogger(__name__)

KEPT_DAYS = 30
GIVEN_UP_STATES = ("declined", "expired", "cancelled")


class ResPartner(models.Model):
    """Contacts that the public booking page made (design rule 15)."""

    _inherit = "res.partner"

    appointment_visitor = fields.Boolean(
        string="Made by the booking page",
        readonly=True,
        copy=False,
        help="Removed by itself when the visitor never paid or came, unless somebody edits it.",
    )
    appointment_booking_ids = fields.One2many(
        "appointment.payment.booking", "partner_id", string="Bookings as client",
        groups="appointment_payments.group_practitioner",
    )
    appointment_payer_booking_ids = fields.One2many(
        "appointment.payment.booking", "payer_id", string="Bookings as payer",
        groups="appointment_payments.group_practitioner",
    )

    _appointment_visitor_idx = models.Index("(create_date) WHERE appointment_visitor")

    def write(self, vals):
        """Extended: a contact that staff edit, or merge another into, is a client's file."""
        if not self.env.su and self.env.user._is_internal():
            vals = {**vals, "appointment_visitor": False}
        return super().write(vals)

    @api.model
    def _get_purge_domain(self):
        """Return what visitors' contacts have that nothing came of.

        :rtype: Domain
        """
        too_old = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        domain = Domain("appointment_visitor", "=", True) & Domain("create_date", "<", too_old)
        domain &= Domain("active", "in", [True, False])
        alive = Domain("state", "not in", GIVEN_UP_STATES)
        alive |= Domain("create_date", ">=", too_old)
        alive |= Domain("invoice_line_ids", "!=", False)
        alive |= Domain("transaction_ids.state", "in", ["pending", "authorized", "done"])
        alive |= Domain("operation_ids.state", "in", OPEN_STATES)
        for bookings in ("appointment_booking_ids", "appointment_payer_booking_ids"):
            domain &= Domain(bookings, "not any", alive)
        return domain

    @api.model
    def _cron_purge_visitor_contacts(self, batch_size=100):
        """Remove the contacts of visitors who never paid or came, with their bookings.

        One that fails stops nobody else.

        :param int batch_size: how many contacts are looked up at a time
        """
        failed = self.browse()
        while found := self.search(
            self._get_purge_domain() & Domain("id", "not in", failed.ids),
            order="create_date, id",
            limit=batch_size,
        ):
            for partner in found:
                if not partner._try_purge():
                    failed |= partner
            if not self.env["ir.cron"]._commit_progress(len(found)):
                break

    def _try_purge(self):
        """Remove one visitor in a savepoint; keep for good whoever turns out to be somebody.

        :return: whether the visitor is dealt with
        :rtype: bool
        """
        try:
            # what refers to the contact says no in the database: that is no error here
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                visitor = self.try_lock_for_update().filtered_domain(self._get_purge_domain())
                if not visitor:
                    return False  # somebody is at it, or it has changed: the next run looks again
                if not visitor._is_somebody():
                    visitor._purge()
                    return True
        except (UserError, psycopg2.errors.ForeignKeyViolation, psycopg2.errors.RestrictViolation):
            _logger.info("Contact %s is in use and stays", self.id)
        except Exception:
            _logger.exception("Contact %s could not be removed; it is tried again", self.id)
            return False
        self.appointment_visitor = False
        return True

    def _is_somebody(self):
        """Return whether a visitor has a login or has written, or whether staff work with them.

        What a removal would take along in silence counts, not what refuses it by itself.

        :rtype: bool
        """
        self.ensure_one()
        partner = self.with_context(active_test=False)
        return bool(
            partner.user_ids
            or partner.child_ids
            or partner.activity_ids
            or self._has_conversation()
            or self._has_event()
        )

    def _has_conversation(self):
        about = Domain("model", "=", self._name) & Domain("res_id", "=", self.id)
        about &= Domain("message_type", "in", ["comment", "email"])
        domain = Domain("author_id", "=", self.id) | about
        return bool(self.env["mail.message"].search_count(domain, limit=1))

    def _has_event(self):
        # the events of bookings that were given up are in the archive
        domain = [("partner_ids", "in", self.ids), ("active", "=", True)]
        return bool(self.env["calendar.event"].search_count(domain, limit=1))

    def _purge(self):
        bookings = self.appointment_booking_ids | self.appointment_payer_booking_ids
        # tries to pay that came to nothing, and holds that were let go: kept otherwise
        bookings.operation_ids.unlink()
        bookings.transaction_ids.unlink()
        bookings.unlink()
        self.unlink()
