// Four languages. ?lang= decides, else the browser; a missing text is a fault, not a blank.
import de from './texts/de.js';
import en from './texts/en.js';
import fr from './texts/fr.js';
import it from './texts/it.js';

const tables = { en, de, fr, it };
export const languages = Object.keys(tables);
export const languageNames = { en: 'English', de: 'Deutsch', fr: 'Français', it: 'Italiano' };

const wanted = [new URLSearchParams(location.search).get('lang'), ...(navigator.languages ?? [navigator.language])];
const chosen = wanted.map((tag) => String(tag ?? '').slice(0, 2).toLowerCase()).find((tag) => tables[tag]) ?? 'en';

export const language = () => chosen;

/** The text of a key in the shopper's language; `{name}` is replaced by `values.name`. */
export function t(key, values = {}) {
  const text = tables[chosen][key];
  if (text === undefined) throw new Error(`no ${chosen} text for ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
}
