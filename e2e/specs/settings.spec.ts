// Setting up a store.
import { expect, test } from '../fixtures';
import { enterConsole, loaded } from '../support/console';
import { en } from '../support/words';

test('a new time of abandonment is saved and kept', async ({ page, server }) => {
  const home = await enterConsole(page, server);
  await page.goto(`${home}/settings/abandonment`);
  await loaded(page);
  const field = page.getByRole('textbox', { name: en('settings_after_quote') }).or(page.getByRole('spinbutton', { name: en('settings_after_quote') })).first();
  await field.fill('4');
  await page.getByRole('button', { name: en('save') }).click();
  await expect(page.getByText(en('settings_saved'))).toBeVisible();
  await page.reload();
  await expect(field).toHaveValue('4');
});

test('a wrong value is told at its field, and nothing is saved', async ({ page, server }) => {
  const home = await enterConsole(page, server);
  await page.goto(`${home}/settings/sending`);
  await loaded(page);
  const field = page.getByLabel(en('settings_sender_email'));
  const before = await field.inputValue();
  await field.fill('not an address');
  await page.locator('form').filter({ has: field }).getByRole('button', { name: en('save') }).click();
  await expect(page.getByText(en('settings_email_wrong')).first()).toBeVisible();
  await page.reload();
  await expect(field).toHaveValue(before);
});

test('the snippet to paste is the one this server serves', async ({ page, server }) => {
  const home = await enterConsole(page, server);
  await page.goto(`${home}/settings/snippet`);
  await loaded(page);
  const code = await page.locator('main pre, main code').first().innerText();
  const source = /src="([^"]+)"/.exec(code)?.[1];
  expect(source, code).toBeTruthy();
  const script = await page.request.get(new URL(source!, server.url).href);
  expect(script.status()).toBe(200);
  expect(script.headers()['content-type']).toContain('javascript');
  expect(await script.text()).not.toContain('__CARTWHEEL_CONFIG__');
});
