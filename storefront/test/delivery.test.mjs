import assert from 'node:assert/strict';
import test from 'node:test';
import { BASE, KEY, newStorage, openPage } from './page.mjs';

const bag = { product_id: 'bag-1', name: 'Canvas bag', price: 49.9, quantity: 1 };
const offline = () => {
  throw new TypeError('Failed to fetch');
};
const ids = (events) => events.map((event) => event.messageId);

test('offline: events wait in the browser, over pages, and arrive once with their first ids and times', async () => {
  const storage = newStorage();
  const first = openPage({ storage, answer: offline });
  first.shop.cart({ products: [bag] });
  await first.pass(1000);
  const kept = first.queue();
  assert.equal(kept.length, 2);

  const second = openPage({ storage, now: Date.UTC(2026, 0, 6) });
  await second.pass(1000);
  assert.deepEqual(second.events().slice(0, 2).map((event) => [event.messageId, event.timestamp]), kept.map((event) => [event.messageId, event.timestamp]));
  assert.equal(second.queue().length, 0);
  await second.pass(3_600_000);
  assert.equal(new Set(ids(second.events())).size, second.events().length);
});

test('the browser coming back online sends at once', async () => {
  let up = false;
  const page = openPage({ answer: () => (up ? { status: 200 } : offline()) });
  await page.pass(60_000);
  const before = page.requests.length;
  up = true;
  page.fire('window:online');
  await page.pass(1);
  assert.equal(page.requests.length, before + 1);
  assert.equal(page.shop.status().queued, 0);
});

test('a failing server is asked more and more rarely, with the same ids', async () => {
  const page = openPage({ answer: () => ({ status: 503 }) });
  await page.pass(3_600_000);
  assert.ok(page.requests.length > 8 && page.requests.length < 40, `${page.requests.length} requests in an hour`);
  assert.equal(new Set(page.requests.map((request) => ids(request.body.batch).join())).size, 1);
});

test('Retry-After is honoured, on the next page too', async () => {
  const storage = newStorage();
  const page = openPage({ storage, answer: () => ({ status: 429, headers: { 'Retry-After': '120' } }) });
  page.shop.cart({ products: [bag] });
  await page.pass(119_000);
  assert.equal(page.requests.length, 1);
  await page.pass(2000);
  assert.equal(page.requests.length, 2);

  const next = openPage({ storage, now: Date.UTC(2026, 0, 5, 9, 2, 30) });
  await next.pass(60_000);
  assert.equal(next.requests.length, 0);
  await next.pass(60_000);
  assert.equal(next.requests.length, 1);
});

test('an absurd Retry-After or a clock set back does not silence the shop for ever', async () => {
  const storage = newStorage();
  const page = openPage({ storage, answer: () => ({ status: 429, headers: { 'Retry-After': '99999999' } }) });
  await page.pass(2 * 3_600_000);
  assert.ok(page.requests.length >= 2);
  const earlier = openPage({ storage, now: Date.UTC(2020, 0, 1) });
  await earlier.pass(1000);
  assert.equal(earlier.requests.length, 1);
});

test('what the server refuses for good is not repeated, and does not hold up the rest', async () => {
  const page = openPage({ answer: (request) => ({ status: request.body.batch.some((event) => event.event === 'Bad') ? 400 : 200 }) });
  page.shop.track('Bad', {});
  await page.pass(1000);
  page.shop.track('Good', {});
  await page.pass(60_000);
  assert.equal(page.requests.length, 2);
  assert.deepEqual(page.named('Good').length, 1);
  assert.equal(page.shop.status().queued, 0);
});

test('the queue is bounded: the newest hundred events stay, or fewer when they are large', async () => {
  const page = openPage({ answer: offline });
  for (let i = 0; i < 250; i++) page.shop.track('Product Viewed', { n: i });
  const queue = page.queue();
  assert.equal(queue.length, 100);
  assert.equal(queue[99].properties.n, 249);

  for (let i = 0; i < 50; i++) page.shop.track('Product Viewed', { n: i, text: 'x'.repeat(20_000) });
  assert.ok(JSON.stringify(page.record()).length < 300_000);
  assert.equal(page.queue().at(-1).properties.n, 49);
});

test('a request stays under the 64 KiB that a beacon may have', async () => {
  const page = openPage();
  for (let i = 0; i < 60; i++) page.shop.track('Product Viewed', { text: 'ü'.repeat(2500) });
  await page.pass(60_000);
  assert.equal(page.named('Product Viewed').length, 60);
  for (const request of page.posts()) assert.ok(Buffer.byteLength(request.options.body) < 65_536);
});

test('leaving sends the rest by one beacon: text, key in the body, and the next page repeats the same ids', async () => {
  const storage = newStorage();
  const page = openPage({ storage });
  page.shop.cart({ products: [bag] });
  page.win.document.visibilityState = 'hidden';
  page.fire('document:visibilitychange');
  page.fire('window:pagehide');
  assert.equal(page.beacons.length, 1);
  const [beacon] = page.beacons;
  assert.equal(beacon.url, `${BASE}/v1/batch`);
  assert.equal(beacon.type, 'string');
  assert.equal(beacon.body.writeKey, KEY);
  assert.ok(beacon.body.sentAt);
  const next = openPage({ storage });
  await next.pass(1000);
  assert.deepEqual(ids(next.events()).slice(0, 2), ids(beacon.body.batch));
});

test('nothing waiting, no beacon', async () => {
  const page = openPage();
  await page.pass(1000);
  page.fire('window:pagehide');
  assert.equal(page.beacons.length, 0);
});

test('two tabs share the queue without losing an event', async () => {
  const storage = newStorage();
  const one = openPage({ storage });
  const two = openPage({ storage });
  one.shop.track('From one', {});
  two.shop.track('From two', {});
  one.shop.track('From one', {});
  await one.pass(1000);
  await two.pass(1000);
  assert.equal(new Set(ids([...one.events(), ...two.events()])).size, 5);
  assert.equal(storage.items.size, 1);
});
