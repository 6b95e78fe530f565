// How every page looks and reads: both sizes, both schemes, four languages; nothing runs over, and axe finds nothing.
// The pictures are for people to look at; `lookAt` says where they lie.
import { expect, languages, lookAt, test } from '../fixtures';
import { askConsole, enterConsole, loaded } from '../support/console';
import { words } from '../support/words';

const IN_ALL = 600_000;

// Nothing here changes the store but the one who says no, so the tests may be spread over the workers.
test.describe.configure({ mode: 'parallel' });
// The pictures tell what a trace would, at a fraction of its cost.
test.use({ trace: 'off' });

/** A mail in the inbox that went out. */
const SENT = 'a.mail:has(.badge--information)';

/** The frame around a mail runs no script, the picture-taker's neither: the browser says so. */
const FRAME = /Blocked script execution in '[^']*' because the document's frame is sandboxed/;

/** The console's pages, by the path below the store; those of one thing are reached from their list. */
const pages: [name: string, path: string, link?: string][] = [
  ['home', ''],
  ['carts', '/carts'],
  ['carts-none', '/carts?q=there-is-no-such-cart'],
  ['cart-recovered', '/carts?status=recovered', '.carts-table a.table__link'],
  ['cart-expired', '/carts?status=expired', '.carts-table a.table__link'],
  ['contacts', '/contacts'],
  ['contact', '/contacts', 'main table a.table__link'],
  ['journeys', '/journeys'],
  ['journey', '/journeys', 'main a[href*="/journeys/"]'],
  ['templates', '/templates'],
  ['template', '/templates', 'main a[href*="/templates/"]'],
  ['inbox', '/inbox'],
  ['message', '/inbox', SENT],
  ['settings-store', '/settings/store'],
  ['settings-abandonment', '/settings/abandonment'],
  ['settings-sending', '/settings/sending'],
  ['settings-snippet', '/settings/snippet'],
  ['settings-platform', '/settings/platform'],
  ['new-store', '/../../new-store'],
  ['organisation-members', '/organisation/members'],
  ['organisation-keys', '/organisation/keys'],
  ['organisation-log', '/organisation/log'],
  ['account', '/account'],
  ['not-found', '/nonsense'],
];

for (const language of languages) {
  test(`the console in ${language}`, async ({ page, server, complaints }) => {
    test.setTimeout(IN_ALL);
    complaints.allow(FRAME);
    const home = await enterConsole(page, server, { language });
    for (const [name, path, link] of pages) {
      await page.goto(home + path);
      await loaded(page);
      if (link) {
        await page.locator(link).first().click();
        await loaded(page);
      }
      await expect(page.locator('html')).toHaveAttribute('lang', language);
      await lookAt(page, `console-${name}-${language}`);
    }
  });

  test(`one step of a journey, the other views of a mail, and the menus, in ${language}`, async ({ page, server, complaints }) => {
    test.setTimeout(IN_ALL);
    complaints.allow(FRAME);
    const home = await enterConsole(page, server, { language });
    const t = words(language);
    await page.goto(`${home}/journeys`);
    await loaded(page);
    await page.getByRole('button', { name: t('new_journey'), exact: true }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await lookAt(page, `console-new-journey-${language}`);
    await page.keyboard.press('Escape');
    await page.locator('main a[href*="/journeys/"]').first().click();
    await loaded(page);
    await page.locator('.graph__node--message').first().click();
    await lookAt(page, `console-journey-step-${language}`);
    await page.getByRole('button', { name: t('journey_list'), exact: true }).click();
    await lookAt(page, `console-journey-list-${language}`);

    await page.goto(`${home}/inbox`);
    await loaded(page);
    await page.locator(SENT).first().click();
    await loaded(page);
    for (const view of ['mail_plain', 'mail_headers', 'mail_basis']) {
      await page.getByRole('link', { name: t(view), exact: true }).click();
      await loaded(page);
      await lookAt(page, `console-${view.replace('_', '-')}-${language}`);
    }
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('dialog')).toBeVisible();
    await lookAt(page, `console-palette-${language}`);
  });

  test(`what is asked of whoever changes the team, in ${language}`, async ({ page, server }) => {
    test.setTimeout(IN_ALL);
    const home = await enterConsole(page, server, { language });
    const t = words(language);
    for (const [path, button, name] of [
      ['members', 'invite', 'invite'],
      ['members', 'member_change', 'member-role'],
      ['members', 'member_leave', 'member-leave'],
      ['keys', 'api_key_make', 'key-make'],
    ]) {
      await page.goto(`${home}/organisation/${path}`);
      await loaded(page);
      await page.locator('main').getByRole('button', { name: t(button) }).first().click();
      await expect(page.getByRole('dialog')).toBeVisible();
      await lookAt(page, `console-${name}-${language}`);
    }
    await page.goto(`${home}/account`);
    await loaded(page);
    await page.getByRole('button', { name: t('person'), exact: true }).click();
    await expect(page.getByRole('menu')).toBeVisible();
    await lookAt(page, `console-person-${language}`);
  });

  test(`the sign-in in ${language}`, async ({ page }) => {
    await page.addInitScript((code) => localStorage.setItem('cw.lang', code), language);
    await page.goto('/');
    await expect(page.getByRole('button', { name: words(language)('sign_in_do'), exact: true })).toBeVisible();
    await lookAt(page, `console-sign-in-${language}`);
  });

  test(`the demo shop in ${language}`, async ({ page }) => {
    test.setTimeout(IN_ALL);
    const shop = `/demo-shop/?lang=${language}`;
    await page.goto(shop);
    await page.waitForFunction(() => 'status' in ((window as any).cartwheel ?? {}));
    await expect(page.locator('html')).toHaveAttribute('lang', language);
    await lookAt(page, `shop-home-${language}`);
    await page.goto(`${shop}#/product/saddle`);
    await lookAt(page, `shop-product-${language}`);
    await page.locator('main button.button').first().click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await lookAt(page, `shop-basket-${language}`);
    for (const hash of ['#/checkout/1', '#/checkout/2', '#/checkout/3', '#/quote', '#/left']) {
      await page.goto(shop + hash);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await lookAt(page, `shop${hash.replaceAll(/\W+/g, '-')}-${language}`);
    }
  });
}

const LETTERS = `query Letters($store: ID!, $after: String) {
  store(id: $store) {
    messages(first: 100, after: $after) {
      pageInfo { hasNextPage endCursor }
      edges { node { status plainText contact { language } cart { status } } }
    }
  }
}`;

type Letter = { status: string; plainText: string | null; contact: { language: string | null } | null; cart: { status: string } | null };

for (const language of languages) {
  test(`what a letter in ${language} leads to: the cart again, and the way to say no`, async ({ browser, page, server, complaints }) => {
    test.setTimeout(IN_ALL);
    complaints.allow(/404/);
    const ours = ({ status, plainText, contact, cart }: Letter) =>
      status === 'sent' && plainText && cart?.status === 'ABANDONED' && contact?.language?.startsWith(language);
    let letter: Letter | undefined;
    for (let after: string | null = null, more = true; more && !letter;) {
      const { store } = await askConsole(page, server, LETTERS, { after });
      letter = store.messages.edges.map(({ node }: { node: Letter }) => node).find(ours);
      ({ hasNextPage: more, endCursor: after } = store.messages.pageInfo);
    }
    expect(letter, `a letter in ${language} about a cart that is still left`).toBeTruthy();
    const path = (kind: string) => new RegExp(`https?://[^/\\s]+(/${kind}/[\\w.-]+)`).exec(letter!.plainText!)![1];

    const person = await browser.newContext({ baseURL: server.url, locale: language });
    const visit = await person.newPage();
    for (const [name, address] of [['restore', path('r')], ['restore-gone', '/r/nonsense'], ['unsubscribe', path('u')], ['unsubscribe-invalid', '/u/nonsense']]) {
      await visit.goto(address);
      await expect(visit.locator('html')).toHaveAttribute('lang', language);
      await expect(visit.getByRole('heading', { level: 1 })).toBeVisible();
      await lookAt(visit, `hosted-${name}-${language}`);
    }
    await visit.goto(path('u'));
    await visit.getByRole('button').nth(1).click();
    await expect(visit.getByRole('status')).toBeVisible();
    await lookAt(visit, `hosted-unsubscribe-done-${language}`);
    await person.close();
  });
}
