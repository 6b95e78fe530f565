// Minifies src/snippet.js into dist/snippet.min.js, which is checked in: the server embeds it and needs no Node.
import { readFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { minify } from 'terser';

export const PLACEHOLDER = '__CARTWHEEL_CONFIG__';
/** The budget of the snippet, in bytes after gzip; the same for each part that is loaded on demand. */
export const LIMIT = 4096;

export const sourceFile = new URL('src/snippet.js', import.meta.url);
export const distFile = new URL('dist/snippet.min.js', import.meta.url);
/** Parts that are served as they are. */
export const PARTS = ['push', 'worker'];
export const sourceOf = (part) => new URL(`src/${part}.js`, import.meta.url);
export const distOf = (part) => new URL(`dist/${part}.min.js`, import.meta.url);

async function small(file) {
  const { code } = await minify(await readFile(file, 'utf8'), {
    ecma: 5,
    compress: { passes: 3, unsafe_arrows: false },
    mangle: true,
    format: { comments: false },
  });
  return code;
}

/** Returns the text that a part's dist file must hold. */
export const buildPart = async (part) => (await small(sourceOf(part))) + '\n';

/** Returns the text that dist/snippet.min.js must hold. */
export async function build() {
  const code = await small(sourceFile);
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
  for (const part of PARTS) {
    const text = await buildPart(part);
    await writeFile(distOf(part), text);
    console.log(`dist/${part}.min.js: ${gzipped(text)} bytes gzip`);
    if (gzipped(text) > LIMIT) process.exitCode = 1;
  }
}
