// The demo shop, as a shopper sees it.
import type { Page } from '@playwright/test';
import { expect, test } from '../fixtures';

const shop = '/demo-shop/';

/** Opens the shop and waits for the snippet. */
async function enter(page: Page, path = '?lang=en') {
  await page.goto(shop + path);
  await page.waitForFunction(() => 'status' in ((window as any).cartwheel ?? {}));
  const banner = page.getByRole('button', { name: 'No, thanks' });
  if (await banner.isVisible()) await banner.click();
}

async function toCheckout(page: Page) {
  await page.getByRole('button', { name: 'Add to basket: Brass bell' }).click();
  await page.getByRole('link', { name: 'To the checkout' }).click();
  await expect(page.getByRole('heading', { name: 'Contact' })).toBeVisible();
}

async function fillAddress(page: Page) {
  await page.getByLabel('Last name').fill('Lovelace');
  await page.getByLabel('Street and number').fill('Analytical Way 1');
  await page.getByLabel('Postcode').fill('10115');
  await page.getByLabel('Town').fill('Berlin');
  await page.getByRole('button', { name: 'Continue' }).click();
}

test('buys: basket, contact, delivery, payment, thanks', async ({ page }) => {
  await enter(page);
  await toCheckout(page);
  await page.getByRole('textbox', { name: 'E-mail' }).fill('buyer@example.org');
  await page.getByRole('button', { name: 'Continue' }).click();
  await fillAddress(page);
  await page.getByRole('button', { name: /Pay/ }).click();
  await expect(page.getByRole('heading', { name: 'Thank you.' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Basket 0 items' })).toBeVisible();
});

test('changes the basket, and finds it again after a reload', async ({ page }) => {
  await enter(page);
  await page.getByRole('button', { name: 'Add to basket: Enamel mug' }).click();
  await page.getByRole('button', { name: 'One Enamel mug more' }).click();
  await expect(page.locator('#basket-total')).toHaveText('€32');
  await page.reload();
  await expect(page.getByRole('button', { name: 'Basket 2 items' })).toBeVisible();
  await page.getByRole('button', { name: 'Basket 2 items' }).click();
  await page.getByRole('button', { name: 'One Enamel mug less' }).click();
  await page.getByRole('button', { name: 'Remove Enamel mug' }).click();
  await expect(page.getByText('Nothing in it yet.')).toBeVisible();
});

test('is told what is wrong, beside the field, and the permission is not ticked beforehand', async ({ page }) => {
  await enter(page);
  await toCheckout(page);
  await expect(page.getByRole('checkbox')).not.toBeChecked();
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByText('Please fill this in.')).toBeVisible();
  await page.getByRole('textbox', { name: 'E-mail' }).fill('not an address');
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByText('This does not look like an e-mail address.')).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'E-mail' })).toBeFocused();
});

test('asks for a quote for a company and accepts it', async ({ page }) => {
  await enter(page);
  await page.getByRole('link', { name: 'For companies' }).click();
  await page.getByLabel('How many').fill('3');
  await page.getByLabel('Company').fill('Velo AG');
  await page.getByLabel('First name').fill('Ada');
  await page.getByRole('textbox', { name: 'E-mail' }).fill('ada@velo.example');
  await page.getByRole('button', { name: 'Get the quote' }).click();
  await expect(page.getByText(/For Velo AG, valid until/)).toBeVisible();
  await expect(page.getByText('€10,470').first()).toBeVisible();
  await page.getByRole('button', { name: 'Accept and order' }).click();
  await expect(page.getByRole('heading', { name: 'Thank you.' })).toBeVisible();
});

test('buys with the keyboard alone', async ({ page }) => {
  await enter(page);
  const press = async (name: string | RegExp, role: 'button' | 'link' | 'textbox' = 'button') => {
    const target = page.getByRole(role, { name });
    for (let i = 0; i < 60 && !(await target.evaluate((element) => element === document.activeElement)); i++) await page.keyboard.press('Tab');
    await expect(target).toBeFocused();
  };
  await press('Add to basket: Brass bell');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toBeVisible();
  await press('To the checkout', 'link');
  await page.keyboard.press('Enter');
  await press('E-mail', 'textbox');
  await page.keyboard.type('keys@example.org');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Delivery' })).toBeVisible();
  for (const [label, text] of [['Last name', 'Lovelace'], ['Street and number', 'Way 1'], ['Postcode', '10115'], ['Town', 'Berlin']]) {
    await press(label, 'textbox');
    await page.keyboard.type(text);
  }
  await page.keyboard.press('Enter');
  await press(/Pay/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Thank you.' })).toBeVisible();
});

test('the drawer gives the focus back when it is closed by Escape', async ({ page }) => {
  await enter(page);
  const basket = page.getByRole('button', { name: /^Basket/ });
  await basket.click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(basket).toBeFocused();
});

test('an expired link says so and leaves the basket alone', async ({ page, complaints }) => {
  complaints.allow(/404/);
  await enter(page);
  await page.getByRole('button', { name: 'Add to basket: Brass bell' }).click();
  await page.goto(`${shop}?lang=en&cw=an-invented-token`);
  await expect(page.getByRole('status').filter({ hasText: 'This link has expired' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Basket 1 items' })).toBeVisible();
  expect(page.url()).not.toContain('cw=');
});

test('speaks the language of the browser when none is chosen', async ({ browser, server }) => {
  const context = await browser.newContext({ locale: 'it-IT', baseURL: server.url });
  const page = await context.newPage();
  await page.goto(shop);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Piccole cose per lunghe strade.');
  await context.close();
});
