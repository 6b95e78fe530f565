// Mail servers of a store: added, checked, put in order; what comes back is told at addresses that can be copied.
import { createServer, type Server as Net } from 'node:net';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, languages, lookAt, test as base, type Server } from '../fixtures';
import { enterConsole, loaded } from '../support/console';
import { readSignIn, startServer } from '../support/server.mjs';
import { en, words } from '../support/words';

/** A mail server that lets in whoever says nothing of a password, and refuses all others. */
async function startMail(): Promise<{ port: number; stop(): void }> {
  const server: Net = createServer((socket) => {
    socket.write('220 mx.test ESMTP\r\n');
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      const line = data.toString();
      if (line.startsWith('EHLO')) socket.write('250-mx.test\r\n250 AUTH PLAIN\r\n');
      else if (line.startsWith('AUTH')) socket.write('535 5.7.8 not with this password\r\n');
      else socket.end('221 bye\r\n');
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { port: (server.address() as AddressInfo).port, stop: () => void server.close() };
}

const test = base.extend<object, { server: Server }>({
  // Servers may be on this machine: everywhere else the switch is off.
  server: [async ({}, use) => {
    const demo = process.env.CARTWHEEL_DEMO_FOLDER!;
    const signIn = readSignIn(await readFile(join(demo, 'sign-in.txt'), 'utf8'));
    const server = await startServer({ from: demo, env: { CARTWHEEL_WEBHOOKS_LOCAL: '1' } });
    await use({ ...server, signIn });
    await server.stop();
  }, { scope: 'worker', timeout: 180_000 }],
});

test('servers are added, checked, put in order and taken away, and the page reads well in every language', async ({ page, server }) => {
  test.setTimeout(240_000);
  const mail = await startMail();
  const home = await enterConsole(page, server);
  await page.goto(`${home}/settings/sending`);
  await loaded(page);
  const add = async (name: string, fill: (dialog: ReturnType<typeof page.getByRole>) => Promise<void>) => {
    await page.getByRole('button', { name: en('mailer_add') }).first().click();
    const dialog = page.getByRole('dialog', { name: en('mailer_add') });
    await dialog.getByLabel(en('mailer_name'), { exact: true }).fill(name);
    await fill(dialog);
    await dialog.getByRole('button', { name: en('mailer_add') }).click();
    return dialog;
  };
  const here = async (dialog: ReturnType<typeof page.getByRole>) => {
    await dialog.getByLabel(en('mailer_host'), { exact: true }).fill('127.0.0.1');
    await dialog.getByLabel(en('mailer_port')).fill(String(mail.port));
    await dialog.getByLabel(en('mailer_security')).selectOption('none');
  };
  // What leads into a private network is refused at its field.
  const refused = await add('Private', (dialog) => dialog.getByLabel(en('mailer_host'), { exact: true }).fill('10.0.0.1'));
  await expect(refused.getByText(en('mailer_bad_host'))).toBeVisible();
  await lookAt(page, 'console-mail-add-en');
  await page.keyboard.press('Escape');
  await add('Old', here);
  const list = page.getByRole('list', { name: en('mailer_title') });
  await expect(list.getByText(en('mailer_checked_fine'))).toBeVisible();
  await add('New', async (dialog) => {
    await here(dialog);
    await dialog.getByLabel(en('mailer_user')).fill('shop');
    await dialog.getByLabel(en('mailer_password')).fill('canary-password');
    await dialog.getByRole('switch', { name: en('mailer_warm') }).click();
    await dialog.getByLabel(en('mailer_warm_first')).fill('20');
  });
  await expect(list.getByText(en('mailer_is_sign_in_refused'))).toBeVisible();
  await expect(list.getByText(en('mailer_warming', { day: '1', used: '0', ceiling: '20' }))).toBeVisible();
  expect(await page.content()).not.toContain('canary-password');
  await page.getByRole('button', { name: en('mailer_up', { name: 'New' }) }).click();
  await expect(list.getByRole('listitem').first()).toContainText('1. New');

  // Addresses for what comes back can be copied and replaced.
  const raw = page.getByRole('group', { name: en('mailer_raw_url') }).locator('code');
  await expect(raw).toContainText('/v1/mail/store_');
  const before = await raw.innerText();
  await page.getByRole('button', { name: en('mailer_replace') }).click();
  await page.getByRole('dialog').getByRole('button', { name: en('mailer_replace') }).click();
  await expect(raw).not.toHaveText(before);
  expect((await page.request.post(before, { data: 'nothing' })).status()).toBe(404);
  expect((await page.request.post(await raw.innerText(), { data: 'nothing' })).status()).toBe(204);
  await page.getByRole('textbox', { name: en('mailer_pace_own') }).fill('gmail lots');
  await expect(page.getByText(en('mailer_pace_wrong'))).toBeVisible();
  await page.getByRole('textbox', { name: en('mailer_pace_own') }).fill('gmail 77');
  await page.getByRole('form', { name: en('mailer_pace_own') }).getByRole('button', { name: en('save') }).click();
  await expect(page.getByText(en('settings_saved'))).toBeVisible();
  await page.reload();
  await loaded(page);
  await expect(page.getByRole('row', { name: /gmail/ })).toContainText('77');

  for (const language of languages) {
    const own = await page.context().newPage();
    const home = await enterConsole(own, server, { language });
    await own.goto(`${home}/settings/sending`);
    await loaded(own);
    await expect(own.getByText(words(language)('mailer_is_sign_in_refused'))).toBeVisible();
    await lookAt(own, `console-mail-${language}`);
    await own.close();
  }
  for (const name of ['New', 'Old']) {
    await list.getByRole('listitem').filter({ hasText: name }).getByRole('button', { name: en('mailer_delete') }).click();
    await page.getByRole('dialog').getByRole('button', { name: en('mailer_delete') }).click();
    await expect(list.getByText(name, { exact: false })).toHaveCount(0);
  }
  mail.stop();
});
