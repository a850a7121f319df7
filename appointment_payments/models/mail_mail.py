from odoo import models

from ..rules import mail_text
from .appointment_payment_booking_mail import UNSURE_KEY

# what the layout of this addon's mails is known by
LAYOUT_MARK = "o_appay_mail"


class MailMail(models.Model):
    """Mails that are sent after the commit of a transaction, and their text part."""

    _inherit = "mail.mail"

    def send(self, auto_commit=False, raise_exception=False, post_send_callback=None):
        """Override of `mail`: what was rolled back to a savepoint meanwhile is not sent.

        See the parent method for the parameters.
        """
        mails = self.exists() if self.env.context.get(UNSURE_KEY) else self
        return super(MailMail, mails).send(
            auto_commit=auto_commit,
            raise_exception=raise_exception,
            post_send_callback=post_send_callback,
        )

    def _prepare_outgoing_list(self, mail_server=False, doc_to_followers=None):
        """Override of `mail`: the text part of this addon's mails reads as well as their HTML.

        Odoo's gathers links at the end under numbers, names pictures, and breaks up tables. And a
        subject stands on one line: a name with a line separator would keep the mail from leaving.
        See the parent method for the parameters.
        """
        emails = super()._prepare_outgoing_list(
            mail_server=mail_server, doc_to_followers=doc_to_followers
        )
        for email in emails:
            if LAYOUT_MARK in email["body"]:
                email["body_alternative"] = mail_text.to_text(email["body"])
                email["subject"] = " ".join((email["subject"] or "").splitlines())
        return emails
