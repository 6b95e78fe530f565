// A WooCommerce shop is connected: to a stand-in on this machine that makes webhooks, signs them with what it was given, and lists its orders.
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, languages, lookAt, test as base, type Server } from '../fixtures';
import { enterConsole, loaded } from '../support/console';
import { readSignIn, startServer } from '../support/server.mjs';
import { en } from '../support/words';

type Hook = { id: number; topic: string; delivery_url: string; secret: string; status: string };
type Shop = { url: string; hooks: Hook[]; orders: object[]; tell(topic: string, order: object): Promise<number>; stop(): void };

/** REST v3, as far as it is asked. */
async function startShop(): Promise<Shop> {
  const shop = { hooks: [], orders: [] } as unknown as Shop;
  const http = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const say = (status: number, what: unknown) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(what));
    const key = Buffer.from((request.headers.authorization ?? '').replace('Basic ', ''), 'base64').toString();
    if (key !== 'ck_right:cs_right') return say(401, { code: 'woocommerce_rest_cannot_view', message: 'Sorry, you cannot list resources.' });
    const path = (request.url ?? '').split('?')[0].replace('/wp-json/wc/v3', '');
    if (path === '/webhooks' && request.method === 'POST') {
      const hook = { ...JSON.parse(body), id: shop.hooks.length + 1 };
      shop.hooks.push(hook);
      return say(201, hook);
    }
    if (path === '/webhooks') return say(200, shop.hooks);
    if (path === '/orders') return say(200, shop.orders);
    if (path === '/system_status') return say(200, { environment: { version: '9.9.1' }, active_plugins: [{ plugin: 'automatewoo/automatewoo.php' }] });
    return say(404, {});
  });
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done));
  shop.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  shop.stop = () => void http.close();
  shop.tell = async (topic, order) => {
    const hook = shop.hooks.find((one) => one.topic === topic)!;
    const body = JSON.stringify(order);
    const headers = {
      'content-type': 'application/json',
      'x-wc-webhook-source': `${shop.url}/`,
      'x-wc-webhook-topic': topic,
      'x-wc-webhook-signature': createHmac('sha256', hook.secret).update(body).digest('base64'),
    };
    return (await fetch(hook.delivery_url, { method: 'POST', headers, body })).status;
  };
  return shop;
}

const gmt = (ms: number) => new Date(ms).toISOString().slice(0, 19);

function order(status: string, paid: boolean) {
  const now = Date.now();
  return {
    id: 4711, number: '4711', order_key: 'wc_order_e2e', created_via: 'checkout', status, currency: 'EUR', total: '64.20', customer_id: 0,
    date_created_gmt: gmt(now - 90_000), date_modified_gmt: gmt(now - (paid ? 0 : 60_000)), date_paid_gmt: paid ? gmt(now) : null,
    billing: { first_name: 'Noor', last_name: 'Woo', email: 'noor.woo@example.com', country: 'DE' },
    line_items: [{ id: 1, name: 'Waxed saddle bag', product_id: 9, quantity: 1, subtotal: '64.20' }], meta_data: [],
  };
}

const test = base.extend<{ shop: Shop }, { server: Server }>({
  // This machine may be asked: everywhere else the switch is off.
  server: [async ({}, use) => {
    const demo = process.env.CARTWHEEL_DEMO_FOLDER!;
    const signIn = readSignIn(await readFile(join(demo, 'sign-in.txt'), 'utf8'));
    const server = await startServer({ from: demo, env: { CARTWHEEL_WEBHOOKS_LOCAL: '1' } });
    await use({ ...server, signIn });
    await server.stop();
  }, { scope: 'worker', timeout: 180_000 }],
  shop: async ({}, use) => {
    const shop = await startShop();
    await use(shop);
    shop.stop();
  },
});

test('a shop is connected, a pending order is a cart, and it is ordered once it is paid', async ({ page, server, shop }) => {
  const home = await enterConsole(page, server);
  await page.goto(`${home}/settings/platform?platform=WOOCOMMERCE`);
  await loaded(page);
  const field = (name: string) => page.getByLabel(en(name), { exact: true });
  const press = (name: string) => page.getByRole('button', { name: en(name), exact: true }).click();
  await press('platform_save');
  await expect(page.getByText(en('platform_address_wrong'), { exact: true })).toBeVisible();
  await field('platform_address_woo').fill(shop.url);
  await press('platform_save');
  await expect(page.locator('#platform-secret-error')).toBeVisible();
  await field('platform_api_key').fill('ck_wrong');
  await field('platform_api_secret').fill('cs_of-the-wrong-one');
  await press('platform_save');
  await expect(page.getByText(en('platform_saved'))).toBeVisible();
  await expect(page.getByText(en('platform_connected'), { exact: true })).toBeVisible();
  expect(await page.content()).not.toContain('cs_of-the-wrong-one');
  await press('platform_test');
  await expect(page.getByText(en('platform_trouble_credentials')).first()).toBeVisible();
  await field('platform_api_key').fill('ck_right');
  await field('platform_api_secret').fill('cs_right');
  await press('platform_save');
  await expect(page.getByText(en('platform_trouble'), { exact: true })).toBeHidden();
  await press('platform_test');
  await expect(page.getByText(en('platform_test_fine'))).toBeVisible();
  await press('platform_subscribe');
  await expect(page.getByText(en('platform_subscribed'))).toBeVisible();
  await expect(page.getByText(en('platform_hooks_count', { n: 6 }), { exact: true })).toBeVisible();
  await expect(async () => {
    await page.reload();
    await loaded(page);
    await expect(page.getByText(en('platform_reminders_found', { names: 'AutomateWoo' }))).toBeVisible({ timeout: 1_000 });
  }).toPass();

  expect(await shop.tell('order.created', order('pending', false))).toBe(200);
  const row = page.getByRole('row').filter({ hasText: '64.20' });
  await expect(async () => {
    await page.goto(`${home}/carts?q=noor.woo@example.com`);
    await loaded(page);
    await expect(row).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await row.getByRole('link').first().click();
  await expect(page.getByText('Waxed saddle bag').first()).toBeVisible();
  const cart = page.url();
  // Its payment is told by no webhook: it is found when the shop is caught up with.
  shop.orders.push(order('processing', true));
  await page.goto(`${home}/settings/platform?platform=WOOCOMMERCE`);
  await loaded(page);
  await press('platform_test');
  await expect(page.getByText(en('platform_test_fine'))).toBeVisible();
  await expect(async () => {
    await page.goto(cart);
    await loaded(page);
    await expect(page.getByText(en('cart_status_converted'), { exact: true }).first()).toBeVisible({ timeout: 1_000 });
  }).toPass();
});

test('the page of the platform looks right in each language', async ({ page, server }) => {
  for (const language of languages) {
    const home = await enterConsole(page, server, { language });
    await page.goto(`${home}/settings/platform?platform=BIGCOMMERCE`);
    await loaded(page);
    await lookAt(page, `console-settings-platform-${language}`);
  }
});
