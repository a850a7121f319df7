import uuid

from markupsafe import escape

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.orm.models import NO_ACCESS

from ..rules import sessions, slots


class AppointmentPaymentBooking(models.Model):
    """A client's appointment as a commercial document.

    The rooms of this model: ``_state`` (the doors), ``_payment`` (transactions), ``_money``
    (what is paid and owed), ``_invoice``, ``_event`` (the calendar), ``_request`` (which the
    practitioner answers) and ``_mail``.
    """

    _name = "appointment.payment.booking"
    _inherit = ["portal.mixin", "mail.thread", "mail.activity.mixin", "appointment.payment.terms"]
    _description = "Booking"
    _order = "start desc, id desc"
    _mail_post_access = "read"
    _check_company_auto = True

    # looked up for what anybody sends to the webhook
    name = fields.Char(
        string="Reference", required=True, readonly=True, copy=False, default="/", index=True
    )
    category_id = fields.Many2one(
        "calendar.event.type", required=True, ondelete="restrict", index=True, readonly=True
    )
    partner_id = fields.Many2one(
        "res.partner", string="Client", required=True, ondelete="restrict", index=True,
        readonly=True,
    )
    payer_id = fields.Many2one(
        "res.partner",
        required=True,
        ondelete="restrict",
        index=True,
        readonly=True,
        help="Who is invoiced and asked; the client by default.",
    )
    user_id = fields.Many2one(
        "res.users", string="Practitioner", required=True, ondelete="restrict", index=True,
        readonly=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, ondelete="restrict", index=True, readonly=True
    )
    currency_id = fields.Many2one(readonly=True)
    start = fields.Datetime(required=True, index=True, readonly=True)
    stop = fields.Datetime(required=True, readonly=True)
    tz = fields.Char(string="Time zone", required=True, default="UTC", readonly=True)
    lang = fields.Char(string="Language", readonly=True)
    origin = fields.Selection(
        selection=[("portal", "Public page"), ("staff", "Staff"), ("existing", "Existing event")],
        required=True,
        default="staff",
        readonly=True,
    )
    payment_mode = fields.Selection(readonly=True)
    deposit_type = fields.Selection(readonly=True)
    deposit_percent = fields.Float(readonly=True)
    deposit_fixed = fields.Monetary(readonly=True)
    collection_mode = fields.Selection(readonly=True)
    confirmation_mode = fields.Selection(readonly=True)
    request_flow = fields.Selection(readonly=True)
    buffer_before = fields.Float(readonly=True, help="Hours kept free before the appointment.")
    buffer_after = fields.Float(readonly=True, help="Hours kept free after the appointment.")
    capacity = fields.Integer(
        string="Seats", required=True, default=1, readonly=True,
        help="How many clients could book this time when it was booked.",
    )
    price = fields.Monetary(
        string="Unit price", readonly=True, help="Under the taxes of the service."
    )
    tax_ids = fields.Many2many("account.tax", string="Taxes", readonly=True)
    amount_tax = fields.Monetary(string="Taxes included", readonly=True)
    amount_total = fields.Monetary(string="Price", readonly=True, help="Taxes included.")
    amount_due_now = fields.Monetary(string="Due at booking", readonly=True)
    under_threshold = fields.Boolean(
        readonly=True, help="The price is under the amount from which clients are asked."
    )
    accepted_terms_at = fields.Datetime(string="Terms accepted on", readonly=True)
    checkout_token = fields.Char(
        copy=False,
        readonly=True,
        groups="base.group_system",
        help="Makes a second submit harmless.",
    )
    occupancy_ids = fields.One2many("appointment.payment.occupancy", "booking_id", readonly=True)
    # whoever has it is the client: who may read a booking need not be
    access_token = fields.Char(groups=NO_ACCESS)

    _checkout_token_uniq = models.UniqueIndex("(checkout_token) WHERE checkout_token IS NOT NULL")
    _stop_after_start = models.Constraint(
        "CHECK (stop > start)", "An appointment ends after it starts."
    )
    _amounts_positive = models.Constraint(
        "CHECK (price >= 0 AND amount_total >= 0 AND amount_due_now >= 0)",
        "A price cannot be negative.",
    )
    _due_now_within_total = models.Constraint(
        "CHECK (amount_due_now <= amount_total)", "What is due at booking is above the price."
    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals.setdefault("payer_id", vals.get("partner_id"))
            if vals.get("name", "/") == "/":
                vals["name"] = self.env["ir.sequence"].next_by_code(self._name)
        return super().create(vals_list)

    def write(self, vals):
        self._check_frozen_fields(vals)
        return super().write(vals)

    def _check_frozen_fields(self, vals):
        """Refuse a change of what the client agreed to or has paid, by any road (rules 4, 10).

        :raise UserError: when a person, not the system, writes a frozen field
        """
        frozen = vals.keys() - self._get_editable_fields()
        if frozen and not self.env.su:
            raise UserError(
                self.env._(
                    "What a client agreed to or has paid cannot be edited: %(fields)s. Move the"
                    " appointment in the calendar, or cancel this booking and make a new one.",
                    fields=", ".join(self._fields[name].string for name in sorted(frozen)),
                )
            )

    @api.model
    def _get_editable_fields(self):
        """Return the fields that people may write; all others are the system's.

        Whoever adds a field for people to edit extends this.

        :rtype: set[str]
        """
        return {*self.env["mail.thread"]._fields, *self.env["mail.activity.mixin"]._fields}

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_money(self):
        bookings = self.sudo()  # sudo: staff cannot read transactions
        if bookings.transaction_ids or bookings.invoice_line_ids:
            raise UserError(
                self.env._("A booking with payments or invoices is kept. Cancel it instead.")
            )

    def unlink(self):
        events = self.sudo().event_id  # sudo: see _create_events
        result = super().unlink()
        self._archive_events(events)  # whom nobody expects does not stay in the calendar
        return result

    def activity_schedule(
        self, act_type_xmlid="", date_deadline=None, summary="", note="", **act_values
    ):
        """Override of `mail`: a note is text, and names in it were typed by visitors.

        What clients set off, as by coming back from the provider, is the system's (rule 15): a
        visitor has no address from which Odoo could tell whose it is. See the parent method for the
        parameters.
        """
        told = self.with_user(SUPERUSER_ID) if self.env.user.share else self
        return super(AppointmentPaymentBooking, told).activity_schedule(
            act_type_xmlid, date_deadline, summary, escape(note or ""), **act_values
        )

    @api.depends("name", "partner_id")
    def _compute_display_name(self):
        for booking in self:
            # whom it is about first: in calendars there is room for little else
            booking.display_name = f"{booking.partner_id.name or ''} · {booking.name}"

    def _compute_access_url(self):
        """Override of `portal`."""
        result = super()._compute_access_url()
        for booking in self:
            booking.access_url = f"/my/appointment-bookings/{booking.id}"
        return result

    def _portal_ensure_token(self):
        """Override of `portal`: a colleague who may only accept a request gets no client's link."""
        linked = self._get_linked_sudo()
        return super(AppointmentPaymentBooking, linked)._portal_ensure_token()

    def _get_share_url(self, *args, **kwargs):
        """Override of `portal`, which asks for the token as the user."""
        linked = self._get_linked_sudo()
        return super(AppointmentPaymentBooking, linked)._get_share_url(*args, **kwargs)

    def _get_linked_sudo(self):
        """Return the booking with its token, for its client and whoever looks after it.

        :raise AccessError: when the user may only read it
        """
        self.check_access("read" if self.env.user.share else "write")
        return self.sudo()  # sudo: the token is nobody's to read; checked above

    def _sign_token(self, pid):
        """Override of `portal`: in mails to the one whom it names, whoever writes them."""
        return super(AppointmentPaymentBooking, self.sudo())._sign_token(pid)  # sudo: see above

    def _get_report_base_filename(self):
        self.ensure_one()
        return self.name

    def _get_priced_total(self):
        """Override of `appointment.payment.terms`."""
        return self.amount_total

    def _check_deposit(self):
        """Override of `appointment.payment.terms`: a snapshot is no choice that could be refused.

        The category was checked; where a price is lower than its deposit, the price is due.
        """

    @api.model
    def _new_checkout_token(self):
        """Return a fresh unguessable token for one booking form."""
        return uuid.uuid4().hex

    @api.model
    def _find_by_checkout_token(self, token):
        """Return the booking that a form made, so that a second submit finds the first.

        :param str token: the form's token
        :rtype: recordset of `appointment.payment.booking`
        """
        return self.search([("checkout_token", "=", token)], limit=1) if token else self.browse()

    @api.model
    def _book(self, category, company, user, start, partner, pay_in_full=False, **values):
        """Make a booking that takes its time, and confirm it when nothing has to be paid first.

        :param category: the `calendar.event.type`
        :param company: the selling `res.company`
        :param user: the practitioner
        :param datetime start: naive UTC
        :param partner: the client, as `res.partner`
        :param bool pay_in_full: whether a client who is asked for a deposit pays all of it
        :param dict values: more field values of the booking
        :return: the booking, in state ``pending_payment``, ``requested`` or ``confirmed``
        :rtype: recordset of `appointment.payment.booking`
        :raise SlotTakenError: when the time is taken; nothing is left behind by the caller's
            savepoint or rollback
        """
        snapshot = category._resolve_terms(company, user, pay_in_full)
        booking = self.create(
            {
                **snapshot,
                "category_id": category.id,
                "company_id": company.id,
                "user_id": user.id,
                "partner_id": partner.id,
                "start": start,
                "stop": start + slots.to_length(category.duration),
                "buffer_before": category.buffer_before,
                "buffer_after": category.buffer_after,
                "capacity": category.capacity,
                "lang": partner.lang or self.env.lang,
                **values,
            }
        )
        booking._occupy()
        booking._begin()
        return booking

    def _begin(self):
        """Have a new booking wait for its payment, or confirm it when there is none to wait for."""
        if self.amount_due_now:
            return self._hold_for_checkout()
        return self._set_confirmed()

    def _occupy(self):
        """Take the practitioner's time.

        :raise SlotTakenError: when it is taken already
        """
        for booking in self:
            user = booking.user_id
            resources = user._get_guarding_resources()
            # a time that nobody's resource takes would be guarded by nothing
            resources = resources or user._ensure_practitioner_resource(booking.company_id)
            # sudo: the guard sees the bookings of every company
            self.env["appointment.payment.occupancy"].sudo()._take(booking, resources)

    def _occupy_anew(self):
        """Take the time of the resources that the practitioners have now."""
        self._release()
        self._occupy()

    def _get_occupied_period(self, start=None, stop=None):
        """Return the time that the booking takes, with what it keeps free before and after.

        :param datetime start: of the appointment, naive UTC; the booking's own by default
        :param datetime stop: of the appointment, naive UTC; the booking's own by default
        :return: (start, stop) in naive UTC
        :rtype: tuple[datetime, datetime]
        """
        self.ensure_one()
        return (
            (start or self.start) - slots.to_length(self.buffer_before),
            (stop or self.stop) + slots.to_length(self.buffer_after),
        )

    def _get_session(self, start=None):
        """Return what the booking takes its time with: a group, or itself alone.

        :param datetime start: of the appointment, naive UTC; the booking's own by default
        :rtype: str
        """
        self.ensure_one()
        start = start or self.start
        return sessions.name(self.id, self.category_id.id, start, self.capacity)

    def _override_occupancy(self, reason):
        """Let another appointment have the same time: staff have decided so, and say why.

        The booking stays as it is; its time is not guarded any more.

        :param str reason: what the person who decided gave as the reason
        """
        self.check_access("write")
        for booking in self.filtered("occupancy_ids"):
            booking.message_post(
                body=self.env._("The time is shared with another appointment: %s", reason)
            )
        self._release()

    def _release(self):
        """Give the practitioner's time back."""
        self.sudo().occupancy_ids.unlink()  # sudo: staff who may cancel need no other right
