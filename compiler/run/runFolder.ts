/**
 * The folder of one run: sources, weights, inputs, results. It is removed when the run ends, however it ends; folders of
 * processes that were killed are removed by whoever runs next.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { ensurePrivateFolder } from './privateFolder.ts';

const NAME = /^run-(\d+)-/;

/** Gives `use` an empty folder and removes it when the promise settles. */
export async function withRunFolder<T>(
  use: (folder: string) => Promise<T>,
  base = runsFolder(),
): Promise<T> {
  await ensurePrivateFolder(base);
  await sweep(base);
  const folder = await mkdtemp(join(base, `run-${process.pid}-`));
  try {
    return await use(folder);
  } finally {
    await remove(folder);
  }
}

/** One folder for each user: what lies there is run. */
export function runsFolder(): string {
  return join(tmpdir(), `fusion-studio-${userInfo().username.replace(/[^\w.-]/g, '_')}`);
}

/** Folders whose process is gone. */
export async function sweep(base = runsFolder()): Promise<void> {
  const names = await readdir(base).catch(() => []);
  for (const name of names) {
    const owner = Number(NAME.exec(name)?.[1]);
    if (owner > 0 && !isAlive(owner)) await remove(join(base, name));
  }
}

function remove(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive as well.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
