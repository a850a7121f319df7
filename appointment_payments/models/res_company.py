from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResCompany(models.Model):
    """The practice's defaults; see Settings ▸ Appointment Payments."""

    _inherit = "res.company"

    appointment_prepayment = fields.Boolean(
        string="Ask for money at booking",
        help="Off: nobody is asked at booking, and every term is kept for when it is on again.",
    )
    appointment_payment_mode = fields.Selection(
        selection=[
            ("none", "Nothing at booking"),
            ("deposit", "A deposit at booking"),
            ("full", "In full at booking"),
        ],
        string="Payment at booking",
        required=True,
        default="none",
    )
    appointment_min_prepayment = fields.Monetary(
        string="Ask from",
        default=10.0,
        help="Appointments that cost less than this, taxes included, are never paid at booking.",
    )
    appointment_checkout_minutes = fields.Integer(string="Minutes to pay", default=20)
    appointment_collection_mode = fields.Selection(
        selection=[
            ("now", "Ask now"),
            ("automatic", "Ask automatically"),
            ("manual", "Ask by hand"),
            ("none", "Do not ask"),
        ],
        string="Payment of the rest",
        required=True,
        default="manual",
        help="How what is not paid at booking is asked for.",
    )
    appointment_min_notice_hours = fields.Integer(
        string="Notice (hours)",
        default=0,
        help="How long before its start a time can still be booked online.",
    )
    appointment_horizon_days = fields.Integer(
        string="Days ahead", default=60, help="How many days ahead a time can be booked online."
    )
    appointment_rate_per_address = fields.Integer(
        string="Bookings an hour from one network address",
        default=30,
        help="On the public page. 0: as many as they like.",
    )
    appointment_rate_per_email = fields.Integer(
        string="Bookings an hour with one email address",
        default=10,
        help="On the public page. 0: as many as they like.",
    )
    appointment_holds_per_client = fields.Integer(
        string="Unpaid times on hold for one client",
        default=3,
        help="On the public page, at a time. 0: as many as they like.",
    )
    appointment_confirm_hours = fields.Integer(
        string="Hours to answer a request",
        default=48,
        help="What is not answered by then expires, and all of its money goes back.",
    )
    appointment_confirm_margin_hours = fields.Integer(
        string="Answer before the start (hours)",
        default=2,
        help="A request has to be answered this long before the appointment at the latest. What is"
        " requested later than that can be answered until the start.",
    )
    appointment_confirm_warning_hours = fields.Integer(
        string="Last reminder of a request (hours)",
        default=2,
        help="How long before the answer is due practitioners are reminded once more. 0: only at"
        " half time.",
    )
    appointment_requests_text = fields.Html(
        string="How requests and refunds work",
        translate=True,
        default=lambda self: self._default_appointment_requests_text(),
        help="The page for clients that the mails of requests link to.",
    )
    appointment_terms_url = fields.Char(string="Terms and conditions (link)")
    appointment_refund_terms = fields.Text(string="Refund terms", translate=True)
    appointment_payments_since = fields.Datetime(
        string="Payments on since",
        readonly=True,
        help="What was made before this moment never sends anything by itself.",
    )

    _appointment_min_prepayment_positive = models.Constraint(
        "CHECK (appointment_min_prepayment >= 0)",
        "The amount to ask from cannot be negative. Enter 0 to ask always.",
    )
    _appointment_booking_window_range = models.Constraint(
        "CHECK (appointment_min_notice_hours BETWEEN 0 AND 8760"
        " AND appointment_horizon_days BETWEEN 1 AND 730)",
        "The notice is between 0 and 8760 hours, and the days ahead between 1 and 730.",
    )
    _appointment_visitor_limits_positive = models.Constraint(
        "CHECK (appointment_rate_per_address >= 0 AND appointment_rate_per_email >= 0"
        " AND appointment_holds_per_client >= 0)",
        "These limits cannot be negative. Enter 0 for none.",
    )
    _appointment_notice_within_horizon = models.Constraint(
        "CHECK (appointment_min_notice_hours < appointment_horizon_days * 24)",
        "The notice is as long as the days ahead: no time could be booked. Shorten the notice.",
    )
    _appointment_checkout_minutes_range = models.Constraint(
        "CHECK (appointment_checkout_minutes BETWEEN 5 AND 1440)",
        "Give clients between 5 minutes and one day (1440 minutes) to pay.",
    )

    _appointment_confirm_range = models.Constraint(
        "CHECK (appointment_confirm_hours BETWEEN 1 AND 8760"
        " AND appointment_confirm_margin_hours BETWEEN 0 AND 8760"
        " AND appointment_confirm_warning_hours BETWEEN 0 AND 8760)",
        "Practitioners have between 1 and 8760 hours to answer; no number of hours is negative.",
    )

    @api.model
    def _default_appointment_requests_text(self):
        """Return what a practice tells its clients about requests until it writes its own text.

        :rtype: Markup
        """
        paragraphs = (
            self.env._(
                "When you send a request, we keep the time for you, and the practitioner accepts or"
                " declines it. You get a mail as soon as that is decided."
            ),
            self.env._(
                "If the request is paid with it, the amount is held on your card or charged: you"
                " read which before you pay. Amounts that are held are only taken when the request"
                " is accepted."
            ),
            self.env._(
                "If the request is declined, or not answered in time, you get everything back by"
                " itself: a held amount is let go, a charged one is refunded in the way you paid."
                " Your bank may take a few days to show it."
            ),
            self.env._(
                "Until the request is answered you can cancel it on its page, and get everything"
                " back."
            ),
        )
        return Markup().join(Markup("<p>%s</p>") % text for text in paragraphs)

    @api.constrains("appointment_terms_url")
    def _check_appointment_terms_url(self):
        for company in self.filtered("appointment_terms_url"):
            if not company.appointment_terms_url.startswith(("https://", "http://", "/")):
                raise ValidationError(
                    self.env._("The link to the terms has to start with https:// or /.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        companies._stamp_appointment_payments_since()
        return companies

    def write(self, vals):
        result = super().write(vals)
        if vals.get("appointment_prepayment"):
            self._stamp_appointment_payments_since()
        return result

    def _stamp_appointment_payments_since(self):
        """Remember when payments were first switched on (design rule 11)."""
        self.filtered(
            lambda c: c.appointment_prepayment and not c.appointment_payments_since
        ).appointment_payments_since = fields.Datetime.now()

    def _switch_appointment_prepayment_on(self):
        """Switch prepayment on when the company's first provider is enabled.

        A company that had it on before and switched it off keeps it off.
        """
        self.filtered(lambda c: not c.appointment_payments_since).appointment_prepayment = True

    def _get_appointment_threshold(self, currency):
        """Return the amount from which clients are asked, in another currency (design rule 8).

        :param currency: the `res.currency` of the price
        :return: the tax-included threshold in major units of ``currency``
        :rtype: float
        """
        self.ensure_one()
        return self.currency_id._convert(
            self.appointment_min_prepayment, currency, self, fields.Date.context_today(self)
        )

    def _has_appointment_sales_journal(self):
        """Return whether the company can post customer invoices.

        :rtype: bool
        """
        self.ensure_one()
        domain = [
            *self.env["account.journal"]._check_company_domain(self),
            ("type", "=", "sale"),
        ]
        return bool(self.env["account.journal"].search_count(domain, limit=1))

    def _has_appointment_receivable_account(self):
        """Return whether the company has an account that customers owe to.

        :rtype: bool
        """
        self.ensure_one()
        domain = [
            *self.env["account.account"]._check_company_domain(self),
            ("account_type", "=", "asset_receivable"),
        ]
        return bool(self.env["account.account"].search_count(domain, limit=1))
