from datetime import datetime, time, timedelta
from unittest.mock import patch

import pytz

from odoo import api, fields, models
from odoo.fields import Command

from ..rules import slots

TZ = "Europe/Paris"

# Name, client, practitioner, category, working days from today, local hour, what happens then.
BOOKINGS = [
    ("first_visit", "carla", "anna", "first", -8, 10.0, ["pay", "pay", "attend"]),
    ("came", "paul", "anna", "first", -2, 9.0, ["pay", "pay", "attend"]),
    ("came_and_owes", "nora", "ben", "first", -1, 15.0, ["pay", "attend"]),
    ("did_not_come", "tom", "ben", "follow_up", -1, 17.0, ["pay", "miss"]),
    ("nobody_said", "tom", "anna", "follow_up", -1, 16.0, ["pay"]),
    ("today", "ida", "anna", "follow_up", 0, 15.5, ["pay"]),
    ("deposit", "carla", "anna", "first", 2, 10.0, ["pay"]),
    ("in_full", "carla", "ben", "follow_up", 3, 14.5, ["pay"]),
    ("nothing_asked", "carla", "anna", "phone", 1, 11.5, []),
    ("under_threshold", "paul", "anna", "short", 1, 9.25, []),
    ("as_the_practice", "ida", "ben", "check_up", 2, 14.75, ["pay"]),
    ("workshop", "nora", "anna", "workshop", 4, 13.5, ["pay"]),
    ("workshop_in_full", "ida", "anna", "workshop", 4, 13.5, ["pay", "pay"]),
    ("workshop_unpaid", "tom", "anna", "workshop", 4, 13.5, ["keep"]),
    ("request", "nora", "anna", "assessment", 5, 14.5, ["pay"]),
    ("request_of_ben", "ida", "ben", "assessment", 6, 16.0, ["pay"]),
    ("declined", "tom", "anna", "assessment", 6, 14.5, ["pay", "decline"]),
    ("by_phone", "paul", "ben", "phone", 2, 16.5, []),
    ("awaiting_payment", "carla", "anna", "first", 6, 9.0, ["keep"]),
    ("processing", "carla", "ben", "follow_up", 7, 15.0, ["pay_by_wire"]),
    ("expired", "tom", "anna", "follow_up", 3, 10.5, ["expire"]),
    ("cancelled", "carla", "ben", "phone", 1, 16.0, ["cancel"]),
]
# what staff have booked themselves
BY_STAFF = {"by_phone"}
# what clients have written for their practitioner's eyes
NOTES = {
    "deposit": "I take medicine for my blood pressure.",
    "workshop": "I cannot eat nuts.",
}


class AppointmentPaymentDemo(models.AbstractModel):
    """The demo practice: what its data files cannot say in XML.

    Everything goes the way that clients and staff go, so the demo shows what the addon does. The
    files call these methods again without harm.
    """

    _name = "appointment.payment.demo"
    _description = "Demo practice"

    @api.model
    def _choose_company(self):
        """Name the company that the practice lives in ``demo_company``.

        The main company, so that there is one company to look at. When it keeps books already, in a
        currency that cannot change any more, a company of its own.
        """
        main = self.env.ref("base.main_company")
        if not self._get("company"):
            company = main
            if main._existing_accounting():
                company = self.env["res.company"].create({"name": "Linden Practice"})
            self._name_record("company", company)

    @api.model
    def _open_books(self):
        """Give the practice a chart of accounts in euros, and somebody who takes the money."""
        company = self._get("company")
        if not company.chart_template:
            # while modules are being installed `try_loading` warns; Odoo's own demo data does this
            self.env["account.chart.template"]._load("generic_coa", company, install_demo=False)
        # the chart says dollars and the United States
        company.currency_id = self.env.ref("base.EUR")
        company.account_fiscal_country_id = company.country_id
        company.resource_calendar_id.tz = TZ
        self._publish_terms(company)
        self._open_provider(company)

    @api.model
    def _choose_tax(self):
        """Have new services begin with the practice's tax and not with the chart's."""
        self._get("company").account_sale_tax_id = self._get("tax")

    @api.model
    def _publish_terms(self, company):
        """Have Odoo's page /terms, which shows the terms of the visitor's company."""
        self.env["ir.config_parameter"].set_param("account.use_invoice_terms", True)
        (company | self.env.ref("base.main_company")).terms_type = "html"

    @api.model
    def _open_provider(self, company):
        """Publish Odoo's Demo provider in test mode, if its module is installed."""
        provider = self.env.ref("payment.payment_provider_demo")
        if provider.code != "demo" or self._get("provider"):
            return
        if provider.company_id != company:
            provider = provider.copy({"name": "Demo", "company_id": company.id})
        provider.write({"state": "test", "is_published": True})
        provider.payment_method_ids.active = True
        self._name_record("provider", provider)

    @api.model
    def _set_hours(self):
        """Give each practitioner working hours of their own."""
        for name in ("anna", "ben"):
            resources = self._get(f"user_{name}")._get_practitioner_resources(self._get("company"))
            resources.calendar_id = self._get(f"hours_{name}")

    @api.model
    def _book_all(self):
        """Make the bookings that are not there yet.

        Their mails are kept as if they had been sent; nobody is waiting for them.
        """
        keep = patch.object(
            type(self.env["mail.mail"]),
            "send_after_commit",
            lambda mails: mails.write({"state": "sent"}),
        )
        with keep:
            for name, client, user, category, days, hour, steps in BOOKINGS:
                if not self._get(f"booking_{name}"):
                    start = self._find_start(self._get(f"hours_{user}"), days, hour)
                    self._make_booking(name, client, user, category, start, steps)

    @api.model
    def _make_booking(self, name, client, user, category, start, steps):
        category = self._get(f"category_{category}")
        company = self._get("company")
        if category._resolve_terms(company)["amount_due_now"] and not self._get("provider"):
            return  # nobody could have paid it
        by_staff = name in BY_STAFF
        booking = self.env["appointment.payment.booking"]._book(
            category,
            company,
            self._get(f"user_{user}"),
            start,
            self._get_client(client),
            accepted_terms_at=not by_staff and fields.Datetime.now(),
            client_note=NOTES.get(name),
            origin="staff" if by_staff else "portal",
            tz=TZ,
        )
        self._name_record(f"booking_{name}", booking)
        for step in steps:
            getattr(self, f"_step_{step}")(booking)

    @api.model
    def _find_start(self, hours, days, hour):
        """Return a moment in somebody's working hours.

        :param hours: the `resource.calendar`
        :param int days: how many working days from today: 0 is today or the next one, -1 the last
        :param float hour: the local time, which is worked on some day of the week
        :return: naive UTC
        :rtype: datetime
        """
        worked = hours.attendance_ids.filtered(lambda a: a.hour_from <= hour < a.hour_to)
        weekdays = {int(weekday) for weekday in worked.mapped("dayofweek")}
        today = datetime.now(pytz.timezone(TZ)).date()
        direction = 1 if days >= 0 else -1
        dates = (today + timedelta(days=direction * n) for n in range(0 if days >= 0 else 1, 100))
        matching = [date for date in dates if date.weekday() in weekdays]
        date = matching[days if days >= 0 else -days - 1]
        minutes = round(hour * 60)
        local = datetime.combine(date, time(minutes // 60, minutes % 60))
        return slots.to_utc(pytz.timezone(TZ).localize(local))

    @api.model
    def _step_pay(self, booking):
        """The client pays what the page asks for."""
        self._pay(booking, "done")

    @api.model
    def _step_pay_by_wire(self, booking):
        """The client pays by a method that takes days."""
        self._pay(booking, "pending")

    @api.model
    def _step_keep(self, booking):
        """The time is kept until the appointment, so that the demo can be looked at in peace."""
        booking.hold_until = booking.start

    @api.model
    def _step_attend(self, booking):
        booking._set_attended()

    @api.model
    def _step_miss(self, booking):
        booking._set_no_show()

    @api.model
    def _step_expire(self, booking):
        booking._set_expired("unpaid")

    @api.model
    def _step_decline(self, booking):
        booking.with_user(booking.user_id)._set_declined("I am away that week.")

    @api.model
    def _step_cancel(self, booking):
        booking._set_cancelled()

    @api.model
    def _pay(self, booking, state):
        """Pay what is due with the Demo provider, as the payment page does.

        The page refuses to when the appointment is over; those of the past were paid before.

        :param booking: the `appointment.payment.booking`
        :param str state: how the Demo provider answers: done, pending, cancel or error
        """
        provider = self._get("provider")
        transactions = self.env["payment.transaction"]
        at_booking = booking.state == "pending_payment"
        method = provider.payment_method_ids[:1]
        transaction = transactions.create(
            {
                "provider_id": provider.id,
                "payment_method_id": method.id,
                "capture_method": booking._decide_capture(provider, method).method,
                "amount": booking.amount_due_now if at_booking else booking.amount_residual,
                "currency_id": booking.currency_id.id,
                "partner_id": booking.payer_id.id,
                "operation": "online_direct",
                "appointment_booking_id": booking.id,
                "invoice_ids": [Command.set(booking._get_posted_invoices().ids)],
                "landing_route": booking.get_portal_url(),
                "reference": transactions._compute_reference(
                    provider.code, appointment_booking_id=booking.id
                ),
            }
        )
        transaction._process(
            "demo",
            {
                "reference": transaction.reference,
                "simulated_state": state,
                "payment_details": "4242",
            },
        )
        transaction._post_process()

    @api.model
    def _get_client(self, name):
        user = self._get(f"user_{name}")
        return user.partner_id if user else self._get(f"client_{name}")

    @api.model
    def _get(self, name):
        """Return a record of the demo, or nothing.

        :param str name: its external id without ``demo_``
        """
        return self.env.ref(f"appointment_payments.demo_{name}", raise_if_not_found=False)

    @api.model
    def _name_record(self, name, record):
        """Give a record an external id, so that it is found and not made again.

        :param str name: the external id without ``demo_``
        :param record: the record
        """
        self.env["ir.model.data"]._update_xmlids(
            [
                {
                    "xml_id": f"appointment_payments.demo_{name}",
                    "record": record,
                    "noupdate": True,
                }
            ]
        )
