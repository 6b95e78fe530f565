import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { LIMIT, PARTS, PLACEHOLDER, build, buildPart, distFile, distOf, gzipped } from '../build.mjs';

test('the checked-in dist file is what the source builds to (else: npm run build)', async () => {
  assert.equal(await readFile(distFile, 'utf8'), await build());
});

test('the snippet stays within 4,096 bytes gzip', async () => {
  const bytes = gzipped(await readFile(distFile, 'utf8'));
  assert.ok(bytes <= LIMIT, `${bytes} bytes gzip, limit ${LIMIT}`);
});

test('the server finds exactly one place for the settings, near the top', async () => {
  const text = await readFile(distFile, 'utf8');
  assert.equal(text.split(PLACEHOLDER).length, 2);
  assert.ok(text.indexOf(PLACEHOLDER) < 200);
});

test('the parts loaded on demand are what their sources build to, within the same budget', async () => {
  for (const part of PARTS) {
    const text = await readFile(distOf(part), 'utf8');
    assert.equal(text, await buildPart(part), part);
    assert.ok(gzipped(text) <= LIMIT, part);
  }
});
