import { registry } from "@web/core/registry";
import { Interaction } from "@web/public/interaction";

const MINUTE = 60 * 1000;

/**
 * Keeps the minutes true for which a time is kept, and so announces them once a minute.
 */
export class HoldTime extends Interaction {
    static selector = ".o_appay_hold[data-seconds-left]";

    setup() {
        this.endsAt = Date.now() + Number(this.el.dataset.secondsLeft) * 1000;
        this.shown = this.el.querySelector(".o_appay_time_left");
    }

    start() {
        if (this.shown) {
            this.wait();
        }
    }

    wait() {
        const left = this.endsAt - Date.now();
        this.waitForTimeout(() => this.show(), Math.max(left % MINUTE, 0) + 100);
    }

    show() {
        const left = this.endsAt - Date.now();
        if (left <= 0) {
            this.el.textContent = this.el.dataset.over;
            return;
        }
        const minutes = String(Math.floor(left / MINUTE));
        this.shown.textContent = this.el.dataset.left.replace("%s", minutes);
        this.wait();
    }
}

registry.category("public.interactions").add("appointment_payments.hold_time", HoldTime);
