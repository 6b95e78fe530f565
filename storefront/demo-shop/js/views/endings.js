import { h, icon } from '../dom.js';
import { t } from '../texts.js';
import { reachable } from '../visitor.js';

/** Tells the newcomer what to do next: leave. */
export function leaveHint() {
  return h('aside.hint', { 'aria-labelledby': 'leave-title' },
    h('h2', { id: 'leave-title' }, t('leave.title')),
    h('p', {}, reachable() ? t('leave.text') : t('left.noConsent')),
    reachable() && h('p.quiet', {}, t('leave.law')),
    h('a.button.small.outline', { href: '#/left' }, icon('leave'), t('leave.action')));
}

export function left() {
  return {
    title: t('left.title'),
    content: h('section.narrow.ending', {},
      h('img', { src: 'products/basket.svg', alt: '', width: 220, height: 220 }),
      h('h1', {}, t('left.title')),
      h('p.lead', {}, reachable() ? t('left.text') : t('left.noConsent')),
      h('div.actions.middle', {}, h('a.plain', { href: '#/' }, t('left.return')), h('a.button', { href: '/' }, t('left.inbox'), icon('arrow')))),
  };
}

export function thanks(id) {
  return {
    title: t('thanks.title'),
    content: h('section.narrow.ending', {},
      h('img', { src: 'products/bell.svg', alt: '', width: 220, height: 220 }),
      h('h1', {}, t('thanks.title')),
      h('p.lead', {}, t('thanks.text', { id })),
      h('div.actions.middle', {}, h('a.plain', { href: '#/' }, t('thanks.action')), h('a.button', { href: '/' }, t('thanks.console'), icon('arrow')))),
  };
}
