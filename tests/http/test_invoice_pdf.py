"""What the client reads in the PDF of the invoice."""

import io
import re

import pypdf
import pytest

GIVE_BACK = """
booking = env["appointment.payment.booking"].browse({booking})
booking._decide_refund({amount}, "{amount}", refund_reason="goodwill", credit_invoice=True)
env.cr.commit()
"""


def read_pdf(visitor, link, more=""):
    answer = visitor.send("GET", f"{link.page}&report_type=pdf&download=True{more}")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    pages = pypdf.PdfReader(io.BytesIO(answer.content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_it_shows_the_whole_price_what_was_paid_and_what_is_due(visitor):
    link = visitor.book("with-anna", name="Carla Client")
    visitor.pay(link)
    text = read_pdf(visitor, link)
    for words in ("Carla Client", "With Anna", "Anna Berg", "VAT 20 % 13.33 €"):
        assert words in text
    assert re.search(r"Total 80\.00 € Paid on \S+ 24\.00 € Amount Due 56\.00 €", text), text
    visitor.pay(link)
    text = read_pdf(visitor, link)
    paid = r"Paid on \S+ 24\.00 € Paid on \S+ 56\.00 €"
    assert re.search(rf"Total 80\.00 € {paid} Amount Due 0\.00 €", text), text


def test_a_refund_has_its_credit_note_and_the_invoice_stays(practice, visitor):
    link, other = visitor.book("follow-up", name="Carla Client"), practice.visitor()
    visitor.pay(link)
    assert "Credit note" not in visitor.open(link.page).text
    for amount in (20.0, 30.0):
        practice.server.shell(GIVE_BACK.format(booking=link.id, amount=amount))
    found = visitor.open(link.page).find("a[contains(., 'Credit note')]/@href")
    notes = [re.search(r"&credit_note=\d+", url)[0] for url in found]
    read = [read_pdf(visitor, link, note) for note in notes]
    assert sorted(re.search(r"Total ([\d.]+) €", text)[1] for text in read) == ["20.00", "30.00"]
    assert all("Carla Client" in text and "Credit Note" in text for text in read)
    assert "Total 50.00 €" in read_pdf(visitor, link)
    elsewhere = other.book("follow-up")
    other.pay(elsewhere)
    for wrong in (notes[0], "&credit_note=0", "&credit_note=x"):
        answer = other.send("GET", f"{elsewhere.page}&report_type=pdf{wrong}")
        assert answer.status_code == 404


@pytest.mark.parametrize("kind", ["html", "text", "exe", "pdf%00"])
def test_other_kinds_show_the_page(visitor, kind):
    link = visitor.book("follow-up")
    visitor.pay(link)
    answer = visitor.send("GET", f"{link.page}&report_type={kind}")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "Your appointment is confirmed" in answer.text
