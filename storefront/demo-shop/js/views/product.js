import { add } from '../basket.js';
import { find, image, money, nameOf, segmentProduct, shopCurrency, variantName } from '../catalogue.js';
import { h } from '../dom.js';
import { openDrawer } from '../drawer.js';
import { field, form, select } from '../form.js';
import { t } from '../texts.js';
import { home } from './home.js';

export function product(id) {
  const item = find(id);
  if (!item) return home();
  cartwheel.track('Product Viewed', { ...segmentProduct({ product: item, quantity: 1 }), currency: shopCurrency() });

  const buy = ({ variant, quantity }) => {
    add(item, variant, Number(quantity));
    openDrawer(t('added', { name: nameOf(item) }));
  };
  const content = h('article.product', {},
    h('p.crumb', {}, h('a', { href: '#goods' }, t('back'))),
    h('img.product-picture', { src: image(item), alt: '', width: 640, height: 640 }),
    h('div.product-text', {},
      h('h1', {}, nameOf(item)),
      h('p.price', {}, money(item.price)),
      h('p.lead', {}, t(`${item.id}.text`)),
      item.business
        ? h('a.button.wide', { href: '#/quote' }, t('companies.action'))
        : form({}, buy,
          item.variants && select('variant', t('choose'), item.variants.map((one) => [one, variantName(one)])),
          field('quantity', t('quantity'), { type: 'number', min: 1, max: 500, value: 1, inputmode: 'numeric' }),
          h('button.button.wide', { type: 'submit' }, t('add'))),
      h('ul.promises.stacked', {}, [1, 2, 3].map((n) => h('li', {}, t(`promise.${n}`))))));
  return { title: nameOf(item), content };
}
