"""What the client reads in the PDF of the invoice."""

import io
import re

import pypdf
import pytest


def read_pdf(visitor, link):
    answer = visitor.send("GET", f"{link.page}&report_type=pdf&download=True")
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


@pytest.mark.parametrize("kind", ["html", "text", "exe", "pdf%00"])
def test_other_kinds_show_the_page(visitor, kind):
    link = visitor.book("follow-up")
    visitor.pay(link)
    answer = visitor.send("GET", f"{link.page}&report_type={kind}")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "Your appointment is confirmed" in answer.text
