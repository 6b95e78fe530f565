// A real `cartwheel` on a free port with a fresh SQLite file, for the browser specs and for the senders.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 15_000;

/** The program: CARTWHEEL_BIN, else what `cargo build` left. */
export function program() {
  const targets = [process.env.CARGO_TARGET_DIR, fileURLToPath(new URL('../../target', import.meta.url))];
  const found = [process.env.CARTWHEEL_BIN, ...targets.filter(Boolean).map((folder) => join(folder, 'debug/cartwheel'))].find((path) => path && existsSync(path));
  if (!found) throw new Error('no cartwheel program: set CARTWHEEL_BIN, or run `cargo build` first');
  return found;
}

/** A port that nobody listens on at this moment. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function ended(child) {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', resolve);
  });
}

/** Runs the program to its end and answers what it printed; its complaint becomes the error. */
function call(args, env, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(program(), args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(out) : reject(new Error(`cartwheel ${args.join(' ')} ended with ${code}:\n${err || out}`))));
  });
}

const database = (folder) => ({ CARTWHEEL_DATABASE_URL: `sqlite://${join(folder, 'cartwheel.db')}` });

/**
 * Seeds the demo store once, into a folder that servers start from: three months of history take a while.
 * Answers the folder; `sign-in.txt` in it holds what the command printed.
 */
export async function seedDemo() {
  const folder = await mkdtemp(join(tmpdir(), 'cartwheel-e2e-demo-'));
  const env = { ...process.env, ...database(folder), CARTWHEEL_PUBLIC_URL: 'http://localhost:8080' };
  await writeFile(join(folder, 'sign-in.txt'), await call(['seed', 'demo'], env, folder));
  return folder;
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Starts `cartwheel all`.
 *
 * `from`: a folder of `seedDemo` to begin with. `prepare(run, url)` is called before, with the database still free:
 * `run('store', 'create', …)` answers what the command printed. `env` adds settings.
 */
export async function startServer({ from, prepare = async () => {}, env = {} } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'cartwheel-e2e-'));
  if (from) await cp(from, folder, { recursive: true });
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const settings = {
    ...process.env,
    ...database(folder),
    CARTWHEEL_LISTEN: `127.0.0.1:${port}`,
    CARTWHEEL_PUBLIC_URL: url,
    ...env,
  };
  const prepared = await prepare((...args) => call(args, settings, folder), url);

  const log = join(folder, 'server.log');
  const output = await open(log, 'w');
  const child = spawn(program(), ['all'], { env: settings, cwd: folder, stdio: ['ignore', output.fd, output.fd] });
  await output.close();

  const server = {
    url,
    prepared,
    log: () => readFile(log, 'utf8'),
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await ended(child);
      clearTimeout(late);
      await rm(folder, { recursive: true, force: true });
    },
  };

  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const ready = await fetch(`${url}/readyz`).then((answer) => answer.ok, () => false);
    if (ready) return server;
    if (child.exitCode !== null || Date.now() > deadline) {
      const said = await server.log();
      await server.stop();
      throw new Error(`the server did not become ready; it said:\n${said}`);
    }
    await pause(50);
  }
}

/** Makes a store and answers `{organisation_id, store_id, public_key, write_key, api_key, password, …}`. */
export async function createStore(run, { name, email = 'owner@example.org', live = false, settings = {} }) {
  const printed = await run('store', 'create', '--organisation', 'Example', '--name', name, '--email', email, ...(live ? ['--live'] : []), '--json');
  const store = { name, email, ...JSON.parse(printed) };
  const pairs = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  if (pairs.length) await run('store', 'set', store.store_id, ...pairs);
  return store;
}

/** What `seed demo` printed, as `{email, password}`. */
export function readSignIn(printed) {
  const email = /[\w.+-]+@[\w.-]+\.\w+/.exec(printed)?.[0];
  const password = /password["\s:=]+([^\s",]+)/i.exec(printed)?.[1];
  if (!email || !password) throw new Error(`no sign-in in what \`seed demo\` printed:\n${printed}`);
  const store = /store_\w+/.exec(printed)?.[0];
  return { email, password, store };
}

/** Asks `ask()` again and again until `good(answer)`; the last answer is in the error. */
export async function eventually(ask, good, { within = 30_000, what = 'the expected state' } = {}) {
  const deadline = Date.now() + within;
  let last;
  do {
    last = await ask();
    if (good(last)) return last;
    await pause(100);
  } while (Date.now() < deadline);
  throw new Error(`${what} did not come within ${within} ms; last seen: ${JSON.stringify(last, null, 1)}`);
}
