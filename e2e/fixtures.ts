// What every spec has: a real server with the demo store, a page that may not complain, axe, and pictures.
import { AxeBuilder } from '@axe-core/playwright';
import { expect, test as base, type Page } from '@playwright/test';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSignIn, startServer } from './support/server.mjs';

export { expect };

export const languages = ['en', 'de', 'fr', 'it'] as const;
export const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
export const schemes = ['light', 'dark'] as const;

type SignIn = { email: string; password: string; store: string };
export type Server = { url: string; signIn: SignIn; log(): Promise<string>; stop(): Promise<void> };
type Complaints = { allow(pattern: RegExp): void };

export const test = base.extend<{ complaints: Complaints }, { server: Server }>({
  // One server and one database per worker, copied from the store that global-setup.ts has seeded.
  server: [async ({}, use) => {
    const demo = process.env.CARTWHEEL_DEMO_FOLDER!;
    const signIn = readSignIn(await readFile(join(demo, 'sign-in.txt'), 'utf8'));
    const server = await startServer({
      from: demo,
      // the demo shop stands where this server does
      prepare: (run: (...args: string[]) => Promise<string>, url: string) => run('store', 'set', signIn.store, `shop_url=${url}/demo-shop/`),
    });
    await use({ ...server, signIn });
    await server.stop();
  }, { scope: 'worker', timeout: 180_000 }],

  baseURL: async ({ server }, use) => use(server.url),

  /** Fails the test when the page logs an error, throws, or breaks its content policy. */
  complaints: [async ({ context }, use) => {
    const said: string[] = [];
    const allowed: RegExp[] = [];
    const watch = (page: Page) => {
      page.on('console', (message) => {
        if (message.type() === 'error' || /content security policy/i.test(message.text())) said.push(`${page.url()}: ${message.text()}`);
      });
      page.on('pageerror', (error) => said.push(`${page.url()}: ${error.message}`));
    };
    context.pages().forEach(watch);
    context.on('page', watch);
    await use({ allow: (pattern) => void allowed.push(pattern) });
    expect(said.filter((line) => !allowed.some((pattern) => pattern.test(line)))).toEqual([]);
  }, { auto: true }],
});

/** axe finds nothing. A mail stands in a frame that runs no script, axe's neither. */
export async function expectAccessible(page: Page, look = 'this page') {
  const { violations } = await new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).exclude('iframe[sandbox]').analyze();
  expect.soft(violations.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map((node) => `  ${node.target} ${node.failureSummary}`).join('\n')}`), look).toEqual([]);
}

/** Nothing is wider than the window. */
export async function expectNoOverflow(page: Page, look = 'this page') {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  expect.soft(content, `${look}: width of the content`).toBeLessThanOrEqual(window);
}

/** Where the pictures lie: CARTWHEEL_LOOKS, else a folder among the machine's temporary files. */
const looks = process.env.CARTWHEEL_LOOKS ?? join(tmpdir(), 'cartwheel-looks');

/**
 * Looks at the page in both sizes and both schemes: a picture, and nothing runs over. axe sees all four in English; in other
 * languages two of them show it each size and each scheme. All that is wrong is told, not only the first.
 */
export async function lookAt(page: Page, name: string) {
  const all = name.endsWith('-en');
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const scheme of schemes) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      await page.evaluate(() => document.fonts.ready);
      const look = `${name}-${size}-${scheme}`;
      await page.screenshot({ path: join(looks, `${look}.png`), animations: 'disabled' });
      await expectNoOverflow(page, look);
      if (all || (size === 'desktop') === (scheme === 'light')) await expectAccessible(page, look);
    }
  }
  await page.setViewportSize(sizes.desktop);
  await page.emulateMedia({ colorScheme: 'light' });
}
