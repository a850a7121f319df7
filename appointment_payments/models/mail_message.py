from odoo import models


class MailMessage(models.Model):
    """What staff note on a booking, and what its practitioner is mailed, is not for its client."""

    _inherit = "mail.message"

    def _get_forbidden_access(self, operation):
        """Override of `mail`: it hides internal comments from clients, but neither notes nor mails.

        See the parent method.
        """
        forbidden = super()._get_forbidden_access(operation)
        if operation != "read" or self.env.user._is_internal():
            return forbidden
        # sudo: whether they are internal decides what may be read
        written = (self - forbidden).sudo()
        internal = written.filtered(lambda message: message._is_hidden_from(self.env.user))
        return forbidden | internal.with_env(self.env)

    def _is_hidden_from(self, client):
        """Return whether a message on a booking was not written to its client, nor by them.

        :param client: the `res.users`
        :rtype: bool
        """
        is_open = self.subtype_id and not (self.is_internal or self.subtype_id.internal)
        is_own = self.author_id == client.partner_id
        return self.model == "appointment.payment.booking" and not is_open and not is_own
