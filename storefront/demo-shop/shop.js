// The demo shop: an ordinary shop that uses the snippet and public addresses only.
import { count, lines, restore, asCart, onChange } from './js/basket.js';
import { useCurrency } from './js/catalogue.js';
import { byId, toast } from './js/dom.js';
import { openDrawer } from './js/drawer.js';
import { drawFrame, drawBasketCount } from './js/frame.js';
import { watchPrivacy } from './js/privacy.js';
import { language, t } from './js/texts.js';
import { checkout } from './js/views/checkout.js';
import { home } from './js/views/home.js';
import { left, thanks } from './js/views/endings.js';
import { product } from './js/views/product.js';
import { quote, quoteReady } from './js/views/quote.js';

const routes = [
  [/^#\/product\/(\w+)$/, product],
  [/^#\/checkout(?:\/([123]))?$/, checkout],
  [/^#\/quote$/, quote],
  [/^#\/quote\/ready$/, quoteReady],
  [/^#\/thanks\/([\w-]+)$/, thanks],
  [/^#\/left$/, left],
];

let storeName = 'Wheelhouse';
let first = true;

function show() {
  const [, view, match] = routes.map(([pattern, fn]) => [pattern, fn, pattern.exec(location.hash)]).find((row) => row[2]) ?? [0, home];
  const { title, content } = view(match?.[1]);
  document.title = title ? `${title} · ${storeName}` : storeName;
  byId('main').replaceChildren(content);
  if (byId('drawer').open) byId('drawer').close();
  if (!first) {
    const anchor = /^#\w/.test(location.hash) && byId(location.hash.slice(1));
    window.scrollTo({ top: anchor ? anchor.offsetTop - 16 : 0, behavior: 'instant' });
    (anchor || byId('main')).focus({ preventScroll: true });
    cartwheel.page(document.title); // the snippet sends the first one itself
  }
  first = false;
}

/** The store's public key decides which snippet this page loads, as a pasted script tag would. */
async function connect() {
  try {
    const answer = await fetch('config.json');
    if (!answer.ok) throw new Error(`config.json: ${answer.status}`);
    const config = await answer.json();
    useCurrency(config.currency);
    storeName = config.store_name || storeName;
    return config.public_key;
  } catch (error) {
    console.warn('The shop works, but Cartwheel does not hear of it:', error.message);
    return undefined;
  }
}

cartwheel.on('restore', (cart) => {
  const kind = restore(cart);
  if (!kind) return toast(t('basket.gone'));
  if (kind === 'quote') {
    location.hash = '#/quote/ready';
    return toast(t('quote.restored'));
  }
  cartwheel.cart(asCart());
  openDrawer(t('basket.restored'));
});
cartwheel.on('restore_failed', () => toast(t('basket.expired')));

document.documentElement.lang = language();
const publicKey = await connect();
drawFrame(storeName);
drawBasketCount(count());
onChange(() => drawBasketCount(count()));
show();
addEventListener('hashchange', show);
if (lines().length) cartwheel.cart(asCart());

if (publicKey) {
  const script = document.createElement('script');
  script.src = `/s/${encodeURIComponent(publicKey)}.js`;
  script.async = true;
  script.addEventListener('load', watchPrivacy);
  document.head.append(script);
}
