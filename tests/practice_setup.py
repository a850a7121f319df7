"""What a small practice has, made in Odoo's shell: see `practice`."""

SCRIPT = """
import json
from datetime import datetime, timedelta
from odoo.fields import Command

env = env(context=dict(env.context, tracking_disable=True))
company = env.company
env.ref("base.EUR").active = True
# Debian's wkhtmltopdf draws the letters of a font that it has fetched, and no test could read them
env["ir.config_parameter"].set_param("report.url", "http://127.0.0.1:1")
company.write({
    "name": "Practice Linden", "email": "hello@linden.example", "phone": "+33 1 23 45 67 89",
    "street": "1 Lime Street", "city": "Paris", "country_id": env.ref("base.fr").id,
    # all visitors of the tests have one address; what limits do has tests of its own
    "appointment_rate_per_address": 0, "appointment_rate_per_email": 0,
    "appointment_holds_per_client": 0,
})
env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
company.currency_id = env.ref("base.EUR")
company.resource_calendar_id.tz = "Europe/Paris"
vat = env["account.tax.group"].create({"name": "VAT 20 %", "company_id": company.id})
tax = env["account.tax"].create({
    "name": "20 % included", "amount": 20, "price_include_override": "tax_included",
    "type_tax_use": "sale", "tax_group_id": vat.id, "company_id": company.id,
    "country_id": company.account_fiscal_country_id.id,
})
service = env["product.product"].create({
    "name": "Consultation", "type": "service", "taxes_id": [Command.set(tax.ids)],
})
provider = env.ref("payment.payment_provider_" + PROVIDER)
placeholders = ("stripe_publishable_key", "stripe_secret_key") if PROVIDER == "stripe" else ()
provider.write({"state": "test", "is_published": True, **dict.fromkeys(placeholders, "later")})
methods = provider.with_context(active_test=False).payment_method_ids
method = methods.filtered(lambda m: m.code == METHOD)
method.active = True
elsewhere = env["res.company"].create({"name": "Practice Elsewhere"})
foreign = provider.copy({"company_id": elsewhere.id})
def practitioner(name, role="practitioner"):
    group = env.ref(f"appointment_payments.group_{role}")
    login = name.split()[0].lower()
    return env["res.users"].create({
        "name": name, "login": login, "password": login, "email": f"{login}@linden.example",
        "tz": "Europe/Paris", "group_ids": [Command.link(group.id)],
    })

anna, ben, cleo = map(practitioner, ("Anna Berg", "Ben Roy", "Cleo Vale"))
practitioner("Dora Desk", "front_desk")
portal = env["res.users"].create({
    "name": "Paula Portal", "login": "paula", "password": "paula", "email": "paula@example.com",
    "tz": "Europe/Paris", "group_ids": [Command.set(env.ref("base.group_portal").ids)],
})

def category(name, mode, price, users, **values):
    return env["calendar.event.type"].create({
        "name": name, "bookable": True, "payment_mode": mode, "price": price, "duration": 1,
        "deposit_percent": 30, "product_id": service.id, "user_ids": [Command.set(users.ids)],
        "company_id": company.id, **values,
    })

both = anna | ben
category("First consultation", "deposit", 80, both, terms_url="/terms")
category("Follow-up", "full", 50, both)
category("Phone call", "none", 30, both)
category("Short question", "full", 8, both)
category("With Anna", "deposit", 80, anna)
category("With Cleo", "deposit", 80, cleo)
category("Double session", "deposit", 120, anna, duration=2)
own_price = Command.create({"user_id": ben.id, "price": 60})
category("Massage", "deposit", 80, both, practitioner_price_ids=[own_price])
gina = practitioner("Gina Group")
category("Back school", "none", 20, gina, capacity=3)
dita = practitioner("Dita Away")
category("After the holidays", "none", 30, dita, own_booking_window=True, horizon_days=120)
holidays = dita._get_practitioner_resources()[:1]
env["resource.calendar.leaves"].create({
    "name": "Holidays", "resource_id": holidays.id, "calendar_id": holidays.calendar_id.id,
    "date_from": datetime.now() - timedelta(days=1), "date_to": datetime.now() + timedelta(days=45),
})
env["ir.config_parameter"].set_param("tests.practice", json.dumps({
    "anna": anna.id, "ben": ben.id, "cleo": cleo.id, "provider": provider.id, "method": method.id,
    "foreign_provider": foreign.id, "foreign_method": env["payment.method"].with_context(
        active_test=False).search([("id", "not in", provider.payment_method_ids.ids)], limit=1).id,
}))
env.cr.commit()
"""


def script(provider, method):
    """Return what makes the practice in a database; it leaves its ids in `tests.practice`.

    :param str provider: the code of the payment provider
    :param str method: the code of the payment method
    :rtype: str
    """
    return f"PROVIDER, METHOD = {provider!r}, {method!r}\n{SCRIPT}"
