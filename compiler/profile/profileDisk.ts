/**
 * The profile database on disk: read whole, written whole under another name and renamed. Several processes may record at the
 * same time: a lock file keeps their reading and writing apart, and what the file has meanwhile is merged, never overwritten.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import type { ProfileContent } from './profileFile.ts';
import {
  MOST_FILE_BYTES,
  ProfileFileError,
  parseProfiles,
  serialiseProfiles,
} from './profileFile.ts';
import { ProfileStore } from './profileStore.ts';

/** Of the file: room for some 15,000 blocks. */
const DEFAULT_LIMIT = 8 << 20;
const LOCK_STALE_MS = 10_000;
const LOCK_WAIT_MS = 20;
const LOCK_TRIES = 150;

/** Where this system keeps what can be measured again. */
export function defaultProfilePath(): string {
  const { env, platform } = process;
  const ofSystem =
    platform === 'win32'
      ? env['LOCALAPPDATA']
      : platform === 'darwin'
        ? join(homedir(), 'Library', 'Caches')
        : env['XDG_CACHE_HOME'];
  const base = ofSystem && isAbsolute(ofSystem) ? ofSystem : join(homedir(), '.cache');
  return join(base, 'fusion-studio', 'profiles.json');
}

/** What the file holds; empty where there is none. Throws ProfileFileError on a file that is something else. */
export async function readProfiles(path: string): Promise<ProfileContent> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return new Map();
  if (!found.isFile() || found.size > MOST_FILE_BYTES) {
    throw new ProfileFileError('This is no profile database: it is no file, or a very large one.');
  }
  return parseProfiles(await readFile(path, 'utf8'));
}

/** The database of a user. A file that cannot be read is as good as none: it only saves measuring again. */
export async function openProfiles(path = defaultProfilePath()): Promise<ProfileStore> {
  return new ProfileStore(await readProfiles(path).catch(() => new Map()));
}

/**
 * Changes the file: what it has now is read, changed and written back. A broken file is put aside, not lost.
 * Throws the file system's errors.
 */
export async function updateProfiles(
  change: (store: ProfileStore) => void,
  path = defaultProfilePath(),
  limitBytes = DEFAULT_LIMIT,
): Promise<ProfileStore> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const release = await lock(`${path}.lock`);
  try {
    const content = await readProfiles(path).catch(async (error: unknown) => {
      if (!(error instanceof ProfileFileError)) throw error;
      await rename(path, `${path}.broken`);
      return new Map();
    });
    const store = new ProfileStore(content);
    change(store);
    store.trim(limitBytes);
    await writeWhole(path, serialiseProfiles(store.content()));
    return store;
  } finally {
    await release();
  }
}

/** A file of its own for other computers; one device or all. */
export async function exportProfiles(
  store: ProfileStore,
  path: string,
  device?: string,
): Promise<void> {
  await writeWhole(path, serialiseProfiles(store.content(device)));
}

async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFile(temporary, text, { mode: 0o600 });
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Exists while somebody changes the file; one that is old is of a process that died. */
async function lock(path: string): Promise<() => Promise<void>> {
  for (let tries = 0; ; tries++) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const found = await stat(path).catch(() => undefined);
      const isStale = found !== undefined && Date.now() - found.mtimeMs > LOCK_STALE_MS;
      // Three seconds are more than anybody needs: an update is not worth waiting longer.
      if (isStale || tries >= LOCK_TRIES) await rm(path, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, LOCK_WAIT_MS));
    }
  }
}
