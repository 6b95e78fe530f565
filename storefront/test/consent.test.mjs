import assert from 'node:assert/strict';
import test from 'node:test';
import { RECORD, newStorage, openPage } from './page.mjs';

const bag = { product_id: 'bag-1', name: 'Canvas bag', price: 49.9, quantity: 1 };
const typed = (value, extra = {}) => ({ target: { type: 'email', value, form: null, ...extra } });

/** A shopper who does everything a shop can report, and then leaves. */
async function busy(page) {
  page.shop.page('Shop');
  page.shop.track('Product Viewed', bag);
  page.shop.cart({ products: [bag] });
  page.shop.checkout({ products: [bag] });
  page.shop.identify({ email: 'ada@example.org' });
  page.shop.order({ order_id: 'A-1' });
  page.fire('document:change', typed('ada@example.org'));
  page.fire('document:mouseout', { clientY: -1, relatedTarget: null });
  page.fire('window:online');
  await page.pass(60_000);
  page.win.document.visibilityState = 'hidden';
  page.fire('document:visibilitychange');
  page.fire('window:pagehide');
  await page.pass(60_000);
}

function assertSilent(page) {
  assert.deepEqual(page.requests, []);
  assert.deepEqual(page.beacons, []);
  assert.deepEqual(page.storage.writes, []);
  assert.equal(page.storage.items.size, 0);
}

for (const mode of ['off', 'after_consent', undefined, 'a_mode_of_next_year']) {
  test(`mode ${mode}: without consent nothing is stored and nothing is sent`, async () => {
    const page = openPage({ config: { m: mode, e: true } });
    await busy(page);
    assertSilent(page);
    assert.equal(page.shop.status().active, false);
  });
}

test('mode off: not even consent switches it on', async () => {
  const page = openPage({ mode: 'off' });
  page.shop.consent(true);
  await busy(page);
  assertSilent(page);
});

test('after_consent: consent sends what is true now, not the history before it', async () => {
  const page = openPage({ mode: 'after_consent' });
  page.shop.track('Product Viewed', bag);
  page.shop.cart({ products: [bag] });
  page.shop.cart({ products: [bag, bag] });
  page.shop.consent(true);
  page.shop.identify({ email: 'ada@example.org' });
  await page.pass(1000);
  assert.deepEqual(page.events().map((event) => event.event ?? event.type), ['page', 'Cart Updated', 'identify']);
  assert.equal(page.named('Cart Updated')[0].properties.products.length, 2);
});

test('after_consent: a checkout that was begun and walked through before consent is told as both', async () => {
  const page = openPage({ mode: 'after_consent' });
  page.shop.checkout({ value: 49.9, products: [bag] });
  page.shop.checkout(1, { step_name: 'contact' });
  page.shop.checkout(2, { step_name: 'address' });
  page.shop.consent(true);
  await page.pass(1000);
  assert.deepEqual(page.events().map((event) => event.event ?? event.type), ['page', 'Checkout Started', 'Checkout Step Viewed']);
  assert.equal(page.named('Checkout Step Viewed')[0].properties.step, 2);
});

test('after_consent: consent holds on the next page, and a repeat keeps the identity', async () => {
  const storage = newStorage();
  const first = openPage({ mode: 'after_consent', storage });
  first.shop.consent(true);
  await first.pass(1000);
  const next = openPage({ mode: 'after_consent', storage });
  next.shop.consent(true);
  await next.pass(1000);
  assert.equal(next.shop.status().active, true);
  assert.equal(next.events()[0].anonymousId, first.events()[0].anonymousId);
});

test('after_consent: withdrawing deletes everything and stops, on this and the next page', async () => {
  const storage = newStorage();
  const page = openPage({ mode: 'after_consent', storage });
  page.shop.consent(true);
  page.shop.cart({ products: [bag] });
  page.shop.consent(false);
  assert.equal(storage.items.size, 0);
  await busy(page);
  assert.deepEqual(page.requests, []);
  assert.deepEqual(page.beacons, []);
  const next = openPage({ mode: 'after_consent', storage });
  await busy(next);
  assert.deepEqual(next.requests, []);
});

test('legitimate_interest: works at once; an objection deletes all but itself and lasts', async () => {
  const storage = newStorage();
  const page = openPage({ storage });
  page.shop.cart({ products: [bag] });
  await page.pass(1000);
  assert.equal(page.named('Cart Updated').length, 1);
  page.shop.consent(false);
  assert.deepEqual(JSON.parse(storage.items.get(RECORD)), { g: 0 });
  const next = openPage({ storage });
  await busy(next);
  assert.deepEqual(next.requests, []);
  assert.equal(next.shop.status().opt_out_honoured, true);
});

test('an answer that arrives after the objection does not bring the record back', async () => {
  let answer;
  const page = openPage({ answer: () => new Promise((resolve) => (answer = resolve)) });
  await page.pass(400);
  page.shop.consent(false);
  answer({ status: 503, headers: { 'Retry-After': '5' } });
  await page.pass(600_000);
  assert.deepEqual(page.record(), { g: 0 });
  assert.equal(page.requests.length, 1);
});

for (const mode of ['legitimate_interest', 'after_consent']) {
  test(`Global Privacy Control, ${mode}: nothing stored or sent, even after consent(true), and the page can show it`, async () => {
    const page = openPage({ mode, gpc: true, config: { e: true } });
    page.shop.consent(true);
    await busy(page);
    assertSilent(page);
    const status = page.shop.status();
    assert.deepEqual([status.gpc, status.active, status.opt_out_honoured], [true, false, true]);
  });
}

test('Global Privacy Control switched on later: what was kept before is deleted', async () => {
  const storage = newStorage();
  await openPage({ storage }).pass(1000);
  assert.equal(storage.items.size, 1);
  openPage({ storage, gpc: true });
  assert.equal(storage.items.size, 0);
});

test('a typed address is captured only with legitimate interest and the setting', async () => {
  const cases = [
    ['legitimate_interest', true, 1],
    ['legitimate_interest', false, 0],
    ['legitimate_interest', undefined, 0],
    ['after_consent', true, 0],
  ];
  for (const [mode, e, expected] of cases) {
    const page = openPage({ mode, config: { e } });
    page.shop.consent(true);
    page.fire('document:change', typed('ada@example.org'));
    await page.pass(1000);
    const found = page.events().filter((event) => event.type === 'identify');
    assert.equal(found.length, expected, `${mode}, capture_typed_email ${e}`);
    if (expected) assert.equal(found[0].context.capture, 'typed');
  }
});

test('a typed address is left alone when it is half typed, in another field, or in a sign-in form', async () => {
  const page = openPage({ config: { e: true } });
  page.fire('document:change', typed('ada@'));
  page.fire('document:change', typed('ada@example.org', { type: 'text' }));
  page.fire('document:change', typed('ada@example.org', { form: { querySelector: () => ({}) } }));
  await page.pass(1000);
  assert.equal(page.events().filter((event) => event.type === 'identify').length, 0);
});
