/* Elements and Stripe: https://docs.stripe.com/js/elements_object, https://docs.stripe.com/js/initializing */

class Elements {
    constructor(stripe, options) {
        this._stripe = stripe;
        this._options = { ...options };
        this._element = null;
        this._submitted = false;
    }

    create(type, options) {
        if (type !== 'payment') {
            throw new IntegrationError(`The Stripe stand-in has no ${type} element.`);
        }
        if (this._element) {
            throw new IntegrationError("Can only create one payment element.");
        }
        this._element = new PaymentElement(this, options);
        return this._element;
    }

    getElement(type) {
        return type === 'payment' ? this._element : null;
    }

    update(options = {}) {
        this._options = { ...this._options, ...options };
    }

    async fetchUpdates() {
        return {};
    }

    async submit() {
        this._element?._emit('submit');
        const error = this._element?._validate();
        this._submitted = true;
        return error ? { error } : { selectedPaymentMethod: this._type() };
    }

    _type() {
        return (this._options.paymentMethodTypes || ['card'])[0];
    }

    /** What the form was drawn with, for the intent to be compared to. */
    _deferred() {
        const options = this._options;
        return options.clientSecret ? undefined : {
            mode: options.mode, amount: options.amount, currency: options.currency,
            capture_method: options.captureMethod,
            setup_future_usage: options.setupFutureUsage,
            payment_method_types: options.paymentMethodTypes,
        };
    }

    _session() {
        const params = { deferred_intent: this._deferred() };
        return call(this._stripe, 'GET', '/v1/elements/sessions', params);
    }
}

// === STRIPE: https://docs.stripe.com/js/initializing === //

const RESULT = { payment_intent: 'paymentIntent', setup_intent: 'setupIntent' };
const REDIRECT_STATUS = {
    succeeded: 'succeeded', requires_capture: 'succeeded', processing: 'pending',
};

class StripeStandIn {
    constructor(publishableKey, options = {}) {
        if (!publishableKey) {
            throw new IntegrationError(
                "Please call Stripe() with your publishable key. You used an empty string."
            );
        }
        if (!publishableKey.startsWith('pk_')) {
            throw new IntegrationError(
                "You should not use your secret key with Stripe.js. Please pass a publishable "
                + "key instead."
            );
        }
        this._key = publishableKey;
        this._version = options.apiVersion;
        this._account = options.stripeAccount;
    }

    elements(options = {}) {
        if (!options.clientSecret && !['payment', 'setup'].includes(options.mode)) {
            throw new IntegrationError(
                "Invalid value for elements(): mode should be one of payment, setup."
            );
        }
        return new Elements(this, options);
    }

    async retrievePaymentIntent(clientSecret) {
        return this._retrieve('payment_intent', clientSecret);
    }

    async retrieveSetupIntent(clientSecret) {
        return this._retrieve('setup_intent', clientSecret);
    }

    async _retrieve(kind, clientSecret) {
        const path = `/v1/${kind}s/${clientSecret.split('_secret_')[0]}`;
        const answer = await call(this, 'GET', path, { client_secret: clientSecret });
        return answer.error ? answer : { [RESULT[kind]]: answer };
    }

    /** https://docs.stripe.com/js/payment_intents/confirm_payment */
    confirmPayment(options) {
        return this._confirm('payment_intent', 'confirmPayment', options);
    }

    /** https://docs.stripe.com/js/setup_intents/confirm_setup */
    confirmSetup(options) {
        return this._confirm('setup_intent', 'confirmSetup', options);
    }

    async _confirm(kind, verb, options) {
        const { elements, clientSecret, confirmParams = {}, redirect = 'always' } = options;
        const element = elements?.getElement('payment');
        if (!element?._node) {
            throw new IntegrationError(
                `Invalid value for stripe.${verb}(): elements should have a mounted Payment `
                + "Element or Express Checkout Element."
            );
        }
        const secret = clientSecret || elements._options.clientSecret;
        if (!secret) {
            throw new IntegrationError(
                `You must pass in a clientSecret when calling stripe.${verb}().`
            );
        }
        const deferred = elements._deferred();
        if (deferred && !elements._submitted) {
            throw new IntegrationError(
                `elements.submit() must be called before stripe.${verb}(). Call `
                + "elements.submit() as soon as your customer presses pay, prior to any "
                + "asynchronous work."
            );
        }
        if (redirect === 'always' && !confirmParams.return_url) {
            throw new IntegrationError(
                `stripe.${verb}(): the return_url argument is required when redirect is always.`
            );
        }
        const invalid = element._validate();
        if (invalid) {
            return { error: invalid };
        }
        const intent = await call(
            this, 'POST', `/v1/${kind}s/${secret.split('_secret_')[0]}/confirm`, {
                client_secret: secret, return_url: confirmParams.return_url,
                payment_method_data: element._data(), deferred_intent: deferred,
            },
        );
        return intent.error ? { error: intent.error } : this._follow(
            intent, confirmParams.return_url, redirect
        );
    }

    /** Leave the page as Stripe.js does, or hand the intent back. */
    _follow(intent, returnUrl, redirect) {
        const bank = intent.next_action?.redirect_to_url?.url;
        if (!bank && redirect === 'if_required') {
            return { [RESULT[intent.object]]: intent };
        }
        window.location = bank || this._returnAddress(intent, returnUrl);
        return new Promise(() => {}); // The page is going away.
    }

    _returnAddress(intent, returnUrl) {
        const address = new URL(returnUrl);
        address.searchParams.append(intent.object, intent.id);
        address.searchParams.append(`${intent.object}_client_secret`, intent.client_secret);
        address.searchParams.append(
            'redirect_status', REDIRECT_STATUS[intent.status] || 'failed'
        );
        return address.href;
    }
}

window.Stripe = function Stripe(publishableKey, options) {
    return new StripeStandIn(publishableKey, options);
};
window.Stripe.version = 3;
