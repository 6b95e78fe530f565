// The first minutes of a newcomer: from a basket in the demo shop to one recovered order on Home.
// Nothing is hurried along: the waits are the demo store's own, and every step waits for what a person would see.
import { expect, test } from '../fixtures';
import { enterConsole, go, loaded } from '../support/console';
import { en } from '../support/words';

const WITHIN_A_MINUTE = 75_000;

test('a basket is left, the mail comes, the basket is back, the order is counted as recovered', async ({ browser, page, server }) => {
  test.setTimeout(240_000);
  const email = `newcomer-${Date.now()}@example.org`;

  // the shop: put something into the basket, give an address, leave
  await page.goto('/demo-shop/?lang=en');
  await page.waitForFunction(() => 'status' in ((window as any).cartwheel ?? {}));
  await page.getByRole('button', { name: 'Add to basket: Front light' }).click();
  await page.getByRole('link', { name: 'To the checkout' }).click();
  await page.getByRole('textbox', { name: 'E-mail' }).fill(email);
  await page.getByLabel('First name').fill('Nora');
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('link', { name: 'Leave the shop' }).click();
  await expect(page.getByRole('heading', { name: 'You left.' })).toBeVisible();
  await page.waitForFunction(() => (window as any).cartwheel.status().queued === 0);

  // the console: the figure before, and the mail within a minute
  const desk = await (await browser.newContext({ baseURL: server.url, locale: 'en-GB' })).newPage();
  await enterConsole(desk, server);
  const clicks = desk.getByRole('region', { name: en('recovered_figures') }).or(desk.locator('section.stats')).first();
  const before = await clicks.innerText();
  await go(desk, en('nav_inbox'));
  const mail = desk.locator('a.mail').filter({ hasText: email });
  await expect(mail.getByText(en('message_sent'), { exact: true })).toBeVisible({ timeout: WITHIN_A_MINUTE });
  await mail.click();
  const letter = desk.frameLocator('iframe.sheet__frame');
  await expect(letter.getByText('Front light').first()).toBeVisible();

  // the click, on another device than the one that left the basket
  const phone = await browser.newContext({ baseURL: server.url, locale: 'en-GB', viewport: { width: 390, height: 844 } });
  const link = await letter.locator('a[href*="/c/"], a[href*="/r/"]').first().getAttribute('href');
  expect(link).toBeTruthy();
  const visit = await phone.newPage();
  await visit.goto(link!);
  await expect(visit.getByText('Front light').first()).toBeVisible();
  await expect(visit.getByText(email)).toHaveCount(0);
  await visit.locator('a[href*="cw="], form button').first().click();
  await visit.waitForURL(/demo-shop/);
  await expect(visit.getByRole('dialog').getByText('Front light')).toBeVisible();
  expect(visit.url()).not.toContain('cw=');

  // they buy
  await visit.getByRole('dialog').getByRole('link').first().click();
  await visit.getByRole('textbox', { name: 'E-mail' }).fill(email);
  await visit.locator('form button[type=submit]').click();
  for (const [name, text] of [['last_name', 'Lind'], ['street', 'Way 1'], ['zip', '10115'], ['city', 'Berlin']]) await visit.locator(`[name=${name}]`).fill(text);
  await visit.locator('form button[type=submit]').click();
  await visit.locator('#pay').click();
  await expect(visit.locator('.ending h1')).toBeVisible();
  await visit.waitForFunction(() => (window as any).cartwheel.status().queued === 0);
  await phone.close();

  // Home: one recovered order more, and by which definition
  await go(desk, en('nav_home'));
  const row = desk.locator('table.recoveries tr').filter({ hasText: 'Nora' }).first();
  await expect(row).toContainText(en('attribution_click'), { timeout: 30_000 });
  expect(await clicks.innerText()).not.toBe(before);

  // the cart says what happened, and why
  await row.getByRole('link').click();
  await loaded(desk);
  await expect(desk.getByText(en('cart_status_recovered')).first()).toBeVisible();
  const timeline = desk.getByRole('region', { name: en('timeline') });
  for (const line of ['event_abandoned', 'message_line_sent', 'event_restored', 'event_order']) await expect(timeline.getByText(en(line)).first()).toBeVisible();
  await desk.context().close();
});
