/**
 * A written model as files: under another name until it is complete, so that nobody finds half of one and the original is
 * never written over while its weights are read.
 */
import { realpathSync, writeSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Model } from '../graph/graph.ts';
import type { ModelSource } from '../onnx/source.ts';
import { ExportError } from './exportError.ts';
import type { Piece } from './message.ts';
import { chunksOf } from './message.ts';
import { writeModel } from './writeModel.ts';

export interface SavedModel {
  /** Of ai.onnx. */
  readonly opset: number;
  /** Of the model file, and of the data file beside it where there had to be one. */
  readonly bytes: number;
  readonly dataBytes: number;
  /** Weights stay in the original's files. */
  readonly refers: boolean;
}

const YIELD_MS = 50;

/**
 * @param original path of the file that `source` reads; `path`: of the new one. `checkpoint` is awaited now and then and
 * may throw to cancel. Throws ExportError, ModelError, and what the file system says.
 */
export async function saveModel(
  model: Model,
  source: ModelSource,
  original: string,
  path: string,
  checkpoint: () => Promise<void> = () => Promise.resolve(),
): Promise<SavedModel> {
  if (samePlace(original, path)) {
    throw new ExportError('The new file would take the place of the model: give it another name.');
  }
  const beside = samePlace(dirname(resolve(original)), dirname(resolve(path)));
  const dataFile = `${basename(path)}.data`;
  const { opset, pieces, data } = writeModel(model, { source, beside, dataFile });
  const bytes = await save(pieces, path, checkpoint);
  const dataBytes =
    data.length > 0 ? await save(data, join(dirname(path), dataFile), checkpoint) : 0;
  return { opset, bytes, dataBytes, refers: beside };
}

async function save(
  pieces: readonly Piece[],
  path: string,
  checkpoint: () => Promise<void>,
): Promise<number> {
  const unfinished = `${path}.${process.pid}.unfinished`;
  let written = 0;
  try {
    const file = await open(unfinished, 'wx');
    try {
      let last = performance.now();
      for (const chunk of chunksOf(pieces)) {
        for (let done = 0; done < chunk.length;) {
          done += writeSync(file.fd, chunk, done, chunk.length - done);
        }
        written += chunk.length;
        if (performance.now() - last < YIELD_MS) continue;
        await new Promise((settle) => setImmediate(settle));
        await checkpoint();
        last = performance.now();
      }
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  return written;
}

/** Links are followed; a path that is not there is no other one's. */
function samePlace(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return resolve(a) === resolve(b);
  }
}
