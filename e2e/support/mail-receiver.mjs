// Starts support/mail_receiver.py and hands over what it received.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort } from './server.mjs';

/** `records`: TXT records by name. Answers `{url, next(matches), received, stop()}`. */
export async function startReceiver(records) {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'cartwheel-mail-'));
  const dns = join(folder, 'dns.json');
  await writeFile(dns, JSON.stringify(records));
  const script = fileURLToPath(new URL('mail_receiver.py', import.meta.url));
  const child = spawn(process.env.CARTWHEEL_PYTHON ?? 'python3', [script, String(port), dns], { stdio: ['pipe', 'pipe', 'pipe'] });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  let complaint = '';
  child.stderr.on('data', (chunk) => (complaint += chunk));

  const received = [];
  const waiting = new Set();
  const look = () => waiting.forEach((try_) => try_());
  let ready;
  const listening = new Promise((resolve, reject) => {
    ready = resolve;
    child.once('error', reject);
    gone.then(() => reject(new Error(`the mail receiver ended: ${complaint}`)));
  });
  listening.catch(() => {});
  createInterface({ input: child.stdout }).on('line', (line) => {
    const report = JSON.parse(line);
    if (report.listening) ready();
    else received.push(report);
    look();
  });
  await listening;

  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    /** The next message for which `matches` holds, taken out of the list. */
    next: (matches = () => true, within = 30_000) => new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        waiting.delete(try_);
        reject(new Error(`no such mail within ${within} ms; received: ${JSON.stringify(received.map(({ headers }) => headers), null, 1)} ${complaint}`));
      }, within);
      const try_ = () => {
        const at = received.findIndex(matches);
        if (at < 0) return;
        clearTimeout(late);
        waiting.delete(try_);
        resolve(received.splice(at, 1)[0]);
      };
      waiting.add(try_);
      try_();
    }),
    async stop() {
      child.stdin.end();
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
