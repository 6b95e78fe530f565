// Writing a text: the preview follows, mistakes are refused with their place, versions come and are restored; taking texts
// over into other stores.
import type { Page } from '@playwright/test';
import { expect, languages, lookAt, test as base } from '../fixtures';
import { askConsole, enterConsole, loaded } from '../support/console';
import { signUp, test as open } from '../support/open-server';
import { en, words } from '../support/words';

type Words = ReturnType<typeof words>;

/** The frame around a mail runs no script, the picture-taker's neither: the browser says so. */
const FRAME = /Blocked script execution in '[^']*' because the document's frame is sandboxed/;

/** What an editor has typed into the mail. */
const SENTENCE = '<mj-section><mj-column><mj-text>Ein Satz mehr</mj-text></mj-column></mj-section>';

const test = base.extend({
  page: async ({ page, complaints }, use) => {
    complaints.allow(FRAME);
    await use(page);
  },
});

const row = (page: Page, name: string) => page.getByRole('row').filter({ hasText: name });
const german = (t: Words, form = 'template_formal') => `Deutsch · ${t(form)}`;

/** The pages of texts as an editor sees them. */
function desk(page: Page, t: Words = en) {
  const preview = page.getByRole('region', { name: t('template_preview'), exact: true });
  return {
    subject: page.getByRole('textbox', { name: t('message_subject'), exact: true }),
    mjml: page.locator('textarea#mjml'),
    text: page.locator('textarea#text'),
    wrong: page.locator('#mjml-error'),
    preview,
    envelope: preview.getByRole('group', { name: t('template_inbox') }),
    mail: preview.frameLocator('iframe.sheet__frame').last(),
    save: page.getByRole('button', { name: t('save'), exact: true }),
    versions: page.getByRole('region', { name: t('journey_versions'), exact: true }),
    unsaved: page.getByText(t('template_unsaved'), { exact: true }),
  };
}

/** Opens a text from the list and says which version it has. */
async function openText(page: Page, home: string, key = 'template_recovery_1', form = german(en), t: Words = en) {
  await page.goto(`${home}/templates`);
  await loaded(page);
  await row(page, t(key)).getByRole('link', { name: form }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(t(key));
  await loaded(page);
  await expect(desk(page, t).preview.locator('iframe')).toHaveCount(1);
  const [link] = await desk(page, t).versions.getByRole('link').allInnerTexts();
  return Number(/\d+/.exec(link!)![0]);
}

const version = (number: number) => en('journey_version', { number });

test('an editor changes a mail beside its preview, mends a mistake, saves and restores', async ({ page, server }) => {
  const home = await enterConsole(page, server);
  const first = await openText(page, home);
  const it = desk(page);
  const [was, before] = [await it.subject.inputValue(), new URL(page.url()).pathname];
  await it.subject.fill('Ihr Korb wartet auf Sie');
  await expect(it.unsaved).toBeVisible();
  await expect(it.envelope).toContainText('Ihr Korb wartet auf Sie');

  // A mistake is told where it stands; the last good picture stays.
  const good = await it.mjml.inputValue();
  const better = good.replace(/<mj-body[^>]*>/, (body) => body + SENTENCE);
  await it.mjml.fill(good.replace('</mj-body>', ''));
  await expect(it.wrong).toContainText(/line \d+, column \d+/i);
  await expect(it.mjml).toHaveAttribute('aria-invalid', 'true');
  await expect(it.preview.getByText(en('template_preview_last'))).toBeVisible();
  await expect(it.envelope).toContainText('Ihr Korb wartet auf Sie');
  await it.save.click();
  await expect(page.getByText(en('template_refused'))).toBeVisible();
  await lookAt(page, 'console-template-mistake-en');
  await it.mjml.fill(better);
  await expect(it.wrong).toHaveCount(0);
  await expect(it.mail.getByText('Ein Satz mehr')).toBeVisible();
  await expect(it.preview.locator('iframe')).toHaveCount(1);

  // What is typed survives a reload, and the keyboard saves it.
  await page.reload();
  await loaded(page);
  await expect(it.subject).toHaveValue('Ihr Korb wartet auf Sie');
  await it.save.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByText(en('template_saved', { number: first + 1 }))).toBeVisible();
  await expect(page).not.toHaveURL(new RegExp(`${before}$`));
  await expect(it.unsaved).toHaveCount(0);
  await expect(it.versions.getByRole('link', { name: version(first + 1) })).toHaveAttribute('aria-current', 'page');

  // The older one is read, and comes back as a next one.
  await it.versions.getByRole('link', { name: version(first), exact: true }).click();
  await expect(page.getByText(en('template_old'), { exact: true })).toBeVisible();
  await expect(it.subject).toHaveValue(was);
  await expect(it.subject).not.toBeEditable();
  await lookAt(page, 'console-template-older-en');
  await page.getByRole('button', { name: en('template_restore') }).click();
  await expect(page.getByText(en('template_saved', { number: first + 2 }))).toBeVisible();
  await expect(it.subject).toHaveValue(was);
  await expect(it.subject).toBeEditable();
  await expect(it.mjml).toHaveValue(good);

  await page.goto(`${home}/templates`);
  await loaded(page);
  await expect(row(page, en('template_recovery_1')).getByRole('link', { name: german(en) })).toContainText(version(first + 2));
  await expect(row(page, en('template_recovery_3'))).toContainText(en('template_given'));
});

const SAVE = `mutation Save($store: ID!, $template: ID!, $subject: String!) {
  saveTemplate(storeId: $store, templateId: $template, input: { preheader: $subject }) { userErrors { message } }
}`;

test('what somebody else has saved meanwhile is told, and nothing typed is lost', async ({ page, server }) => {
  const home = await enterConsole(page, server);
  const first = await openText(page, home, 'template_recovery_2');
  const it = desk(page);
  const template = new URL(page.url()).pathname.split('/').at(-1);
  await it.subject.fill('Noch einmal');
  await expect(it.envelope).toContainText('Noch einmal');
  await askConsole(page, server, SAVE, { template, subject: 'Von jemand anderem' });
  await it.save.click();
  await expect(page.getByRole('alert')).toContainText(en('template_outdated'));
  await expect(it.subject).toHaveValue('Noch einmal');
  await lookAt(page, 'console-template-outdated-en');
  await page.getByRole('button', { name: en('template_newest_load') }).click();
  await expect(page.getByText(en('template_beneath_words', { number: first + 1 }))).toBeVisible();
  await expect(it.subject).toHaveValue('Noch einmal');
  await expect(page.locator('textarea#preheader')).toHaveValue('Von jemand anderem');
  await it.save.click();
  await expect(page.getByText(en('template_saved', { number: first + 2 }))).toBeVisible();
  await expect(it.subject).toHaveValue('Noch einmal');
});

test('changes can be discarded, and the keyboard goes through the fields', async ({ page, server }) => {
  const home = await enterConsole(page, server);
  await openText(page, home, 'template_recovery_3');
  const it = desk(page);
  const was = await it.mjml.inputValue();
  await it.mjml.focus();
  await page.keyboard.press('Tab');
  await expect(it.mjml).not.toBeFocused();
  await expect(it.mjml).toHaveValue(was);
  await page.getByRole('navigation', { name: en('template_parts') }).getByRole('link', { name: en('mail_plain') }).focus();
  await page.keyboard.press('Enter');
  await expect(it.text).toBeVisible();
  await expect(it.mjml).toBeHidden();
  await it.text.press('Control+Home');
  await it.text.pressSequentially('Guten Tag! ');
  await it.preview.getByRole('button', { name: en('mail_plain'), exact: true }).press('Enter');
  await expect(it.preview.locator('pre')).toContainText('Guten Tag! ');
  await page.getByRole('button', { name: en('draft_discard') }).click();
  await expect(it.unsaved).toHaveCount(0);
  await expect(it.preview.locator('pre')).not.toContainText('Guten Tag! ');
  // The other form is one link away.
  await page.getByRole('navigation', { name: en('template_forms') }).getByRole('link', { name: german(en, 'template_informal') }).click();
  await expect(page.getByRole('link', { name: german(en, 'template_informal') })).toHaveAttribute('aria-current', 'page');
});

test('whoever may not change texts reads them', async ({ page, server }) => {
  await page.route('**/graphql', async (route) => {
    if (route.request().postDataJSON()?.operationName !== 'Viewer') return route.fallback();
    const answer = await route.fetch();
    const body = await answer.json();
    for (const { stores } of body.data.viewer.organisations) for (const store of stores) store.role = 'analyst';
    return route.fulfill({ response: answer, json: body });
  });
  const home = await enterConsole(page, server);
  await openText(page, home);
  const it = desk(page);
  await expect(page.getByText(en('template_read_words'))).toBeVisible();
  for (const field of [it.subject, it.mjml]) await expect(field).not.toBeEditable();
  await expect(it.envelope).not.toBeEmpty();
  await lookAt(page, 'console-template-reader-en');
});

for (const language of languages) {
  test(`the views of a text in ${language}`, async ({ page, server }) => {
    test.setTimeout(300_000);
    const home = await enterConsole(page, server, { language });
    const t = words(language);
    await openText(page, home, 'template_recovery_1', german(t), t);
    const it = desk(page, t);
    for (const view of ['mail_phone', 'mail_plain']) {
      await it.preview.getByRole('button', { name: t(view), exact: true }).click();
      await it.preview.scrollIntoViewIfNeeded();
      await lookAt(page, `console-template-${view.slice(5)}-${language}`);
    }
    await page.getByRole('link', { name: t('mail_plain'), exact: true }).click();
    await it.text.fill('{{ cart.total');
    await expect(page.locator('#text-error')).toBeVisible();
    await lookAt(page, `console-template-wrong-${language}`);
    await page.getByRole('button', { name: t('draft_discard') }).click();
    await expect(it.unsaved).toHaveCount(0);
  });
}

open('texts are taken over into other stores, and what was changed there stays', async ({ page, open: server, post, complaints }) => {
  open.setTimeout(300_000);
  complaints.allow(/401|410/);
  complaints.allow(FRAME);
  await signUp(page, server.url, post, 'tara@texts.example', false, 'Texts');
  const homes: Record<string, string> = {};
  for (const name of ['North', 'South', 'West']) {
    if (name !== 'North') await page.goto(`${server.url}/new-store`);
    await page.getByLabel(en('settings_name')).fill(name);
    await page.getByRole('button', { name: en('new_store_do') }).click();
    await page.getByRole('button', { name: en('new_store_on') }).click();
    await page.waitForURL(/\/stores\/[^/]+$/);
    await loaded(page);
    homes[name] = page.url();
  }
  const it = desk(page);
  const write = async (store: string, field: string, text: string) => {
    await openText(page, homes[store]!);
    await page.getByRole('textbox', { name: en(field), exact: true }).fill(text);
    await it.save.click();
    await expect(page.getByText(en('template_saved', { number: 2 }))).toBeVisible();
  };
  await write('South', 'template_preheader', 'Nur im Süden');
  await write('North', 'message_subject', 'Ihr Korb aus dem Norden');
  // A store without a cart is shown an example.
  await expect(it.preview.getByText(en('template_preview_example'))).toBeVisible();

  await page.getByRole('button', { name: en('roll_out'), exact: true }).click();
  const dialog = page.getByRole('dialog', { name: en('roll_out') });
  for (const name of ['South', 'West']) await dialog.getByRole('checkbox', { name }).check();
  await dialog.getByRole('button', { name: en('roll_out_look') }).click();
  const plan = (name: string) => dialog.locator('li.card').filter({ has: page.getByText(name, { exact: true }) });
  for (const name of ['South', 'West']) {
    await expect(plan(name).getByText(en('roll_out_update'), { exact: true })).toBeVisible();
    await expect(plan(name).locator('ins', { hasText: 'Ihr Korb aus dem Norden' })).toBeVisible();
  }
  await expect(plan('South').getByText(en('roll_out_kept'))).toBeVisible();
  await expect(plan('South')).toContainText('Nur im Süden');
  await expect(plan('West').getByText(en('roll_out_kept'))).toHaveCount(0);
  await lookAt(page, 'console-template-roll-out-en');
  await dialog.getByRole('button', { name: en('template_roll_out_do', { n: 2 }) }).click();
  await expect(page.getByText(en('template_roll_out_done', { n: 2 }))).toBeVisible();

  await openText(page, homes.South!);
  await expect(it.subject).toHaveValue('Ihr Korb aus dem Norden');
  await expect(page.locator('textarea#preheader')).toHaveValue('Nur im Süden');
});
