import assert from 'node:assert/strict';
import test from 'node:test';
import { BASE, newStorage, openPage } from './page.mjs';

const bag = { product_id: 'bag-1', name: 'Canvas bag', price: 49.9, quantity: 2 };
const cart = { cart_id: 'basket-7', cart_token: 'f'.repeat(32), currency: 'EUR', products: [bag] };
const server = (request) => (request.url.endsWith('cart.json') ? { json: cart } : { status: 200 });
const link = 'https://shop.example/cart?a=1&cw=tok_en%2B1&utm_source=cartwheel#top';

test('a restore link fetches the cart and hands it to the shop, whenever it asks', async () => {
  const page = openPage({ url: link, answer: server });
  const early = [];
  page.shop.on('restore', (data) => early.push(data));
  await page.pass(1000);
  const late = [];
  page.shop.on('restore', (data) => late.push(data));
  assert.equal(page.requests[0].url, `${BASE}/r/tok_en%2B1/cart.json`);
  assert.deepEqual(JSON.parse(JSON.stringify(early)), [cart]);
  assert.deepEqual(JSON.parse(JSON.stringify(late)), [cart]);
});

test('the link\'s secret leaves the address bar and is in no event\'s page address', async () => {
  const page = openPage({ url: link, answer: server });
  await page.pass(1000);
  assert.equal(page.address.href, 'https://shop.example/cart?a=1&utm_source=cartwheel#top');
  for (const event of page.events()) assert.ok(!JSON.stringify(event.context.page).includes('tok_en'));
});

test('the restored cart is the one that later events belong to, until an order', async () => {
  const page = openPage({ url: link, answer: server });
  await page.pass(1000);
  page.shop.cart({ products: [bag] });
  page.shop.order({ order_id: 'A-3' });
  page.shop.cart({ products: [bag] });
  await page.pass(1000);
  const [restored, fresh] = page.named('Cart Updated');
  const [order] = page.named('Order Completed');
  for (const event of [restored, order]) {
    assert.equal(event.properties.cart_id, 'basket-7');
    assert.equal(event.context.cart_token, cart.cart_token);
    assert.equal(event.context.restore_token, 'tok_en%2B1');
  }
  assert.notEqual(fresh.properties.cart_id, 'basket-7');
  assert.equal(fresh.context.restore_token, undefined);
});

test('before consent the cart is restored for the shopper, but nothing is stored; consent then adopts it', async () => {
  const storage = newStorage();
  const page = openPage({ mode: 'after_consent', url: link, answer: server, storage });
  let got;
  page.shop.on('restore', (data) => (got = data));
  await page.pass(1000);
  assert.equal(got.cart_id, 'basket-7');
  assert.deepEqual(storage.writes, []);
  assert.equal(page.posts().length, 0);
  page.shop.consent(true);
  page.shop.cart({ products: [bag] });
  await page.pass(1000);
  assert.equal(page.named('Cart Updated')[0].properties.cart_id, 'basket-7');
});

test('an expired link is told to the shop', async () => {
  const page = openPage({ url: link, answer: (request) => (request.method === 'GET' ? { status: 404 } : { status: 200 }) });
  let failed = 0;
  page.shop.on('restore_failed', () => failed++);
  await page.pass(1000);
  assert.equal(failed, 1);
  page.shop.cart({ products: [bag] });
  await page.pass(1000);
  assert.equal(page.named('Cart Updated')[0].context.restore_token, undefined);
});

test('the page view of a restore link carries the link, as the proof that a person came', async () => {
  const page = openPage({ url: link, answer: server });
  await page.pass(1000);
  assert.equal(page.events()[0].type, 'page');
  assert.equal(page.events()[0].context.restore_token, 'tok_en%2B1');
});
