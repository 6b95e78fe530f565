// What an organisation pays for, in the console: the plan it has, what it used, and the way to Stripe and back. Stripe itself is played by
// a few answers of its published form (support/stripe.ts).
import type { Page } from '@playwright/test';
import { expect, languages, lookAt } from '../fixtures';
import { loaded } from '../support/console';
import { type Post, signUp, test as base } from '../support/open-server';
import { startServer } from '../support/server.mjs';
import { SECRET, startStripe, type Stripe } from '../support/stripe';
import { en, words } from '../support/words';

type Paid = { url: string; stripe: Stripe };

const test = base.extend<object, { paid: Paid }>({
  paid: [async ({ post }: { post: Post }, use) => {
    const stripe = await startStripe();
    const env = {
      CARTWHEEL_SMTP_URL: post.url, CARTWHEEL_MAIL_FROM: 'Cartwheel <no-reply@cartwheel.example>', CARTWHEEL_SIGN_UP: 'open',
      CARTWHEEL_STRIPE_KEY: 'sk_test_e2e', CARTWHEEL_STRIPE_WEBHOOK_SECRET: SECRET, CARTWHEEL_STRIPE_URL: stripe.url,
    };
    const server = await startServer({ env });
    await use({ url: server.url, stripe });
    await server.stop();
    await stripe.stop();
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
  paid.stripe.down(true);
  await starter.click();
  await expect(page.getByText(en('billing_unreachable'))).toBeVisible({ timeout: 60_000 });
  paid.stripe.down(false);
  await page.getByRole('radio', { name: en('billing_yearly') }).or(page.getByRole('button', { name: en('billing_yearly') })).first().click();
  await expect(page.getByText(/290/).first()).toBeVisible();
  await starter.click();
  await page.waitForURL(/organisation\/billing\?checkout=done$/);
  await loaded(page);
  expect(paid.stripe.asked).toContain('POST /v1/checkout/sessions');
  await expect(section(page, en('billing_plans'))).toBeVisible();
  for (const language of languages.filter((one) => one !== 'en')) {
    await page.evaluate((code) => localStorage.setItem('cw.lang', code), language);
    await page.reload();
    await loaded(page);
    await expect(section(page, words(language)('billing_usage'))).toBeVisible();
    await lookAt(page, `console-billing-${language}`);
  }
  await page.evaluate(() => localStorage.setItem('cw.lang', 'en'));

  // The purchase is made on Stripe's page: a trial begins, and the console shows it once Stripe has said so.
  const shows = async (text: string | RegExp) => {
    await expect(async () => {
      await page.reload();
      await loaded(page);
      await expect(page.getByText(text).first()).toBeVisible({ timeout: 1_000 });
    }).toPass({ timeout: 60_000 });
  };
  const now = () => Math.floor(Date.now() / 1000);
  const happens = (fields: Record<string, unknown>) => paid.stripe.happens(paid.url, fields);
  await happens({ status: 'trialing', trial_end: now() + 14 * 86_400 });
  await shows(/^Trial until/);
  await expect(section(page, en('billing_plan', { plan: 'Starter' }))).toBeVisible();
  await happens({ status: 'active', trial_end: null });
  await shows(/^Next payment on/);

  // A larger plan: what it costs now and then, and only then done.
  await page.getByRole('button', { name: `${en('billing_choose')} Growth` }).click();
  const dialog = page.getByRole('dialog', { name: en('billing_plans') });
  await expect(dialog).toContainText('Remaining time');
  await expect(dialog).toContainText('€60.00');
  await lookAt(page, 'console-billing-preview-en');
  await dialog.getByRole('button', { name: en('cancel') }).click();
  expect(paid.stripe.asked).not.toContain('POST /v1/subscriptions/sub_1');
  await page.getByRole('button', { name: `${en('billing_choose')} Growth` }).click();
  await dialog.getByRole('button', { name: en('billing_change_do') }).click();
  await expect(section(page, en('billing_plan', { plan: 'Growth' }))).toBeVisible();

  // A payment fails, is missing for too long, and arrives.
  await happens({ status: 'past_due' });
  await shows(/^A payment failed\. Sending goes on until/);
  await happens({ status: 'unpaid' });
  await shows(en('billing_hold_unpaid'));
  await lookAt(page, 'console-billing-unpaid-en');
  await happens({ status: 'active' });
  await expect(async () => {
    await page.reload();
    await loaded(page);
    await expect(page.getByText(en('billing_hold_unpaid'))).toHaveCount(0, { timeout: 1_000 });
  }).toPass({ timeout: 60_000 });

  // The end: asked for, taken back, asked for again, and come. Then the free plan goes on where it was.
  await page.getByRole('button', { name: en('billing_cancel') }).click();
  await expect(page.getByText(/^The subscription ends on/)).toBeVisible();
  await page.getByRole('button', { name: en('billing_resume') }).click();
  await expect(page.getByText(/^The subscription ends on/)).toHaveCount(0);
  await page.getByRole('button', { name: en('billing_cancel') }).click();
  await expect(page.getByText(/^The subscription ends on/)).toBeVisible();
  await happens({ status: 'canceled', ended_at: now() });
  await shows(/^Everything is kept until/);
  await expect(page.getByText(en('billing_hold_ended'))).toBeVisible();
  await expect(page.getByText(/^The subscription ends on/)).toHaveCount(0);
  await lookAt(page, 'console-billing-ended-en');
  await page.getByRole('button', { name: `${en('billing_choose')} Free` }).click();
  await expect(section(page, en('billing_plan', { plan: 'Free' }))).toBeVisible();
  await expect(page.getByText(en('billing_hold_ended'))).toHaveCount(0);
});
