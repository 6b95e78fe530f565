// Looking after carts: filters in the address, a list that follows the shop, and one cart's reasons.
import { expect, test } from '../fixtures';
import { enterConsole, loaded } from '../support/console';
import { en } from '../support/words';

test('filters stand in the address, and back and reload bring them back', async ({ page, server }) => {
  const home = await enterConsole(page, server);
  await page.goto(`${home}/carts`);
  await loaded(page);
  await page.getByLabel(en('carts_status')).selectOption('abandoned');
  await expect(page).toHaveURL(/status=abandoned/);
  await expect(page.locator('.carts-table tbody tr').first()).toContainText(en('cart_status_abandoned'));
  await page.getByLabel(en('carts_kind')).selectOption('quote');
  await expect(page).toHaveURL(/kind=quote/);
  await page.goBack();
  await expect(page.getByLabel(en('carts_kind'))).toHaveValue('');
  await expect(page.getByLabel(en('carts_status'))).toHaveValue('abandoned');
  await page.reload();
  await expect(page.getByLabel(en('carts_status'))).toHaveValue('abandoned');
});

test('a search that finds nothing offers the way back', async ({ page, server }) => {
  const home = await enterConsole(page, server);
  await page.goto(`${home}/carts?q=there-is-no-such-cart`);
  await expect(page.getByText(en('carts_none_found'))).toBeVisible();
  await page.getByRole('link', { name: en('filters_clear') }).click();
  await expect(page.locator('.carts-table tbody tr').first()).toBeVisible();
});

test('what happens in the shop appears while one looks, without a reload', async ({ page, context, server }) => {
  const home = await enterConsole(page, server);
  await page.goto(`${home}/carts`);
  await expect(page.getByText(en('live'), { exact: true })).toBeVisible();

  const email = `live-${Date.now()}@example.org`;
  const shop = await context.newPage();
  await shop.goto('/demo-shop/?lang=en');
  await shop.waitForFunction(() => 'status' in ((window as any).cartwheel ?? {}));
  await shop.getByRole('button', { name: 'Add to basket: U-lock' }).click();
  await shop.getByRole('link', { name: 'To the checkout' }).click();
  await shop.getByRole('textbox', { name: 'E-mail' }).fill(email);
  await shop.getByRole('checkbox').check();
  await shop.getByRole('button', { name: 'Continue' }).click();

  await expect(page.locator('.carts-table tbody tr').filter({ hasText: email })).toBeVisible({ timeout: 20_000 });
});

test('one cart shows its basket, and the reason for each decision', async ({ page, server }) => {
  const home = await enterConsole(page, server);
  await page.goto(`${home}/carts?status=recovered`);
  await loaded(page);
  await page.locator('.carts-table a.table__link').first().click();
  await expect(page.getByRole('heading', { name: en('basket') })).toBeVisible();
  const timeline = page.getByRole('region', { name: en('timeline') });
  for (const line of ['event_abandoned', 'decision_entered', 'event_order']) await expect(timeline.getByText(en(line)).first()).toBeVisible();
});
