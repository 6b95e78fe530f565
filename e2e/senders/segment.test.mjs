// The official Segment client for Node, unchanged, sends to /v1; the API shows what came of it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Analytics } from '@segment/analytics-node';
import { carts, contacts } from '../support/graphql.mjs';
import { createStore, eventually, startServer } from '../support/server.mjs';

let server;
let store;
let other;

before(async () => {
  server = await startServer({
    prepare: async (run) => {
      store = await createStore(run, { name: 'Segment shop', email: 'segment@example.org', settings: { currency: 'EUR' } });
      other = await createStore(run, { name: 'Another shop', email: 'another@example.org' });
    },
  });
});
after(() => server?.stop());

/** A client as the documentation makes it; what the server refuses is an error. */
function client(writeKey = store.write_key) {
  const analytics = new Analytics({ writeKey, host: server.url, flushAt: 5, maxRetries: 0 });
  const faults = [];
  analytics.on('error', (fault) => faults.push(fault));
  return {
    analytics,
    faults,
    async done() {
      await analytics.closeAndFlush();
      assert.deepEqual(faults, []);
    },
  };
}

const lamp = { product_id: 'lamp', sku: 'L-1', name: 'Desk lamp', price: 45.5, quantity: 2, image_url: 'https://shop.example/lamp.png', url: 'https://shop.example/lamp' };
const desk = { product_id: 'desk', sku: 'D-1', name: 'Oak desk', price: 399, quantity: 1 };

const cartOf = (email) => eventually(() => carts(server.url, store, email), (found) => found.length > 0, { what: `the cart of ${email}` });

test('a cart that is filled and a checkout that is begun become one open cart of a known contact', async () => {
  const { analytics, done } = client();
  const anonymousId = 'segment-visitor-1';
  const email = 'ada@segment.example';
  analytics.page({ anonymousId, name: 'Lamps', properties: { url: 'https://shop.example/lamps' } });
  analytics.track({ anonymousId, event: 'Product Viewed', properties: { ...lamp, currency: 'EUR' } });
  analytics.track({ anonymousId, event: 'Product Added', properties: { cart_id: 'segment-cart-1', currency: 'EUR', ...lamp } });
  analytics.track({ anonymousId, event: 'Product Added', properties: { cart_id: 'segment-cart-1', currency: 'EUR', ...desk } });
  analytics.identify({ userId: 'customer-1', anonymousId, traits: { email, firstName: 'Ada', lastName: 'Lovelace' } });
  analytics.track({ userId: 'customer-1', anonymousId, event: 'Checkout Started', properties: { cart_id: 'segment-cart-1', checkout_id: 'segment-checkout-1', currency: 'EUR', value: 490, products: [lamp, desk] } });
  await done();

  const [cart, ...rest] = await cartOf(email);
  assert.deepEqual(rest, []);
  assert.deepEqual([cart.kind, cart.status], ['CHECKOUT', 'CHECKOUT']);
  assert.deepEqual(cart.total, { decimal: '490.00', currency: 'EUR' });
  assert.deepEqual(cart.lines.map((line) => [line.title, line.quantity, line.price.decimal]), [['Desk lamp', 2, '45.50'], ['Oak desk', 1, '399.00']]);
  assert.equal(cart.contact.name, 'Ada Lovelace');
});

test('an order ends the cart; a refund is taken back out', async () => {
  const { analytics, done } = client();
  const userId = 'customer-2';
  const email = 'grace@segment.example';
  analytics.identify({ userId, traits: { email } });
  analytics.track({ userId, event: 'Cart Viewed', properties: { cart_id: 'segment-cart-2', currency: 'EUR', products: [desk] } });
  analytics.track({ userId, event: 'Order Completed', properties: { cart_id: 'segment-cart-2', order_id: 'S-1001', total: 399, revenue: 335.29, tax: 63.71, currency: 'EUR', products: [desk] } });
  await done();
  const [cart] = await eventually(() => carts(server.url, store, email), ([one]) => one?.status === 'CONVERTED', { what: 'the converted cart' });
  assert.deepEqual(cart.order.total, { decimal: '399.00', currency: 'EUR' });

  const second = client();
  second.analytics.track({ userId, event: 'Order Refunded', properties: { order_id: 'S-1001', total: 99, currency: 'EUR' } });
  await second.done();
  await eventually(() => carts(server.url, store, email), ([one]) => one?.order?.refunded.decimal === '99.00', { what: 'the refund' });
  const [contact] = await contacts(server.url, store, email);
  assert.equal(contact.ordersCount, 1);
});

test('a line that is removed leaves the cart', async () => {
  const { analytics, done } = client();
  const userId = 'customer-3';
  const email = 'mary@segment.example';
  analytics.identify({ userId, traits: { email } });
  analytics.track({ userId, event: 'Product Added', properties: { cart_id: 'segment-cart-3', currency: 'EUR', ...lamp } });
  analytics.track({ userId, event: 'Product Added', properties: { cart_id: 'segment-cart-3', currency: 'EUR', ...desk } });
  analytics.track({ userId, event: 'Product Removed', properties: { cart_id: 'segment-cart-3', ...lamp } });
  await done();
  const [cart] = await eventually(() => carts(server.url, store, email), ([one]) => one?.lines.length === 1, { what: 'the smaller cart' });
  assert.equal(cart.lines[0].title, 'Oak desk');
});

test('the same message twice counts once', async () => {
  const message = { userId: 'customer-4', messageId: 'segment-message-4', event: 'Product Added', properties: { cart_id: 'segment-cart-4', currency: 'EUR', ...lamp } };
  const email = 'twice@segment.example';
  for (let i = 0; i < 2; i++) {
    const { analytics, done } = client();
    analytics.identify({ userId: message.userId, traits: { email } });
    analytics.track(message);
    await done();
  }
  const [cart] = await cartOf(email);
  assert.deepEqual(cart.lines.map((line) => line.quantity), [2]);
});

test('a wrong write key is refused, and the client is told', async () => {
  const { analytics, faults } = client('cww_not-a-key-of-anybody');
  analytics.track({ userId: 'customer-5', event: 'Product Added', properties: { cart_id: 'x', ...lamp } });
  await analytics.closeAndFlush();
  assert.equal(faults.length, 1);
  assert.match(String(faults[0].reason?.message ?? faults[0].reason ?? faults[0].message ?? ''), /401/);
});

test('one store sees nothing of the other', async () => {
  assert.deepEqual(await carts(server.url, other), []);
});
