import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import vm from 'node:vm';
import { BASE, newStorage, openPage } from './page.mjs';

const part = readFileSync(new URL('../dist/push.min.js', import.meta.url), 'utf8');
const worker = readFileSync(new URL('../dist/worker.min.js', import.meta.url), 'utf8');
const KEY = `B${'A'.repeat(86)}`;
const OTHER = `BB${'A'.repeat(85)}`;
const asked = { wording: 'Remind me of my cart by a notification.', language: 'en' };

/** What a browser keeps of subscriptions from page to page. */
function newBrowser({ permission = 'default', answers = 'granted' } = {}) {
  const browser = { permission, answers, subscription: null, made: 0, registered: [], questions: 0 };
  browser.subscribe = ({ userVisibleOnly, applicationServerKey }) => {
    assert.equal(userVisibleOnly, true);
    browser.made += 1;
    const endpoint = `https://push.example/${browser.made}`;
    browser.subscription = {
      endpoint,
      options: { applicationServerKey: applicationServerKey.buffer },
      toJSON: () => ({ endpoint, expirationTime: null, keys: { p256dh: 'key', auth: 'auth' } }),
      unsubscribe: async () => ((browser.subscription = null), true),
    };
    return Promise.resolve(browser.subscription);
  };
  const registration = {
    active: {},
    pushManager: { getSubscription: async () => browser.subscription, subscribe: browser.subscribe },
  };
  browser.install = (win, { isActive = true } = {}) => {
    const loaded = [];
    Object.assign(win, { PushManager: class {}, Uint8Array, atob });
    win.Notification = {
      get permission() {
        return browser.permission;
      },
      requestPermission: async () => ((browser.questions += 1), (browser.permission = browser.answers)),
    };
    win.navigator.userActivation = { isActive };
    win.navigator.serviceWorker = {
      register: async (url, options) => (browser.registered.push([url, options.scope]), registration),
      getRegistration: async () => registration,
    };
    win.document.createElement = () => ({});
    win.document.head = {
      appendChild: (script) => {
        loaded.push(script.src);
        setImmediate(() => vm.runInContext(part, win));
        return script;
      },
    };
    browser.loaded = loaded;
  };
  return browser;
}

const open = (browser, { isActive, key = KEY, ...options } = {}) =>
  openPage({ config: { p: { k: key, w: '/cartwheel-push.js' } }, hostile: (win) => browser.install(win, { isActive }), ...options });

test('who presses and allows it is subscribed, with the sentence they saw, under this browser\'s own token', async () => {
  const browser = newBrowser();
  const page = open(browser);
  assert.deepEqual(browser.loaded, [], 'nothing is loaded before it is wanted');
  const answer = page.shop.push.ask(asked);
  assert.equal(browser.questions, 1, 'the browser is asked while the press is being handled');
  await page.pass(1000);
  assert.equal(await answer, 'subscribed');
  await page.pass(1000);
  assert.deepEqual(browser.loaded, [`${BASE}/push/page.js`]);
  assert.deepEqual(browser.registered, [['/cartwheel-push.js', '/cartwheel-push/']]);
  const [event] = page.named('Push Subscribed');
  assert.equal(event.properties.subscription.endpoint, 'https://push.example/1');
  assert.equal(event.properties.key, KEY);
  assert.deepEqual(event.properties.consent, { ...asked, place: 'https://shop.example/bags' });
  assert.equal(event.context.cart_token, page.record().t);
});

test('nobody is asked without a press, without a sentence, without consent, or where it is switched off', async () => {
  const browser = newBrowser();
  assert.equal(await open(browser, { isActive: false }).shop.push.ask(asked), 'no_gesture');
  assert.equal(await open(browser).shop.push.ask(), 'no_wording');
  assert.equal(await open(browser, { mode: 'after_consent' }).shop.push.ask(asked), 'inactive');
  assert.equal(await open(browser, { gpc: true }).shop.push.ask(asked), 'inactive');
  const off = openPage({ hostile: (win) => browser.install(win) });
  assert.equal(await off.shop.push.ask(asked), 'unsupported');
  assert.equal(await openPage().shop.push.ask(asked), 'unsupported');
  assert.equal(browser.questions, 0);
});

test('a no is told to the shop and to nobody else', async () => {
  const browser = newBrowser({ answers: 'denied' });
  const page = open(browser);
  const answer = page.shop.push.ask(asked);
  await page.pass(1000);
  assert.equal(await answer, 'denied');
  assert.equal(page.named('Push Subscribed').length, 0);
  const offered = [];
  open(browser).shop.on('push', () => offered.push(1));
  assert.deepEqual(offered, [], 'and it is not offered again');
  open(newBrowser()).shop.on('push', () => offered.push(1));
  assert.deepEqual(offered, [1]);
});

async function subscribed() {
  const [browser, storage] = [newBrowser(), newStorage()];
  const page = open(browser, { storage });
  const answer = page.shop.push.ask(asked);
  await page.pass(1000);
  assert.equal(await answer, 'subscribed');
  await page.pass(1000);
  return { browser, storage, page };
}

test('a page load later nothing is sent again; a month later it is, without a new consent', async () => {
  const { browser, storage } = await subscribed();
  const next = open(browser, { storage });
  await next.pass(1000);
  assert.deepEqual([browser.loaded.length, next.named('Push Subscribed').length], [1, 0]);
  const month = open(browser, { storage, now: Date.UTC(2026, 1, 6) });
  await month.pass(1000);
  const [event] = month.named('Push Subscribed');
  assert.deepEqual([event.properties.subscription.endpoint, event.properties.consent], ['https://push.example/1', undefined]);
});

test('whoever takes the permission back in the browser is taken out at the next page', async () => {
  const { browser, storage } = await subscribed();
  browser.permission = 'denied';
  const next = open(browser, { storage });
  await next.pass(1000);
  const [event] = next.named('Push Unsubscribed');
  assert.deepEqual(event.properties.subscription, { endpoint: 'https://push.example/1' });
  assert.equal(next.record().p, undefined);
});

test('a new key of the store subscribes anew without a question', async () => {
  const { browser, storage } = await subscribed();
  const next = open(browser, { storage, key: OTHER });
  await next.pass(1000);
  const [event] = next.named('Push Subscribed');
  assert.deepEqual([event.properties.subscription.endpoint, event.properties.key], ['https://push.example/2', OTHER]);
  assert.equal(browser.questions, 1);
});

test('stop() tells the server and the browser; consent(false) ends the subscription in the browser', async () => {
  const one = await subscribed();
  one.page.shop.push.stop();
  await one.page.pass(1000);
  assert.equal(one.page.named('Push Unsubscribed').length, 1);
  assert.equal(one.browser.subscription, null);
  const two = await subscribed();
  two.page.shop.consent(false);
  await two.page.pass(1000);
  assert.equal(two.browser.subscription, null);
  assert.equal(two.page.record()?.p, undefined);
});

function workerSelf() {
  const [listeners, shown, opened] = [{}, [], []];
  const self = {
    location: { host: 'shop.example' },
    addEventListener: (type, fn) => (listeners[type] = fn),
    skipWaiting: () => {},
    registration: { showNotification: async (title, options) => shown.push({ title, ...options }) },
    clients: { openWindow: async (url) => opened.push(url) },
  };
  vm.runInContext(worker, vm.createContext({ self }));
  return { listeners, shown, opened };
}

test('the worker shows what came and opens the cart, the no where that was pressed, and nothing else', async () => {
  const { listeners, shown, opened } = workerSelf();
  const said = {
    title: 'Wheelhouse: your cart is saved', body: 'Brass bell', url: 'https://cartwheel.example/r/1', lang: 'en', tag: 't',
    image: 'https://shop.example/bell.jpg', stop: { label: 'No more of these', url: 'https://cartwheel.example/u/1' },
  };
  const waits = [];
  listeners.push({ data: { json: () => said }, waitUntil: (promise) => waits.push(promise) });
  await Promise.all(waits);
  assert.deepEqual([shown[0].title, shown[0].body, shown[0].tag, shown[0].image], [said.title, said.body, 't', said.image]);
  assert.equal(shown[0].actions[0].action, 'stop');
  const click = (action, data = shown[0].data) => {
    let closed = false;
    listeners.notificationclick({ action, notification: { data, close: () => (closed = true) }, waitUntil: () => {} });
    assert.ok(closed);
  };
  click('');
  click('stop');
  click('', { url: 'javascript:alert(1)' });
  click('', null);
  assert.deepEqual(opened, [said.url, said.stop.url]);
  listeners.push({ data: { json: () => { throw new SyntaxError('no JSON'); } }, waitUntil: () => {} });
  assert.equal(shown[1].title, 'shop.example', 'something is shown for each push, or browsers take the permission back');
});
