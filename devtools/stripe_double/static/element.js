/* The payment element: https://docs.stripe.com/js/element. Stripe draws an iframe; the stand-in draws
 * a form in the page itself, so that tests and screen readers reach it directly. */

const MARK = 'TEST card form (Stripe stand-in)';
const STYLE = `
    .stripe-double { font: 16px/1.5 system-ui, sans-serif; color: #1f2430; background: #fff;
        border: 2px dashed #b45309; border-radius: .375rem; padding: 1rem; text-align: start }
    .stripe-double__mark { margin: 0 0 .75rem; font-size: .875rem; color: #7c3a06 }
    .stripe-double__fields { display: grid; gap: .75rem; grid-template-columns: 1fr 1fr }
    .stripe-double__field--wide { grid-column: 1 / -1 }
    .stripe-double label { display: block; font-size: .875rem; margin: 0 0 .25rem }
    .stripe-double input { box-sizing: border-box; width: 100%; min-height: 44px; font: inherit;
        padding: .5rem .75rem; color: inherit; background: #fff;
        border: 1px solid #6b7280; border-radius: .375rem }
    .stripe-double input[aria-invalid=true] { border-color: #b91c1c }
    .stripe-double__error { margin: .25rem 0 0; font-size: .875rem; color: #b91c1c }
    .stripe-double__error:empty { display: none }`;

let counter = 0;

class PaymentElement {
    constructor(elements, options = {}) {
        this._elements = elements;
        this._options = options;
        this._listeners = [];
        this._inputs = {};
        this._id = `stripe-double-${++counter}`;
    }

    // --- Events: https://docs.stripe.com/js/element/events --- //

    on(name, handler) {
        this._listeners.push({ name, handler });
        return this;
    }

    once(name, handler) {
        const listener = (payload) => {
            this.off(name, listener);
            handler(payload);
        };
        return this.on(name, listener);
    }

    off(name, handler) {
        this._listeners = this._listeners.filter(
            (entry) => entry.name !== name || (handler && entry.handler !== handler)
        );
        return this;
    }

    _emit(name, payload = {}) {
        const event = { elementType: 'payment', ...payload };
        for (const entry of this._listeners.filter((listener) => listener.name === name)) {
            entry.handler(event);
        }
    }

    // --- In the page: https://docs.stripe.com/js/element/other_methods --- //

    mount(target) {
        const node = typeof target === 'string' ? document.querySelector(target) : target;
        if (!node) {
            throw new IntegrationError(
                `The selector you specified (${target}) applies to no DOM elements that are `
                + "currently on the page."
            );
        }
        this.unmount();
        this._node = node;
        this._draw();
        this._elements._session().then(({ error }) => {
            if (this._node !== node) {
                return; // It was unmounted meanwhile.
            }
            this._emit(error ? 'loaderror' : 'ready', error ? { error } : {});
        });
        return this;
    }

    unmount() {
        this._node?.replaceChildren();
        this._node?.classList.remove('StripeElement');
        this._node = null;
        return this;
    }

    destroy() {
        this.unmount();
        this._listeners = [];
        this._elements._element = null;
        return this;
    }

    update(options = {}) {
        this._options = { ...this._options, ...options };
        return this;
    }

    focus() {
        Object.values(this._inputs)[0]?.focus();
    }

    blur() {
        Object.values(this._inputs).forEach((input) => input.blur());
    }

    clear() {
        Object.values(this._inputs).forEach((input) => { input.value = ''; });
    }

    collapse() {
        return this;
    }

    // --- The form --- //

    _draw() {
        const type = this._elements._type();
        const box = document.createElement('div');
        box.className = 'stripe-double';
        box.setAttribute('role', 'group');
        box.setAttribute('aria-labelledby', `${this._id}-mark`);
        const mark = document.createElement('p');
        mark.className = 'stripe-double__mark';
        mark.id = `${this._id}-mark`;
        mark.append(Object.assign(document.createElement('strong'), { textContent: MARK }));
        mark.append(` ${HINT[type] || ''}`);
        const fields = document.createElement('div');
        fields.className = 'stripe-double__fields';
        this._inputs = {};
        for (const field of FIELDS[type] || []) {
            fields.append(this._drawField(field));
        }
        const style = Object.assign(document.createElement('style'), { textContent: STYLE });
        box.append(style, mark, fields);
        this._node.classList.add('StripeElement');
        this._node.replaceChildren(box);
    }

    _drawField(field) {
        const id = `${this._id}-${field.name}`;
        const cell = document.createElement('div');
        cell.className = field.wide ? 'stripe-double__field--wide' : '';
        const label = Object.assign(
            document.createElement('label'), { htmlFor: id, textContent: field.label }
        );
        // No name: the card must never be part of what the page's own form posts.
        const input = Object.assign(document.createElement('input'), {
            id, type: 'text', autocomplete: field.autocomplete,
            placeholder: field.placeholder, inputMode: field.inputmode,
        });
        input.setAttribute('aria-describedby', `${id}-error`);
        input.setAttribute('aria-required', 'true');
        const error = document.createElement('p');
        Object.assign(error, { id: `${id}-error`, className: 'stripe-double__error' });
        error.setAttribute('role', 'alert');
        this._listen(field, input);
        this._inputs[field.name] = input;
        cell.append(label, input, error);
        return cell;
    }

    _listen(field, input) {
        input.addEventListener('input', () => {
            if (input.selectionStart === input.value.length) {
                input.value = field.format(input.value);
            }
            this._show(field, null);
            this._elements._submitted = false;
            this._emit('change', this._state());
        });
        input.addEventListener('blur', ({ relatedTarget }) => {
            // Only on the way to another field: a message that appears while a button outside is
            // being pressed would move the button away under the pointer.
            if (input.value && Object.values(this._inputs).includes(relatedTarget)) {
                this._show(field, field.check(field.format(input.value)));
            }
            this._emit('blur');
        });
        input.addEventListener('focus', () => this._emit('focus'));
        input.addEventListener('keydown', (event) => {
            if (event.key === 'Enter') {
                event.preventDefault(); // As in Stripe's frame: the page's form stays.
            } else if (event.key === 'Escape') {
                this._emit('escape');
            }
        });
    }

    _state() {
        const type = this._elements._type();
        const inputs = Object.values(this._inputs);
        return {
            empty: inputs.every((input) => !input.value),
            complete: !this._firstError(),
            collapsed: false,
            value: { type },
        };
    }

    _firstError() {
        for (const field of FIELDS[this._elements._type()] || []) {
            const error = field.check(field.format(this._inputs[field.name].value));
            if (error) {
                return { field, error };
            }
        }
        return null;
    }

    /** Check every field, mark the wrong ones and return the first error. */
    _validate() {
        for (const field of FIELDS[this._elements._type()] || []) {
            this._show(field, field.check(field.format(this._inputs[field.name].value)));
        }
        return this._firstError()?.error || null;
    }

    _show(field, error) {
        const input = this._inputs[field.name];
        input.setAttribute('aria-invalid', error ? 'true' : 'false');
        document.getElementById(`${input.id}-error`).textContent = error?.message || '';
    }

    _data() {
        const values = {};
        for (const field of FIELDS[this._elements._type()]) {
            values[field.name] = field.format(this._inputs[field.name].value);
        }
        const billing = this._options.defaultValues?.billingDetails;
        return {
            ...methodData(this._elements._type(), values),
            billing_details: billing && billingDetails(billing),
        };
    }
}

function billingDetails({ name, email, phone, address }) {
    const filled = (values) => Object.fromEntries(
        Object.entries(values || {}).filter(([, value]) => typeof value === 'string' && value)
    );
    const { city, country, line1, line2, postal_code, state } = address || {};
    return {
        ...filled({ name, email, phone }),
        address: filled({ city, country, line1, line2, postal_code, state }),
    };
}
