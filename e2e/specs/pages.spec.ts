// Every page of the console: both sizes, both schemes, four languages, keyboard, axe.
import { expect, expectAccessible, expectGoodLooks, expectNoOverflow, languages, sizes, test } from '../fixtures';
import { enterConsole, loaded } from '../support/console';
import { en, words } from '../support/words';

const pages: [name: string, path: string, heading: string][] = [
  ['home', '', 'nav_home'],
  ['carts', '/carts', 'nav_carts'],
  ['contacts', '/contacts', 'nav_contacts'],
  ['journeys', '/journeys', 'nav_journeys'],
  ['inbox', '/inbox', 'nav_inbox'],
  ['settings-store', '/settings/store', 'nav_settings'],
  ['settings-abandonment', '/settings/abandonment', 'nav_settings'],
  ['settings-sending', '/settings/sending', 'nav_settings'],
  ['settings-snippet', '/settings/snippet', 'nav_settings'],
  ['settings-shopify', '/settings/shopify', 'nav_settings'],
];

/** Pages of one thing, reached from its list. */
const things: [name: string, list: string, link: string][] = [
  ['cart', '/carts?status=abandoned', '.carts-table a.table__link'],
  ['contact', '/contacts', 'main table a.table__link'],
  ['journey', '/journeys', 'main a[href*="/journeys/"]'],
  ['message', '/inbox', 'a.mail'],
];

for (const [name, path, heading] of pages) {
  test(`${name}: looks right and reads right, large and small, light and dark`, async ({ page, server }) => {
    const home = await enterConsole(page, server);
    await page.goto(home + path);
    await expect(page.getByRole('heading', { level: 1, name: en(heading) })).toBeVisible();
    await loaded(page);
    await expectGoodLooks(page, `console-${name}`);
  });
}

for (const [name, list, link] of things) {
  test(`one ${name}: looks right and reads right, large and small, light and dark`, async ({ page, server }) => {
    const home = await enterConsole(page, server);
    await page.goto(home + list);
    await loaded(page);
    await page.locator(link).first().click();
    await loaded(page);
    await expectGoodLooks(page, `console-${name}`);
  });
}

for (const language of languages) {
  test(`every page in ${language}, on a phone`, async ({ page, server }) => {
    test.slow();
    await page.setViewportSize(sizes.phone);
    const home = await enterConsole(page, server, { language });
    const t = words(language);
    for (const [name, path, heading] of pages) {
      await page.goto(home + path);
      await expect(page.getByRole('heading', { level: 1, name: t(heading) })).toBeVisible();
      await loaded(page);
      await expectNoOverflow(page);
      await page.screenshot({ path: `test-results/looks/console-${name}-phone-${language}.png` });
    }
    await expect(page.locator('html')).toHaveAttribute('lang', language);
    await expectAccessible(page);
  });
}

test('the keyboard reaches every page, and the heading gets the focus', async ({ page, server }) => {
  await enterConsole(page, server);
  for (const key of ['nav_carts', 'nav_contacts', 'nav_journeys', 'nav_inbox', 'nav_settings']) {
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
