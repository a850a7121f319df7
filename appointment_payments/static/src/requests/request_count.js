import { reactive, useState } from "@odoo/owl";

import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { patch } from "@web/core/utils/patch";
import { user } from "@web/core/user";
import { NavBar } from "@web/webclient/navbar/navbar";

const CHANGED = "appointment_payments/requests_changed";
const MENUS = [
    "appointment_payments.menu_booking_requests",
];

/**
 * How many requests the user can answer: read in the calendar's app, and when one comes or goes.
 */
export const requestCountService = {
    dependencies: ["bus_service", "menu", "orm"],
    start(env, { bus_service: bus, menu, orm }) {
        const count = reactive({ toAnswer: 0 });
        const read = async () => {
            if (menu.getCurrentApp()?.xmlid !== "calendar.mail_menu_calendar") {
                return;
            }
            if (await user.hasGroup("appointment_payments.group_practitioner")) {
                count.toAnswer = await orm.silent.call(
                    "appointment.payment.booking",
                    "get_to_answer_count",
                    []
                );
            }
        };
        bus.subscribe(CHANGED, read);
        env.bus.addEventListener("ACTION_MANAGER:UI-UPDATED", read);
        env.bus.addEventListener("MENUS:APP-CHANGED", read);
        return count;
    },
};

registry.category("services").add("appointment_request_count", requestCountService);

patch(NavBar.prototype, {
    setup() {
        super.setup();
        this.requestCount = useState(useService("appointment_request_count"));
    },

    /**
     * @param {Object} menu
     * @returns {number} what the badge of a menu says; 0 for none
     */
    getRequestCount(menu) {
        return MENUS.includes(menu.xmlid) ? this.requestCount.toAnswer : 0;
    },
});
