"""One walk through the demo practice over HTTP, step by step: `./dev demo --once`.

It runs in the pinned Python environment, as `python -m devtools.walk URL DATABASE`.
"""

import sys
import time
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import requests

from .walker import Broken, Visitor, expect, squeeze

CATEGORY = "first-consultation"
SLOT = "//a[contains(@class, 'o_appay_slot')]"
MARGIN = 5  # minutes
DETAILS = "//form[contains(@class, 'o_appay_details')]"
PAYMENT = "//form[@id='o_payment_form'] | //*[@id='o_payment_form']"
METHOD = "//input[@name='o_payment_radio']"
NOTE = "I take medicine for my blood pressure."
INVOICE = "//a[contains(@href, 'report_type=pdf')]"


class Walk:
    """The walk: who takes part, and what happens.

    Each step returns what it saw, in words.

    :param str url: the server
    """

    def __init__(self, url):
        self.client = Visitor(url)
        self.practitioner = Visitor(url)
        self.desk = Visitor(url)
        self.manager = Visitor(url)
        self.regular = Visitor(url)
        self.page = None
        self.link = None
        self.start = None
        self.practitioner_name = None
        self.reference = None

    def steps(self):
        """Return the steps: what happens, and the method that does it.

        :rtype: list[tuple[str, callable]]
        """
        return [
            ("The manager logs in", self.log_in_manager),
            ("A visitor opens the booking page", self.open_booking),
            ("chooses a category with a deposit", self.choose_category),
            ("takes the first free time", self.choose_time),
            ("sends name and email, accepts the terms", self.send_details),
            ("cannot download an invoice yet", self.find_no_invoice),
            ("pays the deposit with the Demo provider", self.pay_deposit),
            ("sees that the appointment is confirmed", self.see_confirmed),
            ("downloads the invoice", self.read_invoice),
            ("Another visitor cannot take the same time", self.find_time_gone),
            ("The practitioner finds it in the calendar", self.see_calendar),
            ("and in the bookings, with what is paid", self.see_booking),
            ("The front desk finds it too, without the client's message", self.see_desk),
            ("The manager sees the mails to both", self.see_mails),
            ("The client pays the balance", self.pay_balance),
            ("downloads the invoice again", self.read_paid_invoice),
            ("The manager finds the books closed", self.see_books),
            ("A regular client finds their appointments in the portal", self.see_portal),
        ]

    def log_in_manager(self):
        """The manager, who also does the books, looks over the client's shoulder."""
        page = self.manager.log_in("mia")
        return f"“{page.words('//title')[0]}”"

    def open_booking(self):
        """Open the list of what can be booked."""
        page = self.client.open("/booking")
        names = page.words("//a[contains(@class, 'o_appay_category')]//h2")
        expect("First consultation" in names, "“First consultation” on /booking", names)
        return f"{len(names)} categories: {', '.join(names)}"

    def choose_category(self):
        """Open the free times of the category."""
        self.page = self.client.open(f"/booking/{CATEGORY}")
        self.page.expect("Choose a time", "Times are shown in", "Europe/Paris")
        times = self.page.words(SLOT)
        expect(times, "free times", self.page.excerpt())
        days = self.page.words("//section/h2")
        return f"{len(times)} free times from {days[0]} on; " + self._see_prices()

    def choose_time(self):
        """Open the form for the first free time that does not begin while we walk."""
        starts = [link.get("href") for link in self.page.root.xpath(SLOT)]
        self.start = next((start for start in starts if _minutes_until(start) > MARGIN), None)
        expect(self.start, f"a time in more than {MARGIN} minutes", starts)
        self.page = self.client.open(self.start)
        self.page.expect("Your details")
        practitioner = "//aside//li[i[contains(@class, 'fa-user-o')]]"
        self.practitioner_name = self.page.words(practitioner)[0]
        when = self.page.words("//aside//strong")[0]
        return f"{when} with {self.practitioner_name}; " + self._see_prices()

    def _see_prices(self):
        return self.page.expect_amounts(
            Price="80.00 €", Taxes_included="13.33 €", Due_now="24.00 €", Due_later="56.00 €"
        )

    def send_details(self):
        """Submit the form; the booking's own page asks for the deposit."""
        typed = {"name": "Wanda Walker", "email": "wanda@walker.example", "accept_terms": "1"}
        typed["note"] = NOTE
        values = {**self.page.fields(DETAILS), **typed}
        self.page = self.client.send(f"/booking/{CATEGORY}", values)
        self.link = self.page.url
        self.page.expect("Pay to book", "TEST", "Pay 24.00 € and book")
        self._see_prices()
        self.reference = self.page.words("//aside//*[contains(text(), 'Reference')]")[0].split()[-1]
        state = self.page.words("//aside//*[contains(@class, 'badge')]")
        return f"{self.reference}, {' and '.join(state)}; the page is marked TEST"

    def find_no_invoice(self):
        """There is no invoice before a payment."""
        expect(not self.page.root.xpath(INVOICE), "no link to an invoice", self.page.excerpt())
        return "no link to an invoice"

    def pay_deposit(self):
        """Pay what the page asks for."""
        return self._pay(24.0)

    def pay_balance(self):
        """Pay the rest from the booking's page."""
        self.page = self.client.open(self.link)
        self.page.expect("Pay the balance", "Pay 56.00 €")
        outcome = self._pay(56.0)
        self.page.expect("Paid")
        expect(not self.page.root.xpath(PAYMENT), "nothing left to pay", self.page.excerpt())
        return f"{outcome}; " + self.page.expect_amounts(Paid="80.00 €", Left_to_pay="0.00 €")

    def _pay(self, amount):
        """Pay as Odoo's payment form does, with the Demo provider.

        :param float amount: what the form should ask for
        :return: what became of it
        :rtype: str
        """
        form = self.page.find(PAYMENT).attrib
        method = self.page.find(METHOD).attrib
        asked = float(form["data-amount"])
        expect(asked == amount, f"the form to ask for {amount:.2f}", asked)
        values = self.client.call(
            form["data-transaction-route"],
            access_token=form["data-access-token"],
            landing_route=form["data-landing-route"],
            amount=asked,
            provider_id=int(method["data-provider-id"]),
            payment_method_id=int(method["data-payment-option-id"]),
            token_id=None,
            flow="direct",
            tokenization_requested=False,
            is_validation=False,
        )
        self.client.call(
            "/payment/demo/simulate_payment",
            reference=values["reference"],
            payment_details="4242",
            simulated_state="done",
        )
        outcome = self.client.call("/payment/status/poll")
        expect(outcome["state"] == "done", "the payment to be done", outcome)
        self.page = self.client.open(outcome["landing_route"])
        return f"{asked:.2f} € taken, payment {values['reference']} is done"

    def see_confirmed(self):
        """The page says what happened and what is left."""
        self.page.expect("Your appointment is confirmed", "Confirmed", "Partly paid")
        return self.page.expect_amounts(Price="80.00 €", Paid="24.00 €", Left_to_pay="56.00 €")

    def read_invoice(self):
        """The PDF shows the whole price, what is paid and what is due."""
        return self._read_invoice("Total 80.00 €", "24.00 €", "Amount Due 56.00 €")

    def read_paid_invoice(self):
        """The PDF shows both payments and nothing due."""
        return self._read_invoice("Total 80.00 €", "24.00 €", "56.00 €", "Amount Due 0.00 €")

    def _read_invoice(self, *wanted):
        """Download the invoice from the booking's page, and read what it was printed from.

        Web fonts become outlines in the PDF, so its words are read from the same report as HTML.

        :param str wanted: what the invoice should say
        :return: what it says of the money
        :rtype: str
        """
        pages = self.client.download_pdf(self.page.find(INVOICE).get("href"))
        expect(pages == 1, "an invoice on one page", f"{pages} pages")
        report = f"/report/html/account.report_invoice_with_payments/{self._invoice_id()}"
        text = self.manager.open(report).text
        money = text[text.find("Untaxed Amount") :]
        for words in ("First consultation", *wanted):
            expect(words in text, f"“{words}” on the invoice", f"“{text}”")
        return f"a PDF of one page: {money[: money.find(wanted[-1]) + len(wanted[-1])]}"

    def _invoice_id(self):
        [invoice_id] = self._booking(self.manager, ["invoice_ids"])["invoice_ids"]
        return invoice_id

    def find_time_gone(self):
        """The time is not offered any more, and its link says so."""
        other = Visitor(self.client.url)
        with_same = f"{self.start}&practitioner={self._practitioner_id()}"
        page = other.open(with_same)
        page.expect("This time is not free")
        return page.words("//*[@role='alert']")[0]

    def _practitioner_id(self):
        page = self.client.open(f"/booking/{CATEGORY}")
        links = page.root.xpath(f"//nav//a[contains(., '{self.practitioner_name}')]/@href")
        expect(links, f"a button for {self.practitioner_name}", page.excerpt())
        return links[0].split("practitioner=")[1]

    def see_calendar(self):
        """The practitioner's own calendar has the appointment, with its status."""
        self.practitioner.log_in(self.practitioner_name.split()[0].lower())
        fields = ["name", "display_time", "appointment_status", "appointment_booking_ids"]
        booking = self._booking(self.practitioner, ["event_id"])
        event = self.practitioner.read_one(
            "calendar.event", [("id", "=", (booking["event_id"] or [0])[0])], fields
        )
        expect("Wanda Walker" in event["name"], "the client's name on the event", event)
        status = event["appointment_status"] or ""
        expect("Confirmed" in status and "Partly paid" in status, "the status", status)
        return f"“{event['name']}”, {squeeze(event['display_time'])}: {status}"

    def see_booking(self):
        """The practitioner sees state and amounts without any accounting right."""
        fields = ["state", "payment_status", "amount_total", "amount_paid", "amount_residual"]
        booking = self._booking(self.practitioner, fields)
        booking.pop("id")
        expected = dict(zip(fields, ("confirmed", "partial", 80.0, 24.0, 56.0), strict=True))
        expect(booking == expected, expected, booking)
        return ", ".join(f"{name} {value}" for name, value in booking.items())

    def see_desk(self):
        """The front desk sees the money; what the client wrote is for the practitioner."""
        self.desk.log_in("dora")
        note = "visible_client_note"
        told = self._booking(self.practitioner, [note])[note]
        expect(told == NOTE, f"“{NOTE}” for the practitioner", told)
        seen = self._booking(self.desk, [note, "amount_residual"])
        expect(not seen[note], "no message for the front desk", seen)
        return f"left to pay {seen['amount_residual']}, no message"

    def _booking(self, person, fields):
        domain = [("name", "=", self.reference)]
        return person.read_one("appointment.payment.booking", domain, fields)

    def see_mails(self):
        """One mail to the client, one to the practitioner, both sent."""
        booking = self._booking(self.manager, [])
        domain = [("model", "=", "appointment.payment.booking"), ("res_id", "=", booking["id"])]
        mails = self.manager.read("mail.mail", domain, ["subject", "state"])
        seen = sorted((squeeze(mail["subject"]).split(":")[0], mail["state"]) for mail in mails)
        expect(seen == [("Booked", "sent"), ("Confirmed", "sent")], "a sent mail to each", seen)
        return "; ".join(sorted(f"“{squeeze(mail['subject'])}”" for mail in mails))

    def see_books(self):
        """The invoice is paid, and both payments are reconciled with it."""
        booking = self._booking(self.manager, ["invoice_ids", "transaction_ids"])
        invoice = self.manager.read_one(
            "account.move",
            [("id", "in", booking["invoice_ids"])],
            ["name", "state", "payment_state", "amount_total", "amount_tax", "amount_residual"],
        )
        money = [invoice[name] for name in ("amount_total", "amount_tax", "amount_residual")]
        expect(money == [80.0, 13.33, 0.0], "80.00 with 13.33 of tax and nothing left", invoice)
        expect(invoice["payment_state"] in ("paid", "in_payment"), "a paid invoice", invoice)
        payments = self.manager.read(
            "account.payment",
            [("payment_transaction_id", "in", booking["transaction_ids"])],
            ["amount", "is_reconciled"],
        )
        seen = sorted((payment["amount"], payment["is_reconciled"]) for payment in payments)
        expect(seen == [(24.0, True), (56.0, True)], "24.00 and 56.00, both reconciled", seen)
        return f"{invoice['name']} over 80.00 is paid; payments 24.00 and 56.00 reconciled"

    def see_portal(self):
        """A client with a login finds their own appointments only."""
        self.regular.log_in("carla")
        page = self.regular.open("/my/appointment-bookings")
        rows = page.words("//table//tbody//tr")
        page.expect("First consultation", "Confirmed", "Partly paid", "Awaiting payment")
        expect(len(rows) >= 5, "at least five appointments", rows)
        foreign = self.link.partition("?")[0]
        status = self.regular.status(foreign)
        expect(status == 404, f"404 for {foreign}, which is somebody else's", status)
        return f"{len(rows)} appointments, the first: {rows[0]}; 404 for somebody else's"


def _minutes_until(link):
    """Return how long it is until the time that a link stands for.

    :param str link: with the start, ISO 8601 in UTC
    :rtype: float
    """
    [start] = parse_qs(urlsplit(link).query)["start"]
    return (datetime.fromisoformat(start) - datetime.now(UTC)).total_seconds() / 60


def main(url, _database):
    """Walk once.

    :param str url: the server
    :param str _database: its database
    :return: the exit code
    :rtype: int
    """
    for number, (what, method) in enumerate(Walk(url).steps(), 1):
        started = time.monotonic()
        print(f"{number:3}. {what}", flush=True)
        try:
            seen = method()
        except (Broken, requests.RequestException) as error:
            print(f"     FAILED: {error}")
            return 1
        print(f"     {seen} ({time.monotonic() - started:.1f} s)", flush=True)
    print("The walk is complete.")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
