from odoo import api, fields, models


class CalendarEventType(models.Model):
    """What a category says in words about its requests."""

    _inherit = "calendar.event.type"

    request_words = fields.Char(
        string="What happens", compute="_compute_request_words", compute_sudo=True
    )
    practice_confirm_hours = fields.Char(
        compute="_compute_request_words",
        compute_sudo=True,
        help="How long the practice has to answer, as the settings say.",
    )
    requests_url = fields.Char(
        string="How requests work",
        compute="_compute_request_words",
        compute_sudo=True,
        help="For clients: how requests and refunds work. Its words are in the settings.",
    )

    @api.depends("request_flow", "confirm_hours", "company_id")
    @api.depends_context("company", "lang")
    def _compute_request_words(self):
        for category in self:
            company = category.company_id or self.env.company
            category.practice_confirm_hours = self.env._(
                "(0: as the practice, %(hours)s hours)", hours=company.appointment_confirm_hours
            )
            category.request_words = category._get_request_words()
            category.requests_url = company.appointment_requests_url

    def _get_request_words(self):
        """Return what a request does with the client's money.

        :rtype: str
        """
        self.ensure_one()
        return {
            "hold": self.env._(
                "The amount is held on the client's card and taken when the request is accepted."
                " Declined or not answered, it is let go and costs nobody anything. Where it cannot"
                " be held until the answer is due, it is charged, and refunded in full."
            ),
            "charge": self.env._(
                "The client pays with the request. Declined or not answered, everything is refunded"
                " by itself; the provider may keep its fee."
            ),
            "approve_first": self.env._(
                "Nothing is asked with the request. Accepting it mails the client a link to pay;"
                " what is not paid in time expires."
            ),
        }.get(self.request_flow, "")

    def _get_request_note(self, company):
        """Return what clients read beside the price before they send a request.

        :param company: the selling `res.company`
        :return: nothing where a booking needs no answer
        :rtype: str | None
        """
        self.ensure_one()
        if self.confirmation_mode != "manual":
            return None
        return self.env._(
            "This is a request: it is accepted or declined within %(time)s, and before the"
            " appointment begins. Otherwise it expires.",
            time=self._format_duration(self._get_confirm_hours(company)),
        )
