// The canvas of a journey: seen (pan, zoom, map), moved (drag, snap, keys), chosen, copied and put in; by mouse, touch and keyboard.
import type { Locator, Page } from '@playwright/test';
import { expect, languages, lookAt, sizes, test } from '../fixtures';
import { askConsole, enterConsole, loaded } from '../support/console';
import { publishLarge } from '../support/large-journey';
import { en, words } from '../support/words';

type Words = typeof en;

const graph = (page: Page) => page.locator('.graph');
const nodes = (page: Page) => page.locator('.graph__node');
const chosen = (page: Page) => page.locator('.graph__node[aria-pressed="true"]');
const node = (page: Page, id: string) => page.locator(`[data-node="${id}"]`);

/** Makes a journey of the store's own from the recovery blueprint, and opens it. */
async function makeJourney(page: Page, home: string, name: string, { blueprint = 'blueprint_recovery', t = en as Words } = {}) {
  await page.goto(`${home}/journeys`);
  await loaded(page);
  await page.getByRole('button', { name: t('new_journey'), exact: true }).click();
  const dialog = page.getByRole('dialog', { name: t('new_journey') });
  await dialog.getByRole('radio', { name: t(blueprint) }).check();
  await dialog.getByRole('textbox', { name: t('journey_name') }).fill(name);
  await dialog.getByRole('button', { name: t('new_journey_do') }).click();
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
  await loaded(page);
  await inView(page);
}

/** Scrolls the page so that all of the canvas is in the window. */
async function inView(page: Page) {
  await expect(nodes(page).first()).toBeVisible();
  await graph(page).evaluate((element) => element.scrollIntoView({ block: 'end', behavior: 'instant' }));
}

const box = async (target: Locator) => (await target.boundingBox())!;
const middle = async (target: Locator) => {
  const { x, y, width, height } = await box(target);
  return { x: x + width / 2, y: y + height / 2 };
};
const scale = async (page: Page) => (await box(nodes(page).first())).width / 240;

/** Drags from one point by so many pixels, in steps as a hand does. */
async function drag(page: Page, from: { x: number; y: number }, by: { x: number; y: number }) {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(from.x + by.x / 3, from.y + by.y / 3, { steps: 3 });
  await page.mouse.move(from.x + by.x, from.y + by.y, { steps: 5 });
  await page.mouse.up();
}

/** A point of the canvas where nothing stands. */
async function empty(page: Page) {
  const { x, y, width } = await box(graph(page));
  return { x: x + width - 40, y: y + 120 };
}

async function publish(page: Page) {
  await page.getByRole('button', { name: en('publish'), exact: true }).click();
  const dialog = page.getByRole('dialog', { name: en('publish') });
  await dialog.getByRole('button', { name: en('publish'), exact: true }).click();
  await expect(page.getByText(en('publish_done'))).toBeVisible();
}

test('the drawing opens whole, is moved, and zooms around the pointer, by mouse, buttons, keys and map', async ({ page, server }) => {
  const home = await enterConsole(page, server);
  await makeJourney(page, home, 'Your view');
  const frame = await box(graph(page));
  for (const target of [node(page, 'left'), node(page, 'done')]) {
    const at = await box(target);
    expect(at.y).toBeGreaterThanOrEqual(frame.y);
    expect(at.y + at.height).toBeLessThanOrEqual(frame.y + frame.height);
  }
  const opened = await scale(page);
  expect(opened).toBeLessThan(1);

  // the empty drawing is dragged, and goes along exactly
  const before = await box(node(page, 'wait_1'));
  await drag(page, await empty(page), { x: -120, y: 60 });
  const after = await box(node(page, 'wait_1'));
  expect(after.x - before.x).toBeCloseTo(-120, 0);
  expect(after.y - before.y).toBeCloseTo(60, 0);
  expect(after.width).toBeCloseTo(before.width, 1);

  // the wheel zooms, and what lies under it stays there
  const at = await middle(node(page, 'wait_2'));
  await page.mouse.move(at.x, at.y);
  await page.mouse.wheel(0, -300);
  await expect.poll(() => scale(page)).toBeGreaterThan(opened * 1.3);
  const now = await middle(node(page, 'wait_2'));
  expect(Math.hypot(now.x - at.x, now.y - at.y)).toBeLessThan(2);

  // buttons and keys
  await page.getByRole('button', { name: en('zoom_fit') }).click();
  await expect.poll(() => scale(page)).toBeCloseTo(opened, 2);
  await page.getByRole('button', { name: en('zoom_whole') }).click();
  await expect.poll(() => scale(page)).toBeCloseTo(1, 2);
  await page.getByRole('button', { name: en('zoom_out') }).click();
  await expect.poll(() => scale(page)).toBeCloseTo(0.8, 2);
  await graph(page).focus();
  await page.keyboard.press('+');
  await expect.poll(() => scale(page)).toBeCloseTo(1, 2);
  await page.keyboard.press('-');
  await expect.poll(() => scale(page)).toBeCloseTo(0.8, 2);
  await page.keyboard.press('1');
  await expect.poll(() => scale(page)).toBeCloseTo(1, 2);
  const still = await box(node(page, 'wait_2'));
  await page.keyboard.press('ArrowDown');
  await expect.poll(async () => (await box(node(page, 'wait_2'))).y - still.y).toBeCloseTo(-80, 0);
  await page.keyboard.press('0');
  await expect.poll(() => scale(page)).toBeCloseTo(opened, 2);

  // the map: where one presses comes into the middle
  await page.keyboard.press('1');
  const map = await box(page.locator('.graph__map'));
  await page.mouse.click(map.x + map.width / 2, map.y + map.height - 14);
  const seen = async (id: string) => {
    const one = await box(node(page, id));
    return one.y >= frame.y && one.y + one.height <= frame.y + frame.height;
  };
  await expect.poll(() => seen('done')).toBe(true);
  await drag(page, { x: map.x + map.width / 2, y: map.y + map.height - 14 }, { x: 0, y: -map.height + 30 });
  await expect.poll(() => seen('left')).toBe(true);

  // the keyboard brings what lies outside into the window
  await node(page, 'left').focus();
  for (let step = 0; step < 10; step++) await page.keyboard.press('ArrowDown');
  await expect(node(page, 'done')).toBeFocused();
  await expect.poll(() => seen('done')).toBe(true);
});

test('a step is dragged, snaps, travels with the version, and the drawing can be arranged again', async ({ page, server }) => {
  const home = await enterConsole(page, server);
  await makeJourney(page, home, 'Your places');
  const from = await box(node(page, 'wait_2'));
  const step = 20 * (await scale(page));
  await drag(page, await middle(node(page, 'wait_2')), { x: 7.3 * step, y: -2.2 * step });
  const to = await box(node(page, 'wait_2'));
  expect((to.x - from.x) / step).toBeCloseTo(7, 1);
  expect((to.y - from.y) / step).toBeCloseTo(-2, 1);
  await expect(page.getByText(en('draft_count', { n: 1 }))).toBeVisible();
  // a drag is no click
  await expect(chosen(page)).toHaveCount(0);
  // the line comes along
  const line = await page.locator('.graph__edge').evaluateAll((all) => all.map((one) => one.getAttribute('d')!));
  expect(line.some((d) => d.includes('q'))).toBe(true);

  await page.keyboard.press('Control+z');
  await expect.poll(async () => (await box(node(page, 'wait_2'))).x).toBeCloseTo(from.x, 0);
  await page.keyboard.press('Control+Shift+z');
  await expect.poll(async () => (await box(node(page, 'wait_2'))).x).toBeCloseTo(to.x, 0);
  await page.reload();
  await loaded(page);
  await publish(page);
  await page.reload();
  await loaded(page);
  await expect(page.getByText(en('journey_version', { number: 2 })).first()).toBeVisible();
  await expect.poll(async () => ((await box(node(page, 'wait_2'))).x - (await box(node(page, 'wait_1'))).x) / (20 * (await scale(page)))).toBeCloseTo(7, 1);

  // by the keyboard, step by step; then back to the automatic drawing, which can be undone
  await node(page, 'wait_1').focus();
  for (let press = 0; press < 3; press++) await page.keyboard.press('Alt+ArrowLeft');
  await expect(node(page, 'wait_1')).toBeFocused();
  const apart = async () => ((await box(node(page, 'wait_2'))).x - (await box(node(page, 'wait_1'))).x) / (20 * (await scale(page)));
  await expect.poll(apart).toBeCloseTo(10, 1);
  await page.getByRole('button', { name: en('arrange') }).click();
  await expect.poll(apart).toBeCloseTo(0, 1);
  await expect(page.getByRole('button', { name: en('arrange') })).toHaveCount(0);
  await page.keyboard.press('Control+z');
  await expect.poll(apart).toBeCloseTo(10, 1);
});

test('several steps are chosen, copied, cut, doubled and removed by mouse, each as one step to undo', async ({ page, server, context }) => {
  const home = await enterConsole(page, server);
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.url });
  await makeJourney(page, home, 'Your copies');
  await expect(nodes(page)).toHaveCount(11);
  await node(page, 'wait_2').click();
  await node(page, 'mail_2').click({ modifiers: ['Shift'] });
  await expect(chosen(page)).toHaveCount(2);
  await expect(page.getByRole('heading', { level: 2, name: en('chosen_count', { n: 2 }) })).toBeVisible();
  await page.keyboard.press('Control+c');
  await expect(page.getByText(en('steps_copied', { n: 2 }))).toBeVisible();
  await page.keyboard.press('Control+v');
  await expect(nodes(page)).toHaveCount(13);
  await expect(chosen(page)).toHaveCount(2);
  await expect(node(page, 'wait_1')).not.toHaveAttribute('aria-pressed', 'true');
  await expect(node(page, 'message_1')).toContainText('Second reminder');
  await page.keyboard.press('Control+z');
  await expect(nodes(page)).toHaveCount(11);
  await page.keyboard.press('Control+Shift+z');
  await expect(nodes(page)).toHaveCount(13);

  // a frame chooses what it touches; what is chosen goes along when one of it is dragged
  const [first, last] = [await box(node(page, 'wait_1')), await box(node(page, 'mail_1'))];
  await page.keyboard.down('Shift');
  await drag(page, { x: first.x + first.width + 30, y: first.y - 5 }, { x: -first.width / 2 - 30, y: last.y + last.height - first.y });
  await page.keyboard.up('Shift');
  await expect(node(page, 'wait_1')).toHaveAttribute('aria-pressed', 'true');
  await expect(node(page, 'mail_1')).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('Escape');
  await expect(chosen(page)).toHaveCount(0);
  await node(page, 'wait_1').click();
  await node(page, 'mail_1').click({ modifiers: ['Shift'] });
  const step = 20 * (await scale(page));
  await drag(page, await middle(node(page, 'mail_1')), { x: -6 * step, y: 0 });
  expect(((await box(node(page, 'wait_1'))).x - first.x) / step).toBeCloseTo(-6, 0);
  await expect(chosen(page)).toHaveCount(2);

  const acts = page.getByRole('toolbar', { name: en('chosen_acts') });
  await acts.getByRole('button', { name: en('step_double') }).click();
  await expect(nodes(page)).toHaveCount(15);
  await acts.getByRole('button', { name: en('steps_remove') }).click();
  await expect(nodes(page)).toHaveCount(13);
  await expect(acts).toHaveCount(0);
  // what was moved by hand stays where it lies; the whole journey comes back by a button
  await page.getByRole('button', { name: en('zoom_fit') }).click();
  await node(page, 'mail_3').click();
  await acts.getByRole('button', { name: en('step_cut') }).click();
  await expect(nodes(page)).toHaveCount(12);
  await node(page, 'bought').click();
  await acts.getByRole('button', { name: en('step_paste') }).click();
  await expect(nodes(page)).toHaveCount(13);
  await publish(page);

  // into another journey, and what is no copy is refused
  await page.keyboard.press('Escape');
  await makeJourney(page, home, 'Your copies elsewhere', { blueprint: 'blueprint_empty' });
  await node(page, 'left').click();
  await page.keyboard.press('Control+v');
  await expect(nodes(page)).toHaveCount(3);
  await page.evaluate(() => navigator.clipboard.writeText('{"schema":1,"nodes":"no"}'));
  await page.keyboard.press('Control+v');
  await expect(page.getByText(en('paste_refused'))).toBeVisible();
  await expect(nodes(page)).toHaveCount(3);
});

test('steps are chosen, moved, copied and removed by the keyboard alone', async ({ page, server, context }) => {
  const home = await enterConsole(page, server);
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.url });
  await makeJourney(page, home, 'Your keys');
  const press = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  await graph(page).focus();
  await press('Tab', 'ArrowDown', 'ArrowDown');
  await expect(node(page, 'wait_1')).toBeFocused();
  await press('Space');
  await expect(chosen(page)).toHaveCount(1);
  await press('Shift+ArrowDown', 'Shift+ArrowDown');
  await expect(chosen(page)).toHaveCount(3);
  await expect(node(page, 'wait_2')).toBeFocused();
  await press('Space');
  await expect(chosen(page)).toHaveCount(2);
  await press('Control+c', 'Control+v');
  await expect(nodes(page)).toHaveCount(13);
  await expect(node(page, 'wait_5').or(node(page, 'message_1')).first()).toBeVisible();
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-node'))).toBe('wait_5');
  await press('Control+d');
  await expect(nodes(page)).toHaveCount(15);
  await press('Delete');
  await expect(nodes(page)).toHaveCount(13);
  await expect(graph(page)).toBeFocused();
  await press('Control+a');
  await expect(chosen(page)).toHaveCount(13);
  await press('Delete');
  await expect(nodes(page)).toHaveCount(2);
  await press('Control+z', 'Control+z', 'Control+z', 'Control+z');
  await expect(nodes(page)).toHaveCount(11);
  // a field keeps its own keys
  await node(page, 'wait_1').focus();
  await press('Enter');
  const field = page.getByRole('textbox', { name: en('wait_label'), exact: true });
  await field.fill('12');
  await press('Control+a', 'Control+c', 'Delete');
  await expect(field).toHaveValue('');
  await expect(nodes(page)).toHaveCount(11);
});

test('fingers move and pinch the drawing, and drag what is chosen', async ({ page, server }) => {
  const home = await enterConsole(page, server);
  await makeJourney(page, home, 'Your fingers');
  await page.setViewportSize(sizes.phone);
  await expect(page.locator('.graph__map')).toBeHidden();
  const session = await page.context().newCDPSession(page);
  type Finger = { x: number; y: number; id: number };
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', touchPoints: Finger[]) => session.send('Input.dispatchTouchEvent', { type, touchPoints });
  await graph(page).scrollIntoViewIfNeeded();
  await page.getByRole('button', { name: en('zoom_fit') }).click();
  const at = await middle(graph(page));
  const size = await scale(page);
  await touch('touchStart', [{ x: at.x - 40, y: at.y, id: 1 }, { x: at.x + 40, y: at.y, id: 2 }]);
  for (let step = 1; step <= 5; step++) await touch('touchMove', [{ x: at.x - 40 - 8 * step, y: at.y, id: 1 }, { x: at.x + 40 + 8 * step, y: at.y, id: 2 }]);
  await touch('touchEnd', []);
  await expect.poll(() => scale(page)).toBeCloseTo(size * 2, 1);

  const finger = async (from: { x: number; y: number }, by: { x: number; y: number }) => {
    await touch('touchStart', [{ ...from, id: 1 }]);
    for (let step = 1; step <= 6; step++) await touch('touchMove', [{ x: from.x + (by.x * step) / 6, y: from.y + (by.y * step) / 6, id: 1 }]);
    await touch('touchEnd', []);
  };
  const scrolled = await page.evaluate(() => window.scrollY);
  const before = await box(node(page, 'mail_2'));
  await finger(await middle(node(page, 'mail_2')), { x: 0, y: -48 });
  expect((await box(node(page, 'mail_2'))).y - before.y).toBeCloseTo(-48, 0);
  expect(await page.evaluate(() => window.scrollY)).toBe(scrolled);
  await expect(page.getByText(en('draft_count', { n: 1 }))).toHaveCount(0);
  // what is chosen is dragged
  await node(page, 'mail_2').click();
  await graph(page).scrollIntoViewIfNeeded();
  await finger(await middle(node(page, 'mail_2')), { x: 60, y: 0 });
  await expect(page.getByText(en('draft_count', { n: 1 }))).toBeVisible();
});

for (const language of languages) {
  test(`the canvas in ${language}`, async ({ page, server }) => {
    test.setTimeout(300_000);
    const home = await enterConsole(page, server, { language });
    const t = words(language);
    await makeJourney(page, home, `Your canvas in ${language}`, { t });
    await drag(page, await middle(node(page, 'wait_2')), { x: 160, y: 0 });
    await node(page, 'wait_2').click();
    await node(page, 'mail_2').click({ modifiers: ['Shift'] });
    await lookAt(page, `canvas-${language}`);
    await page.getByRole('button', { name: t('canvas_keys') }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await lookAt(page, `canvas-keys-${language}`);
  });
}

test('moving the window moves one layer, and dragging a step draws only what it touches', async ({ page, server }) => {
  const home = await enterConsole(page, server);
  await page.goto(`${home}/journeys/${await publishLarge(page, server, 'Your two hundred')}`);
  await loaded(page);
  await expect(nodes(page)).toHaveCount(200);
  // too large to be read as a whole, so it opens at its start
  expect(await scale(page)).toBeGreaterThanOrEqual(0.45);
  await expect(node(page, 'start')).toBeInViewport();
  await page.evaluate(() => {
    const touched = new Set<string>();
    Object.assign(window, { touched });
    const named = ({ target, attributeName }: MutationRecord) => {
      const { dataset, classList } = target as HTMLElement;
      touched.add(`${dataset?.node ?? (dataset?.way ? 'way' : dataset?.tip ? 'tip' : dataset?.label ? 'label' : classList?.[0])} ${attributeName}`);
    };
    new MutationObserver((all) => all.forEach(named)).observe(document.querySelector('.graph__sheet')!, { subtree: true, attributes: true, childList: true, characterData: true });
  });
  const touched = () => page.evaluate(() => {
    const { touched } = window as unknown as { touched: Set<string> };
    const all = [...touched].sort();
    touched.clear();
    return all;
  });
  await drag(page, await empty(page), { x: -90, y: -40 });
  await page.mouse.wheel(0, -120);
  expect(await touched()).toEqual(['graph__sheet style']);
  const at = await middle(node(page, 'n1'));
  await page.mouse.move(at.x, at.y);
  await page.mouse.down();
  await page.mouse.move(at.x + 90, at.y + 30, { steps: 6 });
  expect(await touched()).toEqual(['label style', 'n1 style', 'tip d', 'way d']);
  // let go by the keyboard: everything is where it was
  await page.keyboard.press('Escape');
  await page.mouse.up();
  const back = await middle(node(page, 'n1'));
  expect(back.x).toBeCloseTo(at.x, 0);
  await expect(page.getByText(en('draft_count', { n: 1 }))).toHaveCount(0);
});

for (const language of languages) {
  test(`two versions in one drawing, and the way of one person, in ${language}`, async ({ page, server }) => {
    test.setTimeout(300_000);
    const home = await enterConsole(page, server, { language });
    const t = words(language);
    await makeJourney(page, home, `Your versions in ${language}`, { t });
    await node(page, 'mail_2').click();
    await page.keyboard.press('Delete');
    await expect(nodes(page)).toHaveCount(10);
    await node(page, 'wait_1').click();
    await page.keyboard.press('Control+d');
    await expect(nodes(page)).toHaveCount(11);
    await node(page, 'wait_4').click();
    await page.getByRole('textbox', { name: t('wait_label'), exact: true }).fill('3');
    await page.getByRole('button', { name: t('compare_do', { version: t('journey_version', { number: 1 }) }) }).click();
    const drawing = page.getByRole('group', { name: t('compare_drawing') });
    await expect(drawing).toBeVisible();
    // one is gone and still drawn, one is new, one is changed: each with its word
    await expect(nodes(page)).toHaveCount(12);
    await expect(node(page, 'mail_2')).toContainText(t('mark_removed'));
    await expect(node(page, 'wait_5')).toContainText(t('mark_added'));
    await expect(node(page, 'wait_4')).toContainText(t('mark_changed'));
    await expect(page.locator('.graph__edge.is-added')).not.toHaveCount(0);
    await expect(page.locator('.graph__edge.is-removed')).not.toHaveCount(0);
    const list = page.getByRole('region', { name: t('compare_list') });
    await expect(list.getByRole('listitem').filter({ has: page.getByRole('button') })).toHaveCount(3);
    await expect(list).not.toContainText(/wait_|mail_|seconds|nodes/);
    await lookAt(page, `compare-${language}`);
    await list.getByRole('button', { name: t('compare_show') }).first().click();
    await expect(node(page, 'wait_5')).toBeFocused();
    // the address holds it
    await page.reload();
    await loaded(page);
    await expect(drawing).toBeVisible();
    await page.getByLabel(t('compare_after'), { exact: true }).selectOption('1');
    await expect(page.getByText(t('compare_same'))).toBeVisible();
    await page.getByRole('button', { name: t('compare_close') }).click();
    await expect(page.getByRole('group', { name: t('journey_drawing') })).toBeVisible();

    // from the timeline of a cart to the way it took
    const asked = 'query($store: ID!) { store(id: $store) { carts(first: 10, status: RECOVERED) { edges { node { id timeline { kind journey { id } } } } } } }';
    const { store } = await askConsole(page, server, asked);
    type Told = { id: string; timeline: { kind: string; journey: { id: string } | null }[] };
    const decided = ({ timeline }: Told) => timeline.filter((entry) => entry.kind === 'DECISION' && entry.journey).length;
    const cart = (store.carts.edges as { node: Told }[]).map(({ node }) => node).sort((a, b) => decided(b) - decided(a))[0];
    expect(decided(cart)).toBeGreaterThan(3);
    await page.goto(`${home}/carts/${cart.id}`);
    await loaded(page);
    await page.getByTitle(t('passage_show')).first().click();
    await expect(page.locator('.graph__node.is-passed').or(page.locator('.graph__node.is-here')).first()).toBeVisible();
    await expect(page.locator('.graph__edge.is-passed')).not.toHaveCount(0);
    await lookAt(page, `passage-${language}`);
    await page.getByRole('link', { name: t('passage_cart') }).click();
    await expect(page).toHaveURL(new RegExp(`/carts/${cart.id}$`));
  });
}
