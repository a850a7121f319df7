import { markup } from "@odoo/owl";

import { browser } from "@web/core/browser/browser";
import { cookie } from "@web/core/browser/cookie";
import { rpc } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";
import { setElementContent } from "@web/core/utils/html";
import { Interaction } from "@web/public/interaction";

import { nextFreeDay, nextSlot } from "./booking_keys";

/**
 * The Time step: a month, the times of one of its days, the time zone.
 *
 * The server renders all of it; without this script each day, month and zone is a link or a form.
 * With it they change in place, and arrow keys move.
 */
export class BookingTimes extends Interaction {
    static selector = ".o_appay_times";

    dynamicContent = {
        _root: { "t-on-click": this.onClick, "t-on-keydown": this.onKeydown },
        "#appay_tz": { "t-on-change": this.onChangeZone },
    };

    setup() {
        this.shown = this.el.querySelector(".o_appay_shown");
        this.said = this.el.querySelector(".o_appay_said");
        this.tz = this.month.dataset.tz;
        this.asked = 0;
    }

    start() {
        this.el.querySelector(".o_appay_zone_button").classList.add("d-none");
        this.rove();
        const own = cookie.get("tz");
        // the server saw no cookie at the first visit and showed the practitioner's zone
        if (own && !this.el.dataset.tzChosen && own !== this.tz) {
            this.tz = own;
            this.load({ day: this.chosenDay });
        }
    }

    get month() {
        return this.shown.querySelector(".o_appay_month");
    }

    get days() {
        return [...this.shown.querySelectorAll(".o_appay_free")];
    }

    get section() {
        return this.shown.querySelector("section[data-day]:not([hidden])");
    }

    get slots() {
        return this.section ? [...this.section.querySelectorAll(".o_appay_slot")] : [];
    }

    get chosenDay() {
        return this.section?.dataset.day;
    }

    // Mouse, touch, Enter

    onClick(ev) {
        const link = ev.target.closest("a");
        if (!link || ev.ctrlKey || ev.metaKey || ev.shiftKey) {
            return;
        }
        if (link.matches(".o_appay_free")) {
            ev.preventDefault();
            this.choose(link.dataset.day, link);
        } else if (link.matches(".o_appay_turn, .o_appay_later, .o_appay_following")) {
            ev.preventDefault();
            const { month, day } = link.dataset;
            this.load({ month, day }, { link, focusDay: !link.matches(".o_appay_turn") });
        }
    }

    onChangeZone(ev) {
        const url = new URL(browser.location.href);
        url.searchParams.set("tz", ev.target.value);
        browser.location.assign(url);
    }

    // Keys: arrows move, Enter and Space choose

    onKeydown(ev) {
        const day = ev.target.closest(".o_appay_free");
        const slot = ev.target.closest(".o_appay_slot");
        if (!day && !slot) {
            return;
        }
        const rtl = getComputedStyle(this.el).direction === "rtl";
        if (ev.key === " ") {
            ev.preventDefault();
            ev.target.click();
        } else if (slot) {
            this.moveTo(ev, nextSlot(this.slots, slot, ev.key, rtl));
        } else if (["PageUp", "PageDown"].includes(ev.key)) {
            ev.preventDefault();
            this.turn(ev.key === "PageDown");
        } else {
            const next = nextFreeDay(this.days.map((link) => link.dataset.day), day.dataset.day, ev.key, rtl);
            if (next === "earlier" || next === "later") {
                ev.preventDefault();
                this.turn(next === "later");
            } else {
                this.moveTo(ev, this.days.find((link) => link.dataset.day === next));
            }
        }
    }

    moveTo(ev, target) {
        if (target) {
            ev.preventDefault();
            this.rove(target);
            target.focus();
        }
    }

    /** Go to the month before or after, by key. */
    turn(forward) {
        const links = [...this.shown.querySelectorAll("a.o_appay_turn")];
        const current = this.month.dataset.month;
        const link = links.find(({ dataset }) => dataset.month > current === forward);
        if (link) {
            this.load({ month: link.dataset.month }, { link, focusDay: true });
        }
    }

    // What is shown

    /** Show the times of a day that is on the page already. */
    choose(day, link) {
        for (const section of this.shown.querySelectorAll("section[data-day]")) {
            section.hidden = section.dataset.day !== day;
        }
        for (const other of this.days) {
            other.closest("td").setAttribute("aria-selected", String(other.dataset.day === day));
        }
        this.rove(link);
        this.keep({ month: day.slice(0, 7), day });
        this.say(link.getAttribute("aria-label"));
    }

    /**
     * Fetch a month and show it.
     *
     * @param {Object} params - month and day as the route takes them
     * @param {Object} options
     * @param {HTMLAnchorElement} [options.link] - where to go when the server cannot be reached
     * @param {boolean} [options.focusDay] - whether the chosen day gets the focus
     */
    async load(params, { link, focusDay } = {}) {
        const turn = ++this.asked;
        const { practitioner, company, embed } = this.el.dataset;
        this.shown.setAttribute("aria-busy", "true");
        let answer;
        try {
            answer = await this.waitFor(
                rpc(
                    this.el.dataset.url,
                    { practitioner, company, embed, tz: this.tz, ...params },
                    { silent: true }
                )
            );
        } catch {
            if (link) {
                browser.location.assign(link.href);
            }
            this.shown.removeAttribute("aria-busy");
            return;
        }
        if (turn !== this.asked) {
            return; // a later question was asked meanwhile
        }
        this.show(answer, link, focusDay);
        this.keep({ month: answer.month, day: this.chosenDay });
    }

    show(answer, link, focusDay) {
        setElementContent(this.shown, markup(answer.html));
        this.shown.removeAttribute("aria-busy");
        const zone = this.el.querySelector("#appay_tz");
        if (![...zone.options].some((option) => option.value === answer.tz)) {
            zone.add(new Option(answer.tz.replaceAll("_", " "), answer.tz), 0);
        }
        zone.value = answer.tz;
        this.rove();
        const heading = this.shown.querySelector("#appay_month").textContent;
        const chosen = this.days.find((day) => day.dataset.day === this.chosenDay);
        this.say([heading, chosen?.getAttribute("aria-label")].filter(Boolean).join(". "));
        this.focusAfter(link, chosen, focusDay);
    }

    /** Give the focus back to what was there, since its element is gone. */
    focusAfter(link, chosen, focusDay) {
        if (!link) {
            return;
        }
        const forward = this.shown.querySelector("a.o_appay_turn:last-of-type");
        const same = [...this.shown.querySelectorAll("a.o_appay_turn")].find(
            (turn) => (turn === forward) === (link.matches(":last-child"))
        );
        const target = (focusDay && chosen) || same || chosen || forward;
        target?.focus({ preventScroll: !focusDay });
    }

    /** Leave one stop for the Tab key among the days, and one among the times. */
    rove(wanted) {
        for (const group of [this.days, this.slots]) {
            const chosen = group.find((link) => link.dataset.day && link.dataset.day === this.chosenDay);
            const current = group.includes(wanted) ? wanted : chosen || group[0];
            for (const link of group) {
                link.tabIndex = link === current ? 0 : -1;
            }
        }
    }

    /** Keep what is shown in the address, so that Back finds it. */
    keep(params) {
        const url = new URL(browser.location.href);
        for (const [name, value] of Object.entries(params)) {
            if (value) {
                url.searchParams.set(name, value);
            } else {
                url.searchParams.delete(name);
            }
        }
        browser.history.replaceState(browser.history.state, "", url);
    }

    say(text) {
        this.said.textContent = text;
    }
}

registry.category("public.interactions").add("appointment_payments.booking_times", BookingTimes);
