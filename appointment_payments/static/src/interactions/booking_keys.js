/**
 * Where an arrow key leads.
 */

const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

/**
 * @param {string} key - of the keyboard
 * @param {boolean} rtl - whether the page is read from right to left
 * @returns {string} the key as it is meant
 */
function meant(key, rtl) {
    const mirrored = { ArrowLeft: "ArrowRight", ArrowRight: "ArrowLeft" };
    return (rtl && mirrored[key]) || key;
}

/**
 * Return the free day that a key leads to: days that cannot be chosen are passed over.
 *
 * @param {string[]} days - the free days of the month in order, "YYYY-MM-DD"
 * @param {string} current - one of them
 * @param {string} key - of the keyboard
 * @param {boolean} rtl - whether the page is read from right to left
 * @returns {string|undefined} a day; "earlier" or "later" for another month; nothing for other keys
 */
export function nextFreeDay(days, current, key, rtl) {
    if (key === "Home" || key === "End") {
        return key === "Home" ? days[0] : days.at(-1);
    }
    const step = STEPS[meant(key, rtl)];
    if (!step) {
        return undefined;
    }
    const wanted = new Date(`${current}T12:00:00Z`);
    wanted.setUTCDate(wanted.getUTCDate() + step);
    const text = wanted.toISOString().slice(0, 10);
    const beyond = step > 0 ? days.filter((day) => day >= text) : days.filter((day) => day <= text);
    const next = step > 0 ? beyond[0] : beyond.at(-1);
    return next || (step > 0 ? "later" : "earlier");
}

/**
 * Return the time that a key leads to; up and down stay in the column.
 *
 * @param {HTMLElement[]} slots - the times of the day in order
 * @param {HTMLElement} current - one of them
 * @param {string} key - of the keyboard
 * @param {boolean} rtl - whether the page is read from right to left
 * @returns {HTMLElement|undefined} a time; nothing at the edge and for other keys
 */
export function nextSlot(slots, current, key, rtl) {
    if (key === "Home" || key === "End") {
        return key === "Home" ? slots[0] : slots.at(-1);
    }
    const top = slots[0].getBoundingClientRect().top;
    const columns = slots.filter((slot) => slot.getBoundingClientRect().top === top).length;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const step = steps[meant(key, rtl)];
    return step && slots[slots.indexOf(current) + step];
}
