// A small shop page for the tests: the real dist file runs in a fresh context with its own clock,
// timers, storage and network, so that each can be watched or broken.
import { readFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';
import vm from 'node:vm';

const script = readFileSync(new URL('../dist/snippet.min.js', import.meta.url), 'utf8');
export const BASE = 'https://cartwheel.example';
export const KEY = 'pk_test';
export const RECORD = `cartwheel.${KEY}`;

/** localStorage of one browser; shared between the pages opened with it. */
export function newStorage() {
  const items = new Map();
  const writes = [];
  return {
    items,
    writes,
    api: {
      getItem: (name) => items.get(name) ?? null,
      setItem: (name, value) => {
        writes.push(name);
        items.set(name, String(value));
      },
      removeItem: (name) => items.delete(name),
    },
  };
}

const accepted = { status: 200, json: { success: true } };

/**
 * Opens a page.
 * - `answer(request)` decides what the server says: `{status, headers, json}`, or throws when offline.
 * - `without` names what the page lacks: "crypto", "fetch", "sendBeacon", "localStorage".
 * - `stub` holds calls the shop made before the script arrived.
 */
export function openPage({
  mode = 'legitimate_interest',
  config = {},
  url = 'https://shop.example/bags?size=m',
  storage = newStorage(),
  answer = () => accepted,
  gpc,
  without = [],
  stub,
  lang = 'de',
  now = Date.UTC(2026, 0, 5, 9),
  hostile = () => {},
} = {}) {
  const requests = [];
  const beacons = [];
  const listeners = {};
  const timers = new Map();
  let clock = now;
  let nextTimer = 1;
  let address = new URL(url);

  class PageDate extends Date {
    constructor(...args) {
      super(...(args.length ? args : [clock]));
    }
    static now() {
      return clock;
    }
  }
  const listen = (target) => (type, fn) => (listeners[`${target}:${type}`] ??= []).push(fn);
  const win = {
    navigator: {
      language: 'de-DE',
      onLine: true,
      globalPrivacyControl: gpc,
      sendBeacon: (to, body) => {
        beacons.push({ url: to, body: JSON.parse(body), type: typeof body });
        return true;
      },
    },
    document: {
      title: 'Bags',
      referrer: 'https://search.example/?q=secret',
      visibilityState: 'visible',
      documentElement: { lang },
      get location() {
        return address;
      },
      addEventListener: listen('document'),
    },
    history: { state: null, replaceState: (_state, _title, to) => (address = new URL(to, address)) },
    localStorage: storage.api,
    crypto: webcrypto,
    addEventListener: listen('window'),
    setTimeout: (fn, ms) => (timers.set(nextTimer, { fn, at: clock + ms }), nextTimer++),
    clearTimeout: (id) => timers.delete(id),
    btoa,
    decodeURIComponent,
    Date: PageDate,
    fetch: (to, options = {}) => {
      const request = { url: to, method: options.method ?? 'GET', headers: options.headers ?? {}, options, body: options.body && JSON.parse(options.body) };
      requests.push(request);
      return new Promise((resolve) => resolve(answer(request))).then(({ status = 200, headers = {}, json = {} }) => ({
        status,
        ok: status >= 200 && status < 300,
        headers: { get: (name) => headers[name] ?? null },
        json: () => Promise.resolve(json),
      }));
    },
  };
  if (without.includes('crypto')) delete win.crypto;
  if (without.includes('fetch')) delete win.fetch;
  if (without.includes('sendBeacon')) delete win.navigator.sendBeacon;
  if (without.includes('localStorage')) {
    Object.defineProperty(win, 'localStorage', {
      get() {
        throw new Error('storage is forbidden here');
      },
    });
  }
  if (stub) win.cartwheel = { q: stub };
  hostile(win);
  win.window = win;
  vm.createContext(win);
  const globals = new Set(Object.keys(win));
  const load = (text = script) =>
    vm.runInContext(text.replace('__CARTWHEEL_CONFIG__', JSON.stringify({ k: KEY, u: BASE, m: mode, ...config })), win);
  load();

  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const page = {
    win,
    storage,
    requests,
    beacons,
    load,
    get address() {
      return address;
    },
    get shop() {
      return win.cartwheel;
    },
    /** Globals that appeared since the page was made. */
    leaked: () => Object.keys(win).filter((name) => !globals.has(name)),
    record: () => JSON.parse(storage.items.get(RECORD) ?? 'null'),
    /** The events that wait in the browser. */
    queue: () => page.record().q.map(([, text]) => JSON.parse(text)),
    fire: (name, event = {}) => (listeners[name] ?? []).forEach((fn) => fn(event)),
    /** Lets time pass: runs the timers that come due, in order, and what their answers cause. */
    pass: async (ms) => {
      const until = clock + ms;
      for (;;) {
        await turn();
        const due = [...timers].filter(([, timer]) => timer.at <= until).sort((a, b) => a[1].at - b[1].at)[0];
        if (!due) break;
        timers.delete(due[0]);
        clock = Math.max(clock, due[1].at);
        due[1].fn();
      }
      clock = until;
    },
    posts: () => requests.filter((request) => request.method === 'POST'),
    /** Every event the server was offered by fetch, in order. */
    events: () => page.posts().flatMap((request) => request.body.batch),
    named: (name) => page.events().filter((event) => event.event === name),
  };
  return page;
}
