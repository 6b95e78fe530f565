// What an organisation pays for, in the console: the plan it has, what it used, and the way to Stripe and back. Stripe itself is played by
// a few answers of its published form; the life of a subscription is tried beside the service.
import { createServer, type Server as Http } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import { expect, languages, lookAt } from '../fixtures';
import { loaded } from '../support/console';
import { type Post, signUp, test as base } from '../support/open-server';
import { startServer } from '../support/server.mjs';
import { en, words } from '../support/words';

type Paid = { url: string; asked: string[]; down(down: boolean): void };

/** Answers what a first purchase asks. */
function stripe(asked: string[], state: { down: boolean; back: string }): Http {
  return createServer((request, response) => {
    const url = new URL(request.url!, 'http://stripe');
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      asked.push(`${request.method} ${url.pathname}`);
      const say = (status: number, value: object) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
      if (state.down) return say(500, { error: { message: 'down' } });
      const keys = [...url.searchParams].filter(([name]) => name.startsWith('lookup_keys')).map(([, key]) => key);
      if (url.pathname === '/v1/prices') return say(200, { object: 'list', has_more: false, data: keys.map((key) => ({ object: 'price', id: `price_${key}`, lookup_key: key })) });
      if (url.pathname === '/v1/customers') return say(200, { object: 'customer', id: 'cus_1' });
      if (url.pathname === '/v1/checkout/sessions') return say(200, { object: 'checkout.session', id: 'cs_1', url: new URLSearchParams(body).get('success_url') });
      return say(200, { object: 'list', has_more: false, data: [] });
    });
  });
}

const test = base.extend<object, { paid: Paid }>({
  paid: [async ({ post }: { post: Post }, use) => {
    const [asked, state] = [[] as string[], { down: false, back: '' }];
    const fake = stripe(asked, state);
    await new Promise<void>((done) => fake.listen(0, '127.0.0.1', done));
    const env = {
      CARTWHEEL_SMTP_URL: post.url, CARTWHEEL_MAIL_FROM: 'Cartwheel <no-reply@cartwheel.example>', CARTWHEEL_SIGN_UP: 'open',
      CARTWHEEL_STRIPE_KEY: 'sk_test_e2e', CARTWHEEL_STRIPE_WEBHOOK_SECRET: 'whsec_e2e',
      CARTWHEEL_STRIPE_URL: `http://127.0.0.1:${(fake.address() as AddressInfo).port}`,
    };
    const server = await startServer({ env });
    await use({ url: server.url, asked, down: (down) => (state.down = down) });
    await server.stop();
    fake.close();
  }, { scope: 'worker', timeout: 180_000 }],
});

const section = (page: Page, name: string) => page.getByRole('region', { name });

test('an owner sees what is used, and finds the way to Stripe and back', async ({ page, paid, post, complaints }) => {
  test.setTimeout(300_000);
  complaints.allow(/401|410/);
  await signUp(page, paid.url, post, 'petra@pays.example', false, 'Petra pays');
  await page.getByLabel(en('settings_name')).fill('Petra’s shop');
  await page.getByRole('button', { name: en('new_store_do') }).click();
  await page.getByRole('button', { name: en('new_store_on') }).click();
  await page.waitForURL(/\/stores\/[^/]+$/);
  await loaded(page);
  await page.getByRole('link', { name: en('nav_organisation') }).first().click();
  await page.getByRole('link', { name: en('part_billing'), exact: true }).click();
  await expect(section(page, en('billing_plan', { plan: 'Free' }))).toBeVisible();
  await expect(section(page, en('billing_usage'))).toContainText(en('billing_of', { used: '0', cap: '500' }));
  await lookAt(page, 'console-billing-en');

  // Nothing is bought while Stripe is away, and it says so.
  const starter = page.getByRole('button', { name: `${en('billing_choose')} Starter` });
  paid.down(true);
  await starter.click();
  await expect(page.getByText(en('billing_unreachable'))).toBeVisible({ timeout: 60_000 });
  paid.down(false);
  await page.getByRole('radio', { name: en('billing_yearly') }).or(page.getByRole('button', { name: en('billing_yearly') })).first().click();
  await expect(page.getByText(/290/).first()).toBeVisible();
  await starter.click();
  await page.waitForURL(/organisation\/billing\?checkout=done$/);
  await loaded(page);
  expect(paid.asked).toContain('POST /v1/checkout/sessions');
  await expect(section(page, en('billing_plans'))).toBeVisible();
  for (const language of languages.filter((one) => one !== 'en')) {
    await page.evaluate((code) => localStorage.setItem('cw.lang', code), language);
    await page.reload();
    await loaded(page);
    await expect(section(page, words(language)('billing_usage'))).toBeVisible();
    await lookAt(page, `console-billing-${language}`);
  }
});
