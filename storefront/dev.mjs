// The demo shop without the server, for work on its looks: serves the files, and the snippet with a mode of your
// choice, and prints what the snippet sends. `npm run dev -- after_consent`
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';

const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };
const mode = process.argv[2] ?? 'legitimate_interest';
const port = Number(process.env.PORT ?? 8090);
const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

async function body(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return JSON.parse(text);
}

async function answer(request) {
  const { pathname } = new URL(request.url, 'http://shop');
  if (pathname === '/demo-shop/config.json') return ['.json', JSON.stringify({ public_key: 'pk_dev', store_name: 'Wheelhouse', currency: 'EUR' })];
  if (pathname === '/s/pk_dev.js') {
    const settings = { k: 'pk_dev', u: `http://${request.headers.host}`, m: mode, e: false };
    return ['.js', (await readFile(new URL('dist/snippet.min.js', import.meta.url), 'utf8')).replace('__CARTWHEEL_CONFIG__', JSON.stringify(settings))];
  }
  if (pathname === '/readyz') return ['.json', '{}'];
  if (pathname === '/v1/batch') {
    for (const event of (await body(request)).batch) console.log(event.type, event.event ?? event.name ?? '', JSON.stringify(event.properties ?? event.traits));
    return ['.json', '{"success":true}'];
  }
  const file = pathname.endsWith('/') ? `${pathname}index.html` : pathname;
  return [extname(file), await readFile(new URL(`.${file}`, import.meta.url))];
}

createServer(async (request, response) => {
  try {
    const [kind, content] = await answer(request);
    response.writeHead(200, { 'content-type': types[kind] ?? 'application/json', 'content-security-policy': csp }).end(content);
  } catch (error) {
    response.writeHead(404).end(error.message);
  }
}).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/demo-shop/ (${mode})`));
