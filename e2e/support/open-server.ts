// A server of its own that lets strangers in, with a real mail server beside it.
import { createHmac } from 'node:crypto';
import type { Page } from '@playwright/test';
import { expect, test as base } from '../fixtures';
import { startReceiver } from './mail-receiver.mjs';
import { startServer } from './server.mjs';
import { en } from './words';

export type Mail = { rcpt_tos: string[]; headers: [string, string][]; plain: string; html: string };
export type Post = { url: string; next(matches: (mail: Mail) => boolean): Promise<Mail>; received: Mail[]; stop(): Promise<void> };
type Open = { url: string; stop(): Promise<void> };

export const test = base.extend<object, { post: Post; open: Open }>({
  post: [async ({}, use) => {
    const post = await startReceiver({});
    await use(post as Post);
    await post.stop();
  }, { scope: 'worker' }],
  open: [async ({ post }, use) => {
    const env = { CARTWHEEL_SMTP_URL: post.url, CARTWHEEL_MAIL_FROM: 'Cartwheel <no-reply@cartwheel.example>', CARTWHEEL_SIGN_UP: 'open' };
    const server = await startServer({ env });
    await use(server as Open);
    await server.stop();
  }, { scope: 'worker', timeout: 180_000 }],
});

export const PASSWORD = 'sieben blaue Regenschirme';

/** The link in a mail: the same in both parts. */
export function link(mail: Mail, url: string) {
  const [found] = mail.plain.match(/https?:\/\/\S+#\S+/) ?? [];
  expect(found, mail.plain).toBeTruthy();
  expect(mail.html).toContain(`href="${found}"`);
  expect(found!.startsWith(`${url}/`)).toBe(true);
  return found!;
}

/** What an app with this key shows, so many steps of thirty seconds from now. */
export function code(secret: string, ahead = 0) {
  const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const mac = createHmac('sha1', key).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** Makes an account by the mailbox and ends where that leads. */
export async function signUp(page: Page, url: string, post: Post, email: string, agency: boolean, organisation = 'Wheel & Deal') {
  await page.addInitScript(() => window.top === window && !localStorage.getItem('cw.lang') && localStorage.setItem('cw.lang', 'en'));
  await page.goto(`${url}/sign-up`);
  await page.getByLabel(en('sign_in_email')).fill(email);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('status')).toContainText(en('ask_sent'));
  await page.goto(link(await post.next((mail: Mail) => mail.rcpt_tos.includes(email)), url));
  await page.getByLabel(en('join_name'), { exact: true }).fill('Ada');
  await page.getByLabel(en('welcome_organisation')).fill(organisation);
  if (agency) await page.getByRole('switch', { name: en('welcome_agency') }).click();
  await page.getByLabel(en('join_password')).fill(PASSWORD);
  await page.keyboard.press('Enter');
}
