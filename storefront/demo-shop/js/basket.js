// The shop's own basket and its quote, kept in this browser. Cartwheel is told of each change; it does not keep the basket for the shop.
import { find, products, segmentProduct, shopCurrency } from './catalogue.js';

const BASKET = 'wheelhouse.basket';
const QUOTE = 'wheelhouse.quote';
const changed = new EventTarget();
let session = {}; // when the browser refuses storage

function load(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? undefined;
  } catch {
    return session[key];
  }
}

function save(key, value) {
  session[key] = value;
  try {
    if (value === undefined) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // kept in `session` for this page
  }
}

const sameLine = (a, b) => a.id === b.id && (a.variant ?? '') === (b.variant ?? '');
const known = (lines) => (Array.isArray(lines) ? lines.filter((line) => find(line?.id) && line.quantity > 0) : []);

/** Lines as {product, variant, quantity}. */
export const lines = () => known(load(BASKET)).map((line) => ({ product: find(line.id), variant: line.variant, quantity: line.quantity }));
export const count = (of = lines()) => of.reduce((sum, line) => sum + line.quantity, 0);
export const total = (of = lines()) => of.reduce((sum, line) => sum + line.product.price * line.quantity, 0);

function store(next) {
  save(BASKET, next.map(({ product, variant, quantity }) => ({ id: product.id, variant, quantity })));
  changed.dispatchEvent(new Event('change'));
}

export const onChange = (fn) => changed.addEventListener('change', fn);

/** The cart as Cartwheel is told of it. */
export const asCart = (of = lines()) => ({ currency: shopCurrency(), value: total(of), products: of.map(segmentProduct) });

export function add(product, variant, quantity = 1) {
  const next = lines();
  const line = next.find((other) => sameLine({ id: other.product.id, variant: other.variant }, { id: product.id, variant }));
  if (line) line.quantity += quantity;
  else next.push({ product, variant, quantity });
  store(next);
  cartwheel.cart({ currency: shopCurrency(), add: segmentProduct({ product, variant, quantity }) });
  cartwheel.cart(asCart(next));
}

/** Sets the quantity of a line; 0 takes it out. */
export function setQuantity(index, quantity) {
  const next = lines();
  const [line] = quantity > 0 ? [] : next.splice(index, 1);
  if (line) cartwheel.cart({ currency: shopCurrency(), remove: segmentProduct(line) });
  else next[index].quantity = quantity;
  store(next);
  cartwheel.cart(asCart(next));
}

export const empty = () => store([]);

/** The shop's lines for what a restore link brought back; what is no longer sold is left out. */
function fromProducts(list) {
  return (Array.isArray(list) ? list : []).flatMap((item) => {
    const product = products.find((one) => one.id === item.product_id || String(item.sku ?? '').startsWith(one.sku));
    if (!product) return [];
    const variant = product.variants?.find((one) => String(item.sku ?? '').endsWith(`-${one.toUpperCase()}`));
    return [{ product, variant: variant ?? product.variants?.[0], quantity: Math.max(1, Math.trunc(item.quantity) || 1) }];
  });
}

/** Takes over a restored cart; answers what kind it was, or nothing when no line of it is still sold. */
export function restore(cart) {
  const restored = fromProducts(cart.products ?? cart.items);
  if (!restored.length) return undefined;
  if (cart.kind === 'quote') {
    saveQuote({ ...quote(), id: cart.cart_id ?? quote()?.id, lines: restored });
    return 'quote';
  }
  store(restored);
  return 'cart';
}

// ---- a quote: a cart of its own, with a number and a date ----

/** The quote of this browser: {id, number, company, validUntil, lines}. */
export function quote() {
  const kept = load(QUOTE);
  if (!kept?.id) return undefined;
  const list = known(kept.lines).map((line) => ({ product: find(line.id), variant: line.variant, quantity: line.quantity }));
  return list.length ? { ...kept, lines: list } : undefined;
}

export function saveQuote(value) {
  save(QUOTE, value && { ...value, lines: value.lines.map(({ product, variant, quantity }) => ({ id: product.id, variant, quantity })) });
}
