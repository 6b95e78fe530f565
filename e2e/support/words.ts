// The console's own texts, so that a spec speaks of pages by the words people read.
import { readFileSync } from 'node:fs';

type Text = string | { one: string; other: string };

/** The texts of a language: words('de')('nav_carts'). Placeholders are left for `values` to fill. */
export function words(language: string) {
  let table: Record<string, Text> | undefined;
  return (key: string, values: Record<string, string | number> = {}) => {
    table ??= JSON.parse(readFileSync(new URL(`../../frontend/lang/${language}.json`, import.meta.url), 'utf8')) as Record<string, Text>;
    const text = table[key];
    if (text === undefined) throw new Error(`the console has no ${language} text ${key}`);
    const form = typeof text === 'string' ? text : text[new Intl.PluralRules(language).select(Number(values.n ?? 0)) === 'one' ? 'one' : 'other'];
    return form.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? `{${name}}`));
  };
}

export const en = words('en');
