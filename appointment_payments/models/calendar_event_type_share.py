import base64
import io

import qrcode
from markupsafe import Markup

from odoo import api, fields, models

# inline, since the other site has none of our styles
BUTTON = Markup(
    '<a href="%s" style="display:inline-block;padding:12px 20px;border-radius:6px;'
    'background:#714B67;color:#fff;font:600 16px/1.25 sans-serif;text-decoration:none">%s</a>'
)
FRAME = Markup(
    '<iframe src="%s?embed=1" title="%s" loading="lazy"'
    ' style="width:100%%;height:820px;border:0"></iframe>'
)


class CalendarEventType(models.Model):
    """What a practice puts on its own site, and on paper, so that clients find the category."""

    _inherit = "calendar.event.type"

    share_button = fields.Char(
        string="Button",
        compute="_compute_share",
        help="HTML for any website: a plain link that looks like a button, without a script.",
    )
    share_frame = fields.Char(
        string="Free times on your page",
        compute="_compute_share",
        help="HTML for any website: the free times in a frame. The booking itself opens here.",
    )
    share_qr = fields.Binary(string="QR code", compute="_compute_share_qr")

    @api.depends("public_url", "name")
    @api.depends_context("lang")
    def _compute_share(self):
        for category in self:
            url, name = category.public_url, category.name or ""
            words = self.env._("Book an appointment")
            category.share_button = url and BUTTON % (url, words)
            category.share_frame = url and FRAME % (url, f"{words}: {name}")

    @api.depends("public_url")
    def _compute_share_qr(self):
        for category in self:
            url = category.public_url
            category.share_qr = url and base64.b64encode(self._draw_qr(url))

    @api.model
    def _draw_qr(self, text):
        """Draw a QR code.

        Not with Odoo's barcodes: without rlPyCairo, which Odoo does not require, they cannot draw.

        :param str text: what it says
        :return: a PNG
        :rtype: bytes
        """
        file = io.BytesIO()
        qrcode.make(text, border=4).save(file)
        return file.getvalue()

    def action_download_qr(self):
        """Button: save the QR code, to print it.

        :rtype: dict
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "target": "download",
            "url": f"/web/content/{self._name}/{self.id}/share_qr"
            f"?download=true&filename={self.slug}.png",
        }
