// Minifies src/snippet.js into dist/snippet.min.js, which is checked in: the server embeds it and needs no Node.
import { readFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { minify } from 'terser';

export const PLACEHOLDER = '__CARTWHEEL_CONFIG__';
/** The budget of the snippet, in bytes after gzip. */
export const LIMIT = 4096;

export const sourceFile = new URL('src/snippet.js', import.meta.url);
export const distFile = new URL('dist/snippet.min.js', import.meta.url);

/** Returns the text that dist/snippet.min.js must hold. */
export async function build() {
  const source = await readFile(sourceFile, 'utf8');
  const { code } = await minify(source, {
    ecma: 5,
    compress: { passes: 3, unsafe_arrows: false },
    mangle: true,
    format: { comments: false },
  });
  if (code.split(PLACEHOLDER).length !== 2) throw new Error(`${PLACEHOLDER} must stand exactly once in the built snippet`);
  return code + '\n';
}

export const gzipped = (text) => gzipSync(text, { level: 9 }).length;

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const code = await build();
  await writeFile(distFile, code);
  const bytes = gzipped(code);
  console.log(`dist/snippet.min.js: ${code.length} bytes, ${bytes} bytes gzip (limit ${LIMIT})`);
  if (bytes > LIMIT) process.exitCode = 1;
}
