{
    "name": "Appointment Payments",
    "summary": "Get paid for appointments: deposits, full payments and invoices that settle themselves",
    "version": "19.0.1.0.0",
    "category": "Services/Appointment",
    "author": "Appointment Payments contributors, Odoo Community Association (OCA)",
    "website": "https://github.com/OCA/calendar",
    "license": "LGPL-3",
    "depends": [
        "account_payment",
        "calendar",
        "payment_stripe",
        "portal",
        "resource",
    ],
    "data": [
        "security/appointment_payments_groups.xml",
        "security/ir.model.access.csv",
        "security/appointment_payments_rules.xml",
        "data/ir_sequence_data.xml",
        "data/ir_cron_data.xml",
        "data/mail_template_data.xml",
    ],
    "demo": [
    ],
    "assets": {
        "web.assets_frontend": [
        ],
    },
    "pre_init_hook": "pre_init_hook",
    "application": True,
    "installable": True,
}
