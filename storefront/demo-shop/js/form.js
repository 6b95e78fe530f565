// Fields with a label, an error that stands beside them, and one check for all.
import { h } from './dom.js';
import { language, t } from './texts.js';

let serial = 0;

/** A labelled input. Options: type, autocomplete, value, optional, rows (a text area), min, max. */
export function field(name, label, options = {}) {
  const id = `field-${name}-${++serial}`;
  const { rows, optional, value = '', ...attributes } = options;
  const input = h(rows ? 'textarea' : 'input', { id, name, rows, required: !optional, 'aria-describedby': `${id}-error`, type: rows ? null : 'text', ...attributes });
  input.value = value;
  return h('div.field', {},
    h('label', { for: id }, label, optional && h('span.quiet', {}, ` (${t('field.optional')})`)),
    input,
    h('p.error', { id: `${id}-error` }));
}

export function select(name, label, options) {
  const id = `field-${name}-${++serial}`;
  return h('div.field', {}, h('label', { for: id }, label),
    h('select', { id, name }, options.map(([value, text, chosen]) => h('option', { value, selected: chosen }, text))));
}

/** Countries the shop delivers to; the first is its own. Which rules hold for a reminder depends on it. */
const countries = ['CH', 'AT', 'DE', 'FR', 'GB', 'IT', 'US'];

export function country(chosen) {
  const names = new Intl.DisplayNames([language()], { type: 'region' });
  return select('country', t('field.country'), countries.map((code) => [code, names.of(code), code === chosen]));
}

/** A permission: never ticked beforehand; its wording is what is recorded as evidence. */
export function permission(wording) {
  const id = `consent-${++serial}`;
  return h('div.permission', {},
    h('input', { type: 'checkbox', id, name: 'consent', 'aria-describedby': `${id}-note` }),
    h('div', {}, h('label', { for: id }, wording), h('p.quiet', { id: `${id}-note` }, t('consent.note'))));
}

function complaint(input) {
  const { validity } = input;
  if (validity.valueMissing) return t('field.required');
  if (validity.typeMismatch) return t('field.emailWrong');
  if (validity.rangeUnderflow || validity.rangeOverflow || validity.badInput || validity.stepMismatch) return t('field.quantityWrong');
  return '';
}

/** Marks what is wrong and answers the form's values, or nothing when something is wrong. */
export function values(form) {
  let wrong;
  for (const input of form.querySelectorAll('.field input, .field textarea')) {
    const text = complaint(input);
    document.getElementById(input.getAttribute('aria-describedby')).textContent = text;
    if (text) input.setAttribute('aria-invalid', 'true');
    else input.removeAttribute('aria-invalid');
    if (text) wrong ??= input;
  }
  if (wrong) {
    wrong.focus();
    return undefined;
  }
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
}

/** A form that says what is wrong in the shop's language; `submit` gets the values. */
export function form(attributes, submit, ...children) {
  return h('form', { ...attributes, novalidate: true, onsubmit: (event) => {
    event.preventDefault();
    const result = values(event.target);
    if (result) submit(result);
  } }, ...children);
}
