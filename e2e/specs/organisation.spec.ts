// Who works here, with which keys, and what they did; and one's own account. Each test brings people of its own: the others
// on this server keep their owner and their password.
import type { Browser, Page } from '@playwright/test';
import { expect, lookAt, test, type Server } from '../fixtures';
import { enterConsole, loaded } from '../support/console';
import { en, words } from '../support/words';

const PASSWORD = 'sieben blaue Regenschirme';

/** The demo store's owner, by a page of the console below their store. */
async function owner(page: Page, server: Server, path: string, language = 'en') {
  const home = await enterConsole(page, server, { language });
  await page.goto(home + path);
  await loaded(page);
  return home;
}

/** Invites by the page and answers the link. */
async function invite(page: Page, email: string, role: string) {
  await page.getByRole('button', { name: en('invite'), exact: true }).click();
  const asked = page.getByRole('dialog', { name: en('invite_title') });
  await asked.getByLabel(en('contact_email')).fill(email);
  await asked.getByRole('radio', { name: new RegExp(`^${role} `) }).check();
  await asked.getByRole('button', { name: en('invite'), exact: true }).click();
  const once = page.getByRole('region', { name: en('invite_link', { email }) });
  await expect(once.getByText(en('invite_link_words'))).toBeVisible();
  await expect(once.getByRole('heading')).toBeFocused();
  return once.locator('code').innerText();
}

/** Somebody new takes the link up in a browser of their own. */
async function join(browser: Browser, server: Server, link: string, name: string) {
  const context = await browser.newContext({ baseURL: server.url, locale: 'en-GB' });
  const page = await context.newPage();
  await page.goto(link);
  await page.getByLabel(en('join_name')).fill(name);
  await page.getByLabel(en('join_password')).fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/stores\/[^/]+(\/carts)?$/);
  await loaded(page);
  return page;
}

/** An entry of the activity, whoever did it. */
const said = (page: Page, t: typeof en, key: string, values: Record<string, string>) => page.getByText(t(key, { ...values, who: '' }).trim());

const row = (page: Page, text: string) => page.getByRole('row').filter({ hasText: text });

test('an owner asks somebody in and changes their role; both stand in the activity, and the role counts at once', async ({ browser, page, server }) => {
  test.setTimeout(240_000);
  const home = await owner(page, server, '/organisation/members');
  const email = 'nadia@team.example';

  await page.getByRole('button', { name: en('invite'), exact: true }).click();
  const asked = page.getByRole('dialog', { name: en('invite_title') });
  await asked.getByLabel(en('contact_email')).fill('no address');
  await asked.getByRole('button', { name: en('invite'), exact: true }).click();
  await expect(asked.getByText(en('settings_email_wrong'))).toBeVisible();
  await asked.getByLabel(en('contact_email')).fill(server.signIn.email);
  await asked.getByRole('button', { name: en('invite'), exact: true }).click();
  await expect(asked.getByText(en('refused_member'))).toBeVisible();
  await page.keyboard.press('Escape');

  const replaced = await invite(page, email, en('role_name_editor'));
  const open = page.getByRole('region', { name: en('invitations') });
  await expect(open.getByRole('cell', { name: email, exact: true })).toBeVisible();
  await lookAt(page, 'console-team-invited-en');
  await open.getByRole('button', { name: `${en('invitation_withdraw')} ${email}` }).click();
  await expect(open.getByText(en('invitations_none'))).toBeVisible();
  const link = await invite(page, email, en('role_name_editor'));
  expect(link).not.toBe(replaced);

  const nadia = await join(browser, server, link, 'Nadia Berg');
  await page.reload();
  await loaded(page);
  await expect(page.getByText(link)).toHaveCount(0);
  await expect(row(page, email)).toContainText(en('role_may_editor'));
  await page.getByRole('button', { name: `${en('member_change')} Nadia Berg` }).click();
  const role = page.getByRole('dialog', { name: en('member_change') });
  await role.getByRole('radio', { name: new RegExp(`^${en('role_name_analyst')} `) }).check();
  await lookAt(page, 'console-team-role-en');
  await role.getByRole('button', { name: en('save') }).click();
  await expect(row(page, email)).toContainText(en('role_may_analyst'));

  await page.getByRole('link', { name: en('part_log'), exact: true }).click();
  await loaded(page);
  await expect(said(page, en, 'audit_role', { whom: 'Nadia Berg', from: en('role_name_editor'), to: en('role_name_analyst') })).toBeVisible();
  await expect(page.getByText(en('audit_joined', { who: 'Nadia Berg', role: en('role_name_editor') }))).toBeVisible();
  await lookAt(page, 'console-team-log-en');

  // An analyst sees who works here and nothing to change it by, and is told which role the rest needs.
  await nadia.goto(`${home}/organisation/members`);
  await loaded(nadia);
  await expect(nadia.getByText(en('role_analyst'))).toBeVisible();
  await expect(row(nadia, email)).toBeVisible();
  for (const name of [en('invite'), en('member_change'), en('member_remove'), en('member_leave')]) {
    await expect(nadia.locator('main').getByRole('button', { name })).toHaveCount(0);
  }
  await lookAt(nadia, 'console-team-analyst-en');
  for (const part of ['keys', 'log']) {
    await nadia.goto(`${home}/organisation/${part}`);
    await expect(nadia.getByText(en('needs_title', { role: en('role_name_admin') }))).toBeVisible();
    await expect(nadia.locator('main').getByRole('button')).toHaveCount(0);
    await lookAt(nadia, `console-team-needs-${part}-en`);
  }

  // Taken out, she is out: the next thing she asks for is not hers any more.
  await page.goto(`${home}/organisation/members`);
  await page.getByRole('button', { name: `${en('member_remove')} Nadia Berg` }).click();
  const removal = page.getByRole('dialog', { name: en('member_remove') });
  await expect(removal).toContainText(email);
  await removal.getByRole('button', { name: en('member_remove') }).click();
  await expect(row(page, email)).toHaveCount(0);
  await nadia.goto(`${home}/carts`);
  await expect(nadia.getByText(en('not_found_title'))).toBeVisible();
  await page.getByRole('link', { name: en('part_log'), exact: true }).click();
  await expect(said(page, en, 'audit_removed', { whom: 'Nadia Berg' })).toBeVisible();
  await nadia.context().close();
});

test('support is shown carts, contacts and messages, and is told what the rest needs', async ({ browser, page, server }) => {
  test.setTimeout(180_000);
  const home = await owner(page, server, '/organisation/members');
  const link = await invite(page, 'sven@team.example', en('role_name_support'));
  const sven = await join(browser, server, link, 'Sven Holm');
  await expect(sven).toHaveURL(`${home}/carts`);
  const navigation = sven.getByRole('navigation').first();
  await expect(navigation.getByRole('link')).toHaveText([en('nav_carts'), en('nav_contacts'), en('nav_inbox'), en('nav_organisation')]);
  await sven.locator('main a[href*="/carts/"]').first().click();
  await loaded(sven);
  for (const path of ['', '/journeys', '/settings/store']) {
    await sven.goto(home + path);
    await expect(sven.getByText(en('needs_title', { role: en('role_name_analyst') }))).toBeVisible();
  }
  await lookAt(sven, 'console-support-needs-en');
  await sven.context().close();
});

test('the last owner cannot leave', async ({ page, server }) => {
  await owner(page, server, '/organisation/members');
  const mine = row(page, server.signIn.email);
  await mine.getByRole('button', { name: en('member_leave') }).click();
  const leaving = page.getByRole('dialog', { name: en('member_leave') });
  await leaving.getByRole('button', { name: en('member_leave') }).click();
  await expect(leaving.getByRole('alert')).toContainText(en('refused_owner'));
  await leaving.getByRole('button', { name: en('cancel') }).click();
  await mine.getByRole('button', { name: en('member_change') }).click();
  const role = page.getByRole('dialog', { name: en('member_change') });
  await role.getByRole('radio', { name: new RegExp(`^${en('role_name_admin')} `) }).check();
  await role.getByRole('button', { name: en('save') }).click();
  await expect(role.getByRole('alert')).toContainText(en('refused_owner'));
});

test('a key opens the API until it is revoked', async ({ page, server }) => {
  test.setTimeout(180_000);
  await owner(page, server, '/organisation/keys');
  await page.getByRole('button', { name: en('api_key_make'), exact: true }).first().click();
  const form = page.getByRole('dialog', { name: en('api_key_make') });
  const make = form.getByRole('button', { name: en('api_key_make'), exact: true });
  await make.click();
  await expect(form.getByText(en('api_key_name_wrong'))).toBeVisible();
  await form.getByLabel(en('api_key_name')).fill('Shop system');
  await expect(form.getByRole('radio', { name: new RegExp(`^${en('role_name_owner')} `) })).toHaveCount(0);
  await form.getByLabel(en('api_key_end')).fill('2100-01-01');
  await make.click();
  await expect(form.getByText(en('api_key_end_wrong'))).toBeVisible();
  await form.getByLabel(en('api_key_end')).fill('2099-06-30');
  await make.click();
  const once = page.getByRole('region', { name: en('api_key_made', { name: 'Shop system' }) });
  await expect(once.getByText(en('api_key_made_words'))).toBeVisible();
  const secret = await once.locator('code').innerText();
  await expect(row(page, 'Shop system')).toContainText('30 June 2099');
  await lookAt(page, 'console-team-key-made-en');

  const ask = async () => {
    const answer = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
      body: JSON.stringify({ query: 'query($id: ID!) { store(id: $id) { id } }', variables: { id: server.signIn.store } }),
    });
    const { data, errors } = await answer.json();
    return data?.store?.id ?? errors?.[0]?.extensions?.code ?? answer.status;
  };
  expect(await ask()).toBe(server.signIn.store);
  await page.reload();
  await loaded(page);
  await expect(page.getByText(secret)).toHaveCount(0);
  await page.getByRole('button', { name: `${en('api_key_revoke')} Shop system` }).click();
  const asked = page.getByRole('dialog', { name: en('api_key_revoke') });
  await expect(asked).toContainText(secret.slice(0, 8));
  await asked.getByRole('button', { name: en('api_key_revoke') }).click();
  await expect(page.getByRole('button', { name: `${en('api_key_revoke')} Shop system` })).toHaveCount(0);
  expect(await ask()).not.toBe(server.signIn.store);
  await page.locator('summary').click();
  await expect(row(page, 'Shop system')).toContainText(en('api_key_revoked'));
});

test('ending a session signs that browser out at once', async ({ browser, page, server }) => {
  test.setTimeout(180_000);
  const phone = await browser.newContext({
    baseURL: server.url,
    locale: 'en-GB',
    userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
  });
  const other = await phone.newPage();
  await enterConsole(other, server);
  await owner(page, server, '');
  await page.getByRole('button', { name: en('person'), exact: true }).click();
  await page.getByRole('menuitem', { name: en('nav_account') }).click();
  await loaded(page);
  await expect(row(page, en('session_this'))).toHaveCount(1);
  const name = en('session_on', { browser: 'Safari', system: 'iPhone' });
  await page.getByRole('button', { name: `${en('session_end')} ${name}` }).click();
  await expect(row(page, name)).toHaveCount(0);
  await other.getByRole('navigation', { name: en('nav_main') }).getByRole('link', { name: en('nav_carts'), exact: true }).first().click();
  await expect(other.getByRole('button', { name: en('sign_in_do'), exact: true })).toBeVisible();
  await expect(row(page, en('session_this'))).toHaveCount(1);
  await phone.close();
});

test('a new password is judged, and signs the other browsers out', async ({ browser, page, server }) => {
  test.setTimeout(240_000);
  await owner(page, server, '/organisation/members');
  const email = 'pia@team.example';
  const pia = await join(browser, server, await invite(page, email, en('role_name_analyst')), 'Pia Holm');
  const elsewhere = await browser.newContext({ baseURL: server.url, locale: 'en-GB' });
  const second = await elsewhere.newPage();
  const home = await enterConsole(second, { url: server.url, signIn: { email, password: PASSWORD } });

  await pia.goto(`${home}/account`);
  await loaded(pia);
  const form = pia.getByRole('form', { name: en('account_change') });
  const [old, next] = [form.getByLabel(en('account_old')), form.getByLabel(en('join_password'))];
  const send = () => form.getByRole('button', { name: en('account_change') }).click();
  await send();
  await expect(form.getByText(en('sign_in_password_missing'))).toBeVisible();
  await expect(form.getByText(en('account_short'))).toBeVisible();
  await old.fill('not the password');
  await next.fill('acht gelbe Gummistiefel');
  await send();
  await expect(form.getByText(en('account_wrong'))).toBeVisible();
  await old.fill(PASSWORD);
  await next.fill('pia@team.example');
  await send();
  await expect(form.getByText(en('join_weak'))).toBeVisible();
  await lookAt(pia, 'console-account-weak-en');
  await next.fill('acht gelbe Gummistiefel');
  await send();
  await expect(pia.getByText(en('account_changed'))).toBeVisible();
  await expect(old).toHaveValue('');
  await expect(pia.locator('main').getByRole('row')).toHaveCount(2);
  await second.getByRole('navigation', { name: en('nav_main') }).getByRole('link', { name: en('nav_contacts'), exact: true }).first().click();
  await expect(second.getByRole('button', { name: en('sign_in_do'), exact: true })).toBeVisible();
  await Promise.all([elsewhere.close(), pia.context().close()]);
});

test('what was done is said in the language of the reader, and its pages stand in the address', async ({ page, server }) => {
  test.setTimeout(180_000);
  const t = words('de');
  const home = await owner(page, server, '/organisation/keys', 'de');
  for (let number = 0; number < 26; number += 1) {
    await page.getByRole('button', { name: t('api_key_make'), exact: true }).first().click();
    const form = page.getByRole('dialog', { name: t('api_key_make') });
    await form.getByLabel(t('api_key_name')).fill(`Lager ${number}`);
    await form.getByRole('button', { name: t('api_key_make'), exact: true }).click();
    await expect(page.getByRole('region', { name: t('api_key_made', { name: `Lager ${number}` }) })).toBeVisible();
  }
  await page.goto(`${home}/organisation/log`);
  await loaded(page);
  const made = (number: number) => said(page, t, 'audit_key_made', { key: t('audit_quoted', { text: `Lager ${number}` }), role: t('role_name_analyst') });
  await expect(made(25)).toBeVisible();
  await expect(made(0)).toHaveCount(0);
  await lookAt(page, 'console-team-log-de');
  await page.getByRole('link', { name: t('log_older') }).click();
  await expect(made(0)).toBeVisible();
  await expect(page).toHaveURL(/before=\d+/);
  await page.goBack();
  await expect(made(25)).toBeVisible();
  await page.goForward();
  await page.reload();
  await expect(made(0)).toBeVisible();
  await page.getByRole('link', { name: t('log_newest') }).click();
  await expect(made(25)).toBeVisible();
});
