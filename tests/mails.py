"""The mails of a booking, as their readers find them."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import lxml.html

CLIENT = "carla@example.com"
PRACTITIONER = "anna@linden.example"


def words(element):
    """Return the text of an element, all its spaces plain ones."""
    return " ".join(element.text_content().split())


@dataclass
class Mail:
    """A mail as it was sent."""

    reader: str
    subject: str
    html: str

    @property
    def text(self):
        """The words, without what stands around the mail."""
        return words(lxml.html.fromstring(self.html))

    def path(self, label):
        """Return where the only link leads whose label begins so, on the practice's site."""
        links = lxml.html.fromstring(self.html).iterfind(".//a[@href]")
        [url] = [urlsplit(a.get("href")) for a in links if words(a).startswith(label)]
        return url.path + (f"?{url.query}" if url.query else "")


def mails(practice, link, reader="%"):
    """Return what was sent about a booking, oldest first.

    :param str reader: the address; everybody by default
    :rtype: list[Mail]
    """
    rows = practice.query(
        "SELECT p.email, s.subject, m.body_html FROM mail_mail m"
        " JOIN mail_message s ON s.id = m.mail_message_id"
        " JOIN mail_mail_res_partner_rel r ON r.mail_mail_id = m.id"
        " JOIN res_partner p ON p.id = r.res_partner_id"
        " WHERE s.model = 'appointment.payment.booking' AND s.res_id = %s AND p.email LIKE %s"
        " ORDER BY m.id", link.id, reader,
    )
    return [Mail(*row) for row in rows]


def subjects(practice, link, reader):
    """Return how the subjects of somebody's mails begin, oldest first."""
    return [mail.subject.split(":")[0] for mail in mails(practice, link, reader)]


def mail(practice, link, reader, subject):
    """Return the only mail of a reader whose subject begins so."""
    [found] = [m for m in mails(practice, link, reader) if m.subject.startswith(f"{subject}:")]
    return found


def answer_path(practice, link, label):
    """Return where a button of the practitioner's mail about a request leads."""
    return mail(practice, link, PRACTITIONER, "To answer").path(label)


def read(tab, found, name):
    """Show a mail in a window, and take a picture of it."""
    tab.set_content(found.html)
    tab.screenshot(path=tab.pictures / f"{name}.png", full_page=True)
