from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..rules import money


class AppointmentPaymentTerms(models.AbstractModel):
    """How an appointment is paid.

    On a category the terms are what the practice chose; on a booking they are the resolved
    snapshot of what the client agreed to (design rule 10).
    """

    _name = "appointment.payment.terms"
    _description = "How an appointment is paid"

    payment_mode = fields.Selection(
        selection=[
            ("default", "The practice's default"),
            ("none", "Nothing at booking"),
            ("deposit", "A deposit at booking"),
            ("full", "In full at booking"),
        ],
        string="Payment",
        required=True,
        default="default",
    )
    deposit_type = fields.Selection(
        selection=[("percent", "% of the price"), ("fixed", "as a fixed amount")],
        string="Deposit as",
        required=True,
        default="percent",
    )
    deposit_percent = fields.Float(string="Deposit (%)", digits=(5, 2), default=30.0)
    deposit_fixed = fields.Monetary(string="Deposit", currency_field="currency_id")
    currency_id = fields.Many2one("res.currency", required=True)
    confirmation_mode = fields.Selection(
        selection=[
            ("automatic", "At once"),
            ("manual", "When the practitioner accepts"),
        ],
        string="Confirmed",
        required=True,
        default="automatic",
        help="When the practitioner accepts first, clients send a request. As the practice's"
        " default, requests are paid in full.",
    )
    request_flow = fields.Selection(
        selection=[
            ("hold", "Held now, taken when accepted"),
            ("charge", "Charged now, refunded unless accepted"),
            ("approve_first", "Asked for when accepted"),
        ],
        string="Payment of requests",
        required=True,
        default="hold",
        help="Where a payment cannot be held until the answer is due, it is charged, and refunded"
        " unless the request is accepted.",
    )
    collection_mode = fields.Selection(
        selection=[
            ("default", "The practice's default"),
            ("now", "Ask now"),
            ("automatic", "Ask automatically"),
            ("manual", "Ask by hand"),
            ("none", "Do not ask"),
        ],
        string="Payment of the rest",
        required=True,
        default="default",
        help="How what is not paid at booking is asked for.",
    )

    def _get_priced_total(self):
        """Return the tax-included price that the terms apply to.

        Overridden by each model that has terms.

        :return: the total in major units of ``currency_id``
        :rtype: float
        """
        self.ensure_one()
        return 0.0

    def _get_smallest_charge(self):
        """Return the smallest amount that a provider of the company can charge.

        Overridden by each model that has terms.

        :return: the amount in major units of ``currency_id``; 0.0 when no provider has one
        :rtype: float
        """
        self.ensure_one()
        return 0.0

    @api.constrains("payment_mode", "deposit_type", "deposit_percent", "deposit_fixed")
    def _check_deposit(self):
        """Refuse a deposit that nobody could be asked for.

        :raise ValidationError: with what is wrong and what to do
        """
        for terms in self.filtered(lambda t: t.payment_mode == "deposit"):
            problem = money.deposit_problem(
                terms._get_priced_total(),
                terms.deposit_type,
                terms.deposit_percent,
                terms.deposit_fixed,
                terms._get_smallest_charge(),
                terms.currency_id.rounding,
            )
            if problem:
                raise ValidationError(terms._get_deposit_problem_message(problem))

    def _get_deposit_problem_message(self, problem):
        """Return the sentence for a problem code of ``rules.money.deposit_problem``.

        :param str problem: the code
        :rtype: str
        """
        self.ensure_one()
        smallest = self.currency_id.format(self._get_smallest_charge())
        return {
            "negative": self.env._("A deposit cannot be negative. Enter an amount above zero."),
            "zero": self.env._(
                "A deposit of zero asks for nothing. Enter an amount, or choose “Nothing at"
                " booking”."
            ),
            "above_price": self.env._(
                "The deposit is above the price of %(price)s. Enter a smaller deposit, or choose"
                " “In full at booking”.",
                price=self.currency_id.format(self._get_priced_total()),
            ),
            "percent_range": self.env._(
                "The deposit must be more than 0 % and at most 100 % of the price."
            ),
            "under_minimum": self.env._(
                "The deposit is under %(smallest)s, the smallest amount that can be charged"
                " online. Enter at least that.",
                smallest=smallest,
            ),
        }[problem]
