// What stands around every view: the demo's notice, header and footer.
import { byId, h, icon } from './dom.js';
import { openDrawer } from './drawer.js';
import { language, languageNames, languages, t } from './texts.js';

/** The same page in another language. */
function inLanguage(code) {
  const url = new URL(location.href);
  url.searchParams.set('lang', code);
  return url.pathname + url.search + url.hash;
}

export function drawFrame(storeName) {
  byId('skip').textContent = t('skip');
  byId('skip').addEventListener('click', (event) => {
    event.preventDefault();
    byId('main').focus();
  });
  byId('notice').setAttribute('aria-label', t('demo.label'));
  byId('notice').replaceChildren(h('p.notice', {}, h('strong', {}, t('demo.line')), ' ', h('span', {}, t('demo.how'))));
  byId('header').replaceChildren(h('div.bar', {},
    h('a.brand', { href: '#/' }, h('img', { src: 'mark.svg', alt: '', width: 30, height: 30 }), storeName),
    h('nav', { 'aria-label': t('nav.label') },
      h('a', { href: '#goods' }, t('nav.goods')),
      h('a', { href: '#/quote' }, t('nav.companies'))),
    h('button.basket-button', { type: 'button', id: 'basket-button', 'aria-haspopup': 'dialog', onclick: () => openDrawer() },
      icon('bag'), h('span.basket-word', {}, t('nav.basket')), ' ', h('span.count', { id: 'basket-count' }, '0'), ' ', h('span.unseen', {}, t('nav.items')))));
  byId('footer').replaceChildren(h('div.foot', {},
    h('p', {}, t('footer.text')),
    h('div.privacy', { id: 'privacy' }),
    h('nav.languages', { 'aria-label': t('footer.language') }, languages.map((code) =>
      h('a', { href: inLanguage(code), lang: code, hreflang: code, 'aria-current': code === language() ? 'true' : null, onclick: (event) => {
        event.currentTarget.href = inLanguage(code); // the view may have changed since it was drawn
      } }, languageNames[code])))));
}

export function drawBasketCount(n) {
  byId('basket-count').textContent = n;
  byId('basket-count').classList.toggle('some', n > 0);
}
