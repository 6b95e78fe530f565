// What the shop says about remembering the basket, and the choice it gives, by the store's capture mode.
import { byId, h } from './dom.js';
import { t } from './texts.js';

const answered = () => cartwheel.status().consent !== undefined;
let declined = false; // "No" under after_consent: nothing may be stored, so it is kept for this page only

function choose(given) {
  cartwheel.consent(given);
  declined = !given;
  draw();
}

const action = (text, given) => h('button.plain', { type: 'button', onclick: () => choose(given) }, text);

function footer({ mode, gpc, active, consent }) {
  if (gpc) return [t('privacy.gpc')];
  if (mode === 'legitimate_interest') {
    return active ? [t('privacy.notice'), ' ', action(t('privacy.object'), false)] : [t('privacy.objected')];
  }
  if (mode !== 'after_consent') return [t('privacy.off')];
  return consent ? [t('privacy.allowed'), ' ', action(t('privacy.withdraw'), false)] : [t('privacy.off'), ' ', action(t('privacy.yes'), true)];
}

function draw() {
  const status = cartwheel.status();
  byId('privacy').replaceChildren(h('p', { role: 'note', 'aria-label': t('footer.privacy') }, footer(status)));
  const ask = status.mode === 'after_consent' && !status.gpc && !answered() && !declined;
  byId('banner').replaceChildren(...(ask ? [h('section.banner', { 'aria-label': t('footer.privacy') },
    h('p', {}, t('privacy.ask')),
    h('div.banner-actions', {},
      h('button.button', { type: 'button', onclick: () => choose(true) }, t('privacy.yes')),
      h('button.button', { type: 'button', onclick: () => choose(false) }, t('privacy.no'))))] : []));
}

/** Called when the snippet has arrived. */
export function watchPrivacy() {
  draw();
}

/** A permission given in a form covers remembering the basket; without it nothing could be reminded of. */
export function permitted() {
  const { mode, active } = cartwheel.status?.() ?? {};
  if (mode === 'after_consent' && !active) choose(true);
}
