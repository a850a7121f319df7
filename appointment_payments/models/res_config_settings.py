from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    appointment_prepayment = fields.Boolean(
        related="company_id.appointment_prepayment", readonly=False
    )
    appointment_payment_mode = fields.Selection(
        related="company_id.appointment_payment_mode", readonly=False
    )
    appointment_min_prepayment = fields.Monetary(
        related="company_id.appointment_min_prepayment",
        currency_field="currency_id",
        readonly=False,
    )
    appointment_checkout_minutes = fields.Integer(
        related="company_id.appointment_checkout_minutes", readonly=False
    )
    appointment_collection_mode = fields.Selection(
        related="company_id.appointment_collection_mode", readonly=False
    )
    appointment_min_notice_hours = fields.Integer(
        related="company_id.appointment_min_notice_hours", readonly=False
    )
    appointment_horizon_days = fields.Integer(
        related="company_id.appointment_horizon_days", readonly=False
    )
    appointment_rate_per_address = fields.Integer(
        related="company_id.appointment_rate_per_address", readonly=False
    )
    appointment_rate_per_email = fields.Integer(
        related="company_id.appointment_rate_per_email", readonly=False
    )
    appointment_holds_per_client = fields.Integer(
        related="company_id.appointment_holds_per_client", readonly=False
    )
    appointment_terms_url = fields.Char(
        related="company_id.appointment_terms_url", readonly=False
    )
    appointment_refund_terms = fields.Text(
        related="company_id.appointment_refund_terms", readonly=False
    )
    appointment_confirm_hours = fields.Integer(
        related="company_id.appointment_confirm_hours", readonly=False
    )
    appointment_confirm_margin_hours = fields.Integer(
        related="company_id.appointment_confirm_margin_hours", readonly=False
    )
    appointment_confirm_warning_hours = fields.Integer(
        related="company_id.appointment_confirm_warning_hours", readonly=False
    )
    appointment_requests_text = fields.Html(
        related="company_id.appointment_requests_text", readonly=False
    )
    appointment_requests_url = fields.Char(related="company_id.appointment_requests_url")
