import { onWillStart } from "@odoo/owl";

import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { user } from "@web/core/user";
import { patch } from "@web/core/utils/patch";
import { useService } from "@web/core/utils/hooks";
import { AttendeeCalendarController } from "@calendar/views/attendee_calendar/attendee_calendar_controller";
import { AttendeeCalendarModel } from "@calendar/views/attendee_calendar/attendee_calendar_model";
import { AttendeeCalendarCommonPopover } from "@calendar/views/attendee_calendar/common/attendee_calendar_common_popover";
import { AttendeeCalendarCommonRenderer } from "@calendar/views/attendee_calendar/common/attendee_calendar_common_renderer";
import { askAppointmentRemoval } from "./appointment_removal_dialog";

patch(AttendeeCalendarModel.prototype, {
    async load() {
        if (!this.appointmentColors) {
            this.appointmentColors = await this.orm.call(
                "calendar.event",
                "get_appointment_colors"
            );
        }
        return super.load(...arguments);
    },

    /**
     * A refused move: the tile goes back to where it was, the sentence is shown as ever.
     */
    async updateRecord() {
        try {
            return await super.updateRecord(...arguments);
        } catch (error) {
            await this.load();
            throw error;
        }
    },

    async archiveRecord(record) {
        if (record.rawRecord.appointment_state) {
            const done = await askAppointmentRemoval(this, [record.id]);
            if (done !== null) {
                return done && this.load();
            }
        }
        return super.archiveRecord(...arguments);
    },

    normalizeRecord(rawRecord) {
        const record = super.normalizeRecord(...arguments);
        const status = rawRecord.appointment_payment_status;
        if (status) {
            const words = this.meta.fields.appointment_payment_status.selection;
            record.appointmentStatus = words.find(([value]) => value === status)?.[1] || status;
            record.appointmentColor = this.appointmentColors[status] || 0;
        }
        if (rawRecord.appointment_state === "requested") {
            const states = this.meta.fields.appointment_state.selection;
            record.appointmentStatus = states.find(([value]) => value === "requested")?.[1];
            record.appointmentColor = this.appointmentColors.requested;
        }
        record.appointmentConflict = rawRecord.appointment_conflict;
        return record;
    },
});

patch(AttendeeCalendarController.prototype, {
    setup() {
        super.setup();
        this.dialogService = useService("dialog");
    },

    async deleteRecord(record) {
        if (record.rawRecord.appointment_state) {
            const services = { dialog: this.dialogService, orm: this.orm };
            const done = await askAppointmentRemoval(services, [record.id]);
            if (done !== null) {
                return done && this.model.load();
            }
        }
        return super.deleteRecord(...arguments);
    },
});

patch(AttendeeCalendarCommonRenderer.prototype, {
    eventClassNames({ event }) {
        const classes = super.eventClassNames(...arguments);
        const record = this.props.model.records[event.id];
        if (record?.appointmentStatus) {
            classes.push("o_appay_event", `o_appay_${record.rawRecord.appointment_payment_status}`);
        }
        if (record?.appointmentConflict) {
            classes.push("o_appay_conflict");
        }
        return classes;
    },
});

patch(AttendeeCalendarCommonPopover.prototype, {
    setup() {
        super.setup();
        this.dialogService = useService("dialog");
        this.appointments = [];
        onWillStart(async () => {
            const { id, rawRecord } = this.props.record;
            if (rawRecord.appointment_state || rawRecord.appointment_payment_status) {
                this.appointments = await this.orm.call(
                    "calendar.event",
                    "get_appointment_details",
                    [id]
                );
            }
        });
    },

    /**
     * A request is accepted or declined by its own buttons.
     */
    get displayAttendeeAnswerChoice() {
        const isRequest = this.props.record.rawRecord.appointment_state === "requested";
        return !isRequest && super.displayAttendeeAnswerChoice;
    },

    get appointmentStatus() {
        return this.props.record.appointmentStatus;
    },

    openAppointment(id) {
        this.actionService.doAction({
            type: "ir.actions.act_window",
            res_model: "appointment.payment.booking",
            res_id: id,
            views: [[false, "form"]],
        });
        this.props.close();
    },

    acceptAppointment({ id, accept }) {
        this.dialogService.add(ConfirmationDialog, {
            title: _t("Accept the request?"),
            body: _t(
                "The appointment is booked as soon as its payment is there, and the client gets a mail."
            ),
            confirmLabel: accept,
            cancelLabel: _t("Back"),
            confirm: async () => {
                await this.orm.call("appointment.payment.booking", "action_accept", [[id]]);
                await this.props.model.load();
                this.props.close();
            },
            cancel: () => {},
        });
    },

    declineAppointment({ id }) {
        const { model, close } = this.props;
        this.actionService.doAction("appointment_payments.action_appointment_payment_decline", {
            additionalContext: { default_booking_ids: [id] },
            onClose: () => model.load(),
        });
        close();
    },

    async changeAttendeeStatus(selectedStatus) {
        const { id, rawRecord } = this.props.record;
        const isPractitioner = rawRecord.partner_id?.[0] === user.partnerId;
        if (selectedStatus === "declined" && rawRecord.appointment_state && isPractitioner) {
            const parent = super.changeAttendeeStatus.bind(this);
            const services = { dialog: this.dialogService, orm: this.orm };
            const { model, close } = this.props;
            const decline = () => parent(selectedStatus);
            const done = await askAppointmentRemoval(services, [id], { decline });
            if (done !== null) {
                if (done) {
                    await model.load();
                }
                return close();
            }
        }
        return super.changeAttendeeStatus(...arguments);
    },
});
