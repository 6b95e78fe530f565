// How the canvas moves with 200 steps: the time between frames while it is moved, zoomed and a step is dragged, the long tasks, and
// what the main thread does in each frame. A machine that does other things as well shows in the frames, not in the work.
import type { CDPSession, Page } from '@playwright/test';
import { expect, test } from '../fixtures';
import { enterConsole, loaded } from '../support/console';
import { publishLarge } from '../support/large-journey';

const FRAMES = 240;

async function work(session: CDPSession) {
  const { metrics } = await session.send('Performance.getMetrics');
  const of = (name: string) => metrics.find((one) => one.name === name)!.value * 1000;
  return { task: of('TaskDuration'), script: of('ScriptDuration'), layout: of('LayoutDuration') + of('RecalcStyleDuration') };
}

/** Does something while frames are counted. */
async function measured(page: Page, session: CDPSession, name: string, act: () => Promise<void>) {
  await page.evaluate(() => {
    const kept = { at: [] as number[], long: [] as number[], on: true };
    Object.assign(window, { kept });
    const observer = new PerformanceObserver((list) => list.getEntries().forEach((entry) => kept.long.push(entry.duration)));
    observer.observe({ type: 'longtask' });
    const frame = (now: number) => {
      kept.at.push(now);
      if (kept.on) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  const before = await work(session);
  await act();
  const after = await work(session);
  const { at, long } = await page.evaluate(() => {
    const { kept } = window as unknown as { kept: { at: number[]; long: number[]; on: boolean } };
    kept.on = false;
    return { at: kept.at, long: kept.long };
  });
  const gaps = at.slice(1).map((one, i) => one - at[i]).sort((a, b) => a - b);
  const share = (part: number) => gaps[Math.min(gaps.length - 1, Math.floor(gaps.length * part))].toFixed(1);
  const seconds = (at[at.length - 1] - at[0]) / 1000;
  const each = (key: 'task' | 'script' | 'layout') => ((after[key] - before[key]) / gaps.length).toFixed(2);
  console.log(
    `${name}: ${gaps.length} frames, ${(gaps.length / seconds).toFixed(1)} a second; between frames median ${share(0.5)} ms, p95 ${share(0.95)}, p99 ${share(0.99)}, most ${share(1)}; ` +
      `${gaps.filter((gap) => gap > 25).length} late; long tasks ${long.length}${long.length ? ` (${Math.max(...long).toFixed(0)} ms)` : ''}; ` +
      `main thread a frame ${each('task')} ms, script ${each('script')}, style and layout ${each('layout')}`,
  );
  expect(gaps.length).toBeGreaterThan(FRAMES / 4);
}

test('a canvas with 200 steps', async ({ page, server }) => {
  test.setTimeout(300_000);
  const home = await enterConsole(page, server);
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  await page.goto(`${home}/journeys/${await publishLarge(page, server, 'Your two hundred')}`);
  await loaded(page);
  await expect(page.locator('.graph__node')).toHaveCount(200);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const frame = (await page.locator('.graph').boundingBox())!;
  const at = { x: frame.x + frame.width - 60, y: frame.y + frame.height / 2 };
  const round = (i: number, size: number) => ({ x: Math.sin(i / 12) * size, y: Math.cos(i / 12) * size });

  for (const [name, keys] of [['near (60 %)', []], ['whole (all 200 in the window)', ['0']]] as [string, string[]][]) {
    await page.locator('.graph').focus();
    for (const key of keys) await page.keyboard.press(key);
    await measured(page, session, `pan, ${name}`, async () => {
      await page.mouse.move(at.x, at.y);
      await page.mouse.down();
      for (let i = 0; i < FRAMES; i++) await page.mouse.move(at.x + round(i, 200).x, at.y + round(i, 200).y);
      await page.mouse.up();
    });
    await measured(page, session, `zoom, ${name}`, async () => {
      await page.mouse.move(frame.x + frame.width / 2, frame.y + frame.height / 2);
      for (let i = 0; i < FRAMES / 2; i++) await page.mouse.wheel(0, i % 40 < 20 ? -40 : 40);
    });
  }
  await page.locator('.graph').focus();
  await page.keyboard.press('1');
  const node = page.locator('[data-node="n1"]');
  await node.focus();
  const from = (await node.boundingBox())!;
  await measured(page, session, 'drag of a step with four lines, at full size', async () => {
    await page.mouse.move(from.x + 30, from.y + 30);
    await page.mouse.down();
    for (let i = 0; i < FRAMES; i++) await page.mouse.move(from.x + 30 + round(i, 150).x, from.y + 30 + round(i, 150).y);
    await page.mouse.up();
  });
  await page.locator('.graph').focus();
  await page.keyboard.press('0');
  await page.keyboard.press('Control+a');
  const one = (await node.boundingBox())!;
  await measured(page, session, 'drag of all 200 together, whole in the window', async () => {
    await page.mouse.move(one.x + 5, one.y + 3);
    await page.mouse.down();
    for (let i = 0; i < FRAMES; i++) await page.mouse.move(one.x + 5 + round(i, 60).x, one.y + 3 + round(i, 60).y);
    await page.mouse.up();
  });
});
