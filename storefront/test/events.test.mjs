import assert from 'node:assert/strict';
import test from 'node:test';
import { BASE, KEY, newStorage, openPage } from './page.mjs';

const bag = { product_id: 'bag-1', name: 'Canvas bag', price: 49.9, quantity: 1 };

test('events go to /v1/batch with Basic auth, the public key as user name', async () => {
  const page = openPage();
  page.shop.track('Product Viewed', bag);
  await page.pass(1000);
  const [request] = page.posts();
  assert.equal(request.url, `${BASE}/v1/batch`);
  assert.equal(request.headers.Authorization, `Basic ${btoa(`${KEY}:`)}`);
  assert.equal(request.options.credentials, 'omit');
  const [event] = page.named('Product Viewed');
  assert.equal(event.type, 'track');
  assert.deepEqual(event.properties, bag);
  assert.equal(event.context.page.url, 'https://shop.example/bags');
  assert.equal(event.context.page.referrer, 'https://search.example/');
  assert.equal(event.context.locale, 'de');
});

test('a page view is sent for each page, and by page() for each view of a single-page shop', async () => {
  const page = openPage();
  page.shop.page('Checkout');
  await page.pass(1000);
  assert.deepEqual(page.events().map((event) => [event.type, event.name]), [['page', 'Bags'], ['page', 'Checkout']]);
});

test('every event has an id of its own, 128 bit, and all carry this browser\'s anonymous id and cart token', async () => {
  const storage = newStorage();
  const first = openPage({ storage });
  for (let i = 0; i < 20; i++) first.shop.track('Product Viewed', bag);
  await first.pass(1000);
  const second = openPage({ storage });
  await second.pass(1000);
  const events = [...first.events(), ...second.events()];
  assert.equal(new Set(events.map((event) => event.messageId)).size, 22);
  assert.equal(new Set(events.map((event) => event.anonymousId)).size, 1);
  assert.equal(new Set(events.map((event) => event.context.cart_token)).size, 1);
  for (const event of events) assert.match(event.messageId, /^[0-9a-f]{32}$/);
  assert.notEqual(events[0].anonymousId, events[0].context.cart_token);
});

test('cart() sets the whole cart, adds and removes, always to the same cart', async () => {
  const page = openPage();
  page.shop.cart({ products: [bag], currency: 'EUR' });
  page.shop.cart({ add: bag, currency: 'EUR' });
  page.shop.cart({ remove: bag });
  await page.pass(1000);
  const carts = page.events().filter((event) => event.type === 'track');
  assert.deepEqual(carts.map((event) => event.event), ['Cart Updated', 'Product Added', 'Product Removed']);
  assert.equal(new Set(carts.map((event) => event.properties.cart_id)).size, 1);
  assert.deepEqual(carts[0].properties.products, [bag]);
  assert.equal(carts[1].properties.product_id, 'bag-1');
  assert.equal(carts[1].properties.add, undefined);
});

test('the shop\'s own cart id is kept for what follows', async () => {
  const page = openPage();
  page.shop.cart({ cart_id: 'basket-7', products: [bag] });
  page.shop.checkout({ value: 49.9 });
  await page.pass(1000);
  assert.equal(page.named('Checkout Started')[0].properties.cart_id, 'basket-7');
});

test('checkout() starts, shows steps and payment, with one checkout id', async () => {
  const page = openPage();
  page.shop.checkout({ value: 49.9, currency: 'EUR', products: [bag] });
  page.shop.checkout(2, { step_name: 'address' });
  page.shop.checkout('payment', { payment_method: 'card' });
  await page.pass(1000);
  const steps = page.events().filter((event) => event.type === 'track');
  assert.deepEqual(steps.map((event) => event.event), ['Checkout Started', 'Checkout Step Viewed', 'Payment Info Entered']);
  assert.equal(new Set(steps.map((event) => event.properties.checkout_id)).size, 1);
  assert.equal(steps[1].properties.step, 2);
});

test('order() ends the cart: the next basket is a new cart', async () => {
  const page = openPage();
  page.shop.cart({ products: [bag] });
  page.shop.order({ order_id: 'A-1', total: 49.9, currency: 'EUR', products: [bag] });
  page.shop.cart({ products: [bag] });
  await page.pass(1000);
  const [before, after] = page.named('Cart Updated');
  const [order] = page.named('Order Completed');
  assert.equal(order.properties.cart_id, before.properties.cart_id);
  assert.notEqual(after.properties.cart_id, before.properties.cart_id);
});

test('a quote is a cart of its own and leaves the basket alone', async () => {
  const page = openPage();
  page.shop.cart({ products: [bag] });
  page.shop.track('Quote Requested', { cart_id: 'Q-9', company: 'Velo AG', valid_until: '2026-02-01', products: [bag] });
  page.shop.cart({ products: [bag, bag] });
  await page.pass(1000);
  const [first, second] = page.named('Cart Updated');
  const [quote] = page.named('Quote Requested');
  assert.equal(quote.properties.kind, 'quote');
  assert.equal(quote.properties.cart_id, 'Q-9');
  assert.equal(second.properties.cart_id, first.properties.cart_id);
});

test('identify() takes traits with or without a user id, which later events carry', async () => {
  const page = openPage();
  page.shop.identify({ email: 'ada@example.org', consent: [{ purpose: 'cart_email', action: 'given' }] });
  page.shop.identify('customer-5', { phone: '+4915112345678' });
  page.shop.track('Cart Viewed', {});
  await page.pass(1000);
  const [first, second] = page.events().filter((event) => event.type === 'identify');
  assert.equal(first.traits.email, 'ada@example.org');
  assert.equal(first.userId, undefined);
  assert.equal(second.userId, 'customer-5');
  assert.equal(page.named('Cart Viewed')[0].userId, 'customer-5');
});

test('an address given to identify() is not kept in the browser after it was sent', async () => {
  const page = openPage();
  page.shop.identify({ email: 'ada@example.org' });
  await page.pass(1000);
  assert.ok(!JSON.stringify([...page.storage.items]).includes('ada@'));
});

test('UTM parameters are kept over pages as the Segment campaign', async () => {
  const storage = newStorage();
  const landing = openPage({ storage, url: 'https://shop.example/?utm_source=mail&utm_campaign=spring+sale&utm_medium=email&other=1' });
  await landing.pass(1000);
  const next = openPage({ storage });
  await next.pass(1000);
  assert.deepEqual(next.events()[0].context.campaign, { source: 'mail', name: 'spring sale', medium: 'email' });
});

test('calls made before the script arrived are done in order', async () => {
  const page = openPage({ stub: [['cart', { products: [bag] }], ['order', { order_id: 'A-2' }]] });
  await page.pass(1000);
  assert.deepEqual(page.events().map((event) => event.event ?? event.type), ['page', 'Cart Updated', 'Order Completed']);
});

test('exit intent is told once to the shop, and to the server only when there is a cart', async () => {
  const leave = { clientY: -1, relatedTarget: null };
  const empty = openPage();
  empty.fire('document:mouseout', leave);
  await empty.pass(1000);
  assert.equal(empty.named('Exit Intent').length, 0);

  const page = openPage();
  let told = 0;
  page.shop.on('exit', () => told++);
  page.shop.cart({ products: [bag] });
  page.fire('document:mouseout', { clientY: 200, relatedTarget: null });
  page.fire('document:mouseout', { clientY: -1, relatedTarget: {} });
  assert.equal(told, 0);
  page.fire('document:mouseout', leave);
  page.fire('document:mouseout', leave);
  await page.pass(1000);
  assert.equal(told, 1);
  assert.equal(page.named('Exit Intent').length, 1);
  assert.equal(page.named('Exit Intent')[0].properties.cart_id, page.named('Cart Updated')[0].properties.cart_id);
});

test('events of one instant keep their order by time', async () => {
  const page = openPage();
  for (let i = 0; i < 5; i++) page.shop.cart({ products: [{ ...bag, quantity: i + 1 }] });
  await page.pass(1000);
  const times = page.named('Cart Updated').map((event) => event.timestamp);
  assert.deepEqual([...new Set(times)].sort(), times);
});
