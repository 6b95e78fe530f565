// The smallest shop there is, on an origin of its own: a page with the snippet of a store.
import { createServer } from 'node:http';

/** Serves `/?key=…`; the page knows nothing but the public key and the address of the server. */
export function startShop(serverUrl) {
  const server = createServer((request, response) => {
    const { searchParams, pathname } = new URL(request.url, 'http://shop');
    if (pathname === '/favicon.ico') return response.writeHead(204).end();
    const key = encodeURIComponent(searchParams.get('key') ?? '');
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(`<!doctype html>
<html lang="en"><title>A shop</title>
<script src="${serverUrl}/s/${key}.js" async></script>
<form><label>E-mail <input type="email" name="email"></label><button>Next</button></form>
<a href="/next?key=${key}">Next page</a></html>`);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve({
      url: `http://127.0.0.1:${server.address().port}`,
      stop: () => new Promise((done) => {
        server.close(done);
        server.closeAllConnections();
      }),
    }));
  });
}
