import { asCart, lines, quote as openQuote, saveQuote, total } from '../basket.js';
import { find, money, nameOf, products, segmentProduct, shopCurrency } from '../catalogue.js';
import { h, icon } from '../dom.js';
import { lineItem } from '../drawer.js';
import { country, field, form, permission, select } from '../form.js';
import { permitted } from '../privacy.js';
import { language, t } from '../texts.js';
import { visitor } from '../visitor.js';
import { evidence, newId } from './checkout.js';
import { leaveHint } from './endings.js';

const DAYS = 30;
const longDate = (date) => new Intl.DateTimeFormat(language(), { dateStyle: 'long' }).format(new Date(date));

/** What Cartwheel is told of a quote: a cart of its own, with a company, a number and a date. */
function told(quote) {
  return { kind: 'quote', cart_id: quote.id, quote_id: quote.id, number: quote.number, company: quote.company, valid_until: quote.validUntil, ...asCart(quote.lines) };
}

function request(entered) {
  const wanted = find(entered.product);
  const id = newId('Q');
  const quote = {
    id,
    number: `Q\u2011${parseInt(id.slice(-4), 36) % 90000 + 10000}`, // what people say; the id is what is unique
    company: entered.company,
    validUntil: new Date(Date.now() + DAYS * 86_400_000).toISOString(),
    lines: wanted ? [{ product: wanted, variant: wanted.variants?.[0], quantity: Number(entered.quantity) }] : lines(),
  };
  const consent = evidence(entered.consent, t('quote.consent'));
  if (consent) permitted();
  visitor.contact = { email: entered.email, country: entered.country, first_name: entered.first_name, consent: entered.consent };
  cartwheel.identify({ email: entered.email, first_name: entered.first_name || undefined, country: entered.country, locale: language(), company: { name: entered.company }, consent });
  saveQuote(quote);
  cartwheel.track('Quote Requested', { ...told(quote), message: entered.message || undefined });
  location.hash = '#/quote/ready';
}

export function quote() {
  const basket = lines();
  const choices = products.map((product) => [product.id, `${nameOf(product)}, ${money(product.price)}`, product.business && !basket.length]);
  const all = basket.length ? [['', `${t('basket.title')}, ${money(total(basket))}`, true], ...choices] : choices;
  return {
    title: t('quote.title'),
    content: h('section.narrow', {},
      h('h1', {}, t('quote.title')),
      h('p.lead', {}, t('quote.text')),
      form({}, request,
        h('div.pair.wide-first', {}, select('product', t('quote.what'), all), field('quantity', t('quote.howMany'), { type: 'number', min: 1, max: 500, value: basket.length ? 1 : 5, inputmode: 'numeric' })),
        field('company', t('field.company'), { autocomplete: 'organization' }),
        h('div.pair', {}, field('first_name', t('field.firstName'), { autocomplete: 'given-name' }), field('email', t('field.email'), { type: 'email', autocomplete: 'email' })),
        country(visitor.contact.country),
        field('message', t('field.message'), { rows: 3, optional: true }),
        permission(t('quote.consent')),
        h('div.actions', {}, h('button.button', { type: 'submit' }, t('quote.send'), icon('arrow'))))),
  };
}

function accept(quote) {
  const id = newId('WH');
  cartwheel.order({ order_id: id, kind: 'quote', cart_id: quote.id, quote_id: quote.id, total: total(quote.lines), currency: shopCurrency(), products: quote.lines.map(segmentProduct) });
  saveQuote(undefined);
  location.hash = `#/thanks/${id}`;
}

export function quoteReady() {
  const current = openQuote();
  if (!current) {
    return { title: t('quote.title'), content: h('section.narrow', {}, h('h1', {}, t('quote.title')), h('p', {}, t('quote.none')), h('a.button', { href: '#/quote' }, t('companies.action'))) };
  }
  const title = t('quote.ready', { number: current.number ?? '' }).trim();
  const date = current.validUntil && longDate(current.validUntil);
  return {
    title,
    content: h('section.narrow', {},
      h('h1', {}, title),
      date && h('p.lead', {}, current.company ? t('quote.valid', { company: current.company, date }) : t('quote.validShort', { date })),
      h('ul.lines.boxed', {}, current.lines.map((line) => lineItem(line, h('p.quiet', {}, `× ${line.quantity}`)))),
      h('p.sum', {}, h('span', {}, t('basket.total')), h('strong', {}, money(total(current.lines)))),
      h('div.actions', {}, h('button.button', { type: 'button', id: 'accept-quote', onclick: () => accept(current) }, t('quote.accept'), icon('check'))),
      leaveHint()),
  };
}
