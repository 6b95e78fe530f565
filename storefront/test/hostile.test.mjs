import assert from 'node:assert/strict';
import test from 'node:test';
import { RECORD, newStorage, openPage } from './page.mjs';

const bag = { product_id: 'bag-1', name: 'Canvas bag', price: 49.9, quantity: 1 };
const leave = { clientY: -1, relatedTarget: null };

/** Calls everything in every shape; any exception fails the test. */
async function poke(page) {
  const shop = page.shop;
  const circle = {};
  circle.self = circle;
  for (const value of [undefined, null, 0, '', 'text', [], {}, circle, { products: null }, { add: null }, () => {}, Symbol('s'), 10n]) {
    for (const name of ['track', 'identify', 'cart', 'checkout', 'order', 'page', 'on', 'status']) {
      shop[name](value);
      shop[name](value, value);
    }
  }
  page.fire('document:mouseout', leave);
  page.fire('document:change', { target: null });
  page.fire('window:pagehide');
  page.fire('window:online');
  page.fire('document:visibilitychange');
  await page.pass(600_000);
}

test('every call survives every argument, and good events still arrive afterwards', async () => {
  const page = openPage({ config: { e: true } });
  await poke(page);
  page.shop.track('Product Viewed', bag);
  await page.pass(1000);
  assert.equal(page.named('Product Viewed').length, 1);
});

for (const missing of [['crypto'], ['fetch'], ['sendBeacon'], ['localStorage'], ['crypto', 'fetch', 'sendBeacon', 'localStorage']]) {
  test(`a page without ${missing.join(', ')} is left in peace`, async () => {
    await poke(openPage({ without: missing, url: 'https://shop.example/?cw=abc' }));
  });
}

test('storage forbidden: events are still sent from memory', async () => {
  const page = openPage({ without: ['localStorage'] });
  page.shop.cart({ products: [bag] });
  page.shop.cart({ products: [bag, bag] });
  await page.pass(1000);
  assert.equal(new Set(page.named('Cart Updated').map((event) => event.properties.cart_id)).size, 1);
  assert.equal(page.named('Cart Updated').length, 2);
});

test('storage full: events are still sent', async () => {
  const storage = newStorage();
  storage.api.setItem = () => {
    throw new Error('QuotaExceededError');
  };
  const page = openPage({ storage });
  page.shop.cart({ products: [bag] });
  await page.pass(1000);
  assert.equal(page.named('Cart Updated').length, 1);
});

test('no secure random source: no guessable token is made, nothing is sent', async () => {
  const page = openPage({ without: ['crypto'] });
  page.shop.cart({ products: [bag] });
  await page.pass(1000);
  assert.equal(page.requests.length, 0);
  assert.equal(page.shop.status().active, false);
});

test('no fetch: the beacon delivers when the shopper leaves', async () => {
  const page = openPage({ without: ['fetch'] });
  page.shop.cart({ products: [bag] });
  await page.pass(1000);
  page.fire('window:pagehide');
  assert.equal(page.beacons[0].body.batch.length, 2);
});

for (const junk of ['', 'x', '1', '"text"', '[]', '{}', '{"a":1}', '{"a":"b","q":"c"}', '{"a":"b","q":null}', '{"a":"b","t":"c","q":[1]}', 'null', '{"__proto__":{"g":0}}']) {
  test(`a record spoilt to ${JSON.stringify(junk)} is replaced, not obeyed`, async () => {
    const storage = newStorage();
    storage.items.set(RECORD, junk);
    const page = openPage({ storage });
    page.shop.cart({ products: [bag] });
    await page.pass(1000);
    assert.equal(page.named('Cart Updated').length, 1);
  });
}

test('a listener of the shop that throws harms neither the snippet nor the other listeners', async () => {
  const page = openPage();
  let told = 0;
  page.shop.on('exit', () => {
    throw new Error('the shop\'s own fault');
  });
  page.shop.on('exit', () => told++);
  page.fire('document:mouseout', leave);
  assert.equal(told, 1);
});

test('malformed addresses, a missing history and a throwing fetch do not stop the script', async () => {
  const broken = openPage({
    url: 'https://shop.example/?utm_source=%E0%A4%A&cw=%zz&cw=abc',
    hostile: (win) => {
      delete win.history;
    },
  });
  broken.shop.track('Product Viewed', bag);
  await broken.pass(1000);
  assert.equal(broken.named('Product Viewed').length, 1);

  const throwing = openPage({
    hostile: (win) => {
      win.fetch = () => {
        throw new Error('replaced by another script');
      };
    },
  });
  throwing.shop.cart({ products: [bag] });
  await throwing.pass(600_000);
  throwing.fire('window:pagehide');
  assert.equal(throwing.beacons.length, 1);
});

test('one global, and the script twice on a page works once', async () => {
  const page = openPage();
  assert.deepEqual(page.leaked(), ['cartwheel']);
  page.load();
  page.shop.cart({ products: [bag] });
  await page.pass(1000);
  assert.equal(page.named('Cart Updated').length, 1);
  assert.equal(page.events().filter((event) => event.type === 'page').length, 1);
});

test('the shop\'s own objects are not changed and a later change of theirs is not sent', async () => {
  const page = openPage();
  const products = [{ ...bag }];
  const mine = { products };
  page.shop.cart(mine);
  products[0].price = 1;
  await page.pass(1000);
  assert.deepEqual(Object.keys(mine), ['products']);
  assert.equal(page.named('Cart Updated')[0].properties.products[0].price, 49.9);
});

test('no task takes longer than 10 ms, with a full queue of large carts', async () => {
  const page = openPage({ answer: () => ({ status: 503 }) });
  const products = Array.from({ length: 20 }, () => ({ ...bag, url: 'https://shop.example/' + 'x'.repeat(80) }));
  for (let i = 0; i < 120; i++) page.shop.cart({ products });
  const times = []; // of the processor: what else the machine does is not the snippet's fault
  for (let i = 0; i < 50; i++) {
    const before = process.cpuUsage();
    page.shop.cart({ products });
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1000);
  }
  times.sort((a, b) => a - b);
  assert.ok(times[25] < 10, `median ${times[25].toFixed(1)} ms`);
});
