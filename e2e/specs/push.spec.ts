// Web push: a shop of its own asks and subscribes, a journey notifies, and what arrives is read by code written apart from the server's.
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, expectNoOverflow, languages, lookAt, sizes, test } from '../fixtures';
import { askConsole, enterConsole, loaded } from '../support/console';
import { newSubscription, runWorker, startPushService, stubPush, unseal, vouched, type Notification } from '../support/push';
import { createStore, startServer } from '../support/server.mjs';
import { en, words } from '../support/words';

/** Notifies at once. */
const journey = {
  schema: 1, name: 'Notices', start: 'left',
  nodes: {
    left: { type: 'trigger', on: ['cart'], next: 'notice' },
    notice: { type: 'message', channel: 'push', template: 'recovery_push', content_class: 'informational', purpose: 'push', next: 'end' },
    end: { type: 'exit' },
  },
};

const sentence = 'Remind me here of what I leave in my basket.';

/** A shop at an address of its own: one page, and the file that imports the worker. */
async function openShop(server: string, key: string) {
  const page = `<!doctype html><html lang="en"><title>Velo</title><p id="wording">${sentence}</p><button id="ask">Remind me</button><output id="said"></output>
    <script src="${server}/s/${key}.js"></script><script src="/shop.js"></script>`;
  const script = `document.getElementById('ask').onclick = async () => {
      document.getElementById('said').value = await cartwheel.push.ask({ wording: document.getElementById('wording').textContent });
    };
    cartwheel.cart({ add: { product_id: 'bell', name: 'Brass bell', price: 24.5, quantity: 2, image_url: 'https://velo.example/bell.jpg' }, currency: 'EUR' });`;
  const files: Record<string, [string, string]> = {
    '/': ['text/html; charset=utf-8', page],
    '/shop.js': ['text/javascript', script],
    '/cartwheel-push.js': ['text/javascript', `importScripts('${server}/push/worker.js');`],
  };
  const http = createServer((request, response) => {
    const found = files[new URL(request.url!, 'http://shop').pathname];
    response.writeHead(found ? 200 : 404, { 'content-type': found?.[0] ?? 'text/plain' }).end(found?.[1]);
  });
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done));
  return { url: `http://localhost:${(http.address() as AddressInfo).port}/`, stop: () => void http.close() };
}

test('a shop asks by a press, a cart is left, and the sealed reminder opens it again', async ({ page, context, complaints }) => {
  complaints.allow(/favicon|404/);
  complaints.allow(/ERR_NAME_NOT_RESOLVED/); // the picture of the bell
  const file = join(tmpdir(), `cartwheel-e2e-notices-${process.pid}.json`);
  await writeFile(file, JSON.stringify(journey));
  let store!: Awaited<ReturnType<typeof createStore>>;
  const server = await startServer({
    env: { CARTWHEEL_WEBHOOKS_LOCAL: '1' },
    prepare: async (run: (...args: string[]) => Promise<string>) => {
      const settings = { push_on: 'true', capture_mode: 'legitimate_interest', sender_name: 'Velo', abandon_cart_after_seconds: '1', holdout_percent: '0' };
      store = await createStore(run, { name: 'Velo', live: true, settings });
      await run('journey', 'publish', '--store', store.store_id, file);
    },
  });
  const [service, shop] = [await startPushService(), await openShop(server.url, store.public_key)];
  try {
    const browser = newSubscription(`${service.url}/send/1`);
    await stubPush(context, browser);
    await page.goto(shop.url);
    await page.getByRole('button', { name: 'Remind me' }).click();
    await expect(page.locator('#said')).toHaveText('subscribed');
    const scope = await page.evaluate(async () => (await navigator.serviceWorker.getRegistration('/cartwheel-push/'))?.scope);
    expect(scope).toBe(`${shop.url}cartwheel-push/`);
    await page.goto('about:blank');

    const call = await service.first();
    const signIn = { url: server.url, signIn: { email: store.email, password: store.password, store: store.store_id } };
    const query = `query ($store: ID!) { store(id: $store) { settings { pushPublicKey pushSubscriptions } messages(first: 10) { edges { node { channel status to } } } } }`;
    const { settings } = (await askConsole(page, signIn, query)).store;
    expect(settings.pushSubscriptions).toBe(1);
    expect([call.path, call.headers['content-encoding'], call.headers.ttl]).toEqual(['/send/1', 'aes128gcm', '86400']);
    expect(call.headers.topic).toMatch(/^[\w-]{32}$/);
    const claims = vouched(call.headers.authorization!, settings.pushPublicKey);
    expect(claims.aud).toBe(service.url);
    expect(claims.exp - Date.now() / 1000).toBeLessThanOrEqual(24 * 3600);
    const text = unseal(browser, call.body);
    const said: Notification = JSON.parse(text);
    expect([said.title, said.body, said.image]).toEqual(['Velo: your cart is saved', 'Brass bell: pick up where you left off.', 'https://velo.example/bell.jpg']);
    expect(call.body.includes('Brass bell')).toBe(false);

    const worker = await runWorker(await (await fetch(`${server.url}/push/worker.js`)).text());
    await worker.push(text);
    expect([worker.shown[0].title, worker.shown[0].options.body, worker.shown[0].options.tag]).toEqual([said.title, said.body, said.tag]);
    await worker.press();
    await worker.press('stop');
    expect(worker.opened).toEqual([said.url, said.stop!.url]);
    await page.goto(worker.opened[0]);
    await expect(page.getByText('Brass bell').first()).toBeVisible();
    await page.goto(worker.opened[1]);
    await page.getByRole('button', { name: 'No more notifications' }).click();
    await expect(page.getByRole('status')).toContainText('Velo will send no more notifications.');
    const sent = (await askConsole(page, signIn, query)).store.messages.edges.map((edge: { node: object }) => edge.node).filter((node: { channel: string }) => node.channel === 'push');
    expect(sent).toEqual([{ channel: 'push', status: 'sent', to: 'Chrome, Linux' }]);
    expect(service.calls).toHaveLength(1);
  } finally {
    shop.stop();
    service.stop();
    await server.stop();
  }
});

test('the demo shop offers it in the basket; the console counts the browser, and new keys say what they cost', async ({ page, context, server }) => {
  await stubPush(context, newSubscription('https://push.example/demo'));
  await page.goto(`${server.url}/demo-shop/?lang=en`);
  await page.waitForFunction(() => 'status' in ((window as any).cartwheel ?? {}));
  await page.getByRole('button', { name: 'Add to basket: Brass bell' }).click();
  await page.getByRole('button', { name: 'Remind me here' }).click();
  await expect(page.getByText('This browser will be reminded.')).toBeVisible();
  // Whatever waits is sent when the page is left.
  await expect.poll(() => page.evaluate(() => (window as any).cartwheel.status().queued)).toBe(0);

  const home = await enterConsole(page, server);
  await page.goto(`${home}/settings/push`);
  await loaded(page);
  const keys = page.getByRole('region', { name: en('push_key'), exact: true });
  await expect(keys.locator('dd').first()).toHaveText('1');
  const before = await keys.locator('code').textContent();
  const worker = page.getByRole('textbox', { name: en('push_worker'), exact: true });
  await worker.fill('https://elsewhere.example/w.js');
  await page.getByRole('button', { name: en('save'), exact: true }).click();
  await expect(page.getByText(en('push_worker_wrong'), { exact: true })).toBeVisible();
  await worker.fill('/static/notices.js');
  await page.getByRole('button', { name: en('save'), exact: true }).click();
  await expect(page.getByText(en('settings_saved'))).toBeVisible();
  await expect(page.getByText(en('push_install_worker', { path: '/static/notices.js' }))).toBeVisible();
  await keys.getByRole('button', { name: en('push_rotate'), exact: true }).click();
  const confirm = page.getByRole('dialog', { name: en('push_rotate_title') });
  await expect(confirm).toContainText(en('push_rotate_words', { n: 1 }));
  await confirm.getByRole('button', { name: en('push_rotate'), exact: true }).click();
  await expect(page.getByText(en('push_rotated', { n: 1 }))).toBeVisible();
  await expect(keys.locator('dd').first()).toHaveText('0');
  await expect(keys.locator('code')).not.toHaveText(before!);

  await page.goto(`${home}/templates`);
  await loaded(page);
  await page.getByRole('row').filter({ hasText: en('template_recovery_push') }).getByRole('link', { name: `Deutsch · ${en('template_formal')}` }).click();
  await loaded(page);
  const shown = page.getByRole('region', { name: en('push_view'), exact: true });
  const title = page.locator('textarea#subject');
  await expect(shown).toContainText('Ihr Warenkorb steht bereit');
  await title.fill('Ihr Warenkorb steht noch hier');
  await expect(shown).toContainText('Ihr Warenkorb steht noch hier');
  await page.getByRole('button', { name: en('save'), exact: true }).click();
  await expect(page.locator('#subject-error')).toContainText('store.name');
  await title.fill('{{ store.name }}: Ihr Warenkorb steht noch hier');
  await page.getByRole('button', { name: en('save'), exact: true }).click();
  await expect(page.getByRole('region', { name: en('journey_versions'), exact: true }).getByRole('link').first()).toContainText('2');
});

/** What is looked at as a whole, in one language each: the settings where words are longest, the template where axe sees all. */
const looked: Record<string, string> = { de: 'settings', en: 'template' };

test('web push reads well in every language', async ({ page, server }) => {
  for (const language of languages) {
    const own = await page.context().newPage();
    const t = words(language);
    const home = await enterConsole(own, server, { language });
    const see = async (name: string) => {
      if (looked[language] === name) return lookAt(own, `console-${name}-push-${language}`);
      await own.setViewportSize(sizes.phone);
      await expectNoOverflow(own, `${name} in ${language}`);
      await own.setViewportSize(sizes.desktop);
    };
    await own.goto(`${home}/settings/push`);
    await loaded(own);
    await expect(own.getByRole('region', { name: t('push_key'), exact: true })).toBeVisible();
    await see('settings');
    await own.goto(`${home}/templates`);
    await loaded(own);
    const row = own.getByRole('row').filter({ hasText: t('template_recovery_push') });
    await row.getByRole('link').first().click();
    await loaded(own);
    await expect(own.getByRole('region', { name: t('push_view'), exact: true })).toBeVisible();
    await see('template');
    await own.close();
  }
});
