// Drawing a journey from nothing: steps put in, set and taken out, undone, published and switched on; by mouse, by keyboard
// alone, and looked at in four languages. The names come late in the alphabet: lists begin with the store's own journey.
import type { Locator, Page } from '@playwright/test';
import { expect, languages, lookAt, test } from '../fixtures';
import { enterConsole, loaded } from '../support/console';
import { en, words } from '../support/words';

type Words = typeof en;

const nodes = (page: Page) => page.locator('.graph__node');
const panel = (page: Page) => page.locator('section[aria-labelledby="panel"]');

/** Opens the list and makes an empty journey of this name. */
async function makeEmpty(page: Page, home: string, name: string, t: Words = en) {
  await page.goto(`${home}/journeys`);
  await loaded(page);
  await page.getByRole('button', { name: t('new_journey'), exact: true }).click();
  const dialog = page.getByRole('dialog', { name: t('new_journey') });
  await dialog.getByRole('radio', { name: t('blueprint_empty') }).check();
  await dialog.getByRole('textbox', { name: t('journey_name') }).fill(name);
  await dialog.getByRole('button', { name: t('new_journey_do') }).click();
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
  await loaded(page);
  await expect(nodes(page)).toHaveCount(2);
}

/** Puts a step in after the one picked; its form takes the keyboard. */
async function add(page: Page, step: string, way?: string, t: Words = en) {
  const name = way ? t('step_add_on', { way }) : t('step_add');
  await panel(page).getByRole('button', { name, exact: true }).click();
  await page.getByRole('menuitem', { name: t(step), exact: true }).click();
  await expect(page.getByRole('heading', { level: 2, name: t(step), exact: true })).toBeFocused();
}

async function publish(page: Page) {
  await page.getByRole('button', { name: en('publish'), exact: true }).click();
  const dialog = page.getByRole('dialog', { name: en('publish') });
  await dialog.getByRole('button', { name: en('publish'), exact: true }).click();
  await expect(page.getByText(en('publish_done'))).toBeVisible();
}

/** Presses Tab until the keyboard is there. */
async function tabTo(page: Page, target: Locator) {
  await expect(target).toBeVisible();
  for (let presses = 0; presses < 150; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  await expect(target).toBeFocused();
}

test('the name follows what a journey begins as, until it is one of somebody’s own', async ({ page, server }) => {
  const home = await enterConsole(page, server);
  await page.goto(`${home}/journeys`);
  await loaded(page);
  await page.getByRole('button', { name: en('new_journey'), exact: true }).click();
  const dialog = page.getByRole('dialog', { name: en('new_journey') });
  const name = dialog.getByRole('textbox', { name: en('journey_name') });
  await expect(name).toHaveValue(en('blueprint_recovery'));
  await dialog.getByRole('radio', { name: en('blueprint_quote') }).check();
  await expect(name).toHaveValue(en('blueprint_quote'));
  await name.fill('');
  await dialog.getByRole('button', { name: en('new_journey_do') }).click();
  await expect(dialog.getByText(en('problem_missing'))).toBeVisible();
  await expect(name).toBeFocused();
  await name.fill('Your checkout');
  await dialog.getByRole('radio', { name: en('blueprint_checkout') }).check();
  await expect(name).toHaveValue('Your checkout');
  await dialog.getByRole('button', { name: en('new_journey_do') }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Your checkout' })).toBeVisible();
  await loaded(page);
  await expect(page.locator('.graph__node--wait_until')).toContainText('09:00');
  await expect(page.getByRole('switch').first()).not.toBeChecked();
});

test('a journey is drawn by mouse, survives a reload, is published, changed, undone and switched on', async ({ page, server }) => {
  test.setTimeout(180_000);
  const home = await enterConsole(page, server);
  await makeEmpty(page, home, 'Your quotes');

  await page.locator('.graph__node--trigger').click();
  const kinds = page.getByRole('group', { name: en('trigger_on') });
  await kinds.getByRole('checkbox', { name: en('cart_kind_cart') }).uncheck();
  await kinds.getByRole('checkbox', { name: en('cart_kind_checkout') }).uncheck();
  await expect(kinds.getByText(en('problem_missing'))).toBeVisible();
  await kinds.getByRole('checkbox', { name: en('cart_kind_quote') }).check();
  await add(page, 'node_holdout');
  await expect(page.getByRole('textbox', { name: en('holdout_label'), exact: true })).toHaveValue('10');
  await add(page, 'node_wait_until');
  await panel(page).locator('input[type="time"]').fill('09:30');
  const days = page.getByRole('group', { name: en('until_days') }).getByRole('checkbox');
  for (let day = 0; day < 5; day++) await days.nth(day).check();
  await add(page, 'node_message');
  await add(page, 'node_await');
  await add(page, 'node_message', en('edge_timed_out'));
  await add(page, 'node_goal');
  await expect(nodes(page)).toHaveCount(8);

  // the draft, from this browser
  await page.reload();
  await loaded(page);
  await expect(nodes(page)).toHaveCount(8);
  await expect(page.locator('.graph__node--wait_until')).toContainText('09:30, Mon, Tue');
  await publish(page);
  await page.reload();
  await loaded(page);
  await expect(page.getByText(en('journey_version', { number: 2 })).first()).toBeVisible();
  await expect(nodes(page)).toHaveCount(8);
  await expect(page.locator('.graph__node--trigger')).toContainText(en('cart_kind_quote'));

  // a step with two ways asks which one stays
  await page.locator('.graph__node--wait_for_event').click();
  await page.getByRole('button', { name: en('step_remove') }).click();
  const dialog = page.getByRole('dialog', { name: en('step_remove_title') });
  await dialog.getByRole('radio', { name: en('edge_timed_out') }).check();
  await dialog.getByRole('button', { name: en('step_remove') }).click();
  await expect(nodes(page)).toHaveCount(7);
  await expect(page.getByRole('heading', { level: 2, name: en('node_message'), exact: true })).toBeFocused();
  await page.getByRole('button', { name: en('undo'), exact: true }).click();
  await expect(nodes(page)).toHaveCount(8);
  await page.getByRole('button', { name: en('redo'), exact: true }).click();
  await expect(nodes(page)).toHaveCount(7);
  await page.locator('h1').click();
  await page.keyboard.press('Control+z');
  await expect(nodes(page)).toHaveCount(8);
  await page.keyboard.press('Control+Shift+z');
  await expect(nodes(page)).toHaveCount(7);
  await page.getByRole('button', { name: en('draft_discard') }).click();
  await expect(nodes(page)).toHaveCount(8);
  await expect(page.getByText(en('draft_none'))).toBeVisible();

  const button = page.getByRole('switch').first();
  await button.click();
  await expect(page.getByText(en('journey_switched_on'))).toBeVisible();
  await button.click();
  await page.getByRole('dialog', { name: en('journey_off_title') }).getByRole('button', { name: en('journey_off_do') }).click();
  await expect(page.getByText(en('journey_switched_off'))).toBeVisible();
});

test('a question, a split and what is wrong with them stand at their fields', async ({ page, server }) => {
  const home = await enterConsole(page, server);
  await makeEmpty(page, home, 'Your questions');
  await page.locator('.graph__node--trigger').click();
  await add(page, 'node_condition');
  const question = page.getByLabel(en('ask'), { exact: true });
  await question.selectOption('value');
  await expect(page.getByText(en('problem_number'))).toBeVisible();
  await expect(page.locator('.graph__node--condition')).toHaveClass(/is-wrong/);
  await page.getByRole('textbox', { name: en('ask_least') }).fill('49,90');
  await expect(page.locator('.graph__node--condition')).not.toHaveClass(/is-wrong/);
  await expect(page.locator('.graph__node--condition')).toContainText('49.90');
  await question.selectOption('country');
  await page.getByRole('textbox', { name: en('ask_countries') }).fill('de, at');
  await expect(page.locator('.graph__node--condition')).toContainText('DE, AT');

  await add(page, 'node_split', en('yes'));
  await page.getByLabel(en('split_ways'), { exact: true }).selectOption('3');
  await page.getByRole('textbox', { name: en('split_weight', { number: 3 }) }).fill('100');
  await page.getByRole('textbox', { name: en('split_label', { number: 3 }) }).fill('Bold');
  await add(page, 'node_message', 'Bold · 50%');
  await expect(nodes(page)).toHaveCount(5);
  await page.locator('.graph__node--split').click();
  await page.getByLabel(en('split_ways'), { exact: true }).selectOption('2');
  await expect(nodes(page)).toHaveCount(4);
  await page.keyboard.press('Control+z');
  await expect(nodes(page)).toHaveCount(5);

  // a message nobody may have got yet, and one that is asked about and goes
  await page.locator('.graph__node--message').click();
  await add(page, 'node_await');
  await page.getByLabel(en('await_message'), { exact: true }).selectOption('message_1');
  await page.locator('.graph__node--message').click();
  await page.getByRole('button', { name: en('step_remove') }).click();
  await expect(page.getByText(en('problem_message_gone'))).toBeVisible();
  await page.getByLabel(en('await_message'), { exact: true }).selectOption('');
  await expect(page.getByText(en('problem_message_gone'))).toHaveCount(0);
  await publish(page);
});

test('a journey is drawn, published and switched on by the keyboard alone', async ({ page, server }) => {
  test.setTimeout(240_000);
  const home = await enterConsole(page, server);
  await page.goto(`${home}/journeys`);
  await loaded(page);
  const press = (...keys: string[]) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
  const button = (name: string) => panel(page).getByRole('button', { name, exact: true });
  const put = async (step: string, way?: string) => {
    await tabTo(page, button(way ? en('step_add_on', { way }) : en('step_add')));
    await press('Enter');
    const item = page.getByRole('menuitem', { name: en(step), exact: true });
    await expect(page.getByRole('menuitem').first()).toBeFocused();
    for (let presses = 0; presses < 30 && !(await item.evaluate((element) => element === document.activeElement)); presses++) await press('ArrowDown');
    await press('Enter');
    await expect(page.getByRole('heading', { level: 2, name: en(step), exact: true })).toBeFocused();
  };

  await tabTo(page, page.getByRole('button', { name: en('new_journey'), exact: true }));
  await press('Enter');
  const dialog = page.getByRole('dialog', { name: en('new_journey') });
  await tabTo(page, dialog.getByRole('textbox', { name: en('journey_name') }));
  await press('Control+a');
  await page.keyboard.type('Your keyboard');
  await press('Tab', 'ArrowDown', 'ArrowDown', 'ArrowDown');
  await expect(dialog.getByRole('radio', { name: en('blueprint_empty') })).toBeChecked();
  await tabTo(page, dialog.getByRole('button', { name: en('new_journey_do') }));
  await press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Your keyboard' })).toBeVisible();
  await loaded(page);

  await tabTo(page, page.locator('.graph__node--trigger'));
  await press('Enter');
  const kinds = page.getByRole('group', { name: en('trigger_on') });
  await tabTo(page, kinds.getByRole('checkbox', { name: en('cart_kind_cart') }));
  await press('Space', 'Tab', 'Space', 'Tab', 'Space');
  await expect(kinds.getByRole('checkbox', { name: en('cart_kind_quote') })).toBeChecked();
  await put('node_holdout');
  await put('node_wait_until');
  await tabTo(page, panel(page).locator('input[type="time"]'));
  await press('ArrowRight', '3', '0');
  await tabTo(page, page.getByRole('group', { name: en('until_days') }).getByRole('checkbox').first());
  await press('Space');
  await expect(page.locator('.graph__node--wait_until')).toContainText('09:30, Mon');
  await put('node_message');
  await put('node_await');
  await put('node_message', en('edge_timed_out'));
  await put('node_goal');
  await expect(nodes(page)).toHaveCount(8);

  await tabTo(page, button(en('step_remove')));
  await press('Enter');
  await expect(nodes(page)).toHaveCount(7);
  await press('Control+z');
  await expect(nodes(page)).toHaveCount(8);

  await tabTo(page, page.getByRole('button', { name: en('publish'), exact: true }));
  await press('Enter');
  const asked = page.getByRole('dialog', { name: en('publish') });
  await tabTo(page, asked.getByRole('button', { name: en('publish'), exact: true }));
  await press('Enter');
  await expect(page.getByText(en('publish_done'))).toBeVisible();
  await page.reload();
  await loaded(page);
  await expect(nodes(page)).toHaveCount(8);
  await tabTo(page, page.getByRole('switch').first());
  await press('Space');
  await expect(page.getByText(en('journey_switched_on'))).toBeVisible();
  await press('Space');
  const off = page.getByRole('dialog', { name: en('journey_off_title') });
  await tabTo(page, off.getByRole('button', { name: en('journey_off_do') }));
  await press('Enter');
  await expect(page.getByText(en('journey_switched_off'))).toBeVisible();
});

for (const language of languages) {
  test(`drawing in ${language}`, async ({ page, server }) => {
    test.setTimeout(600_000);
    const home = await enterConsole(page, server, { language });
    const t = words(language);
    await makeEmpty(page, home, `Yours in ${language}`, t);
    await page.locator('.graph__node--trigger').click();
    await page.getByRole('radio', { name: t('re_entry_again') }).check();
    await lookAt(page, `drawing-trigger-${language}`);
    await add(page, 'node_wait_until', undefined, t);
    await page.getByRole('group', { name: t('until_days') }).getByRole('checkbox').nth(2).check();
    await lookAt(page, `drawing-until-${language}`);
    await add(page, 'node_await', undefined, t);
    await panel(page).getByRole('button', { name: t('step_add_on', { way: t('edge_timed_out') }), exact: true }).click();
    await expect(page.getByRole('menu')).toBeVisible();
    await lookAt(page, `drawing-await-menu-${language}`);
    await page.keyboard.press('Escape');
    await add(page, 'node_condition', t('edge_timed_out'), t);
    await page.getByLabel(t('ask'), { exact: true }).selectOption('value');
    await lookAt(page, `drawing-condition-${language}`);
    await add(page, 'node_split', t('no'), t);
    await lookAt(page, `drawing-split-${language}`);
    await page.locator('.graph__node--wait_for_event').click();
    await page.getByRole('button', { name: t('step_remove') }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await lookAt(page, `drawing-remove-${language}`);
  });
}
