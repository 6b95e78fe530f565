// A choice of channel: drawn, put in another order without moving the steps behind it, and published.
import type { Page } from '@playwright/test';
import { expect, lookAt, test } from '../fixtures';
import { enterConsole, loaded } from '../support/console';
import { en } from '../support/words';

const panel = (page: Page) => page.locator('section[aria-labelledby="panel"]');
const choice = (page: Page) => page.locator('.graph__node--channel_choice');

async function add(page: Page, step: string, way?: string) {
  const name = way ? en('step_add_on', { way }) : en('step_add');
  await panel(page).getByRole('button', { name, exact: true }).click();
  await page.getByRole('menuitem', { name: en(step), exact: true }).click();
  await expect(page.getByRole('heading', { level: 2, name: en(step), exact: true })).toBeFocused();
}

test('people are tried where they may be reached, in the order that is drawn', async ({ page, server }) => {
  test.setTimeout(120_000);
  const home = await enterConsole(page, server);
  await page.goto(`${home}/journeys`);
  await loaded(page);
  await page.getByRole('button', { name: en('new_journey'), exact: true }).click();
  const dialog = page.getByRole('dialog', { name: en('new_journey') });
  await dialog.getByRole('radio', { name: en('blueprint_empty') }).check();
  await dialog.getByRole('textbox', { name: en('journey_name') }).fill('Where they are');
  await dialog.getByRole('button', { name: en('new_journey_do') }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Where they are' })).toBeVisible();
  await loaded(page);

  await page.locator('.graph__node--trigger').click();
  await add(page, 'node_choice');
  await add(page, 'node_message', en('channel_email'));
  await choice(page).click();
  await add(page, 'node_text', en('channel_sms'));
  await choice(page).click();
  await add(page, 'node_webhook', en('choice_none'));
  await choice(page).click();

  const [first, then, last] = [0, 1, 2].map((i) => panel(page).locator(`#choice-${i}`));
  await expect(first).toHaveValue('email');
  await first.selectOption('sms');
  // The two have changed places: no way is lost by another order.
  await expect(then).toHaveValue('email');
  await last.selectOption('push');
  await panel(page).getByRole('checkbox', { name: en('choice_prefer') }).check();
  const ways = [en('channel_sms'), en('channel_email'), en('channel_push')].join(', ');
  await expect(choice(page)).toContainText(en('node_choice_preferred', { channels: ways }));
  // Both messages still stand behind their channel.
  await expect(page.locator('.graph__node--message')).toHaveCount(2);
  await lookAt(page, 'choice-of-channel');

  await page.reload();
  await loaded(page);
  await expect(choice(page)).toContainText(en('node_choice_preferred', { channels: ways }));
  await page.getByRole('button', { name: en('publish'), exact: true }).click();
  const ask = page.getByRole('dialog', { name: en('publish') });
  await ask.getByRole('button', { name: en('publish'), exact: true }).click();
  await expect(page.getByText(en('publish_done'))).toBeVisible();
});
