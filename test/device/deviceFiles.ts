// The device's files, as its daemon reaches them from outside. Absolute paths of the device; nothing leads out of its
// root, and only where a phone lets its shell user write may anything be written.
import { createReadStream } from 'node:fs';
import type { Stats } from 'node:fs';
import { chmod, chown, lstat, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { getSystemErrorMap } from 'node:util';

const WRITABLE = ['/data/local/tmp', '/sdcard'];

/** The words of the C library, which tools on a phone use. */
const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'No space left on device',
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  EISDIR: 'Is a directory',
  ENOTDIR: 'Not a directory',
  EROFS: 'Read-only file system',
};

export class DeviceFiles {
  /**
   * @param root host path of the device's root
   * @param owner who owns what is pushed; undefined: whoever runs this
   */
  constructor(
    private readonly root: string,
    private readonly owner: number | undefined,
  ) {}

  /** On this computer. */
  path(path: string): string {
    return join(this.root, posix.resolve('/', path));
  }

  stat(path: string): Promise<Stats | undefined> {
    return stat(this.path(path)).catch(() => undefined);
  }

  lstat(path: string): Promise<Stats | undefined> {
    return lstat(this.path(path)).catch(() => undefined);
  }

  list(path: string): Promise<string[]> {
    return readdir(this.path(path)).catch(() => []);
  }

  async create(path: string, mode: number): Promise<FileHandle> {
    const absolute = posix.resolve('/', path);
    if (!WRITABLE.some((folder) => absolute.startsWith(`${folder}/`))) {
      throw Object.assign(new Error(absolute), { code: 'EACCES' });
    }
    const first = await mkdir(dirname(this.path(path)), { recursive: true });
    for (let made = dirname(this.path(path)); first && made.startsWith(first); made = dirname(made))
      await this.own(made);
    const file = await open(this.path(path), 'w', mode);
    await chmod(this.path(path), mode);
    await this.own(this.path(path));
    return file;
  }

  private async own(path: string): Promise<void> {
    if (this.owner !== undefined) await chown(path, this.owner, this.owner);
  }

  read(path: string, chunk: number): AsyncIterable<Buffer> {
    return createReadStream(this.path(path), { highWaterMark: chunk });
  }

  async remove(path: string): Promise<void> {
    await rm(this.path(path), { force: true });
  }

  /** Of an error that one of the others threw. */
  reason(error: unknown): string {
    const { code, errno } = error as NodeJS.ErrnoException;
    return REASONS[code ?? ''] ?? getSystemErrorMap().get(errno ?? 0)?.[1] ?? 'unknown error';
  }
}
