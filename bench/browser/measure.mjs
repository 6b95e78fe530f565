// What a person's browser sees: `node measure.mjs console|snippet` with its task as JSON in BENCH_TASK; prints JSON.
// Playwright is that of e2e/, found from the folder this is started in.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { chromium } = createRequire(join(process.cwd(), 'e2e', 'package.json'))('@playwright/test');
const task = JSON.parse(process.env.BENCH_TASK);
const options = {
  executablePath: process.env.PLAYWRIGHT_CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--no-first-run', '--disable-sync'],
};

/** A browser of its own for each start: nothing is in any cache. */
async function cold(work) {
  const browser = await chromium.launch(options);
  try {
    return await work(browser);
  } finally {
    await browser.close();
  }
}

async function slowDown(page, { downKbit, latencyMs }) {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const throughput = (downKbit * 1000) / 8;
  await session.send('Network.emulateNetworkConditions', { offline: false, latency: latencyMs, downloadThroughput: throughput, uploadThroughput: throughput });
}

const firstPaint = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        const tell = (entries) => entries.filter((entry) => entry.name === 'first-contentful-paint').forEach((entry) => resolve(entry.startTime));
        tell(performance.getEntriesByType('paint'));
        new PerformanceObserver((list) => tell(list.getEntries())).observe({ type: 'paint', buffered: true });
      }),
  );

async function blank(slow) {
  return cold(async (browser) => {
    const page = await browser.newPage();
    if (slow) await slowDown(page, slow);
    await page.goto(task.blank);
    return firstPaint(page);
  });
}

/** Counts what comes over the wire. */
async function counting(page) {
  const session = await page.context().newCDPSession(page);
  const count = { bytes: 0, requests: 0 };
  session.on('Network.loadingFinished', ({ encodedDataLength }) => {
    count.bytes += encodedDataLength;
    count.requests += 1;
  });
  await session.send('Network.enable');
  return count;
}

/** Notes in the page itself when the heading is there and nothing is waited for any more. */
const noteData = () => {
  const look = () => {
    const there = document.querySelector('h1') && !document.querySelector('.skeleton, [aria-busy="true"]');
    if (there) window.benchData = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
};

async function open(context, slow) {
  const page = await context.newPage();
  const count = await counting(page);
  if (slow) await slowDown(page, slow);
  await page.addInitScript(noteData);
  await page.goto(`${task.server}/`);
  await page.waitForFunction(() => window.benchData > 0, undefined, { timeout: 60_000 });
  const data = await page.evaluate(() => window.benchData);
  const fcp = await firstPaint(page);
  await page.waitForLoadState('networkidle');
  await page.close();
  return { fcp, data, ...count };
}

async function start(slow) {
  return cold(async (browser) => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const answer = await context.request.post(`${task.server}/auth/sign-in`, { data: { email: task.email, password: task.password } });
    if (answer.status() !== 200) throw new Error(`sign-in: ${answer.status()} ${await answer.text()}`);
    const first = await open(context, slow);
    const again = slow ? { bytes: 0 } : await open(context, slow);
    return { ...first, againBytes: again.bytes };
  });
}

async function measureConsole() {
  const slow = { downKbit: 1600, latencyMs: 150 };
  const out = { starts: [], throttled: [] };
  for (let n = 0; n < task.starts; n += 1) out.starts.push({ blank: await blank(), ...(await start()) });
  for (let n = 0; n < task.throttledStarts; n += 1) out.throttled.push({ blank: await blank(slow), ...(await start(slow)) });
  return out;
}

/**
 * Milliseconds of what ran of the snippet: loading it, and each call into it. Of the thread's own time where the trace
 * has it, since on a busy machine the clock runs on while the thread waits for its turn.
 */
function durations(trace) {
  const { traceEvents } = JSON.parse(trace.toString());
  const of = (event) => event.args?.data?.url ?? event.args?.data?.fileName ?? '';
  const names = ['EvaluateScript', 'v8.compile', 'FunctionCall'];
  return traceEvents
    .filter((event) => event.ph === 'X' && names.includes(event.name) && of(event).includes('/s/'))
    .map((event) => ({ name: event.name, ms: (event.tdur ?? event.dur) / 1000, wall: event.dur / 1000 }));
}

async function measureSnippet() {
  const loads = [];
  for (let n = 0; n < task.starts; n += 1) {
    loads.push(
      await cold(async (browser) => {
        const page = await browser.newPage();
        await page.goto(task.blank);
        await browser.startTracing(page, { categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'v8'] });
        await page.addScriptTag({ url: task.snippet });
        await page.evaluate(async () => {
          const product = (i) => ({ product_id: `p${i}`, name: `Merino Jumper ${i}`, price: 29.95, quantity: 1 });
          cartwheel.track('Product Viewed', product(1));
          cartwheel.cart({ add: product(1) });
          cartwheel.cart({ products: [1, 2, 3, 4, 5].map(product), currency: 'EUR', value: 149.75 });
          cartwheel.checkout({ products: [1, 2, 3, 4, 5].map(product), value: 149.75, currency: 'EUR' });
          cartwheel.identify(undefined, { email: 'ada@example.org' });
        });
        // Delivered: the queue is empty, so timers and answers have run as well.
        await page.waitForFunction(() => cartwheel.status().queued === 0, undefined, { timeout: 20_000 });
        return durations(await browser.stopTracing());
      }),
    );
  }
  return { loads };
}

const work = { console: measureConsole, snippet: measureSnippet }[process.argv[2]];
process.stdout.write(JSON.stringify(await work()));
