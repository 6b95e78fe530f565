// The basket, as a drawer over the page.
import { lines, onChange, setQuantity, total } from './basket.js';
import { image, money, nameOf, variantName } from './catalogue.js';
import { byId, h, icon } from './dom.js';
import { offer } from './notices.js';
import { t } from './texts.js';

/** One line with its picture; `controls` is what stands under the name. */
export function lineItem({ product, variant, quantity }, controls) {
  return h('li.line', {},
    h('img', { src: image(product), alt: '', width: 72, height: 72 }),
    h('div.line-text', {},
      h('p.line-name', {}, nameOf(product)),
      variant && h('p.quiet', {}, variantName(variant)),
      controls),
    h('p.line-price', {}, money(product.price * quantity)));
}

function stepper(line, index) {
  const name = nameOf(line.product);
  const button = (label, change, picture) => h('button.step', { type: 'button', 'aria-label': t(label, { name }), onclick: () => {
    setQuantity(index, line.quantity + change);
    refocus(`.line:nth-child(${index + 1}) .step:${change < 0 ? 'first' : 'last'}-of-type`);
  } }, icon(picture));
  return h('div.stepper', {}, button(line.quantity > 1 ? 'basket.less' : 'basket.remove', -1, line.quantity > 1 ? 'minus' : 'close'),
    h('span', { 'aria-label': `${t('quantity')}: ${line.quantity}`, role: 'img' }, line.quantity), button('basket.more', 1, 'plus'));
}

const refocus = (selector) => (byId('drawer').querySelector(selector) ?? byId('drawer-title')).focus();

function draw(message) {
  const current = lines();
  byId('drawer').replaceChildren(h('div.drawer', {},
    h('div.drawer-head', {},
      h('h2', { id: 'drawer-title', tabindex: -1 }, t('basket.title')),
      h('button.round', { type: 'button', 'aria-label': t('basket.close'), onclick: () => byId('drawer').close() }, icon('close'))),
    message && h('p.good', { role: 'status' }, icon('check'), message),
    current.length
      ? h('ul.lines', {}, current.map((line, index) => lineItem(line, stepper(line, index))))
      : h('p.nothing', {}, t('basket.empty')),
    current.length > 0 && h('div.drawer-foot', {},
      h('p.sum', {}, h('span', {}, t('basket.total')), h('strong', { id: 'basket-total' }, money(total(current)))),
      h('p.quiet', {}, t('basket.included')),
      h('a.button.wide', { href: '#/checkout/1' }, t('basket.checkout'), icon('arrow')),
      h('a.plain', { href: '#/quote' }, t('basket.quote')),
      offer(() => byId('drawer').open && draw()))));
}

export function openDrawer(message) {
  draw(message);
  if (byId('drawer').open) return;
  byId('drawer').showModal();
  byId('drawer-title').focus();
  if (lines().length) cartwheel.track('Cart Viewed', {});
}

onChange(() => byId('drawer').open && draw());
byId('drawer').addEventListener('click', (event) => {
  if (event.target === byId('drawer')) byId('drawer').close(); // the backdrop
});
