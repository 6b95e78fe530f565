// Pages come when they are asked for: not before, once, and when they do not come, that is told.
import type { Page } from '@playwright/test';
import { expect, expectAccessible, languages, test } from '../fixtures';
import { enterConsole, go, loaded } from '../support/console';
import { en, words } from '../support/words';

/** The chunk of a page. */
const of = (name: string) => new RegExp(`/assets/page-${name}-[0-9a-f]+\\.wasm$`);

/** The chunks asked for from now on, in their order. */
function asked(page: Page) {
  const paths: string[] = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (/\/assets\/(page|shared)-[^/]+\.wasm$/.test(pathname)) paths.push(pathname);
  });
  return { paths, pages: () => paths.filter((path) => path.startsWith('/assets/page-')) };
}

const link = (page: Page, name: string) => page.getByRole('navigation').getByRole('link', { name, exact: true }).first();
const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name, exact: true });

test('the first visit brings no other page, and each page comes once', async ({ page, server }) => {
  const { paths, pages } = asked(page);
  await page.goto(`${server.url}/`);
  await expect(page.getByLabel(en('sign_in_email'))).toBeVisible();
  const home = await enterConsole(page, server);
  expect(paths).toEqual([]);

  await go(page, en('nav_journeys'));
  await expect(heading(page, en('nav_journeys'))).toBeFocused();
  expect(pages()).toEqual([expect.stringMatching(of('journeys'))]);
  await go(page, en('nav_home'));
  await go(page, en('nav_journeys'));
  await go(page, en('nav_carts'));
  await go(page, en('nav_templates'));
  expect(pages()).toEqual(['journeys', 'carts', 'templates'].map((name) => expect.stringMatching(of(name))));
  expect(paths, 'nothing is fetched twice').toEqual([...new Set(paths)]);

  paths.length = 0;
  await page.goto(`${home}/settings`);
  await loaded(page);
  expect(pages()).toEqual([expect.stringMatching(of('settings'))]);
});

for (const language of languages) {
  test(`a page that does not come says so and comes at another attempt: ${language}`, async ({ page, server, complaints }) => {
    complaints.allow(/Failed to (load resource|fetch)/);
    const word = words(language);
    await enterConsole(page, server, { language });
    await page.route(of('journeys'), (route) => route.abort());
    await link(page, word('nav_journeys')).click();
    const alert = page.getByRole('alert');
    await expect(alert).toContainText(word('fault_page'));
    await expect(alert).toContainText(word('fault_page_advice'));
    await expect(heading(page, word('nav_journeys'))).toBeVisible();
    await expectAccessible(page);

    await page.unroute(of('journeys'));
    await alert.getByRole('button', { name: word('again') }).click();
    await expect(page.locator('main a[href*="/journeys/"]').first()).toBeVisible();
    await expect(alert).toHaveCount(0);
    await expect(heading(page, word('nav_journeys'))).toBeFocused();
  });
}

test('another attempt opens the newer version when the server has this one no more', async ({ page, server, complaints }) => {
  complaints.allow(/404|HTTP status code is not ok/);
  await enterConsole(page, server);
  await page.route(of('settings'), (route) => route.fulfill({ status: 404 }), { times: 2 });
  await link(page, en('nav_settings')).click();
  await expect(page.getByRole('alert')).toContainText(en('fault_page'));
  const opened = page.waitForEvent('load');
  await page.getByRole('button', { name: en('again') }).click();
  await opened;
  await loaded(page);
  await expect(heading(page, en('nav_settings'))).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('without a connection another attempt says so again', async ({ page, server, context, complaints }) => {
  complaints.allow(/Failed to (load resource|fetch)|ERR_INTERNET_DISCONNECTED/);
  await enterConsole(page, server);
  await context.setOffline(true);
  await link(page, en('nav_inbox')).click();
  await expect(page.getByRole('alert')).toContainText(en('fault_page'));
  const attempt = page.waitForRequest(of('inbox'));
  await page.getByRole('button', { name: en('again') }).click();
  await attempt;
  await expect(page.getByRole('alert')).toContainText(en('fault_page'));
  await context.setOffline(false);
  await page.getByRole('button', { name: en('again') }).click();
  await expect(page.getByRole('list', { name: en('inbox_list') })).toBeVisible();
});

test('whoever goes on before a page has come ends where they went last', async ({ page, server }) => {
  const { pages } = asked(page);
  await enterConsole(page, server);
  let release = () => {};
  const held = new Promise<void>((resolve) => { release = resolve; });
  await page.route(of('journeys'), async (route) => { await held; await route.continue(); });
  await link(page, en('nav_journeys')).click();
  await expect(page.locator('main [aria-busy="true"]')).toBeVisible();
  await expect(heading(page, en('nav_journeys'))).toBeVisible();
  await go(page, en('nav_settings'));

  const come = page.waitForResponse(of('journeys')).then((response) => response.finished());
  release();
  await come;
  await expect(heading(page, en('nav_settings'))).toBeVisible();
  await expect(page).toHaveURL(/\/settings/);
  await go(page, en('nav_journeys'));
  await expect(page.locator('main a[href*="/journeys/"]').first()).toBeVisible();
  expect(pages().filter((path) => of('journeys').test(path))).toHaveLength(1);
});
