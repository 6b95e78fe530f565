import { defineConfig } from '@playwright/test';

const browser = process.env.PLAYWRIGHT_CHROMIUM ?? '/usr/bin/chromium';

export default defineConfig({
  testDir: 'specs',
  globalSetup: './global-setup.ts',
  timeout: 150_000,
  expect: { timeout: 15_000 },
  // Each worker has a server and a database of its own, so specs of different files may run side by side.
  workers: Number(process.env.E2E_WORKERS ?? 2),
  forbidOnly: true,
  // A retry is reported as flaky; on a loaded machine a first start may be slow.
  retries: process.env.CI ? 1 : 0,
  reporter: process.env.CI ? 'list' : [['list'], ['html', { open: 'never' }]],
  use: {
    browserName: 'chromium',
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    viewport: { width: 1440, height: 900 },
    // A person's browser: one that says it is headless is marked as a machine, and its carts are never reminded.
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    contextOptions: { reducedMotion: 'reduce' },
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: browser,
      args: [
        '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
        '--disable-background-networking', '--disable-component-update', '--disable-sync',
        // as a person's browser: the carts of headless ones are marked as bots and never mailed
        '--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
      ],
    },
  },
});
