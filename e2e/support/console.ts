// Getting into the console.
import { expect, type Page } from '@playwright/test';
import { en } from './words';

/** Signs in as a person does. */
export async function signInByHand(page: Page, { email, password }: { email: string; password: string }) {
  await page.getByLabel(en('sign_in_email')).fill(email);
  await page.getByLabel(en('sign_in_password')).fill(password);
  await page.getByRole('button', { name: en('sign_in_do'), exact: true }).click();
}

/** Signs this browser in and opens the home page of the store; answers the store's address. */
export async function enterConsole(page: Page, server: { url: string; signIn: { email: string; password: string } }, { language = 'en' } = {}) {
  const answer = await page.request.post(`${server.url}/auth/sign-in`, { data: { email: server.signIn.email, password: server.signIn.password } });
  expect(answer.status(), await answer.text()).toBe(200);
  // In the page itself: a mail's frame has no storage.
  await page.addInitScript((code) => window.top === window && localStorage.setItem('cw.lang', code), language);
  await page.goto(`${server.url}/`);
  await page.waitForURL(/\/stores\/[^/]+$/);
  await loaded(page);
  return page.url();
}

/** Asks the API as the console does, of the store the person signs in to. */
export async function askConsole(page: Page, server: { url: string; signIn: { email: string; password: string; store: string } }, query: string, variables: Record<string, unknown> = {}) {
  const { email, password, store } = server.signIn;
  const session = await page.request.post(`${server.url}/auth/sign-in`, { data: { email, password } });
  expect(session.status(), await session.text()).toBe(200);
  const { access_token: token } = await session.json();
  const answer = await page.request.post(`${server.url}/graphql`, { headers: { authorization: `Bearer ${token}` }, data: { query, variables: { store, ...variables } } });
  const { data, errors } = await answer.json();
  expect(errors, JSON.stringify(errors)).toBeUndefined();
  return data;
}

/** The page has its heading and its data. */
export async function loaded(page: Page) {
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.locator('.skeleton, [aria-busy="true"]')).toHaveCount(0);
}

/** Goes to a page by the navigation beside it. */
export async function go(page: Page, name: string) {
  await page.getByRole('navigation').getByRole('link', { name, exact: true }).first().click();
  await loaded(page);
}
