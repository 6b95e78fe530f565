// A dry run: begun by whoever edits the journey, looked at while it is under way and when it is done, with the carts behind its numbers.
import type { Page, Route } from '@playwright/test';
import { expect, languages, lookAt, test } from '../fixtures';
import { enterConsole, loaded } from '../support/console';
import { en, words } from '../support/words';

type Words = typeof en;

async function openDryRun(page: Page, home: string, t: Words = en) {
  await page.goto(`${home}/journeys`);
  await loaded(page);
  await page.locator('main a[href*="/journeys/"]').first().click();
  await page.getByRole('group', { name: t('journey_view') }).getByRole('button', { name: t('dry_run'), exact: true }).click();
  await expect(page.getByRole('button', { name: t('dry_run_start') })).toBeVisible();
}

/** Starts one and waits for its figures. */
async function run(page: Page, t: Words = en) {
  await page.getByRole('button', { name: t('dry_run_start') }).click();
  await expect(page.getByRole('region', { name: t('dry_run_figures') })).toBeVisible({ timeout: 60_000 });
  await expect(page.locator('.graph.is-ready')).toBeVisible();
  await expect(page.getByRole('button', { name: t('dry_run_start') })).toBeVisible();
}

/** Shows the newest dry run as one that is under way. */
async function underWay(route: Route) {
  const asked = route.request().postDataJSON() as { operationName?: string };
  if (asked.operationName !== 'DryRun') return route.fallback();
  const answer = await route.fetch();
  const said = await answer.json();
  Object.assign(said.data.store.journey.dryRun, { status: 'RUNNING', people: 900, done: 300 });
  return route.fulfill({ response: answer, json: said });
}

test('90 days are played, and a number opens its carts, each a link', async ({ page, server }) => {
  test.setTimeout(180_000);
  const home = await enterConsole(page, server);
  await openDryRun(page, home);
  await page.getByRole('button', { name: en('dry_run_days', { n: 90 }) }).click();
  await run(page);
  const entered = page.locator('.stat', { hasText: en('dry_run_entered') }).locator('.stat__value');
  expect(Number((await entered.innerText()).replace(/\D/g, ''))).toBeGreaterThan(0);
  const opener = page.locator('main table button.table__link').first();
  await opener.click();
  const drawer = page.locator('dialog[open]');
  const link = drawer.locator('a[href*="/carts/"]').first();
  await expect(link).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(drawer).toHaveCount(0);
  await expect(opener).toBeFocused();
  await opener.click();
  await link.click();
  await expect(page).toHaveURL(/\/carts\/cart_/);
});

test('one that is under way says how far it is and can be cancelled', async ({ page, server }) => {
  test.setTimeout(180_000);
  const home = await enterConsole(page, server);
  await openDryRun(page, home);
  await run(page);
  await page.route('**/graphql', underWay);
  await page.reload();
  const bar = page.getByRole('progressbar', { name: en('dry_run_going', { n: 30 }) });
  await expect(bar).toHaveAttribute('value', '300');
  await expect(page.getByText(en('dry_run_progress', { n: 900, done: '300' }))).toBeVisible();
  await expect(page.getByRole('button', { name: en('dry_run_start') })).toHaveCount(0);
  await page.unroute('**/graphql', underWay);
  await page.getByRole('button', { name: en('dry_run_cancel') }).click();
  await expect(page.getByRole('button', { name: en('dry_run_start') })).toBeVisible();
});

test('a dry run reads well in every language, in both sizes and schemes', async ({ page, server }) => {
  test.setTimeout(600_000);
  for (const language of languages) {
    const own = await page.context().newPage();
    const t = words(language);
    const home = await enterConsole(own, server, { language });
    await openDryRun(own, home, t);
    await run(own, t);
    await lookAt(own, `dry-run-${language}`);
    await own.locator('main table button.table__link').first().click();
    await expect(own.locator('dialog[open] a[href*="/carts/"]').first()).toBeVisible();
    await lookAt(own, `dry-run-carts-${language}`);
    await own.keyboard.press('Escape');
    await own.route('**/graphql', underWay);
    await own.reload();
    await expect(own.getByRole('progressbar', { name: t('dry_run_going', { n: 30 }) })).toBeVisible();
    await lookAt(own, `dry-run-under-way-${language}`);
    await own.close();
  }
});
