import { asCart, empty, lines, total } from '../basket.js';
import { money, shopCurrency, segmentProduct } from '../catalogue.js';
import { h, icon } from '../dom.js';
import { lineItem } from '../drawer.js';
import { country, field, form, permission } from '../form.js';
import { permitted } from '../privacy.js';
import { language, t } from '../texts.js';
import { visitor } from '../visitor.js';
import { leaveHint } from './endings.js';

const steps = ['contact', 'address', 'payment'];
let started;

const go = (step) => (location.hash = `#/checkout/${step}`);

/** The permission with its evidence, or nothing: an unticked box is no answer. */
export const evidence = (ticked, wording) => (ticked ? [{
  channel: 'email', purpose: 'cart_email', action: 'given', method: 'checkbox', wording, language: language(), place: location.href.split('?')[0],
}] : undefined);

export const newId = (prefix) => `${prefix}-${Date.now().toString(36)}${crypto.getRandomValues(new Uint16Array(1))[0].toString(36)}`.toUpperCase();

function contactStep() {
  const submit = (entered) => {
    visitor.contact = entered;
    const consent = evidence(entered.consent, t('consent.cart'));
    if (consent) permitted();
    cartwheel.identify({ email: entered.email, first_name: entered.first_name || undefined, country: entered.country, locale: language(), consent });
    go(2);
  };
  return form({}, submit,
    field('email', t('field.email'), { type: 'email', autocomplete: 'email', value: visitor.contact.email }),
    field('first_name', t('field.firstName'), { autocomplete: 'given-name', value: visitor.contact.first_name, optional: true }),
    country(visitor.contact.country),
    permission(t('consent.cart')),
    h('div.actions', {}, h('button.button', { type: 'submit' }, t('checkout.next'), icon('arrow'))));
}

function addressStep() {
  const submit = (entered) => {
    visitor.address = entered;
    go(3);
  };
  return h('div', {},
    form({}, submit,
      field('last_name', t('field.lastName'), { autocomplete: 'family-name', value: visitor.address.last_name }),
      field('street', t('field.street'), { autocomplete: 'street-address', value: visitor.address.street }),
      h('div.pair', {},
        field('zip', t('field.zip'), { autocomplete: 'postal-code', value: visitor.address.zip }),
        field('city', t('field.city'), { autocomplete: 'address-level2', value: visitor.address.city })),
      h('div.actions', {}, h('a.plain', { href: '#/checkout/1' }, t('checkout.previous')), h('button.button', { type: 'submit' }, t('checkout.next'), icon('arrow')))),
    leaveHint());
}

function paymentStep() {
  const pay = ({ method }) => {
    const bought = lines();
    const id = newId('WH');
    cartwheel.checkout('payment', { payment_method: method });
    cartwheel.order({
      order_id: id, total: total(bought), revenue: total(bought), shipping: 0, tax: 0, currency: shopCurrency(), products: bought.map(segmentProduct),
    });
    empty();
    started = undefined;
    location.hash = `#/thanks/${id}`;
  };
  return h('div', {},
    form({}, pay,
      h('fieldset.choices', {}, h('legend', {}, t('checkout.payment')), ['card', 'transfer', 'invoice'].map((method, index) =>
        h('label.choice', {}, h('input', { type: 'radio', name: 'method', value: method, checked: index === 0 }), h('span', {}, t(`pay.${method}`))))),
      h('p.quiet', {}, t('pay.note')),
      h('div.actions', {}, h('a.plain', { href: '#/checkout/2' }, t('checkout.previous')),
        h('button.button', { type: 'submit', id: 'pay' }, t('checkout.pay', { amount: money(total()) })))),
    leaveHint());
}

export function checkout(number = '1') {
  const current = lines();
  const title = t('checkout.title');
  if (!current.length) {
    return { title, content: h('section.narrow', {}, h('h1', {}, title), h('p', {}, t('checkout.empty')), h('a.button', { href: '#goods' }, t('hero.action'))) };
  }
  const step = visitor.contact.email ? Number(number) : 1; // nobody gets to the payment without an address
  const cart = asCart(current);
  const state = JSON.stringify(cart);
  if (started !== state) cartwheel.checkout(cart);
  started = state;
  cartwheel.checkout(step, { step_name: steps[step - 1] });

  const body = [contactStep, addressStep, paymentStep][step - 1]();
  const content = h('div.checkout', {},
    h('section.checkout-form', {},
      h('p.quiet', {}, t('checkout.step', { n: step })),
      h('h1', {}, t(`checkout.${steps[step - 1]}`)),
      h('ol.progress', { 'aria-hidden': 'true' }, steps.map((name, index) => h(`li${index < step ? '.done' : ''}`, {}, t(`checkout.${name}`)))),
      body),
    h('aside.summary', { 'aria-label': t('checkout.summary') },
      h('h2', {}, t('checkout.summary')),
      h('ul.lines', {}, current.map((line) => lineItem(line, h('p.quiet', {}, `× ${line.quantity}`)))),
      h('p.sum', {}, h('span', {}, t('basket.total')), h('strong', {}, money(total(current)))),
      h('p.quiet', {}, t('basket.included'))));
  return { title, content };
}
