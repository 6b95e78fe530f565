// What the snippet does in a real browser, in a shop on another origin, under each capture mode.
import type { BrowserContext, Page, Request } from '@playwright/test';
import { expect, test } from '../fixtures';
import { carts } from '../support/graphql.mjs';
import { createStore, eventually, startServer } from '../support/server.mjs';
import { startShop } from '../support/shop-page.mjs';

const bag = { product_id: 'bag-1', name: 'Canvas bag', price: 49.9, quantity: 1 };
const modes = ['off', 'after_consent', 'legitimate_interest'];

type Running = { url: string; stop(): Promise<void>; prepared: Record<string, { public_key: string }> };
let server: Running;
let shop: { url: string; stop(): Promise<void> };

test.beforeAll(async () => {
  server = await startServer({
    prepare: async (run: (...args: string[]) => Promise<string>) => {
      const stores: Record<string, unknown> = {};
      for (const mode of modes) stores[mode] = await createStore(run, { name: mode, email: `${mode}@example.org`, settings: { capture_mode: mode, capture_typed_email: mode === 'legitimate_interest' } });
      return stores;
    },
  });
  shop = await startShop(server.url);
});

test.afterAll(async () => {
  await shop?.stop();
  await server?.stop();
});

/** Opens the shop with the snippet of the store with this mode. */
async function visit(page: Page, mode: string, query = '') {
  await page.goto(`${shop.url}/?key=${server.prepared[mode].public_key}${query}`);
  await page.waitForFunction(() => 'status' in ((window as any).cartwheel ?? {}));
}

/** Everything a shop can report. */
const shopAround = (page: Page) => page.evaluate((product) => {
  const { cartwheel } = window as any;
  cartwheel.track('Product Viewed', product);
  cartwheel.cart({ currency: 'EUR', products: [product] });
  cartwheel.checkout({ currency: 'EUR', products: [product] });
  cartwheel.identify({ email: 'ada@example.org' });
}, bag);

/** The requests that carry events. */
function record(context: BrowserContext) {
  const sent: Request[] = [];
  context.on('request', (request) => request.url().includes('/v1/') && request.method() === 'POST' && sent.push(request));
  return sent;
}

/** What this browser keeps of the shop. */
const kept = async (page: Page) => [
  ...await page.evaluate(() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)]),
  ...(await page.context().cookies()).map((cookie) => cookie.name),
];

const accepted = (page: Page) => page.waitForResponse((answer) => answer.url().endsWith('/v1/batch') && answer.request().method() === 'POST');

for (const mode of ['off', 'after_consent']) {
  test(`${mode}: a shopper who agreed to nothing leaves no trace`, async ({ page, context }) => {
    const sent = record(context);
    await visit(page, mode);
    await shopAround(page);
    await page.getByLabel('E-mail').fill('ada@example.org');
    await page.getByLabel('E-mail').blur();
    await page.getByRole('link', { name: 'Next page' }).click();
    await page.waitForURL(/next/);
    await page.waitForLoadState('networkidle');
    expect(sent).toEqual([]);
    expect(await kept(page)).toEqual([]);
  });
}

test('after_consent: agreeing sends the cart, and the server takes it', async ({ page, context }) => {
  const sent = record(context);
  await visit(page, 'after_consent');
  await shopAround(page);
  const answer = accepted(page);
  await page.evaluate(() => (window as any).cartwheel.consent(true));
  expect((await answer).status()).toBe(200);
  const names = sent[0].postDataJSON().batch.map((event: { event?: string; type: string }) => event.event ?? event.type);
  expect(names).toContain('Cart Updated');
  expect(names).not.toContain('Product Viewed');
  expect(await kept(page)).toHaveLength(1);

  await page.evaluate(() => (window as any).cartwheel.consent(false));
  expect(await kept(page)).toEqual([]);
});

test('legitimate_interest: sends at once, across origins, and stops when the shopper objects', async ({ page, context }) => {
  const sent = record(context);
  await visit(page, 'legitimate_interest');
  const answer = accepted(page);
  await shopAround(page);
  expect((await answer).status()).toBe(200);
  await page.waitForFunction(() => (window as any).cartwheel.status().queued === 0);

  await page.evaluate(() => (window as any).cartwheel.consent(false));
  const before = sent.length;
  await visit(page, 'legitimate_interest');
  await shopAround(page);
  await page.waitForLoadState('networkidle');
  expect(sent).toHaveLength(before);
  expect(await page.evaluate(() => (window as any).cartwheel.status().opt_out_honoured)).toBe(true);
});

test('Global Privacy Control: nothing is stored or sent, and the page can show that it was honoured', async ({ page, context }) => {
  await context.addInitScript(() => Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true }));
  const sent = record(context);
  await visit(page, 'legitimate_interest');
  await page.evaluate(() => (window as any).cartwheel.consent(true));
  await shopAround(page);
  await page.waitForLoadState('networkidle');
  expect(sent).toEqual([]);
  expect(await kept(page)).toEqual([]);
  expect(await page.evaluate(() => (window as any).cartwheel.status())).toMatchObject({ gpc: true, active: false, opt_out_honoured: true });
});

test('a typed address is taken before submit only where the store chose it', async ({ page, context }) => {
  const sent = record(context);
  await visit(page, 'legitimate_interest');
  await page.getByLabel('E-mail').fill('ada@example.org');
  await page.getByLabel('E-mail').blur();
  await expect.poll(() => sent.flatMap((request) => request.postDataJSON().batch).some((event) => event.traits?.email === 'ada@example.org')).toBe(true);
});

test('a lost connection delays events, and loses none', async ({ page, context, complaints }) => {
  complaints.allow(/ERR_INTERNET_DISCONNECTED/);
  await visit(page, 'legitimate_interest');
  await page.waitForFunction(() => (window as any).cartwheel.status().queued === 0);
  await context.setOffline(true);
  await shopAround(page);
  await expect.poll(() => page.evaluate(() => (window as any).cartwheel.status().queued)).toBe(4);
  const answer = accepted(page);
  await context.setOffline(false);
  expect((await answer).status()).toBe(200);
  await page.waitForFunction(() => (window as any).cartwheel.status().queued === 0);
});

test('leaving the page sends what waits by a beacon, and the server takes it', async ({ page }) => {
  await visit(page, 'legitimate_interest');
  await page.waitForFunction(() => (window as any).cartwheel.status().queued === 0);
  await page.evaluate((product) => {
    (window as any).cartwheel.cart({ currency: 'EUR', products: [product] });
    location.href = 'about:blank'; // nothing of the shop is left that could send later
  }, { ...bag, name: 'Bag left behind' });
  await page.waitForURL('about:blank');
  const store = server.prepared.legitimate_interest;
  const left = (all: { lines: { title: string }[] }[]) => all.some((cart) => cart.lines.some((line) => line.title === 'Bag left behind'));
  await eventually(() => carts(server.url, store), left, { what: 'the cart that was left' });
});

test('the same events twice are one: the server answers a repeat like the first', async ({ page, request }) => {
  await visit(page, 'legitimate_interest');
  const sent = page.waitForRequest((one) => one.url().endsWith('/v1/batch') && one.method() === 'POST');
  await shopAround(page);
  const original = await sent;
  const repeat = await request.post(original.url(), { headers: { authorization: (await original.allHeaders()).authorization, 'content-type': 'application/json' }, data: original.postData() ?? '' });
  expect(repeat.status()).toBe(200);
});
