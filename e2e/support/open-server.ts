// A server of its own that lets strangers in, with a real mail server beside it.
import { expect, test as base } from '../fixtures';
import { startReceiver } from './mail-receiver.mjs';
import { startServer } from './server.mjs';

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
