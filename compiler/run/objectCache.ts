/**
 * Compiled objects by the hash of all that they depend on, kept between runs: after a fuse click only changed kernels are
 * compiled; and programs that OpenCL drivers built, which runs put here themselves. Files come under a temporary name and are renamed when complete; the least recently used ones go when the
 * folder grows over its limit.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { ensurePrivateFolder } from './privateFolder.ts';

const DEFAULT_LIMIT = 512 << 20;
/** Temporary files of builds that died. */
const STALE_MS = 3_600_000;
/** Objects, and programs of OpenCL devices. */
const KEPT = /\.o$|^[\da-f]{64}$/;

export class ObjectCache {
  private constructor(
    private readonly folder: string,
    private readonly limitBytes: number,
  ) {}

  /** Creates the folder where it is missing. Throws RunFailure when others may write to it. */
  static async open(
    folder = defaultCacheFolder(),
    limitBytes = DEFAULT_LIMIT,
  ): Promise<ObjectCache> {
    await ensurePrivateFolder(folder);
    return new ObjectCache(folder, limitBytes);
  }

  /** Path of the object, marked as used; undefined when there is none. */
  async find(key: string): Promise<string | undefined> {
    const path = this.pathOf(key);
    try {
      const now = new Date();
      await utimes(path, now, now);
      return path;
    } catch {
      return undefined;
    }
  }

  /** `make` writes the file it is given; only a file that it wrote completely is kept. */
  async add(key: string, make: (path: string) => Promise<void>): Promise<string> {
    const path = this.pathOf(key);
    const temporary = this.temporary();
    try {
      await make(temporary);
      await rename(temporary, path);
      return path;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Where a run may keep what a driver builds of a source: see `builtPrefix`. */
  builtFiles(source: string): { readonly built: string; readonly unfinished: string } {
    return { built: join(this.folder, builtPrefix(source)), unfinished: this.temporary() };
  }

  private temporary(): string {
    return join(this.folder, `${randomBytes(8).toString('hex')}.tmp`);
  }

  /** Removes the least recently used objects until the rest is within the limit, but none of `kept`. */
  async trim(kept: ReadonlySet<string>): Promise<void> {
    const files: { path: string; bytes: number; used: number }[] = [];
    for (const name of await readdir(this.folder)) {
      const path = join(this.folder, name);
      // Gone meanwhile: another process trims as well.
      const found = await stat(path).catch(() => undefined);
      if (!found?.isFile()) continue;
      const isStale = name.endsWith('.tmp') && Date.now() - found.mtimeMs > STALE_MS;
      if (isStale) await rm(path, { force: true });
      else if (KEPT.test(name)) {
        files.push({ path, bytes: found.size, used: found.mtimeMs });
      }
    }
    let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    files.sort((a, b) => a.used - b.used);
    for (const { path, bytes } of files) {
      if (total <= this.limitBytes) return;
      if (kept.has(path)) continue;
      await rm(path, { force: true });
      total -= bytes;
    }
  }

  private pathOf(key: string): string {
    return join(this.folder, `${key}.o`);
  }
}

/** The same for the same parts, whatever stands in them. */
export function contentKey(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex');
}

/**
 * Start of the file names of programs that are built from a source: 48 digits of its hash. The program that builds them adds 16 more
 * for the device and its driver, which nobody else knows; together they look like any file of a cache on a phone.
 */
export function builtPrefix(source: string): string {
  return contentKey([source]).slice(0, 48);
}

/** Where this system keeps what can be made again. */
export function defaultCacheFolder(): string {
  const { env, platform } = process;
  const ofSystem =
    platform === 'win32'
      ? env['LOCALAPPDATA']
      : platform === 'darwin'
        ? join(homedir(), 'Library', 'Caches')
        : env['XDG_CACHE_HOME'];
  const base = ofSystem && isAbsolute(ofSystem) ? ofSystem : join(homedir(), '.cache');
  return join(base, 'fusion-studio', 'objects');
}
