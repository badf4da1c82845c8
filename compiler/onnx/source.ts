/**
 * Where the bytes of a model come from: a file with random access (64-bit offsets, so files over 2 GiB
 * work) or bytes that are already in memory (virtual file systems). Reading is synchronous: the worker
 * is a process of its own and reads only a few windows of the file.
 */
import { basename, dirname } from 'node:path';
import { locationProblem, lookUpExternal } from './externalData.ts';
import type { ExternalLookup } from './externalData.ts';
import { shown } from './names.ts';
import { checkRange, openPlainFile } from './randomAccess.ts';
import type { RandomAccess } from './randomAccess.ts';

export interface ModelSource extends RandomAccess {
  /** File name without folder, for messages. */
  readonly name: string;
  /** A file beside the model that a tensor names (untrusted text); checked before it is opened. */
  external(location: string): ExternalLookup;
  /** Closes all files. Reading afterwards throws. */
  close(): void;
}

/** External files that one model may have open at a time; hostile models name thousands. */
const MOST_EXTERNAL_FILES = 256;

/** Opens a model file; throws ModelError 'model/unreadable' when it is absent or not a plain file. */
export function openModelFile(path: string): ModelSource {
  const file = openPlainFile(path);
  const externals = new Map<string, ExternalLookup>();
  return {
    name: shown(basename(path)),
    size: file.size,
    read: (offset, length) => file.read(offset, length),
    external(location) {
      let found = externals.get(location);
      if (found === undefined) {
        if (externals.size >= MOST_EXTERNAL_FILES) {
          return { state: 'refused', reason: 'is one file too many' };
        }
        found = lookUpExternal(dirname(path), location, openPlainFile);
        externals.set(location, found);
      }
      return found;
    },
    close() {
      file.close();
      for (const external of externals.values()) {
        if (external.state === 'found') external.file.close();
      }
      externals.clear();
    },
  };
}

/** A model that is already in memory. It has no folder, so external data counts as absent. */
export function modelFromBytes(bytes: Uint8Array, name = 'model.onnx'): ModelSource {
  return {
    name,
    size: bytes.length,
    read: (offset, length) => {
      checkRange(name, bytes.length, offset, length);
      return bytes.subarray(offset, offset + length);
    },
    external(location) {
      const reason = locationProblem(location);
      return reason === undefined ? { state: 'missing' } : { state: 'refused', reason };
    },
    close: () => {},
  };
}
