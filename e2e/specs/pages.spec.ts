// Getting about in the console: by keyboard, by command, and where there is nothing. looks.spec.ts walks every page.
import { expect, expectAccessible, test } from '../fixtures';
import { enterConsole, loaded } from '../support/console';
import { en } from '../support/words';

test('the keyboard reaches every page, and the heading gets the focus', async ({ page, server }) => {
  await enterConsole(page, server);
  for (const key of ['nav_carts', 'nav_contacts', 'nav_journeys', 'nav_templates', 'nav_inbox', 'nav_settings', 'nav_organisation']) {
    const link = page.getByRole('navigation', { name: en('nav_main') }).getByRole('link', { name: en(key), exact: true }).first();
    await link.focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { level: 1, name: en(key) })).toBeFocused();
  }
});

test('Ctrl K finds pages', async ({ page, server }) => {
  await enterConsole(page, server);
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.type(en('nav_journeys').slice(0, 4));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: en('nav_journeys') })).toBeVisible();
});

test('an address that leads nowhere says so', async ({ page, server, complaints }) => {
  complaints.allow(/404/);
  const home = await enterConsole(page, server);
  await page.goto(`${home}/nonsense`);
  await expect(page.getByText(en('not_found_title'))).toBeVisible();
  await expectAccessible(page);
});

test('light and dark are a choice that stays', async ({ page, server }) => {
  await enterConsole(page, server);
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.getByRole('button', { name: en('theme') }).click();
  await page.getByRole('menu').getByText(en('theme_dark')).click();
  await expect.poll(background).not.toBe(light);
  const dark = await background();
  await page.reload();
  await loaded(page);
  expect(await background()).toBe(dark);
});
