// From a stranger's address to a store of their own, and a forgotten password: with a real mail server in between.
import { expect, languages, lookAt } from '../fixtures';
import { loaded } from '../support/console';
import { link, type Mail, PASSWORD, test } from '../support/open-server';
import { words } from '../support/words';

test('a stranger makes an account by their mailbox, opens a store, and replaces a forgotten password', async ({ page, open, post, complaints }) => {
  test.setTimeout(240_000);
  complaints.allow(/401|410|422/);
  const t = words('de');
  const to = (address: string) => (mail: Mail) => mail.rcpt_tos.includes(address);
  const press = (name: string) => page.getByRole('button', { name: t(name), exact: true }).click();
  await page.addInitScript(() => window.top === window && !localStorage.getItem('cw.lang') && localStorage.setItem('cw.lang', 'de'));

  await page.goto(`${open.url}/`);
  await page.getByRole('link', { name: t('sign_up_title') }).click();
  await press('ask_do');
  await expect(page.getByText(t('sign_in_email_missing'))).toBeVisible();
  await page.getByLabel(t('sign_in_email')).fill('Nora@Lampen.example');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('status')).toContainText(t('ask_sent'));

  const mail = await post.next(to('nora@lampen.example'));
  const headers = Object.fromEntries(mail.headers);
  expect(headers.subject).toBe('Ihr Konto bei Cartwheel');
  expect(headers.from).toContain('no-reply@cartwheel.example');
  await page.goto(link(mail, open.url));
  await expect(page.getByText('nora@lampen.example')).toBeVisible();
  await press('welcome_do');
  await expect(page.getByText(t('welcome_organisation_missing'))).toBeVisible();
  await page.getByLabel(t('join_name'), { exact: true }).fill('Nora');
  await page.getByLabel(t('welcome_organisation')).fill('Lampen & Licht');
  await page.getByLabel(t('join_password')).fill('lampen');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText(t('join_weak'));
  await page.getByLabel(t('join_password')).fill(PASSWORD);
  await page.keyboard.press('Enter');

  // No store yet: the first thing to do is to open one.
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(t('new_store_title'));
  await page.getByLabel(t('settings_name')).fill('Lampenladen');
  await page.getByLabel(t('settings_country')).fill('Schweiz');
  await press('new_store_do');
  await expect(page.getByText(t('settings_country_wrong'))).toBeVisible();
  await page.getByLabel(t('settings_country')).fill('ch');
  await page.getByLabel(t('new_store_currency')).selectOption('CHF');
  await page.getByLabel(t('settings_zone')).fill('Mars/Olympus');
  await press('new_store_do');
  await expect(page.locator('#zone-error')).toBeVisible();
  await page.getByLabel(t('settings_zone')).fill('Europe/Zurich');
  await press('new_store_do');
  await expect(page.getByText(/^cww_/)).toBeVisible();
  await lookAt(page, 'console-new-store-opened-de');
  await press('new_store_on');
  await page.waitForURL(/\/stores\/[^/]+$/);
  await loaded(page);
  await expect(page.getByText('Lampenladen').first()).toBeVisible();

  // The same link again, and a new one for an address that has an account.
  const stranger = await page.context().browser()!.newContext({ locale: 'de' });
  const other = await stranger.newPage();
  await other.goto(link(mail, open.url));
  await expect(other.getByRole('alert')).toContainText(t('link_gone'));
  await other.goto(`${open.url}/sign-up`);
  await other.getByLabel(t('sign_in_email')).fill('nora@lampen.example');
  await other.keyboard.press('Enter');
  await expect(other.getByRole('status')).toContainText(t('ask_sent'));
  expect(Object.fromEntries((await post.next(to('nora@lampen.example'))).headers).subject).toBe('Sie haben ein Konto bei Cartwheel');

  await other.goto(`${open.url}/forgot`);
  await other.getByLabel(t('sign_in_email')).fill('nora@lampen.example');
  await other.keyboard.press('Enter');
  await expect(other.getByRole('status')).toContainText(t('ask_sent'));
  await other.goto(link(await post.next(to('nora@lampen.example')), open.url));
  await other.getByRole('textbox', { name: t('join_password') }).fill('neun grüne Sonnenschirme');
  await other.keyboard.press('Enter');
  await other.waitForURL(/\/stores\/[^/]+$/);
  await loaded(other);
  expect(Object.fromEntries((await post.next(to('nora@lampen.example'))).headers).subject).toBe('Ihr Passwort wurde geändert');
  // Whoever was signed in with the old one is not any more.
  await page.goto(`${open.url}/`);
  await expect(page.getByRole('button', { name: t('sign_in_do'), exact: true })).toBeVisible();
  await stranger.close();
});

test('the pages of those who are not signed in', async ({ page, open, post, complaints }) => {
  test.setTimeout(240_000);
  complaints.allow(/410/);
  for (const language of languages) {
    const t = words(language);
    await page.addInitScript((code) => localStorage.setItem('cw.lang', code), language);
    await page.goto(`${open.url}/?${language}`);
    await expect(page.getByRole('link', { name: t('forgot_title') })).toBeVisible();
    await lookAt(page, `console-door-ways-${language}`);
    await page.goto(`${open.url}/forgot`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(t('forgot_title'));
    await lookAt(page, `console-forgot-${language}`);
    await page.goto(`${open.url}/reset#cwm_none`);
    await expect(page.getByRole('alert')).toContainText(t('link_gone'));
    await lookAt(page, `console-reset-gone-${language}`);
    await page.goto(`${open.url}/sign-up`);
    await page.getByLabel(t('sign_in_email')).fill(`ann-${language}@lampen.example`);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('status')).toContainText(t('ask_sent'));
    await lookAt(page, `console-asked-${language}`);
    const mail = await post.next((one) => one.rcpt_tos.includes(`ann-${language}@lampen.example`));
    await page.goto(link(mail, open.url));
    await expect(page.getByLabel(t('welcome_organisation'))).toBeVisible();
    await lookAt(page, `console-welcome-${language}`);
  }
});
