// Changing a journey: waits, publishing as a new version, switching it off and on.
import type { Page } from '@playwright/test';
import { expect, lookAt, test } from '../fixtures';
import { enterConsole, loaded } from '../support/console';
import { en } from '../support/words';

async function openJourney(page: Page, home: string) {
  await page.goto(`${home}/journeys`);
  await loaded(page);
  await page.locator('main a[href*="/journeys/"]').first().click();
  await expect(page.getByRole('group', { name: en('journey_drawing') })).toBeVisible();
  await loaded(page);
}

test('the keyboard picks a wait, a new wait is typed, publishing makes the next version, and people under way may go on with it', async ({ page, server }) => {
  test.setTimeout(240_000);
  const home = await enterConsole(page, server);
  await openJourney(page, home);
  const waits = page.locator('.graph__node--wait');
  // The drawing may be drawn anew by figures that arrive between the two.
  await expect(async () => {
    await waits.last().focus();
    await page.keyboard.press('Enter');
    await expect(waits.last()).toHaveAttribute('aria-pressed', 'true', { timeout: 2_000 });
  }).toPass();

  const field = page.getByRole('textbox', { name: en('wait_label'), exact: true });
  await field.fill('');
  await expect(page.getByText(en('draft_wrong'))).toBeVisible();
  await field.fill('3');
  await expect(page.getByText(en('draft_count', { n: 1 }))).toBeVisible();

  await page.getByRole('button', { name: en('publish'), exact: true }).click();
  const dialog = page.getByRole('dialog', { name: en('publish') });
  const title = await dialog.getByRole('heading').innerText();
  const next = /\d+/.exec(title)![0];
  await dialog.getByRole('button', { name: en('publish'), exact: true }).click();
  await expect(page.getByText(en('publish_done'))).toBeVisible();
  await page.reload();
  await expect(page.getByText(en('journey_version', { number: next })).first()).toBeVisible();
  await waits.last().click();
  await expect(field).toHaveValue('3');

  // Once more, and those under way come along; then they may not after all.
  await field.fill('4');
  await page.getByRole('button', { name: en('publish'), exact: true }).click();
  await dialog.getByRole('switch', { name: en('moves_also') }).click();
  await expect(dialog.getByRole('list').getByText(/\d+ /).first()).toBeVisible();
  await lookAt(page, 'journey-moves-choice-en');
  await dialog.getByRole('button', { name: en('publish'), exact: true }).click();
  const version = String(Number(next) + 1);
  await expect(page.getByText(en('moves_now', { version }))).toBeVisible();
  await page.getByRole('button', { name: en('moves_keep') }).click();
  await expect(page.getByText(en('moves_kept'))).toBeVisible();
  await expect(page.getByText(en('moves_now', { version }))).toHaveCount(0);
});

test('a draft survives a reload and can be discarded', async ({ page, server }) => {
  const home = await enterConsole(page, server);
  await openJourney(page, home);
  await page.locator('.graph__node--holdout').first().click();
  await page.getByRole('textbox', { name: en('holdout_label'), exact: true }).fill('12');
  await expect(page.getByText(en('draft_count', { n: 1 }))).toBeVisible();
  await page.reload();
  await expect(page.getByText(en('draft_count', { n: 1 }))).toBeVisible();
  await page.getByRole('button', { name: en('draft_discard') }).click();
  await expect(page.getByText(en('draft_count', { n: 1 }))).toHaveCount(0);
});

test('switching off asks first; switching on does not', async ({ page, server }) => {
  const home = await enterConsole(page, server);
  await openJourney(page, home);
  const button = page.getByRole('switch').first();
  await expect(button).toBeChecked();
  await button.click();
  const dialog = page.getByRole('dialog', { name: en('journey_off_title') });
  await dialog.getByRole('button', { name: en('cancel') }).click();
  await expect(button).toBeChecked();
  await button.click();
  await dialog.getByRole('button', { name: en('journey_off_do') }).click();
  await expect(page.getByText(en('journey_switched_off'))).toBeVisible();
  await expect(button).not.toBeChecked();
  await button.click();
  await expect(page.getByText(en('journey_switched_on'))).toBeVisible();
});
