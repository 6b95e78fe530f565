// A code at sign-in: an agency's owner must have one, anybody may. The app is played by RFC 6238 itself.
import type { Page } from '@playwright/test';
import { expect, languages, lookAt } from '../fixtures';
import { loaded } from '../support/console';
import { code, PASSWORD, signUp, test } from '../support/open-server';
import { en, words } from '../support/words';

/** The card of the account page. */
const card = (page: Page, t = en) => page.getByRole('region', { name: t('factor'), exact: true });
const press = (page: Page, name: string, t = en) => card(page, t).getByRole('button', { name: t(name), exact: true }).click();

/** Sets an app up; answers its key and the recovery codes. */
async function setUp(page: Page) {
  await card(page).getByLabel(en('sign_in_password')).fill('wrong');
  await press(page, 'factor_start');
  await expect(card(page).getByText(en('account_wrong'))).toBeVisible();
  await card(page).getByLabel(en('sign_in_password')).fill(PASSWORD);
  await press(page, 'factor_start');
  await expect(card(page).getByRole('img', { name: en('factor_qr') })).toBeVisible();
  const secret = await card(page).getByRole('group', { name: en('factor_key') }).locator('code').innerText();
  await expect(card(page).getByRole('textbox', { name: en('code_label'), exact: true })).toBeFocused();
  await press(page, 'factor_on');
  await expect(card(page).getByText(en('code_missing'))).toBeVisible();
  await card(page).getByRole('textbox', { name: en('code_label'), exact: true }).fill('000000');
  await press(page, 'factor_on');
  await expect(card(page).getByText(en('code_wrong'))).toBeVisible();
  await lookAt(page, 'console-factor-begun-en');
  await card(page).getByRole('textbox', { name: en('code_label'), exact: true }).fill(code(secret));
  await press(page, 'factor_on');
  const list = card(page).getByRole('group', { name: en('factor_codes') }).locator('code');
  await expect(list).toContainText('-');
  const codes = (await list.innerText()).trim().split(/\s+/);
  expect(codes).toHaveLength(10);
  await lookAt(page, 'console-factor-codes-en');
  await press(page, 'factor_kept');
  return { secret, codes };
}

async function signOut(page: Page) {
  await page.getByRole('button', { name: en('person') }).click();
  await page.getByRole('menuitem', { name: en('sign_out') }).click();
  // The page that is left has passwords of its own.
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(en('sign_in_title'));
  await expect(page.getByLabel(en('sign_in_password'))).toBeVisible();
}

async function password(page: Page, email: string) {
  await page.getByLabel(en('sign_in_email')).fill(email);
  await page.getByLabel(en('sign_in_password')).fill(PASSWORD);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(en('code_title'));
  await expect(page.getByRole('textbox', { name: en('code_label'), exact: true })).toBeFocused();
}

async function enter(page: Page, text: string) {
  await page.getByRole('textbox', { name: en('code_label'), exact: true }).fill(text);
  await page.keyboard.press('Enter');
}

test("an agency's owner sets an app up before anything else, and signs in with its code", async ({ page, open, post, complaints }) => {
  test.setTimeout(240_000);
  complaints.allow(/401|410/);
  const email = 'ada@agency.example';
  await signUp(page, open.url, post, email, true);
  await expect(card(page).getByText(en('factor_required'))).toBeVisible();
  await loaded(page);
  await lookAt(page, 'console-factor-required-en');
  // Nothing else is shown, whatever the address.
  await page.goto(`${open.url}/new-store`);
  await expect(card(page)).toBeVisible();
  const { secret, codes } = await setUp(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(en('new_store_title'));
  const subjects = () => post.received.filter((mail) => mail.rcpt_tos.includes(email)).map((mail) => Object.fromEntries(mail.headers).subject);
  await expect.poll(subjects).toContain('Sign-in now asks for a code');

  await signOut(page);
  await password(page, email);
  await enter(page, '');
  await expect(page.getByText(en('code_missing'))).toBeVisible();
  await enter(page, '000000');
  await expect(page.getByText(en('code_wrong'))).toBeVisible();
  await expect(page.getByRole('textbox', { name: en('code_label'), exact: true })).toBeFocused();
  await enter(page, code(secret, 1));
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(en('new_store_title'));

  await page.getByRole('button', { name: en('person') }).click();
  await page.getByRole('menuitem', { name: en('nav_account') }).click();
  await page.waitForURL(/\/account$/);
  await loaded(page);
  await expect(card(page).getByText('10 recovery codes left')).toBeVisible();
  await expect(card(page).getByText(en('factor_off'), { exact: true })).toHaveCount(0);
  await card(page).getByText(en('factor_renew')).first().click();
  await card(page).getByLabel(en('sign_in_password')).fill(PASSWORD);
  await card(page).getByRole('textbox', { name: en('code_label'), exact: true }).fill(codes[0]);
  await press(page, 'factor_renew');
  const list = card(page).getByRole('group', { name: en('factor_codes') }).locator('code');
  await expect(list).toContainText('-');
  const [fresh] = (await list.innerText()).trim().split(/\s+/);
  await press(page, 'factor_kept');

  await signOut(page);
  await password(page, email);
  await enter(page, codes[1]);
  await expect(page.getByText(en('code_wrong'))).toBeVisible();
  await enter(page, fresh.toUpperCase().replace('-', ' '));
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(en('nav_account'));
  await expect.poll(subjects).toContain('A recovery code was used');
});

test('anybody may ask for a code and switch it off again', async ({ page, open, post, complaints }) => {
  test.setTimeout(240_000);
  complaints.allow(/401|410/);
  const email = 'ben@shop.example';
  await signUp(page, open.url, post, email, false);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(en('new_store_title'));
  await page.goto(`${open.url}/account`);
  await loaded(page);
  await lookAt(page, 'console-factor-off-en');
  const { codes } = await setUp(page);
  await expect(card(page).getByText('10 recovery codes left')).toBeVisible();

  await signOut(page);
  for (const language of languages) {
    const t = words(language);
    await page.evaluate((lang) => localStorage.setItem('cw.lang', lang), language);
    await page.goto(`${open.url}/account`);
    await page.getByLabel(t('sign_in_email')).fill(email);
    await page.getByLabel(t('sign_in_password')).fill(PASSWORD);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(t('code_title'));
    await lookAt(page, `console-code-${language}`);
    await page.getByRole('button', { name: t('code_back') }).click();
    await expect(page.getByLabel(t('sign_in_password'))).toBeVisible();
  }
  await page.evaluate(() => localStorage.setItem('cw.lang', 'en'));
  await page.goto(`${open.url}/account`);
  await password(page, email);
  await enter(page, codes[0]);
  await loaded(page);
  for (const language of languages) {
    const t = words(language);
    await page.evaluate((lang) => localStorage.setItem('cw.lang', lang), language);
    await page.goto(`${open.url}/account`);
    await loaded(page);
    await card(page, t).getByText(t('factor_off'), { exact: true }).first().click();
    await lookAt(page, `console-factor-on-${language}`);
  }
  await page.evaluate(() => localStorage.setItem('cw.lang', 'en'));
  await page.goto(`${open.url}/account`);
  await loaded(page);
  await card(page).getByText(en('factor_off'), { exact: true }).first().click();
  const form = card(page).getByRole('form', { name: en('factor_off') });
  await form.getByLabel(en('sign_in_password')).fill(PASSWORD);
  await form.getByRole('textbox', { name: en('code_label'), exact: true }).fill(codes[1]);
  await form.getByRole('button', { name: en('factor_off') }).click();
  await expect(page.getByText(en('factor_off_done'))).toBeVisible();
  await expect(card(page).getByRole('button', { name: en('factor_start') })).toBeVisible();
  await signOut(page);
  await page.getByLabel(en('sign_in_email')).fill(email);
  await page.getByLabel(en('sign_in_password')).fill(PASSWORD);
  await page.keyboard.press('Enter');
  await loaded(page);
  await expect(card(page)).toBeVisible();
});
