/**
 * Plain files opened for reading at any offset. Every failure is a ModelError that names the file (without
 * its folder) and says what is wrong.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { ModelError } from '../diagnostics.ts';
import { shown } from './names.ts';

export interface RandomAccess {
  /** Bytes in total. */
  readonly size: number;
  /**
   * The bytes `[offset, offset + length)`, possibly a view of a larger buffer: copy what is kept.
   * Throws ModelError 'model/truncated' when they are not all there.
   */
  read(offset: number, length: number): Uint8Array;
}

export interface OpenFile extends RandomAccess {
  close(): void;
}

/** Most bytes that one system call reads (Node refuses more than 2 GiB). */
const READ_STEP = 1 << 30;

/** Throws ModelError 'model/unreadable' when the path is absent, forbidden or not a plain file. */
export function openPlainFile(path: string): OpenFile {
  const name = shown(basename(path));
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const facts = fstatSync(descriptor);
    if (!facts.isFile()) throw new ModelError('model/unreadable', `${name} is not a file.`);
    return openFile(name, descriptor, facts.size);
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    if (error instanceof ModelError) throw error;
    throw new ModelError('model/unreadable', `${name} cannot be read: ${reasonOf(error)}.`);
  }
}

function openFile(name: string, descriptor: number, size: number): OpenFile {
  let open = true;
  return {
    size,
    read(offset, length) {
      if (!open) throw new ModelError('model/unreadable', `${name} was closed.`);
      checkRange(name, size, offset, length);
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const wanted = Math.min(length - done, READ_STEP);
        const got = readSync(descriptor, bytes, done, wanted, offset + done);
        if (got === 0) {
          throw new ModelError('model/truncated', `${name} became shorter while it was read.`);
        }
        done += got;
      }
      return bytes;
    },
    close() {
      if (open) closeSync(descriptor);
      open = false;
    },
  };
}

/** Throws 'model/truncated' unless the range lies inside `size` bytes. */
export function checkRange(name: string, size: number, offset: number, length: number): void {
  if (offset >= 0 && length >= 0 && offset + length <= size) return;
  throw new ModelError('model/truncated', `${name} ends before byte ${offset + length}.`);
}

function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'there is no such file';
    case 'EACCES':
    case 'EPERM':
      return 'access is denied';
    default:
      return typeof code === 'string' ? code : 'the system refused';
  }
}
