/* Talking to the stand-in, and the fields of the form. stripe_js.py puts the parts together. */

const BASE = new URL(document.currentScript.src).origin;

class IntegrationError extends Error {
    constructor(message) {
        super(message);
        this.name = 'IntegrationError';
    }
}

// === TALKING TO THE STAND-IN === //

/** Encode nested parameters as Stripe wants them: a[b][]=c. */
function encode(params, prefix = '', form = new URLSearchParams()) {
    for (const [name, value] of Object.entries(params)) {
        const key = prefix ? `${prefix}[${name}]` : name;
        if (value === undefined || value === null) {
            continue;
        } else if (Array.isArray(value)) {
            value.forEach((entry) => form.append(`${key}[]`, entry));
        } else if (typeof value === 'object') {
            encode(value, key, form);
        } else {
            form.append(key, value);
        }
    }
    return form;
}

async function call(stripe, method, path, params) {
    const form = encode({ key: stripe._key, _stripe_account: stripe._account, ...params });
    const url = method === 'GET' ? `${BASE}${path}?${form}` : `${BASE}${path}`;
    const headers = stripe._version ? { 'Stripe-Version': stripe._version } : {};
    try {
        const body = method === 'GET' ? undefined : form;
        return await (await fetch(url, { method, headers, body })).json();
    } catch {
        return { error: {
            type: 'api_connection_error',
            message: "We are experiencing issues connecting to our payments provider. Please "
                + "check your internet connection and try again.",
        } };
    }
}

// === THE FIELDS === //

const digits = (text) => text.replace(/\D/g, '');

function passesLuhn(number) {
    const sum = [...number].reverse().reduce((total, digit, index) => {
        const value = Number(digit) * (index % 2 ? 2 : 1);
        return total + (value > 9 ? value - 9 : value);
    }, 0);
    return sum % 10 === 0;
}

function parseExpiry(text) {
    const value = digits(text);
    return { month: Number(value.slice(0, 2)), year: 2000 + Number(value.slice(2, 4)) };
}

const fail = (code, message) => ({ type: 'validation_error', code, message });

function checkNumber(text) {
    const number = digits(text);
    if (number.length < 13) {
        return fail('incomplete_number', "Your card number is incomplete.");
    }
    return passesLuhn(number) ? null : fail('invalid_number', "Your card number is invalid.");
}

function checkExpiry(text) {
    if (digits(text).length !== 4) {
        return fail('incomplete_expiry', "Your card's expiration date is incomplete.");
    }
    const { month, year } = parseExpiry(text);
    if (month < 1 || month > 12) {
        return fail('invalid_expiry_month', "Your card's expiration date is invalid.");
    }
    const today = new Date();
    return year * 12 + month < today.getFullYear() * 12 + today.getMonth() + 1
        ? fail('invalid_expiry_year_past', "Your card's expiration year is in the past.")
        : null;
}

const FIELDS = {
    card: [
        {
            name: 'number', label: 'Card number', autocomplete: 'cc-number', wide: true,
            inputmode: 'numeric', placeholder: '1234 1234 1234 1234', check: checkNumber,
            format: (text) => digits(text).slice(0, 19).replace(/(.{4})(?=.)/g, '$1 '),
        },
        {
            name: 'expiry', label: 'Expiry date', autocomplete: 'cc-exp',
            inputmode: 'numeric', placeholder: 'MM / YY', check: checkExpiry,
            format: (text) => digits(text).slice(0, 4).replace(/^(..)(?=.)/, '$1 / '),
        },
        {
            name: 'cvc', label: 'CVC', autocomplete: 'cc-csc',
            inputmode: 'numeric', placeholder: '123',
            format: (text) => digits(text).slice(0, 4),
            check: (text) => text.length < 3
                ? fail('incomplete_cvc', "Your card's security code is incomplete.") : null,
        },
    ],
    sepa_debit: [{
        name: 'iban', label: 'IBAN', autocomplete: 'off', wide: true,
        inputmode: 'text', placeholder: 'DE00 0000 0000 0000 0000 00',
        format: (text) => text.toUpperCase(),
        check: (text) => text.replace(/\s/g, '').length < 15
            ? fail('incomplete_iban', "Your IBAN is incomplete.") : null,
    }],
};
const HINT = {
    card: 'No card is charged. Try 4242 4242 4242 4242.',
    sepa_debit: 'No account is charged. Try DE89 3704 0044 0532 0130 00.',
};

function methodData(type, values) {
    if (type === 'sepa_debit') {
        return { type, sepa_debit: { iban: values.iban } };
    }
    const { month, year } = parseExpiry(values.expiry);
    const number = digits(values.number);
    return { type, card: { number, exp_month: month, exp_year: year, cvc: values.cvc } };
}
