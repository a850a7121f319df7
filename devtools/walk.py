"""One walk through the demo practice over HTTP, step by step: `./dev demo --once`.

It runs in the pinned Python environment, as `python -m devtools.walk URL DATABASE`.
"""

import contextlib
import re
import sys
import time

import requests

from .walker import Broken, Visitor, attribute, expect, words

CATEGORY = "/booking/first-consultation"
BOOKING = "appointment.payment.booking"
NAME, EMAIL = "Wanda Walker", "wanda@client.example"


class Walk:
    """The main job, as the client and then as staff: a deposit, the invoice, the balance.

    :param str url: the server
    """

    def __init__(self, url):
        self.url = url
        self.client = Visitor(url)
        self.manager = Visitor(url)
        self.booking_page = self.booking_id = None

    @contextlib.contextmanager
    def step(self, text):
        """Print a step, what it saw and how long it took.

        :param str text: what happens
        """
        started, seen = time.monotonic(), []
        print(f"  {text} … ", end="", flush=True)
        try:
            yield seen.append
        except Exception as error:
            print(f"FAILED: {error}")
            raise
        print(f"{', '.join(seen) or 'ok'} ({time.monotonic() - started:.1f} s)")

    def run(self):
        """Take all steps; the first thing that is not so ends the walk."""
        self.manager.log_in("mia", "mia")
        self.book()
        self.pay("deposit", "24.00", "Your appointment is confirmed")
        self.read_invoice("24.00", "56.00")
        self.pay("balance", "56.00", "Your appointment is confirmed")
        self.read_invoice("56.00", "0.00")
        self.look_as_practitioner()
        self.look_as_manager()
        self.look_as_other_client()

    def book(self):
        """As a client: choose a category and a time, give details."""
        with self.step("the client opens the booking pages") as see:
            page = words(self.client.get("/booking"))
            for name in ("First consultation", "Follow-up", "Phone call", "Short question"):
                expect(name in page, f"{name} is not on /booking")
            see("six categories with prices")
        with self.step("chooses the first free time") as see:
            start = re.search(r"start=([0-9TZ:%A-F-]+)", self.client.get(CATEGORY))
            expect(start, "there is no free time")
            page = self.client.get(f"{CATEGORY}?start={start[1]}")
            for amount in ("80.00", "13.33", "24.00", "56.00"):
                expect(amount in words(page), f"the summary does not show {amount}")
            see("price 80.00 with 13.33 tax, 24.00 now, 56.00 later")
        with self.step("gives name and address, accepts the terms") as see:
            fields = ("csrf_token", "checkout_token", "practitioner", "start")
            form = {name: attribute(page, name) for name in fields}
            self.booking_page, page = self.client.post_to_booking(
                CATEGORY, **form, name=NAME, email=EMAIL, accept_terms="1"
            )
            expect("TEST" in words(page), "the payment page is not marked TEST")
            expect("Pay 24.00" in words(page), "the button does not name 24.00")
            self.booking_id = int(re.search(r"/(\d+)\?", self.booking_page)[1])
            see("the time is kept, the page is marked TEST")

    def pay(self, what, amount, then):
        """Pay what is due with the Demo provider.

        :param str what: what is paid, in words
        :param str amount: how much
        :param str then: what the page says afterwards
        """
        with self.step(f"pays the {what}") as see:
            page = self.client.get(self.booking_page)
            values = self.client.call(
                f"{self.booking_page.partition('?')[0]}/transaction",
                access_token=attribute(page, "data-access-token"),
                provider_id=int(attribute(page, "data-provider-id")),
                payment_method_id=int(attribute(page, "data-payment-option-id")),
                token_id=None,
                flow="direct",
                tokenization_requested=False,
                landing_route="/elsewhere",
                amount=float(attribute(page, "data-amount")),
            )
            expect(f"{values['amount']:.2f}" == amount, f"{amount} is asked, not {values['amount']}")
            self.client.call(
                "/payment/demo/simulate_payment",
                reference=values["reference"],
                payment_details="4242",
                simulated_state="done",
            )
            state = self.client.call("/payment/status/poll")
            expect(state["state"] == "done", f"the payment is done, not {state['state']}")
            page = words(self.client.get(self.booking_page))
            expect(then in page, f"the page says “{then}”")
            see(f"{amount} taken, “{then}”")

    def read_invoice(self, paid, due):
        """Download the invoice as the client, and read the same report as the manager.

        :param str paid: the amount of the last payment
        :param str due: what is left
        """
        with self.step("downloads the invoice") as see:
            pages = self.client.download_pdf(f"{self.booking_page}&report_type=pdf&download=true")
            expect(pages == 1, f"the invoice has {pages} pages")
            path = f"/report/html/account.report_invoice_with_payments/{self._find_invoice()}"
            text = words(self.manager.get(path))
            for expected in ("Total 80.00", "13.33", f"{paid} €", f"Amount Due {due}"):
                expect(expected in text, f"the invoice does not say “{expected}”: {text[-300:]}")
            see(f"PDF of a page; total 80.00, paid {paid}, amount due {due}")

    def _find_invoice(self):
        [line] = self.manager.call_model(
            "account.move.line",
            "search_read",
            [["appointment_booking_id", "=", self.booking_id]],
            ["move_id"],
        )
        return line["move_id"][0]

    def look_as_practitioner(self):
        """As the practitioner, who has no accounting right: the calendar and the booking."""
        with self.step("the practitioner sees it in the calendar") as see:
            booking = self._read_as_one_of_them("anna", "ben")
            expect(booking["state"] == "confirmed", f"confirmed, not {booking['state']}")
            expect(booking["payment_status"] == "paid", f"paid, not {booking['payment_status']}")
            status = booking["event"]["appointment_status"]
            expect(status == "Confirmed · Paid", f"the event's status is {status!r}")
            see(f"“{booking['event']['name']}”, {status}")

    def _read_as_one_of_them(self, *logins):
        for login in logins:
            staff = Visitor(self.url)
            staff.log_in(login, login)
            domain = [["id", "=", self.booking_id]]
            fields = ["name", "state", "payment_status", "event_id"]
            found = staff.call_model(BOOKING, "search_read", domain, fields)
            if found:
                event_fields = ["name", "start", "appointment_status"]
                [event] = staff.call_model(
                    "calendar.event", "read", [found[0]["event_id"][0]], event_fields
                )
                return {**found[0], "event": event}
        raise Broken(f"neither of {', '.join(logins)} finds the booking")

    def look_as_manager(self):
        """As the manager, who also does the books: the ledger."""
        with self.step("the manager finds the invoice paid and reconciled") as see:
            manager = self.manager
            fields = ["name", "state", "payment_state", "amount_total", "amount_residual"]
            [invoice] = manager.call_model("account.move", "read", [self._find_invoice()], fields)
            expect(invoice["state"] == "posted", f"posted, not {invoice['state']}")
            expect(
                invoice["payment_state"] in ("paid", "in_payment"),
                f"paid, not {invoice['payment_state']}",
            )
            expect(not invoice["amount_residual"], f"{invoice['amount_residual']} is left")
            open_lines = manager.call_model(
                "account.move.line",
                "search_count",
                [
                    ["partner_id.email", "=", EMAIL],
                    ["account_id.account_type", "=", "asset_receivable"],
                    ["reconciled", "=", False],
                ],
            )
            expect(not open_lines, f"{open_lines} receivable lines are open")
            see(f"{invoice['name']}: 80.00, nothing open")

    def look_as_other_client(self):
        """As another client: their own bookings, and not this one."""
        with self.step("another client sees her own bookings only") as see:
            carla = Visitor(self.url)
            carla.log_in("carla", "carla")
            page = words(carla.get("/my/appointment-bookings"))
            expect("Follow-up" in page, "her bookings are not listed")
            carla.get(f"/my/appointment-bookings/{self.booking_id}", status=404)
            see("her list, and 404 for this booking")


def main(url, _database):
    """Walk once.

    :param str url: the server
    :param str _database: its database
    :return: the exit code
    :rtype: int
    """
    try:
        Walk(url).run()
    except (Broken, requests.RequestException) as error:
        print(f"The walk ended early: {error}")
        return 1
    print("The walk is complete.")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
