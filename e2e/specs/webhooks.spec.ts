// Outgoing webhooks, to a real receiver that verifies each call by the published form (standardwebhooks.com), with code of its own.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, languages, lookAt, test as base, type Server } from '../fixtures';
import { askConsole, enterConsole, loaded } from '../support/console';
import { readSignIn, startServer } from '../support/server.mjs';
import { en, words } from '../support/words';

type Call = { headers: IncomingHttpHeaders; body: string };
type Receiver = { url: string; calls: Call[]; answer: number; next(matches: (call: Call) => boolean): Promise<Call>; stop(): void };

/** As docs/webhooks.md has it for Node.js. */
function verify(secret: string, { headers, body }: Call): boolean {
  const id = headers['webhook-id'], at = headers['webhook-timestamp'] as string;
  if (Math.abs(Date.now() / 1000 - Number(at)) > 300) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const own = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest();
  return (headers['webhook-signature'] as string).split(' ').some((one) => {
    const [version, text] = one.split(',');
    const theirs = Buffer.from(text ?? '', 'base64');
    return version === 'v1' && theirs.length === own.length && timingSafeEqual(theirs, own);
  });
}

async function startReceiver(): Promise<Receiver> {
  const calls: Call[] = [];
  const waiting: (() => void)[] = [];
  const receiver = { url: '', calls, answer: 200 } as Receiver;
  const http = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    calls.push({ headers: request.headers, body });
    response.writeHead(receiver.answer).end(receiver.answer === 200 ? 'thanks' : 'the shop is closed');
    waiting.splice(0).forEach((wake) => wake());
  });
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done));
  receiver.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/hooks`;
  receiver.next = async (matches) => {
    for (;;) {
      const found = calls.find(matches);
      if (found) return found;
      await new Promise<void>((wake) => waiting.push(wake));
    }
  };
  receiver.stop = () => void http.close();
  return receiver;
}

const test = base.extend<{ receiver: Receiver }, { server: Server }>({
  // This machine may be told: everywhere else the switch is off.
  server: [async ({}, use) => {
    const demo = process.env.CARTWHEEL_DEMO_FOLDER!;
    const signIn = readSignIn(await readFile(join(demo, 'sign-in.txt'), 'utf8'));
    const server = await startServer({ from: demo, env: { CARTWHEEL_WEBHOOKS_LOCAL: '1' } });
    await use({ ...server, signIn });
    await server.stop();
  }, { scope: 'worker', timeout: 180_000 }],
  receiver: async ({}, use) => {
    const receiver = await startReceiver();
    await use(receiver);
    receiver.stop();
  },
});

async function open(page: Page, server: Server, language = 'en') {
  const home = await enterConsole(page, server, { language });
  await page.goto(`${home}/settings/webhooks`);
  await loaded(page);
  return home;
}

/** Adds an endpoint by the page; answers its secret. */
async function add(page: Page, url: string, name: string, kinds: string[]) {
  await page.getByRole('button', { name: en('webhook_add') }).click();
  const dialog = page.getByRole('dialog', { name: en('webhook_add') });
  await dialog.getByLabel(en('webhook_url')).fill(url);
  await dialog.getByLabel(en('webhook_name')).fill(name);
  for (const kind of kinds) await dialog.getByRole('checkbox', { name: en(kind) }).check();
  await dialog.getByRole('button', { name: en('webhook_add') }).click();
  const once = page.getByRole('region', { name: en('webhook_secret') });
  await expect(once.getByRole('heading')).toBeFocused();
  return once.locator('code').innerText();
}

const kindOf = (call: Call) => JSON.parse(call.body).type as string;

test('an endpoint is added, tested, told of an order, and verifies each call', async ({ page, server, receiver }) => {
  test.setTimeout(240_000);
  await open(page, server);
  await page.getByRole('button', { name: en('webhook_add') }).click();
  const dialog = page.getByRole('dialog', { name: en('webhook_add') });
  await dialog.getByLabel(en('webhook_url')).fill('example.com');
  await dialog.getByRole('button', { name: en('webhook_add') }).click();
  await expect(dialog.getByText(en('webhook_url_wrong'))).toBeVisible();
  await dialog.getByLabel(en('webhook_url')).fill('https://10.0.0.1/hooks');
  await dialog.getByRole('button', { name: en('webhook_add') }).click();
  await expect(dialog.getByText(en('webhook_kinds_wrong'))).toBeVisible();
  await dialog.getByRole('checkbox', { name: en('hook_order_placed') }).check();
  await dialog.getByRole('button', { name: en('webhook_add') }).click();
  await expect(dialog.getByText(en('refused_hook_url'))).toBeVisible();
  await lookAt(page, 'console-webhooks-add-en');
  await page.keyboard.press('Escape');

  const secret = await add(page, receiver.url, 'Warehouse', ['hook_order_placed', 'hook_cart_converted']);
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  await lookAt(page, 'console-webhooks-secret-en');
  await page.getByRole('button', { name: en('once_hide') }).click();
  await page.getByRole('link', { name: 'Warehouse' }).click();
  await page.getByRole('button', { name: en('webhook_test') }).click();
  const tried = await receiver.next((call) => kindOf(call) === 'webhook.test');
  expect(verify(secret, tried)).toBe(true);
  expect(verify(secret.replace(/.{5}$/, 'AAAA='), tried), 'another secret').toBe(false);
  expect(verify(secret, { ...tried, body: tried.body.replace('test', 'best') }), 'another body').toBe(false);
  const list = page.getByRole('list', { name: en('webhook_deliveries') });
  await expect(list.getByText(en('hook_delivered')).first()).toBeVisible();

  // The shop's server tells of an order; the endpoint hears of it by ids alone.
  const { store: { settings: { publicKey } } } = await askConsole(page, server, 'query($store: ID!) { store(id: $store) { settings { publicKey } } }');
  const event = { type: 'track', event: 'Order Completed', anonymousId: 'a-e2e', messageId: 'e2e-order', context: { cart_token: 'e2e0123456789abc', traits: { email: 'ben@canary.example' } },
    properties: { order_id: 'e2e-1', total: 79.8, currency: 'EUR', products: [{ product_id: 'lamp', price: 39.9, quantity: 2 }] } };
  const sent = await page.request.post(`${server.url}/v1/track`, { headers: { authorization: `Basic ${Buffer.from(`${publicKey}:`).toString('base64')}` }, data: event });
  expect(sent.status(), await sent.text()).toBe(200);
  const order = await receiver.next((call) => kindOf(call) === 'order.placed');
  expect(verify(secret, order)).toBe(true);
  const told = JSON.parse(order.body);
  expect(told).toMatchObject({ version: 1, data: { external_id: 'e2e-1', total: { amount: '79.80', currency: 'EUR' } } });
  expect(order.body).not.toContain('canary');

  await page.getByRole('button', { name: en('webhook_refresh') }).click();
  const delivery = page.getByRole('listitem').filter({ hasText: en('hook_order_placed') }).first();
  await delivery.locator('summary').press('Enter');
  await expect(delivery.getByText('thanks')).toBeVisible();
  await expect(delivery.getByText('e2e-1')).toBeVisible();
  await lookAt(page, 'console-webhooks-one-en');
});

test('what has failed is told with its answer and sent again under the same id; secrets overlap', async ({ page, server, receiver }) => {
  test.setTimeout(240_000);
  await open(page, server);
  const first = await add(page, receiver.url, 'Books', ['hook_order_placed']);
  await page.getByRole('link', { name: 'Books' }).click();
  receiver.answer = 500;
  await page.getByRole('button', { name: en('webhook_test') }).click();
  const failed = await receiver.next(() => true);
  await expect(async () => {
    await page.getByRole('button', { name: en('webhook_refresh') }).click();
    await expect(page.getByText(en('hook_waiting')).nth(1)).toBeVisible({ timeout: 2_000 });
  }).toPass();
  const delivery = page.getByRole('listitem').filter({ hasText: en('hook_test') }).first();
  await delivery.locator('summary').click();
  await expect(delivery.getByText('the shop is closed').first()).toBeVisible();
  await expect(delivery.getByText(/500/).first()).toBeVisible();
  await lookAt(page, 'console-webhooks-failed-en');

  await page.getByRole('button', { name: en('webhook_rotate') }).click();
  await page.getByRole('dialog').getByRole('button', { name: en('webhook_rotate') }).click();
  // The first secret stands in the same place until the second has come.
  const once = page.getByRole('region', { name: en('webhook_secret') }).locator('code');
  await expect(once).not.toHaveText(first);
  const second = await once.innerText();
  receiver.answer = 200;
  const before = receiver.calls.length;
  await expect(async () => {
    if (!(await delivery.getByRole('button').first().isVisible())) await delivery.locator('summary').click();
    await delivery.getByRole('button').first().click({ timeout: 2_000 });
    expect(receiver.calls.length).toBeGreaterThan(before);
  }).toPass();
  const again = receiver.calls.at(-1)!;
  expect(again.headers['webhook-id']).toBe(failed.headers['webhook-id']);
  expect([first, second].map((secret) => verify(secret, again))).toEqual([true, true]);
  expect(verify(second, failed)).toBe(false);

  // Switched off it is told nothing; taken away it is gone, and both stand in the activity.
  await page.getByRole('switch', { name: en('webhook_enabled') }).click();
  await expect(page.getByText(en('webhook_off'), { exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: en('webhook_test') })).toBeDisabled();
  await page.getByRole('button', { name: en('webhook_delete') }).click();
  await page.getByRole('dialog').getByRole('button', { name: en('webhook_delete') }).click();
  await expect(page.getByText(en('webhook_deleted'))).toBeVisible();
  await expect(page.getByRole('link', { name: 'Books' })).toHaveCount(0);
  await page.goto(page.url().replace(/settings.*/, 'organisation/log'));
  await loaded(page);
  for (const key of ['audit_hook_made', 'audit_hook_secret', 'audit_hook_deleted']) {
    await expect(page.getByText(en(key, { who: '' }).trim()).first()).toBeVisible();
  }
});

test('the page reads well in every language, in both sizes and schemes', async ({ page, server, receiver }) => {
  test.setTimeout(300_000);
  await open(page, server);
  await add(page, receiver.url, 'Looks', ['hook_order_placed']);
  await page.getByRole('link', { name: 'Looks' }).click();
  await page.getByRole('button', { name: en('webhook_test') }).click();
  await receiver.next(() => true);
  const one = page.url();
  for (const language of languages) {
    const own = await page.context().newPage();
    await open(own, server, language);
    const t = words(language);
    await expect(own.getByRole('heading', { name: t('settings_webhooks'), level: 2 })).toBeVisible();
    await lookAt(own, `console-webhooks-${language}`);
    await own.goto(one);
    await loaded(own);
    await expect(own.getByRole('list', { name: t('webhook_deliveries') }).getByText(t('hook_delivered')).first()).toBeVisible();
    await lookAt(own, `console-webhooks-endpoint-${language}`);
    await own.close();
  }
});
