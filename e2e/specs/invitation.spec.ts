// Somebody is asked to join by the API; the link leads to a page of the console. organisation.spec.ts asks by the console.
import { expect, languages, lookAt, test } from '../fixtures';
import { askConsole, loaded } from '../support/console';
import { words } from '../support/words';

const INVITE = `mutation Invite($organisation: ID!, $email: String!) {
  inviteMember(organisationId: $organisation, email: $email, role: EDITOR) { link userErrors { message } }
}`;

test('an invitation lets one person in, once', async ({ browser, page, server, complaints }) => {
  test.setTimeout(180_000);
  complaints.allow(/401|410|422/);
  const { viewer } = await askConsole(page, server, '{ viewer { organisations { id name } } }');
  const [organisation] = viewer.organisations;
  const invited = await askConsole(page, server, INVITE, { organisation: organisation.id, email: 'nora@team.example' });
  expect(invited.inviteMember.userErrors).toEqual([]);
  const { hash, pathname } = new URL(invited.inviteMember.link);

  for (const language of languages) {
    const t = words(language);
    await page.addInitScript((code) => localStorage.setItem('cw.lang', code), language);
    await page.goto(`/?${language}`);
    await page.goto(`${pathname}${hash}`);
    await expect(page.getByRole('heading', { level: 1 })).toContainText(organisation.name);
    await expect(page.getByText(t('role_editor'))).toBeVisible();
    await lookAt(page, `console-join-${language}`);
  }
  const t = words('it');
  await page.getByRole('button', { name: t('join_do'), exact: true }).click();
  await expect(page.getByText(t('join_name_missing'))).toBeVisible();
  await page.getByLabel(t('join_name')).fill('Nora');
  await page.getByLabel(t('join_password')).fill('nora@team.example');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText(t('join_weak'));
  await page.getByLabel(t('join_password')).fill('sieben blaue Regenschirme');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/stores\/[^/]+$/);
  await loaded(page);

  const another = await browser.newContext({ baseURL: server.url, locale: 'en' });
  const late = await another.newPage();
  await late.goto(`${pathname}${hash}`);
  await expect(late.getByRole('alert')).toContainText(words('en')('join_gone'));
  await lookAt(late, 'console-join-gone-en');
  await another.close();
});
