// A Stripe of a few answers in its published form: enough for one customer's life. What happens at Stripe itself (a purchase on its page, a
// payment that fails) is said by `happens`, and told by a signed webhook as Stripe does.
import { createHmac, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export const SECRET = 'whsec_e2e';
type Json = Record<string, unknown>;
export type Stripe = { url: string; asked: string[]; down(down: boolean): void; happens(hook: string, fields: Json): Promise<void>; stop(): Promise<void> };

const seconds = () => Math.floor(Date.now() / 1000);
const price = (key: string) => ({ object: 'price', id: `price_${key}`, lookup_key: key, unit_amount: 4_900 });

export async function startStripe(): Promise<Stripe> {
  const asked: string[] = [];
  let down = false;
  let subscription: Json | null = null;
  const begun = (fields: Json): Json => ({
    id: 'sub_1', object: 'subscription', customer: 'cus_1', status: 'active', created: seconds(), start_date: seconds(), billing_cycle_anchor: seconds(),
    cancel_at_period_end: false, cancel_at: null, trial_end: null, ended_at: null,
    items: { object: 'list', data: [{ id: 'si_1', object: 'subscription_item', current_period_start: seconds(), current_period_end: seconds() + 30 * 86_400, price: price('cartwheel_starter_month_eur') }] },
    ...fields,
  });
  const line = (description: string, amount: number, proration: boolean) => ({ description, amount, parent: { subscription_item_details: { proration } } });
  const server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://stripe');
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      const form = new URLSearchParams(body);
      asked.push(`${request.method} ${url.pathname}`);
      const say = (status: number, value: object) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
      const list = (data: unknown[]) => say(200, { object: 'list', has_more: false, data });
      if (down) return say(500, { error: { message: 'down' } });
      const keys = [...url.searchParams].filter(([name]) => name.startsWith('lookup_keys')).map(([, key]) => key);
      if (url.pathname === '/v1/prices') return list(keys.map(price));
      if (url.pathname === '/v1/customers') return say(200, { object: 'customer', id: 'cus_1' });
      if (url.pathname === '/v1/checkout/sessions') return say(200, { object: 'checkout.session', id: 'cs_1', url: form.get('success_url') });
      if (url.pathname === '/v1/invoices/create_preview') {
        const data = [line('Unused time', -1_450, true), line('Remaining time', 7_450, true), line('Growth', 14_900, false)];
        return say(200, { object: 'invoice', currency: 'eur', lines: { data } });
      }
      if (url.pathname === '/v1/subscriptions') return list(subscription ? [subscription] : []);
      if (url.pathname === '/v1/subscriptions/sub_1' && subscription) {
        const ends = form.get('cancel_at_period_end');
        if (ends) subscription = { ...subscription, cancel_at_period_end: ends === 'true' };
        const chosen = form.get('items[0][price]');
        if (chosen) {
          const { data } = subscription.items as { data: Json[] };
          subscription = { ...subscription, items: { object: 'list', data: [{ ...data[0], price: price(chosen.replace('price_', '')) }] } };
        }
        return say(200, subscription);
      }
      return list([]);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    down: (is) => (down = is),
    async happens(hook, fields) {
      subscription = subscription ? { ...subscription, ...fields } : begun(fields);
      const event = JSON.stringify({ id: `evt_${randomUUID()}`, object: 'event', type: 'customer.subscription.updated', livemode: false, data: { object: subscription } });
      const at = seconds();
      const tag = createHmac('sha256', SECRET).update(`${at}.${event}`).digest('hex');
      const answer = await fetch(`${hook}/webhooks/stripe`, { method: 'POST', body: event, headers: { 'content-type': 'application/json', 'stripe-signature': `t=${at},v1=${tag}` } });
      if (answer.status !== 200) throw new Error(`the webhook was answered ${answer.status}`);
    },
    stop: () => new Promise((done) => { server.closeAllConnections(); server.close(() => done()); }),
  };
}
