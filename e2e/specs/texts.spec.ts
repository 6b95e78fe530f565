// Text messages: the account is set up, a text is written beside what a phone would show, a journey sends it.
import { expect, languages, lookAt, test } from '../fixtures';
import { enterConsole, loaded } from '../support/console';
import { en, words } from '../support/words';

test('an account is set up; what is none is told at its field, and the token is never shown again', async ({ page, server }) => {
  const home = await enterConsole(page, server);
  await page.goto(`${home}/settings/texts`);
  await loaded(page);
  const field = (name: string) => page.getByRole('textbox', { name: en(name), exact: true });
  const token = page.getByLabel(en('sms_token'), { exact: true });
  const cost = page.getByRole('textbox', { name: en('sms_cost', { currency: 'EUR' }) });
  await field('sms_account').fill('SK123');
  await field('sms_sender').fill('A name that is too long');
  await cost.fill('cheap');
  await page.getByRole('button', { name: en('save'), exact: true }).click();
  for (const told of ['sms_account_wrong', 'sms_sender_wrong', 'sms_cost_wrong']) {
    await expect(page.getByText(en(told), { exact: true })).toBeVisible();
  }
  await field('sms_account').fill(`AC${'0a'.repeat(16)}`);
  await field('sms_sender').fill('Wheelhouse');
  await expect(page.getByText(en('sms_name'), { exact: true })).toBeVisible();
  await field('sms_sender').fill('+49 151 00000000');
  await expect(page.getByText(en('sms_name'), { exact: true })).toBeHidden();
  await cost.fill('0,075');
  await token.fill('a token of the account');
  await page.getByRole('button', { name: en('save'), exact: true }).click();
  await expect(page.getByText(en('settings_saved'))).toBeVisible();
  await page.reload();
  await loaded(page);
  await expect(page.getByText(en('sms_connected'), { exact: true })).toBeVisible();
  await expect(cost).toHaveValue('0.075');
  await expect(token).toHaveValue('');
  expect(await page.content()).not.toContain('a token of the account');
});

test('a text message is written beside a phone, counted, and refused without a way to say no', async ({ page, server }) => {
  const home = await enterConsole(page, server);
  await page.goto(`${home}/templates`);
  await loaded(page);
  const row = page.getByRole('row').filter({ hasText: en('template_recovery_sms') });
  await row.getByRole('link', { name: `Deutsch · ${en('template_formal')}` }).click();
  await loaded(page);
  const text = page.locator('textarea#text');
  const phone = page.getByRole('region', { name: en('sms_view'), exact: true });
  const preview = page.getByRole('region', { name: en('template_preview'), exact: true });
  await expect(phone).toContainText('STOP');
  await expect(page.locator('textarea#mjml')).toHaveCount(0);
  await expect(preview.getByRole('status').last()).toContainText(en('sms_parts', { n: 1 }));
  const good = await text.inputValue();
  await text.fill(`${good} ☕ ${'Noch ein Satz. '.repeat(5)}`);
  await expect(preview.getByText(en('sms_foreign', { sign: '☕' }))).toBeVisible();
  await expect(preview.getByRole('status').last()).not.toContainText(en('sms_parts', { n: 1 }));
  await text.fill(good.replaceAll('STOP', 'genug'));
  await page.getByRole('button', { name: en('save'), exact: true }).click();
  await expect(page.locator('#text-error')).toContainText('STOP');
  await text.fill(good.replace('hier bereit', 'noch hier'));
  await expect(phone).toContainText('noch hier');
  await page.getByRole('button', { name: en('save'), exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(en('template_recovery_sms'));
  await expect(page.getByRole('region', { name: en('journey_versions'), exact: true }).getByRole('link').first()).toContainText('2');
});

test('a journey sends one beside mail', async ({ page, server }) => {
  const home = await enterConsole(page, server);
  await page.goto(`${home}/journeys`);
  await loaded(page);
  await page.getByRole('button', { name: en('new_journey'), exact: true }).click();
  const dialog = page.getByRole('dialog', { name: en('new_journey') });
  await dialog.getByRole('radio', { name: en('blueprint_empty') }).check();
  await dialog.getByRole('textbox', { name: en('journey_name') }).fill('Zz by phone');
  await dialog.getByRole('button', { name: en('new_journey_do') }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Zz by phone' })).toBeVisible();
  await loaded(page);
  await page.locator('.graph__node').first().click();
  const panel = page.locator('section[aria-labelledby="panel"]');
  await panel.getByRole('button', { name: en('step_add'), exact: true }).click();
  await page.getByRole('menuitem', { name: en('node_text'), exact: true }).click();
  await expect(page.getByRole('heading', { level: 2, name: en('node_text'), exact: true })).toBeFocused();
  await expect(panel.getByText(en('message_text_hint'))).toBeVisible();
  await page.getByRole('button', { name: en('publish'), exact: true }).click();
  const confirm = page.getByRole('dialog', { name: en('publish') });
  await confirm.getByRole('button', { name: en('publish'), exact: true }).click();
  await expect(page.getByText(en('publish_done'))).toBeVisible();
});

for (const language of languages) {
  test(`text messages look right in ${language}`, async ({ page, server }) => {
    const t = words(language);
    const home = await enterConsole(page, server, { language });
    await page.goto(`${home}/settings/texts`);
    await loaded(page);
    await lookAt(page, `console-settings-texts-${language}`);
    await page.goto(`${home}/templates`);
    await loaded(page);
    const row = page.getByRole('row').filter({ hasText: t('template_recovery_sms') });
    await row.getByRole('link').first().click();
    await loaded(page);
    await expect(page.getByRole('region', { name: t('sms_view'), exact: true })).toBeVisible();
    await lookAt(page, `console-template-sms-${language}`);
  });
}
