import { Component } from "@odoo/owl";

import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";

/**
 * Asks what becomes of a booked appointment that is to leave the calendar.
 */
export class AppointmentRemovalDialog extends Component {
    static template = "appointment_payments.AppointmentRemovalDialog";
    static components = { Dialog };
    static props = {
        close: Function,
        choose: Function,
        titles: { type: Array, element: String },
        count: Number,
        canCancel: Boolean,
        problem: { type: [String, Boolean], optional: true },
        isDecline: { type: Boolean, optional: true },
    };

    get title() {
        return this.props.isDecline
            ? _t("Decline a booked appointment?")
            : _t("Remove a booked appointment?");
    }

    get cancelLabel() {
        return this.props.count > 1
            ? _t("Cancel %s appointments", this.props.count)
            : _t("Cancel the appointment");
    }

    get removeLabel() {
        return this.props.isDecline ? _t("Only decline") : _t("Only remove it from the calendar");
    }

    choose(choice) {
        this.props.choose(choice);
        this.props.close();
    }
}

/**
 * Ask about the bookings of events, and do what was chosen.
 *
 * @param {Object} services `dialog` and `orm`
 * @param {number[]} ids of `calendar.event`
 * @param {Object} [options]
 * @param {Function} [options.decline] declines instead of removing
 * @returns {Promise<boolean|null>} whether something was done; null when nothing is booked
 */
export async function askAppointmentRemoval({ dialog, orm }, ids, { decline } = {}) {
    const removal = await orm.call("calendar.event", "get_appointment_removal", [ids]);
    if (!removal.count) {
        return null;
    }
    const choice = await new Promise((resolve) => {
        dialog.add(
            AppointmentRemovalDialog,
            {
                choose: resolve,
                titles: removal.titles,
                count: removal.count,
                canCancel: removal.can_cancel,
                problem: removal.problem,
                isDecline: Boolean(decline),
            },
            { onClose: () => resolve(false) }
        );
    });
    if (choice === "cancel") {
        await orm.call("calendar.event", "action_cancel_appointments", [ids]);
    } else if (choice === "remove" && decline) {
        await decline();
    } else if (choice === "remove") {
        await orm.call("calendar.event", "action_remove_from_calendar", [ids]);
    }
    return Boolean(choice);
}
