// A provider of sign-in that is not ours: PyPI's oidc-provider-mock, which signs in whoever says a name.
import { spawn } from 'node:child_process';
import { createConnection } from 'node:net';
import { freePort } from './server.mjs';

export type ProviderServer = { issuer: string; stop(): Promise<void> };

const answers = (port: number) => new Promise<boolean>((resolve) => {
  const socket = createConnection(port, '127.0.0.1');
  socket.once('connect', () => { socket.destroy(); resolve(true); });
  socket.once('error', () => resolve(false));
});

/** Starts it and waits until it answers. */
export async function startProvider(): Promise<ProviderServer> {
  const port = await freePort();
  const child = spawn(process.env.CARTWHEEL_PYTHON ?? 'python3', ['-W', 'ignore', '-m', 'oidc_provider_mock', '--port', String(port)], { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk) => (complaint += chunk));
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for (let tries = 0; !(await answers(port as number)); tries += 1) {
    if (child.exitCode !== null || tries > 300) throw new Error(`the provider does not answer: ${complaint}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    issuer: `http://localhost:${port}`,
    async stop() {
      child.kill('SIGTERM');
      await gone;
    },
  };
}
