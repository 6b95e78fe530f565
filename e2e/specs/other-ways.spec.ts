// Passkeys by Chromium's own authenticator, and a provider of sign-in that is not ours.
import type { CDPSession, Page } from '@playwright/test';
import { expect, languages, lookAt } from '../fixtures';
import { loaded } from '../support/console';
import { PASSWORD, signUp, test as base, type Post } from '../support/open-server';
import { startProvider, type ProviderServer } from '../support/provider';
import { startServer } from '../support/server.mjs';
import { en, words } from '../support/words';

const test = base.extend<object, { provider: ProviderServer }>({
  provider: [async ({}, use) => {
    const provider = await startProvider();
    await use(provider);
    await provider.stop();
  }, { scope: 'worker' }],
  open: [async ({ post, provider }, use) => {
    const env = {
      CARTWHEEL_SMTP_URL: post.url, CARTWHEEL_MAIL_FROM: 'Cartwheel <no-reply@cartwheel.example>', CARTWHEEL_SIGN_UP: 'open',
      CARTWHEEL_OIDC_NAME: 'Acme', CARTWHEEL_OIDC_ISSUER: provider.issuer, CARTWHEEL_OIDC_CLIENT_ID: 'cartwheel', CARTWHEEL_OIDC_CLIENT_SECRET: 'not a secret',
    };
    const server = await startServer({ env });
    await use(server);
    await server.stop();
  }, { scope: 'worker', timeout: 180_000 }],
});

const card = (page: Page, name: string, t = en) => page.getByRole('region', { name: t(name), exact: true });
const subjects = (post: Post, email: string) => post.received.filter((mail) => mail.rcpt_tos.includes(email)).map((mail) => Object.fromEntries(mail.headers).subject);

async function signOut(page: Page) {
  await page.getByRole('button', { name: en('person') }).click();
  await page.getByRole('menuitem', { name: en('sign_out') }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(en('sign_in_title'));
}

/** A device with a finger on it. */
async function device(page: Page) {
  const client: CDPSession = await page.context().newCDPSession(page);
  await client.send('WebAuthn.enable');
  const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } as const;
  const { authenticatorId } = await client.send('WebAuthn.addVirtualAuthenticator', { options });
  return {
    verified: (isUserVerified: boolean) => client.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
    forget: () => client.send('WebAuthn.clearCredentials', { authenticatorId }),
  };
}

test('a passkey is added, signs in without a password, and is removed', async ({ page, open, post, complaints }) => {
  test.setTimeout(240_000);
  complaints.allow(/401|410/);
  const email = 'pat@shop.example';
  await signUp(page, open.url, post, email, false);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(en('new_store_title'));
  await page.goto(`${open.url}/account`);
  await loaded(page);
  const key = await device(page);
  const passkeys = card(page, 'passkeys');
  const add = passkeys.getByRole('button', { name: en('passkey_add') });
  const [name, password] = [passkeys.getByLabel(en('passkey_name')), passkeys.getByLabel(en('account_old'))];
  await expect(passkeys.getByText(en('passkeys_none'))).toBeVisible();
  await add.click();
  await expect(passkeys.getByText(en('passkey_name_wrong'))).toBeVisible();
  await name.fill('Laptop <b>');
  await add.click();
  await expect(passkeys.getByText(en('sign_in_password_missing'))).toBeVisible();
  await password.fill('wrong');
  await add.click();
  await expect(passkeys.getByText(en('account_wrong'))).toBeVisible();
  await password.fill(PASSWORD);
  await key.verified(false);
  await add.click();
  await expect(passkeys.getByText(en('passkey_declined'))).toBeVisible();
  await key.verified(true);
  await add.click();
  await expect(page.getByText(en('passkey_added'))).toBeVisible();
  await expect(passkeys.getByRole('listitem')).toContainText('Laptop <b>');
  await expect.poll(() => subjects(post, email)).toContain('A passkey was added to your account');
  // This device has one already.
  await name.fill('Again');
  await password.fill(PASSWORD);
  await add.click();
  await expect(passkeys.getByText(en('passkey_known'))).toBeVisible();

  await signOut(page);
  await expect(page.getByRole('button', { name: en('passkey_sign_in') })).toBeVisible();
  await key.verified(false);
  await page.getByRole('button', { name: en('passkey_sign_in') }).click();
  await expect(page.getByText(en('passkey_declined_sign_in'))).toBeVisible();
  await key.verified(true);
  await page.getByRole('button', { name: en('passkey_sign_in') }).press('Enter');
  await loaded(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(en('nav_account'));
  for (const language of languages) {
    const t = words(language);
    await page.evaluate((lang) => localStorage.setItem('cw.lang', lang), language);
    await page.goto(`${open.url}/account`);
    await loaded(page);
    await expect(card(page, 'passkeys', t).getByRole('listitem')).toContainText('Laptop <b>');
    await lookAt(page, `console-other-ways-${language}`);
  }
  await page.evaluate(() => localStorage.setItem('cw.lang', 'en'));
  await page.goto(`${open.url}/account`);
  await loaded(page);
  await card(page, 'passkeys').getByRole('button', { name: /Remove/ }).click();
  await expect(card(page, 'passkeys').getByText(en('sign_in_password_missing'))).toBeVisible();
  await card(page, 'passkeys').getByLabel(en('account_old')).fill(PASSWORD);
  await card(page, 'passkeys').getByRole('button', { name: /Remove/ }).click();
  await expect(page.getByText(en('passkey_removed'))).toBeVisible();
  await expect(card(page, 'passkeys').getByText(en('passkeys_none'))).toBeVisible();
  await signOut(page);
  await page.getByRole('button', { name: en('passkey_sign_in') }).click();
  await expect(page.getByText(en('passkey_refused'))).toBeVisible();
  await key.forget();
});

test('an account at a provider is connected, signs in, and is disconnected', async ({ page, open, post, provider, complaints }) => {
  test.setTimeout(240_000);
  // The provider's page asks for a style sheet from elsewhere.
  complaints.allow(/401|410|ERR_|127\.0\.0\.1|localhost/);
  await page.route(/jsdelivr/, (route) => route.abort());
  const email = 'quinn@shop.example';
  await signUp(page, open.url, post, email, false);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(en('new_store_title'));
  const enter = async (subject: string) => {
    await page.waitForURL((url) => url.href.startsWith(provider.issuer));
    await page.locator('input[name="sub"]').fill(subject);
    await page.getByRole('button', { name: 'Authorize' }).click();
  };
  const deny = async () => {
    await page.waitForURL((url) => url.href.startsWith(provider.issuer));
    await page.getByRole('button', { name: 'Deny' }).click();
  };
  await signOut(page);
  for (const language of languages) {
    await page.evaluate((lang) => localStorage.setItem('cw.lang', lang), language);
    await page.goto(`${open.url}/account`);
    await expect(page.getByRole('button', { name: words(language)('provider_sign_in').replace('{provider}', 'Acme') })).toBeVisible();
    await lookAt(page, `console-door-others-${language}`);
  }
  await page.evaluate(() => localStorage.setItem('cw.lang', 'en'));
  await page.goto(`${open.url}/account`);
  await page.getByRole('button', { name: 'Sign in with Acme' }).click();
  await enter('quinn');
  await expect(page.getByText(en('provider_unconnected'))).toBeVisible();
  expect(new URL(page.url()).hash).toBe('');
  await page.getByRole('button', { name: 'Sign in with Acme' }).click();
  await deny();
  await expect(page.getByText(en('provider_refused'))).toBeVisible();

  await page.getByLabel(en('sign_in_email')).fill(email);
  await page.getByLabel(en('sign_in_password')).fill(PASSWORD);
  await page.keyboard.press('Enter');
  await loaded(page);
  await page.goto(`${open.url}/account`);
  await loaded(page);
  const providers = card(page, 'providers');
  const connect = providers.getByRole('button', { name: 'Connect Acme' });
  await connect.click();
  await expect(providers.getByText(en('sign_in_password_missing'))).toBeVisible();
  await providers.getByLabel(en('account_old')).fill('wrong');
  await connect.click();
  await expect(providers.getByText(en('account_wrong'))).toBeVisible();
  await providers.getByLabel(en('account_old')).fill(PASSWORD);
  await connect.click();
  await deny();
  await expect(providers.getByText(en('provider_refused'))).toBeVisible();
  await providers.getByLabel(en('account_old')).fill(PASSWORD);
  await connect.click();
  await enter('quinn');
  await expect(page.getByText(en('provider_connected'))).toBeVisible();
  await expect(providers.getByRole('listitem')).toContainText('Acme');
  await expect.poll(() => subjects(post, email)).toContain('You can now sign in with Acme');
  await loaded(page);
  await lookAt(page, 'console-provider-connected-en');

  await signOut(page);
  await page.getByRole('button', { name: 'Sign in with Acme' }).click();
  await enter('quinn');
  await loaded(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(en('new_store_title'));
  await page.goto(`${open.url}/account`);
  await loaded(page);
  await providers.getByLabel(en('account_old')).fill(PASSWORD);
  await providers.getByRole('button', { name: /Disconnect/ }).click();
  await expect(page.getByText(en('provider_disconnected'))).toBeVisible();
  await signOut(page);
  await page.getByRole('button', { name: 'Sign in with Acme' }).click();
  await enter('quinn');
  await expect(page.getByText(en('provider_unconnected'))).toBeVisible();
});
