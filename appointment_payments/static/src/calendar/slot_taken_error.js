import { WarningDialog, odooExceptionTitleMap } from "@web/core/errors/error_dialogs";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";

// Odoo knows errors by their class: without this the sentence hides behind "Something went wrong"
const SLOT_TAKEN =
    "odoo.addons.appointment_payments.models.appointment_payment_occupancy.SlotTakenError";

odooExceptionTitleMap.set(SLOT_TAKEN, _t("Time taken"));
registry.category("error_dialogs").add(SLOT_TAKEN, WarningDialog);
