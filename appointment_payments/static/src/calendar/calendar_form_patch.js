import { patch } from "@web/core/utils/patch";
import { useService } from "@web/core/utils/hooks";
import { user } from "@web/core/user";
import { CalendarFormController } from "@calendar/views/calendar_form/calendar_form_controller";
import { CalendarQuickCreateFormController } from "@calendar/views/calendar_form/calendar_quick_create";
import { CaledarListController } from "@calendar/views/list_view/calendar_list_controller";
import { askAppointmentRemoval } from "./appointment_removal_dialog";

// what quick create hands over to the full form
const ORDER_FIELDS = [
    "appointment_client_id",
    "appointment_category_id",
    "appointment_collection_mode",
    "appointment_override_reason",
    "appointment_title",
    "duration",
    "user_id",
];

function getOrderDefaults(data) {
    const defaults = {};
    if (data.appointment_client_id) {
        for (const name of ORDER_FIELDS.filter((field) => field in data)) {
            const value = data[name];
            defaults[`default_${name}`] = value?.id || value || false;
        }
    }
    return defaults;
}

/**
 * Ask about booked appointments before "Archive" in the menu of a view.
 */
function askBeforeArchive(controller, items) {
    const archive = items.archive?.callback;
    if (archive) {
        items.archive.callback = async () =>
            (await controller.askAppointmentRemoval()) || archive();
    }
    return items;
}

patch(CalendarFormController.prototype, {
    setup() {
        super.setup();
        this.dialogService = useService("dialog");
    },

    get appointmentServices() {
        return { dialog: this.dialogService, orm: this.orm };
    },

    get isBooked() {
        const { resId, data } = this.model.root;
        return Boolean(resId && data.appointment_state);
    },

    /**
     * @returns {Promise<boolean>} whether the dialogue has dealt with it
     */
    async askAppointmentRemoval() {
        if (!this.isBooked) {
            return false;
        }
        const done = await askAppointmentRemoval(this.appointmentServices, [
            this.model.root.resId,
        ]);
        if (done) {
            this.env.config.historyBack();
        }
        return done !== null;
    },

    async deleteRecord() {
        return (await this.askAppointmentRemoval()) || super.deleteRecord(...arguments);
    },

    getStaticActionMenuItems() {
        return askBeforeArchive(this, super.getStaticActionMenuItems(...arguments));
    },

    async onWillSaveRecord(record, changes) {
        const isPractitioner = record.data.user_id?.id === user.userId;
        if (this.isBooked && isPractitioner && changes?.current_status === "declined") {
            let declines = false;
            const decline = () => (declines = true);
            const id = record.resId;
            const done = await askAppointmentRemoval(this.appointmentServices, [id], { decline });
            if (done !== null && !declines) {
                await record.discard();
                if (done) {
                    await record.load();
                }
                return false;
            }
        }
        return super.onWillSaveRecord(...arguments);
    },
});

patch(CalendarQuickCreateFormController.prototype, {
    /**
     * What makes a booking goes along to the full form.
     */
    goToFullEvent() {
        const actionService = this.actionService;
        const defaults = getOrderDefaults(this.model.root.data);
        this.actionService = {
            doAction: (action, options) =>
                actionService.doAction(action, {
                    ...options,
                    additionalContext: { ...options.additionalContext, ...defaults },
                }),
        };
        try {
            return super.goToFullEvent(...arguments);
        } finally {
            this.actionService = actionService;
        }
    },
});

patch(CaledarListController.prototype, {
    setup() {
        super.setup();
        this.appointmentDialog = useService("dialog");
    },

    /**
     * @returns {Promise<boolean>} whether the dialogue has dealt with the selected events
     */
    async askAppointmentRemoval() {
        const selected = this.model.root.selection;
        const booked = selected.filter((record) => record.data.appointment_state);
        if (!booked.length) {
            return false;
        }
        const services = { dialog: this.appointmentDialog, orm: this.orm };
        const ids = selected.map((record) => record.resId);
        const done = await askAppointmentRemoval(services, ids);
        if (done) {
            await this.model.load();
        }
        return done !== null;
    },

    async onDeleteSelectedRecords() {
        return (await this.askAppointmentRemoval()) || super.onDeleteSelectedRecords(...arguments);
    },

    getStaticActionMenuItems() {
        return askBeforeArchive(this, super.getStaticActionMenuItems(...arguments));
    },
});
