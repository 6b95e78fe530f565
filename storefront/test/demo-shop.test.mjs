import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import test from 'node:test';

const shop = new URL('../demo-shop/', import.meta.url);
const languages = ['en', 'de', 'fr', 'it'];
const tables = Object.fromEntries(await Promise.all(languages.map(async (code) => [code, (await import(new URL(`js/texts/${code}.js`, shop))).default])));
const files = (await readdir(shop, { recursive: true })).filter((name) => /\.(js|html|css|svg)$/.test(name));
const read = (name) => readFile(new URL(name, shop), 'utf8');
const placeholders = (text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

for (const code of languages.slice(1)) {
  test(`the shop speaks ${code}: the same texts with the same placeholders as in English, none left untranslated`, () => {
    assert.deepEqual(Object.keys(tables[code]).sort(), Object.keys(tables.en).sort());
    for (const [key, text] of Object.entries(tables[code])) {
      assert.ok(text.trim(), key);
      assert.deepEqual(placeholders(text), placeholders(tables.en[key]), key);
    }
    const same = Object.entries(tables[code]).filter(([key, text]) => text === tables.en[key] && text.includes(' ') && !/\d/.test(text));
    assert.deepEqual(same, []);
  });
}

test('every text the shop asks for by name exists', async () => {
  const source = (await Promise.all(files.filter((name) => name.endsWith('.js') && !name.includes('texts/')).map(read))).join('\n');
  const asked = [...source.matchAll(/\bt\('([\w.]+)'/g)].map((match) => match[1]);
  assert.ok(asked.length > 60);
  assert.deepEqual(asked.filter((key) => !(key in tables.en)), []);
});

test('nothing needs a loosened content policy: no inline script or style, no foreign address', async () => {
  for (const name of files) {
    const text = await read(name);
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/, name);
    assert.doesNotMatch(text, /\sstyle=|<style|setAttribute\('style'/, name);
    assert.doesNotMatch(text, /<script(?![^>]*\ssrc=)/, name);
    assert.deepEqual([...text.matchAll(/https?:\/\/[^\s"']+/g)].map(String).filter((url) => url !== 'http://www.w3.org/2000/svg'), [], name);
  }
});
