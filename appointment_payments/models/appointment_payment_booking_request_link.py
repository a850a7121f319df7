import binascii
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import hash_sign, verify_hash_signed

from ..rules import mail_text
from .appointment_payment_booking_mail import READER_KEY
from .appointment_payment_booking_request_answer import PRACTITIONER

LINK_SCOPE = "appointment-request-answer"
LINK_ANSWERS = ("accept", "decline")
LINK_PATH = "/booking/answer/"


class AnswerLink(NamedTuple):
    """What a link in a practitioner's mail is for.

    :param booking: the request, as the practitioner who has the mail
    :param str answer: accept | decline
    :param bool is_used: whether a link of the same request has answered already
    :param bool is_theirs: whether its reader may answer the request, or could if it was open
    """

    booking: models.BaseModel
    answer: str
    is_used: bool
    is_theirs: bool


class AppointmentPaymentBooking(models.Model):
    """Links with which practitioners answer a request from its mail, without logging in.

    A link is signed for one request, one reader and one answer. Using one uses up all that were
    mailed for the request so far, to colleagues as well. Opening it changes nothing, since mail
    scanners open links.
    """

    _inherit = "appointment.payment.booking"

    answer_links_used = fields.Integer(
        copy=False,
        readonly=True,
        groups="base.group_system",
        help="How often the request was answered by a link from a mail; each one ends all before.",
    )

    def _get_answer_url(self, answer):
        """Return the link with which the reader of a mail answers the request.

        :param str answer: accept | decline
        :rtype: str
        """
        self.ensure_one()
        booking = self.sudo()  # sudo: nobody reads the counter
        reader = self._get_mail_reader()
        message = [self.id, reader.id, answer, booking.answer_links_used or 0]
        token = hash_sign(self.env(su=True), LINK_SCOPE, message)
        return f"{self.get_base_url()}{LINK_PATH}{token}"

    def _make_mails(self, template_xmlid, queued_from):
        """Extended: links are for the reader of the mail, not for those of a request's history.

        Colleagues who may accept it read it too. See the parent method for the parameters.
        """
        mails = super()._make_mails(template_xmlid, queued_from)
        requested = self.filtered(lambda booking: booking.state == "requested")
        paths = {booking.id: booking.access_url for booking in requested}
        for message in mails.mail_message_id:
            for path in (LINK_PATH, paths.get(message.res_id)):
                if path and path in message.body:
                    message.body = mail_text.without_links(message.body, path)
        return mails

    @api.model
    def _read_answer_link(self, token):
        """Return what a link is for.

        :param token: what somebody says is the token of a link, of any type
        :return: nothing when it is made up, or its reader is no practitioner there any more
        :rtype: AnswerLink | None
        """
        try:
            message = verify_hash_signed(self.env(su=True), LINK_SCOPE, token)
        except (AttributeError, ValueError, IndexError, OverflowError, binascii.Error):
            return None  # cut off or made up
        if not message:
            return None
        booking_id, user_id, answer, used = message
        booking = self.sudo().browse(booking_id).exists()  # sudo: read for whom the link names
        user = booking.env["res.users"].browse(user_id).exists()
        if not booking or not booking._is_practitioner_here(user):
            return None
        booking_as_user = booking.with_user(user).with_context(
            **{READER_KEY: user.id}, allowed_company_ids=booking.company_id.ids, lang=user.lang
        )
        is_used = used != booking.answer_links_used
        return AnswerLink(booking_as_user, answer, is_used, booking_as_user._may_answer(answer))

    def _is_practitioner_here(self, user):
        """Return whether somebody works as a practitioner in the company of the request.

        :param user: the `res.users`
        :rtype: bool
        """
        return (
            user.active and self.company_id in user.company_ids and user.has_group(PRACTITIONER)
        )

    def _may_answer(self, answer):
        """Return whether the user of the environment may answer the request.

        :param str answer: accept | decline
        :rtype: bool
        """
        self.ensure_one()
        if answer == "decline":
            return self.has_access("write")
        try:
            self._check_may_accept()
        except AccessError:
            return False
        return True

    def _answer_by_link(self, answer, message=False):
        """Answer a request as the practitioner whom a link names; it is used up by that.

        :param str answer: accept | decline
        :param str message: what the client reads about why it is declined
        :raise UserError: when it cannot be answered any more, with the reason
        """
        self.ensure_one()
        if answer == "accept":
            self.action_accept()
        else:
            self.action_decline(message)
        booking = self.sudo()  # sudo: nobody writes the counter
        booking.answer_links_used += 1
