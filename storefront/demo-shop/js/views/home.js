import { add } from '../basket.js';
import { image, money, nameOf, products } from '../catalogue.js';
import { h, icon } from '../dom.js';
import { openDrawer } from '../drawer.js';
import { t } from '../texts.js';

function card(product) {
  const buy = () => {
    add(product, product.variants?.[0]);
    openDrawer(t('added', { name: nameOf(product) }));
  };
  return h('li.card', {},
    h('a.card-picture', { href: `#/product/${product.id}`, tabindex: -1, 'aria-hidden': 'true' },
      h('img', { src: image(product), alt: '', width: 400, height: 400, loading: 'lazy' })),
    h('div.card-text', {},
      h('h3', {}, h('a', { href: `#/product/${product.id}` }, nameOf(product))),
      h('p.price', {}, money(product.price))),
    product.business
      ? h('a.button.small.outline', { href: '#/quote' }, t('companies.action'))
      : h('button.button.small.outline', { type: 'button', onclick: buy, 'aria-label': `${t('add')}: ${nameOf(product)}` }, t('add')));
}

export function home() {
  const content = h('div', {},
    h('section.hero', {},
      h('div.hero-text', {},
        h('h1', {}, t('hero.title')),
        h('p', {}, t('hero.text')),
        h('a.button', { href: '#goods' }, t('hero.action'), icon('arrow'))),
      h('img.hero-wheel', { src: 'wheel.svg', alt: t('hero.alt'), width: 640, height: 640 })),
    h('ul.promises', {}, [1, 2, 3].map((n) => h('li', {}, icon('check'), t(`promise.${n}`)))),
    h('section.goods', { 'aria-labelledby': 'goods' },
      h('div.section-head', {}, h('h2', { id: 'goods', tabindex: -1 }, t('goods.title')), h('p.quiet', {}, t('goods.text'))),
      h('ul.grid', {}, products.map(card))),
    h('section.companies', {},
      h('img', { src: 'products/cargo.svg', alt: '', width: 400, height: 400, loading: 'lazy' }),
      h('div', {},
        h('h2', {}, t('companies.title')),
        h('p', {}, t('companies.text')),
        h('a.button', { href: '#/quote' }, t('companies.action'), icon('arrow')))));
  return { content };
}
