import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";
import { Interaction } from "@web/public/interaction";

const PREFIX = "appointment_payments.draft.";
const KEPT = ["name", "email", "phone", "note"];

/**
 * The Details step keeps what is typed in this tab, so that going back to the times loses nothing.
 */
export class BookingDraft extends Interaction {
    static selector = "form.o_appay_details";

    dynamicContent = {
        _root: { "t-on-input": this.onInput },
    };

    start() {
        if (this.el.dataset.kept) {
            return; // the server gave back what was typed
        }
        const draft = JSON.parse(browser.sessionStorage.getItem(this.key) || "{}");
        for (const name of KEPT) {
            const field = this.el.elements[name];
            if (field && !field.value && typeof draft[name] === "string") {
                field.value = draft[name];
            }
        }
    }

    get key() {
        return PREFIX + this.el.dataset.draft;
    }

    onInput() {
        const typed = KEPT.map((name) => [name, this.el.elements[name]?.value || ""]);
        browser.sessionStorage.setItem(this.key, JSON.stringify(Object.fromEntries(typed)));
    }
}

/**
 * Once an appointment is booked, what was typed for it is forgotten.
 */
export class BookingDone extends Interaction {
    static selector = ".o_appay_steps[data-step='done']";

    start() {
        for (const key of Object.keys(browser.sessionStorage)) {
            if (key.startsWith(PREFIX)) {
                browser.sessionStorage.removeItem(key);
            }
        }
    }
}

const interactions = registry.category("public.interactions");
interactions.add("appointment_payments.booking_draft", BookingDraft);
interactions.add("appointment_payments.booking_done", BookingDone);
