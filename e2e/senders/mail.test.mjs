// A live store's mail, received by a real SMTP server, parsed by Python and its DKIM signature verified by dkimpy.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Analytics } from '@segment/analytics-node';
import { messages } from '../support/graphql.mjs';
import { startReceiver } from '../support/mail-receiver.mjs';
import { createStore, eventually, startServer } from '../support/server.mjs';

const DOMAIN = 'shop.example';
const SELECTOR = 'cartwheel';
const languages = ['en', 'de', 'fr', 'it'];
const said = { channel: 'email', purpose: 'cart_email', method: 'double_opt_in', wording: 'Yes, remind me of my cart by e-mail.', language: 'en', place: 'https://shop.example/checkout' };
/** The ticked box, and the press of the link in the shop's own confirmation mail. */
const consent = [{ ...said, action: 'given' }, { ...said, action: 'confirmed' }];
const lamp = { product_id: 'lamp', sku: 'L-1', name: 'Lamp "Übermut" & friends <b>', variant: 'Rot / groß', price: 45.5, quantity: 2, image_url: 'https://shop.example/lamp.png', url: 'https://shop.example/lamp' };

let folder;
let receiver;
let server;
let store;

/** The default journey without its waits and without a holdout. */
async function quickJourney() {
  const journey = JSON.parse(await readFile(new URL('../../domain/src/journey/default_recovery.json', import.meta.url), 'utf8'));
  for (const node of Object.values(journey.nodes)) {
    if (node.type === 'wait') node.seconds = Math.min(node.seconds, 3600) / 600; // the first at most 6 s, as are the others
    if (node.type === 'holdout') node.percent = 0;
  }
  const file = join(folder, 'journey.json');
  await writeFile(file, JSON.stringify(journey));
  return file;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cartwheel-live-'));
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'der' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const keyFile = join(folder, 'dkim.pem');
  await writeFile(keyFile, privateKey);
  receiver = await startReceiver({ [`${SELECTOR}._domainkey.${DOMAIN}`]: `v=DKIM1; k=rsa; p=${publicKey.toString('base64')}` });
  server = await startServer({
    env: { CARTWHEEL_SMTP_URL: receiver.url },
    prepare: async (run) => {
      store = await createStore(run, {
        name: 'Live shop', email: 'live@example.org', live: true,
        settings: {
          country: 'DE', currency: 'EUR', abandon_cart_after_seconds: 1, abandon_checkout_after_seconds: 1, holdout_percent: 0,
          sender_name: 'Köhler & Söhne', sender_email: `hello@${DOMAIN}`, postal_address: 'Example Street 1, 10115 Berlin', shop_url: `https://${DOMAIN}/`,
          dkim_domain: DOMAIN, dkim_selector: SELECTOR, dkim_key: `@${keyFile}`,
        },
      });
      await run('journey', 'publish', '--store', store.store_id, await quickJourney());
    },
  });
});
after(async () => {
  await server?.stop();
  await receiver?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Somebody fills a cart, agrees to be reminded, and goes. */
async function leaveCart(email, locale) {
  const analytics = new Analytics({ writeKey: store.write_key, host: server.url, maxRetries: 0 });
  const faults = [];
  analytics.on('error', (fault) => faults.push(fault));
  const userId = `user-${email}`;
  analytics.identify({ userId, traits: { email, firstName: 'Ada', locale, country: 'DE', consent } });
  analytics.track({ userId, event: 'Cart Updated', properties: { cart_id: `cart-${email}`, currency: 'EUR', value: 91, products: [lamp] } });
  await analytics.closeAndFlush();
  assert.deepEqual(faults, []);
}

const header = (mail, name) => mail.headers.filter(([key]) => key === name).map(([, value]) => value);
const to = (email) => (mail) => mail.rcpt_tos.includes(email);

for (const language of languages) {
  test(`a cart left in ${language}: one mail that stands the check of other programs`, async () => {
    const email = `ada+${language}@buyer.example`;
    await leaveCart(email, language);
    const mail = await receiver.next(to(email));

    // headers, once each
    for (const name of ['from', 'to', 'subject', 'date', 'message-id', 'mime-version', 'list-unsubscribe', 'list-unsubscribe-post', 'dkim-signature']) {
      assert.equal(header(mail, name).length, 1, name);
    }
    assert.deepEqual(mail.defects, []);
    assert.match(header(mail, 'from')[0], /Köhler & Söhne/);
    assert.match(header(mail, 'from')[0], /<hello@shop\.example>/);
    assert.ok(header(mail, 'to')[0].includes(email));
    assert.ok(header(mail, 'subject')[0].trim());
    assert.doesNotMatch(header(mail, 'subject')[0], /[{}]/);
    assert.match(header(mail, 'message-id')[0], /^<[^<>@\s]+@[^<>@\s]+>$/);

    // RFC 8058: one web address, by POST
    assert.equal(header(mail, 'list-unsubscribe-post')[0], 'List-Unsubscribe=One-Click');
    assert.equal([...header(mail, 'list-unsubscribe')[0].matchAll(/<https?:[^>]+>/g)].length, 1);

    // DKIM, over what matters
    assert.deepEqual([mail.dkim.valid, mail.dkim.fault], [true, null]);
    for (const name of ['from', 'to', 'subject', 'date', 'message-id', 'list-unsubscribe', 'list-unsubscribe-post', 'content-type', 'mime-version']) {
      assert.ok(mail.dkim.headers.includes(name), `${name} is not signed`);
    }

    // two parts that say the same
    assert.deepEqual(mail.parts, ['text/plain', 'text/html']);
    for (const text of [mail.plain, mail.html]) {
      assert.doesNotMatch(text, /\{\{|\{%|undefined|NaN/);
      assert.match(text, /\/u\/[\w.~-]+/, 'a way to unsubscribe');
      assert.match(text, /\/[cr]\/[\w.~-]+/, 'a way back to the cart');
      assert.match(text, /10115 Berlin/);
    }
    assert.ok(mail.plain.includes('Lamp "Übermut" & friends <b>'));
    assert.ok(mail.html.includes('&lt;b&gt;') && !mail.html.includes('friends <b>'), 'shop data is text, not markup');
    assert.match(mail.html, /https:\/\/shop\.example\/lamp\.png/);
    assert.match(mail.plain.replaceAll(/[\u00a0\u202f]/g, ' '), /91[.,]00|91 €|€ ?91/);

    // the wire
    assert.equal(mail.bare_line_feeds, 0);
    assert.ok(mail.longest_line <= 998, `a line of ${mail.longest_line} bytes`);
    assert.notEqual(mail.mail_from, '');
  });
}

test('what was handed over is shown as sent', async () => {
  const found = await eventually(() => messages(server.url, store), (all) => all.filter((one) => /sent|delivered/i.test(one.status)).length >= languages.length, { what: 'the sent messages' });
  assert.ok(found.every((one) => one.to));
});

test('the one-click address takes people out: after the POST no further mail is handed over', async () => {
  const email = 'stop@buyer.example';
  await leaveCart(email, 'en');
  const mail = await receiver.next(to(email));
  const [, address] = /<(https?:[^>]+)>/.exec(header(mail, 'list-unsubscribe')[0]);

  const looked = await fetch(address);
  assert.equal(looked.status, 200, 'a bare GET shows a page and changes nothing');
  const answer = await fetch(address, { method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'List-Unsubscribe=One-Click' });
  assert.ok(answer.status >= 200 && answer.status < 300, `POST answered ${answer.status}`);

  const before = receiver.received.filter(to(email)).length;
  await eventually(() => messages(server.url, store), (all) => all.some((one) => one.to === email && /refused|suppressed|cancelled/i.test(one.status)), { what: 'the refusal of the second mail' });
  assert.equal(receiver.received.filter(to(email)).length, before);
});

test('somebody who never agreed gets no mail, and the message says by which rule', async () => {
  const email = 'never-agreed@buyer.example';
  const analytics = new Analytics({ writeKey: store.write_key, host: server.url, maxRetries: 0 });
  analytics.identify({ userId: email, traits: { email, country: 'DE' } });
  analytics.track({ userId: email, event: 'Cart Updated', properties: { cart_id: `cart-${email}`, currency: 'EUR', products: [lamp] } });
  await analytics.closeAndFlush();
  await eventually(() => messages(server.url, store), (all) => all.some((one) => one.to === email && !/sent|delivered|queued/i.test(one.status)), { what: 'the refusal' });
  assert.equal(receiver.received.filter(to(email)).length, 0);
});
