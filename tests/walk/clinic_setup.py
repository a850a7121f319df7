"""Three practices with books and currencies of their own, made in Odoo's shell: see `clinic`."""

SCRIPT = r"""
import json
from odoo.fields import Command

env = env(context=dict(env.context, tracking_disable=True))
admin = env.ref("base.user_admin")
provider = env.ref("payment.payment_provider_stripe")
method = provider.with_context(active_test=False).payment_method_ids.filtered(
    lambda m: m.code == "card")
env["ir.config_parameter"].set_param("report.url", "http://127.0.0.1:1")
FREE = {
    "appointment_rate_per_address": 0, "appointment_rate_per_email": 0,
    "appointment_holds_per_client": 0, "appointment_horizon_days": 730,
}

def practice(company, currency, tax_rate, country, small):
    currency = env.ref(f"base.{currency}")
    currency.active = True
    env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
    company.write({
        "country_id": env.ref(f"base.{country}").id, "currency_id": currency.id, **FREE,
        "appointment_min_prepayment": small, "email": f"hello@{currency.name.lower()}.example",
    })
    company.resource_calendar_id.tz = "UTC"
    group = env["account.tax.group"].create({"name": "VAT", "company_id": company.id})
    tax = env["account.tax"].create({
        "name": "included", "amount": tax_rate, "price_include_override": "tax_included",
        "type_tax_use": "sale", "tax_group_id": group.id, "company_id": company.id,
        "country_id": company.account_fiscal_country_id.id,
    })
    product = env["product.product"].with_company(company).create({
        "name": "Consultation", "type": "service", "company_id": company.id,
        "taxes_id": [Command.set(tax.ids)],
    })
    own = provider if company == env.company else provider.copy({"company_id": company.id})
    own.with_company(company).write({
        "state": "test", "is_published": True, "payment_method_ids": [Command.link(method.id)],
        **KEYS,
    })
    method.active = True
    return own, product

def practitioner(company, name):
    login = f"{name}-{company.id}"
    return env["res.users"].create({
        "name": f"{name} {company.name}", "login": login, "password": login, "tz": "UTC",
        "email": f"{login}@clinic.example", "company_id": company.id,
        "company_ids": [Command.set(company.ids)],
        "group_ids": [Command.link(env.ref("appointment_payments.group_practitioner").id)],
    })

main = env.company
main.name = "Linden"
companies = main | env["res.company"].create([{"name": "Sakura"}, {"name": "Souk"}])
admin.write({
    "company_ids": [Command.set(companies.ids)],
    "group_ids": [Command.link(env.ref(name).id) for name in (
        "account.group_account_manager", "appointment_payments.group_manager")],
})
env = env(context=dict(env.context, allowed_company_ids=companies.ids))
# company, currency, VAT, country, price, deposit, smallest prepaid price: 2, 0 and 3 decimals
WHERE = [
    (companies[0], "EUR", 20, "fr", 79.99, 24.13, 10),
    (companies[1], "JPY", 10, "jp", 8123, 2477, 1000),
    (companies[2], "KWD", 5, "kw", 12.35, 3.71, 1),
]
found = []
# what clients send requests for: Ada's are paid in full, Bo's with a deposit, small ones not at all
REQUESTS = {flow: {"confirmation_mode": "manual", "request_flow": flow} for flow in (
    "hold", "charge", "approve_first")}
REQUESTS["small"] = {"confirmation_mode": "manual"}
for company, currency, rate, country, price, deposit, small in WHERE:
    own, product = practice(company, currency, rate, country, small)
    users = env["res.users"].concat(*[practitioner(company, name) for name in ("Ada", "Bo")])
    categories = {}
    for mode in ("deposit", "full", *REQUESTS):
        for user, name in zip(users, ("Ada", "Bo")):
            usual = "deposit" if name == "Bo" and mode != "small" else "default"
            category = env["calendar.event.type"].with_company(company).create({
                "name": f"{currency} {mode} {name}", "bookable": True,
                "payment_mode": usual if mode in REQUESTS else mode,
                "price": small * 0.99 if mode == "small" else price, "duration": 1,
                "deposit_type": "fixed", "deposit_fixed": deposit,
                "product_id": product.id, "user_ids": [Command.set(user.ids)],
                "company_id": company.id, "currency_id": company.currency_id.id,
                **REQUESTS.get(mode, {}),
            })
            categories[f"{mode} {name}"] = [category.id, category.slug]
    found.append({
        "company": company.id, "currency": currency, "decimals": company.currency_id.decimal_places,
        "provider": own.id, "categories": categories, "price": price, "deposit": deposit,
        "cash": env["account.journal"].with_company(company).create(
            {"name": "Desk", "code": "DESK", "type": "cash", "company_id": company.id}).id,
    })

def door(name, model, code):
    action = env["ir.actions.server"].create({
        "name": name, "model_id": env["ir.model"]._get(model).id, "state": "code", "code": code,
    })
    return action.id

DOORS = {
    # what a client's page does for a booking that waits for an answer: the payment, then its intent
    "hold": ("appointment.payment.booking", '''
record = record.sudo()
record._lock_for_payment()
values = record._prepare_transaction({"provider_id": env.context["provider"],
    "payment_method_id": env.context["method"], "token_id": None, "flow": "direct",
    "tokenization_requested": False}, env.user)
values["custom_create_values"]["capture_method"] = "manual"
payment = record._get_open_transaction(**values)
if not payment:
    extra = values.pop("custom_create_values")
    for name in ("tokenization_requested", "flow", "landing_route"):
        values.pop(name)
    payment = env["payment.transaction"].sudo().create({
        **values, **extra, "operation": "online_direct",
        "reference": env["payment.transaction"]._compute_reference("stripe", **extra)})
action = {"payment": payment.id}
'''),
    # a saved card is charged while nobody is there
    "charge": ("appointment.payment.booking", '''
record = record.sudo()
record._lock_for_payment()
payment = env["payment.transaction"].sudo().create({
    "provider_id": env.context["provider"], "payment_method_id": env.context["method"],
    "token_id": env.context["token"], "operation": "offline", "amount": record.amount_due_now,
    "currency_id": record.currency_id.id, "partner_id": record.payer_id.id,
    "appointment_booking_id": record.id,
})
payment._charge_with_token()
if env.context.get("meet"):
    env.cr.execute("UPDATE res_partner SET write_date = write_date WHERE id = %s",
        [env.context["meet"]], log_exceptions=False)
'''),
    # what Odoo's buttons do, and then, if asked, something that another process is writing
    "press": ("payment.transaction", '''
record = record.sudo()
if env.context["press"] == "refund":
    record.action_refund(amount_to_refund=env.context["amount"])
else:
    record._capture(env.context["amount"])
if env.context.get("meet"):
    env.cr.execute("UPDATE res_partner SET write_date = write_date WHERE id = %s",
        [env.context["meet"]], log_exceptions=False)
'''),
    "intent": ("payment.transaction", '''
found = record.sudo()._get_processing_values()
action = {"reference": found["reference"], "client_secret": found.get("client_secret")}
'''),
}
doors = {name: [door(name, *values), values[0]] for name, values in DOORS.items()}
env.cr.commit()
env.registry.signal_changes()
print("FOUND " + json.dumps({"practices": found, "method": method.id, "doors": doors}))
"""
