import { useEffect } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useBus, useService } from "@web/core/utils/hooks";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";

const CHANGED = "appointment_payments/booking_changed";

/**
 * Shows what becomes of a booking's money without reloading by hand.
 */
export class BookingFormController extends FormController {
    setup() {
        super.setup();
        this.bus = useService("bus_service");
        const onChanged = (message) => this.onBookingChanged(message);
        useEffect(
            (id) => {
                if (!id) {
                    return;
                }
                const channel = `appointment.payment.booking_${id}`;
                this.bus.addChannel(channel);
                this.bus.subscribe(CHANGED, onChanged);
                return () => {
                    this.bus.unsubscribe(CHANGED, onChanged);
                    this.bus.deleteChannel(channel);
                };
            },
            () => [this.model.root?.resId]
        );
        // what happened while the connection was away was not heard of
        useBus(this.bus, "BUS:RECONNECT", () => this.onBookingChanged({ id: this.model.root?.resId }));
    }

    /**
     * @param {{id: number}} message which booking has changed
     */
    async onBookingChanged({ id }) {
        const record = this.model.root;
        if (!id || record?.resId !== id || (await record.isDirty())) {
            return;
        }
        await record.load();
    }
}

registry.category("views").add("appointment_booking_form", {
    ...formView,
    Controller: BookingFormController,
});
