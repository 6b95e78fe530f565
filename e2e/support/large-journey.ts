// A journey with as many steps as one may have: questions whose ways meet again, waits and messages, and a way back now and then.
import { expect, type Page } from '@playwright/test';
import { askConsole } from './console';

/** A definition with so many nodes, trigger and end among them. */
export function largeJourney(name: string, count = 200) {
  const nodes: Record<string, unknown> = { start: { type: 'trigger', on: ['cart'], re_entry: { rule: 'once' }, next: 'n1' } };
  const id = (n: number) => (n >= count - 1 ? 'end' : `n${n}`);
  const message = (next: string) => ({ type: 'message', channel: 'email', template: 'recovery_1', content_class: 'informational', purpose: 'cart_email', next });
  const wait = (next: string) => ({ type: 'wait', seconds: 3600, next });
  for (let n = 1; n < count - 1; ) {
    if (n % 20 === 1 && n + 6 < count - 1) {
      // A split into three ways of two steps each, which meet again.
      nodes[id(n)] = { type: 'split', branches: [1, 3, 5].map((to) => ({ weight: 1, next: id(n + to) })) };
      for (const to of [1, 3, 5]) {
        nodes[id(n + to)] = wait(id(n + to + 1));
        nodes[id(n + to + 1)] = message(id(n + 7));
      }
      n += 7;
    } else if (n % 5 === 0 && n + 2 < count - 1) {
      nodes[id(n)] = { type: 'condition', if: { test: 'first_time_buyer' }, yes: id(n + 1), no: id(n + 2) };
      nodes[id(n + 1)] = wait(id(n + 3));
      nodes[id(n + 2)] = message(id(n + 3));
      n += 3;
    } else {
      nodes[id(n)] = n % 2 ? wait(id(n + 1)) : message(id(n + 1));
      n += 1;
    }
  }
  nodes.end = { type: 'exit' };
  return { schema: 1, name, start: 'start', settings: { exit_on_purchase: true, cool_down_seconds: 0 }, nodes };
}

/** Publishes such a journey in the store; answers its id. */
export async function publishLarge(page: Page, server: Parameters<typeof askConsole>[1], name: string) {
  const make = 'mutation($store: ID!, $name: String!) { createJourney(storeId: $store, blueprint: EMPTY, name: $name) { journey { id } } }';
  const { createJourney: { journey } } = await askConsole(page, server, make, { name });
  const publish = 'mutation($store: ID!, $id: ID!, $d: Json!) { publishJourney(storeId: $store, journeyId: $id, definition: $d) { userErrors { path message } } }';
  const { publishJourney } = await askConsole(page, server, publish, { id: journey.id, d: largeJourney(name) });
  expect(publishJourney.userErrors).toEqual([]);
  return journey.id as string;
}
