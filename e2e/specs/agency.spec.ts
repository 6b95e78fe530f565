// A merchant opens a store to an agency and closes it again, seen by both; all stores side by side; roles in single stores.
import type { Page } from '@playwright/test';
import { expect, languages, lookAt } from '../fixtures';
import { loaded } from '../support/console';
import { code, PASSWORD, signUp, test } from '../support/open-server';
import { en, words } from '../support/words';

/** Sets an app up, as an agency's owner must, and keeps the recovery codes. */
async function setUp(page: Page) {
  const card = page.getByRole('region', { name: en('factor'), exact: true });
  await card.getByLabel(en('sign_in_password')).fill(PASSWORD);
  await card.getByRole('button', { name: en('factor_start'), exact: true }).click();
  const secret = await card.getByRole('group', { name: en('factor_key') }).locator('code').innerText();
  await card.getByRole('textbox', { name: en('code_label'), exact: true }).fill(code(secret));
  await card.getByRole('button', { name: en('factor_on'), exact: true }).click();
  await card.getByRole('button', { name: en('factor_kept'), exact: true }).click();
}

/** Opens a store by the page that asks for its name. */
async function openStore(page: Page, name: string) {
  await page.getByLabel(en('settings_name')).fill(name);
  await page.getByRole('button', { name: en('new_store_do') }).click();
  await page.getByRole('button', { name: en('new_store_on') }).click();
  await page.waitForURL(/\/stores\/[^/]+$/);
  await loaded(page);
  return new URL(page.url()).pathname;
}

/** Chooses a language for the console of this page. */
async function speak(page: Page, language: string) {
  await page.evaluate((code) => localStorage.setItem('cw.lang', code), language);
  await page.reload();
  await loaded(page);
}

const row = (page: Page, text: string) => page.getByRole('row').filter({ hasText: text });

test('a merchant opens a store to an agency, which works there until the store is closed to it', async ({ browser, page, open, post, complaints }) => {
  test.setTimeout(420_000);
  complaints.allow(/401|410/);
  await signUp(page, open.url, post, 'milla@milk.example', false, 'Milk & Bread');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(en('new_store_title'));
  const home = await openStore(page, 'Milk & Bread');

  const context = await browser.newContext({ locale: 'en-GB' });
  const agency = await context.newPage();
  await signUp(agency, open.url, post, 'gina@agency.example', true, 'Gina & Friends');
  await setUp(agency);
  // Without a store, an agency begins where it finds what its clients need.
  await agency.waitForURL(/\/organisation\/access$/);
  await loaded(agency);
  const id = await agency.getByRole('region', { name: en('access_id') }).locator('code').innerText();
  expect(id).toMatch(/^org_/);
  await expect(agency.getByText(en('access_visits_none'))).toBeVisible();
  await lookAt(agency, 'console-agency-begins-en');

  await page.goto(`${open.url}${home}/organisation/access`);
  await loaded(page);
  await expect(page.getByText(en('access_guests_none'))).toBeVisible();
  await page.getByRole('button', { name: en('access_give') }).click();
  const dialog = page.getByRole('dialog', { name: en('access_give') });
  const give = () => dialog.getByRole('button', { name: en('access_give') }).click();
  await give();
  await expect(dialog.getByText(en('access_agency_wrong'))).toBeVisible();
  await expect(dialog.getByLabel(en('access_agency'))).toBeFocused();
  await dialog.getByLabel(en('access_agency')).fill(`${id.slice(0, -4)}0000`);
  await give();
  await expect(dialog.getByText(en('access_agency_unknown'))).toBeVisible();
  await lookAt(page, 'console-access-give-en');
  await dialog.getByLabel(en('access_agency')).fill(` ${id} `);
  await dialog.getByRole('radio', { name: new RegExp(`^${en('role_name_analyst')} `) }).check();
  await give();
  const guests = page.getByRole('region', { name: en('access_guests'), exact: true });
  await expect(guests.getByRole('row').filter({ hasText: 'Gina & Friends' })).toContainText(en('role_may_analyst'));
  await expect(guests.getByRole('row').filter({ hasText: 'Gina & Friends' })).toContainText(en('access_open_end'));
  await lookAt(page, 'console-access-en');

  // Whom not to contact is shared by the merchant alone, who reads first what it means.
  const shares = page.getByRole('region', { name: en('sharing'), exact: true });
  await expect(shares.getByRole('row').filter({ hasText: 'Milk & Bread' })).toContainText(en('sharing_off'));
  await shares.getByRole('button', { name: `${en('sharing_start')} Gina & Friends, Milk & Bread` }).click();
  const share = page.getByRole('dialog', { name: en('sharing_start'), exact: true });
  await expect(share.getByRole('heading', { name: en('sharing_start_title', { store: 'Milk & Bread' }) })).toBeVisible();
  for (const point of ['out', 'in', 'none', 'end']) await expect(share.getByText(en(`sharing_means_${point}`))).toBeVisible();
  await lookAt(page, 'console-sharing-ask-en');
  await share.getByRole('button', { name: en('sharing_start_do') }).click();
  await expect(shares.getByText(en('sharing_on'), { exact: true })).toBeVisible();
  await lookAt(page, 'console-sharing-en');

  // The agency finds the store among its own, and what it may not is not offered.
  await agency.goto(open.url);
  await agency.waitForURL(/\/stores\/[^/]+$/);
  await loaded(agency);
  expect(new URL(agency.url()).pathname).toBe(home);
  await expect(agency.getByText(en('store_client'), { exact: true })).toBeVisible();
  await agency.goto(`${open.url}/new-store`);
  await openStore(agency, 'Gina’s own');
  await agency.getByRole('button', { name: new RegExp(`^${en('nav_store')}`) }).first().click();
  await agency.getByRole('menuitem', { name: en('all_stores') }).click();
  await agency.waitForURL(/\/all-stores$/);
  await loaded(agency);
  for (const name of ['Milk & Bread', 'Gina’s own']) await expect(row(agency, name)).toBeVisible();
  await expect(row(agency, 'Milk & Bread')).toContainText(en('store_client'));
  await lookAt(agency, 'console-all-stores-en');
  for (const language of languages.filter((one) => one !== 'en')) {
    const t = words(language);
    await speak(agency, language);
    await expect(agency.getByRole('heading', { level: 1 })).toHaveText(t('all_stores'));
    await lookAt(agency, `console-all-stores-${language}`);
    await speak(page, language);
    await expect(page.getByRole('heading', { name: t('access_guests') })).toBeVisible();
    await expect(page.getByText(t('sharing_words'))).toBeVisible();
    await lookAt(page, `console-access-${language}`);
  }
  await speak(agency, 'en');
  await speak(page, 'en');

  // Stopped, and said anew.
  await shares.getByRole('button', { name: `${en('sharing_stop')} Gina & Friends, Milk & Bread` }).click();
  const stop = page.getByRole('dialog', { name: en('sharing_stop_title', { store: 'Milk & Bread' }) });
  await expect(stop.getByText(en('sharing_stop_words'))).toBeVisible();
  await stop.getByRole('button', { name: en('sharing_stop'), exact: true }).click();
  await expect(shares.getByText(en('sharing_off'), { exact: true })).toBeVisible();

  // Closed: the next thing the agency asks for is not there any more, and both read who did it.
  await page.getByRole('button', { name: `${en('access_close')} Gina & Friends, Milk & Bread` }).click();
  await expect(page.getByText(en('access_guests_none'))).toBeVisible();
  await agency.goto(`${open.url}${home}/carts`);
  await expect(agency.getByText(en('not_found_title'))).toBeVisible();
  await page.getByRole('link', { name: en('part_log'), exact: true }).click();
  await loaded(page);
  await expect(page.getByText(en('audit_access_ended', { who: 'Ada', guest: 'Gina & Friends', store: 'Milk & Bread' }))).toBeVisible();
  await expect(page.getByText(en('audit_access_given', { who: 'Ada', guest: 'Gina & Friends', store: 'Milk & Bread', role: en('role_name_analyst') }))).toBeVisible();
  for (const said of ['audit_circle_joined', 'audit_circle_left'] as const) {
    await expect(page.getByText(en(said, { who: 'Ada', guest: 'Gina & Friends', store: 'Milk & Bread' }))).toBeVisible();
  }
  await context.close();
});

test('somebody is invited into one store alone, and given another later', async ({ browser, page, open, post, complaints }) => {
  test.setTimeout(300_000);
  complaints.allow(/401|410/);
  await signUp(page, open.url, post, 'olaf@two.example', false, 'Two Shops');
  const first = await openStore(page, 'First');
  await page.goto(`${open.url}/new-store`);
  await openStore(page, 'Second');
  await page.goto(`${open.url}${first}/organisation/members`);
  await loaded(page);
  await page.getByRole('button', { name: en('invite'), exact: true }).click();
  const asked = page.getByRole('dialog', { name: en('invite_title') });
  await asked.getByLabel(en('contact_email')).fill('ben@two.example');
  for (const name of ['First', 'Second']) await asked.getByRole('checkbox', { name }).uncheck();
  await asked.getByRole('button', { name: en('invite'), exact: true }).click();
  await expect(asked.getByText(en('invite_stores_none'))).toBeVisible();
  await lookAt(page, 'console-invite-stores-en');
  await asked.getByRole('checkbox', { name: 'First' }).check();
  await asked.getByRole('button', { name: en('invite'), exact: true }).click();
  const mail = await post.next((one) => one.rcpt_tos.includes('ben@two.example'));
  const [link] = mail.plain.match(/https?:\/\/\S+#\S+/) ?? [];

  const context = await browser.newContext({ locale: 'en-GB' });
  const ben = await context.newPage();
  await ben.goto(link!);
  await ben.getByLabel(en('join_name')).fill('Ben');
  await ben.getByLabel(en('join_password')).fill(PASSWORD);
  await ben.keyboard.press('Enter');
  await ben.waitForURL(new RegExp(`${first}$`));
  await loaded(ben);
  // One store, and nothing of the organisation.
  await expect(ben.getByRole('link', { name: en('nav_organisation') })).toHaveCount(0);
  await ben.goto(`${open.url}${first}/organisation/members`);
  await expect(ben.getByText(en('organisation_single'))).toBeVisible();
  await lookAt(ben, 'console-single-en');

  await page.reload();
  await loaded(page);
  await expect(row(page, 'ben@two.example')).toContainText(en('member_single'));
  await page.getByRole('button', { name: `${en('member_stores')} Ben` }).click();
  const stores = page.getByRole('dialog', { name: en('member_stores') });
  await stores.getByLabel('Second').selectOption({ label: en('role_name_support') });
  await expect(page.getByText(en('member_store_done', { name: 'Ben', store: 'Second' }))).toBeVisible();
  await lookAt(page, 'console-member-stores-en');
  await stores.getByRole('button', { name: en('done') }).click();
  await expect(row(page, 'ben@two.example')).toContainText(en('member_store_role', { role: en('role_name_support'), store: 'Second' }));
  await ben.goto(open.url);
  await loaded(ben);
  await ben.getByRole('button', { name: new RegExp(`^${en('nav_store')}`) }).first().click();
  await expect(ben.getByRole('menuitem', { name: 'Second' })).toBeVisible();
  await context.close();
});

test('journeys of many stores are paused and resumed, and one is taken to another store', async ({ page, open, post, complaints }) => {
  test.setTimeout(300_000);
  complaints.allow(/401|410/);
  await signUp(page, open.url, post, 'rosa@many.example', false, 'Many');
  const first = await openStore(page, 'North');
  await page.goto(`${open.url}/new-store`);
  await openStore(page, 'South');
  await page.goto(`${open.url}/all-stores`);
  await loaded(page);
  for (const store of ['North', 'South']) await page.getByRole('checkbox', { name: en('many_choose', { store }) }).check();
  await lookAt(page, 'console-many-en');
  await page.getByRole('button', { name: en('many_pause') }).click();
  await expect(page.getByText('Journeys of 2 stores are paused.')).toBeVisible();
  await page.getByRole('checkbox', { name: en('many_choose', { store: 'South' }) }).check();
  await page.getByRole('button', { name: en('many_resume') }).click();
  await expect(page.getByText('Journeys of 1 store go on.')).toBeVisible();

  // The same in both: nothing to take over. With another wait it is told what would change, and done.
  await page.goto(`${open.url}${first}/journeys`);
  await loaded(page);
  await page.locator('main a[href*="/journeys/"]').first().click();
  const rollOut = page.getByRole('button', { name: en('roll_out'), exact: true });
  await rollOut.click();
  const dialog = page.getByRole('dialog', { name: en('roll_out') });
  const look = dialog.getByRole('button', { name: en('roll_out_look') });
  await look.click();
  await expect(dialog.getByText(en('invite_stores_none'))).toBeVisible();
  await dialog.getByRole('checkbox', { name: 'South' }).check();
  await look.click();
  await expect(dialog.getByText(en('roll_out_same'))).toBeVisible();
  await page.keyboard.press('Escape');
  await page.locator('.graph__node--wait').last().click();
  await page.getByRole('textbox', { name: en('wait_label'), exact: true }).fill('3');
  await page.getByRole('button', { name: en('publish'), exact: true }).click();
  await page.getByRole('dialog', { name: en('publish') }).getByRole('button', { name: en('publish'), exact: true }).click();
  await expect(page.getByText(en('publish_done'))).toBeVisible();
  await page.reload();
  await loaded(page);
  await rollOut.click();
  await dialog.getByRole('checkbox', { name: 'South' }).check();
  await look.click();
  await expect(dialog.getByText(en('roll_out_update'), { exact: true })).toBeVisible();
  await expect(dialog.getByText(/wait_4 · seconds/)).toBeVisible();
  await lookAt(page, 'console-roll-out-en');
  await dialog.getByRole('button', { name: 'Publish in 1 store' }).click();
  await expect(page.getByText('Published in 1 store.')).toBeVisible();
});

test('another organisation is made from the menu of the person', async ({ page, open, post, complaints }) => {
  test.setTimeout(180_000);
  complaints.allow(/401|410/);
  await signUp(page, open.url, post, 'paula@more.example', false, 'More');
  await openStore(page, 'More');
  await page.getByRole('button', { name: en('person') }).click();
  await page.getByRole('menuitem', { name: en('new_organisation') }).click();
  await loaded(page);
  await page.getByRole('button', { name: en('new_organisation_do') }).click();
  await expect(page.getByText(en('join_misnamed_advice'))).toBeVisible();
  await lookAt(page, 'console-new-organisation-en');
  await page.getByLabel(en('new_organisation_name')).fill('Even more');
  await page.getByRole('button', { name: en('new_organisation_do') }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(en('new_store_title'));
  await expect(page.getByLabel(en('new_store_organisation')).getByRole('option', { name: 'Even more' })).toBeAttached();
});
