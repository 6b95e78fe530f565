// Seeds the demo store once for all workers. CARTWHEEL_DEMO_FOLDER names one that is there already.
import { rm } from 'node:fs/promises';
import { seedDemo } from './support/server.mjs';

export default async function setup() {
  if (process.env.CARTWHEEL_DEMO_FOLDER) return undefined;
  const folder = await seedDemo();
  process.env.CARTWHEEL_DEMO_FOLDER = folder; // the workers inherit it
  return () => rm(folder, { recursive: true, force: true });
}
