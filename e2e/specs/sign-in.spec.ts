// Getting into the console, and out again.
import { expect, languages, sizes, expectNoOverflow, test } from '../fixtures';
import { enterConsole, signInByHand } from '../support/console';
import { en, words } from '../support/words';

test('signs in by hand, lands on Home, and a reload keeps the session', async ({ page, server }) => {
  await page.goto('/');
  await signInByHand(page, server.signIn);
  await page.waitForURL(/\/stores\//);
  await expect(page.getByRole('heading', { level: 1, name: en('nav_home') })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: en('nav_home') })).toBeVisible();
});

test('a wrong password is refused in plain words', async ({ page, server, complaints }) => {
  complaints.allow(/401|403/);
  await page.goto('/');
  await signInByHand(page, { ...server.signIn, password: 'not the password' });
  await expect(page.getByRole('alert')).toContainText(en('sign_in_wrong'));
});

test('leads to the page that was asked for', async ({ page, server }) => {
  const home = await enterConsole(page, server);
  const other = await page.context().browser()!.newContext({ locale: 'en-GB' });
  const visitor = await other.newPage();
  await visitor.goto(`${home}/carts?status=abandoned`);
  await signInByHand(visitor, server.signIn);
  await expect(visitor.getByRole('heading', { level: 1, name: en('nav_carts') })).toBeVisible();
  expect(visitor.url()).toContain('status=abandoned');
  await other.close();
});

test('signing out ends the session at once', async ({ page, server }) => {
  await enterConsole(page, server);
  await page.getByRole('button', { name: en('person') }).click();
  await page.getByRole('menuitem', { name: en('sign_out') }).click();
  await expect(page.getByRole('button', { name: en('sign_in_do'), exact: true })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('button', { name: en('sign_in_do'), exact: true })).toBeVisible();
});

for (const language of languages) {
  test(`speaks ${language}, switched without a reload`, async ({ page }) => {
    await page.setViewportSize(sizes.phone);
    await page.goto('/');
    await expect(page.getByRole('button', { name: en('sign_in_do'), exact: true })).toBeVisible();
    await page.getByRole('button', { name: en('language') }).click();
    await page.getByRole('menuitemradio', { name: { en: 'English', de: 'Deutsch', fr: 'Français', it: 'Italiano' }[language] }).or(
      page.getByRole('menuitem', { name: { en: 'English', de: 'Deutsch', fr: 'Français', it: 'Italiano' }[language] })).first().click();
    await expect(page.getByRole('button', { name: words(language)('sign_in_do'), exact: true })).toBeVisible();
    await expect(page.locator('html')).toHaveAttribute('lang', language);
    await expectNoOverflow(page);
  });
}

