// The other side of web push: a browser's push service on this machine, and what a browser does with what comes. Written apart from
// the server, after RFC 8188, RFC 8291 and RFC 8292, with Node's own cryptography.
import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes, verify } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import vm from 'node:vm';
import type { BrowserContext } from '@playwright/test';

export type Call = { path: string; headers: IncomingHttpHeaders; body: Buffer };
export type Notification = { title: string; body: string; url: string; tag: string; lang: string; image?: string; icon?: string; stop?: { label: string; url: string } };

/** Keys of one browser's subscription. */
export function newSubscription(endpoint: string) {
  const pair = createECDH('prime256v1');
  pair.generateKeys();
  const auth = randomBytes(16);
  return { endpoint, pair, auth, json: { endpoint, expirationTime: null, keys: { p256dh: pair.getPublicKey().toString('base64url'), auth: auth.toString('base64url') } } };
}

/** What the browser with these keys reads (RFC 8291, section 3; RFC 8188, section 2). */
export function unseal({ pair, auth }: ReturnType<typeof newSubscription>, sealed: Buffer): string {
  const salt = sealed.subarray(0, 16);
  const recordSize = sealed.readUInt32BE(16);
  const sender = sealed.subarray(21, 21 + sealed[20]);
  const record = sealed.subarray(21 + sealed[20]);
  if (record.length > recordSize) throw new Error('more than one record');
  const hkdf = (key: Buffer, salt: Buffer, info: Buffer, length: number) => Buffer.from(hkdfSync('sha256', key, salt, info, length));
  const ikm = hkdf(pair.computeSecret(sender), auth, Buffer.concat([Buffer.from('WebPush: info\0'), pair.getPublicKey(), sender]), 32);
  const key = hkdf(ikm, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
  const nonce = hkdf(ikm, salt, Buffer.from('Content-Encoding: nonce\0'), 12);
  const cipher = createDecipheriv('aes-128-gcm', key, nonce);
  cipher.setAuthTag(record.subarray(-16));
  const plain = Buffer.concat([cipher.update(record.subarray(0, -16)), cipher.final()]);
  const end = plain.findLastIndex((byte) => byte !== 0);
  if (plain[end] !== 2) throw new Error('the last record ends with 2');
  return plain.subarray(0, end).toString('utf8');
}

/** The claims of a genuine `Authorization` (RFC 8292, sections 2 and 3). */
export function vouched(authorization: string, publicKey: string) {
  const [, token, key] = /^vapid t=([^,]+), ?k=(.+)$/.exec(authorization) ?? [];
  if (key !== publicKey) throw new Error(`signed by ${key}`);
  const point = Buffer.from(key, 'base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') };
  const [head, claims, signature] = token.split('.');
  const genuine = verify('sha256', Buffer.from(`${head}.${claims}`), { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
  if (!genuine) throw new Error('the signature is not the store’s');
  return JSON.parse(Buffer.from(claims, 'base64url').toString());
}

/** A push service that takes everything. */
export async function startPushService() {
  const calls: Call[] = [];
  const waiting: (() => void)[] = [];
  const http = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    calls.push({ path: request.url!, headers: request.headers, body: Buffer.concat(chunks) });
    response.writeHead(201, { location: `http://push.invalid/m/${calls.length}` }).end();
    waiting.splice(0).forEach((wake) => wake());
  });
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const first = async () => {
    while (!calls.length) await new Promise<void>((wake) => waiting.push(wake));
    return calls[0];
  };
  return { url, calls, first, stop: () => void http.close() };
}

/**
 * The edge of a browser that has no push service of its own here: whoever is asked says yes, and the subscription is one of ours. Service
 * workers, their registration and everything above are the browser's own.
 */
export async function stubPush(context: BrowserContext, subscription: { json: object }) {
  await context.addInitScript((json) => {
    if (location.protocol === 'about:') return; // nothing is kept there
    let permission = localStorage.getItem('test.permission') ?? 'default';
    Object.defineProperty(window, 'Notification', {
      value: { get permission() { return permission; }, requestPermission: async () => (localStorage.setItem('test.permission', (permission = 'granted')), permission) },
    });
    let made: object | null = null;
    PushManager.prototype.getSubscription = async () => made as PushSubscription | null;
    PushManager.prototype.subscribe = async function (options) {
      const registration = await navigator.serviceWorker.getRegistration('/cartwheel-push/');
      if (!registration?.active) throw new Error('no worker runs');
      const { buffer } = options!.applicationServerKey as Uint8Array;
      return (made = { ...json, options: { applicationServerKey: buffer }, toJSON: () => json, unsubscribe: async () => ((made = null), true) }) as unknown as PushSubscription;
    };
  }, subscription.json);
}

/** Runs a service worker's code in a world of its own, and tells it what a browser tells one. */
export async function runWorker(code: string) {
  const listeners: Record<string, (event: object) => void> = {};
  const shown: { title: string; options: any }[] = [];
  const opened: string[] = [];
  const self = {
    location: { host: 'shop.example' },
    addEventListener: (type: string, fn: (event: object) => void) => void (listeners[type] = fn),
    skipWaiting: () => {},
    registration: { showNotification: async (title: string, options: object) => void shown.push({ title, options }) },
    clients: { openWindow: async (url: string) => void opened.push(url) },
  };
  vm.runInContext(code, vm.createContext({ self }));
  const tell = async (type: string, event: object) => {
    const waits: Promise<unknown>[] = [];
    listeners[type]({ ...event, waitUntil: (wait: Promise<unknown>) => void waits.push(wait) });
    await Promise.all(waits);
  };
  return { shown, opened, push: (text: string) => tell('push', { data: { json: () => JSON.parse(text) } }), press: (action = '') => tell('notificationclick', { action, notification: { data: shown.at(-1)!.options.data, close: () => {} } }) };
}
