// The offer to be reminded in this browser: made where the snippet says that the browser could be asked, and by a press alone.
import { h, icon } from './dom.js';
import { t } from './texts.js';

let offered = false;
let answer; // what came of the press: a key of the texts

cartwheel.on('push', () => (offered = true));

async function ask(redraw) {
  const said = await cartwheel.push.ask({ wording: t('push.wording') });
  answer = { subscribed: 'push.subscribed', denied: 'push.denied', inactive: 'push.inactive' }[said] ?? 'push.failed';
  redraw();
}

/** Part of the basket; nothing where notifications are not to be had. */
export function offer(redraw) {
  if (answer) return h('p.quiet', { role: 'status', id: 'push-answer' }, t(answer));
  return offered && h('div.notify', {},
    h('p.quiet', { id: 'push-wording' }, t('push.wording')),
    h('button.plain', { type: 'button', id: 'push-ask', 'aria-describedby': 'push-wording', onclick: () => ask(redraw) }, icon('bell'), t('push.ask')));
}
