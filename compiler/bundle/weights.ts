/**
 * The weights part of a bundle, written front to back: every packed constant at its offset, zeros between. At most
 * one constant is in memory at a time.
 */
import { createHash } from 'node:crypto';
import type { ModelSource } from '../onnx/source.ts';
import type { Bundle } from './bundle.ts';
import { BundleError } from './bundleError.ts';
import { packedChunks } from './packConstant.ts';

/** Takes the next bytes; they are only valid during the call. */
export type WeightSink = (bytes: Uint8Array) => void;

export interface WrittenWeights {
  readonly bytes: number;
  /** Of all bytes, in hex: equal weights can be kept once. */
  readonly sha256: string;
}

type WeightBundle = Pick<Bundle, 'buffers' | 'constants' | 'weightBytes'>;

/**
 * `between` runs after each constant and may throw to cancel. Throws ModelError where a constant cannot be read.
 */
export function writeWeights(
  { buffers, constants = [], weightBytes }: WeightBundle,
  source: ModelSource,
  sink: WeightSink,
  between: (done: number) => void = () => {},
): WrittenWeights {
  const hash = createHash('sha256');
  let at = 0;
  const put = (bytes: Uint8Array): void => {
    hash.update(bytes);
    sink(bytes);
    at += bytes.length;
  };
  for (const { buffer, constant, known } of constants) {
    const { offset, bytes, storage, physical, layout, filter } = buffers[buffer]!;
    put(zeros(offset - at));
    const packing = {
      constant,
      storage,
      physical,
      ...(known && { known }),
      ...(layout && { layout }),
      ...(filter && { filter }),
    };
    for (const chunk of packedChunks(packing, source)) put(chunk);
    if (at !== offset + bytes) {
      throw new BundleError(`A constant of ${bytes} bytes gave ${at - offset}.`);
    }
    between(at);
  }
  put(zeros(weightBytes - at));
  return { bytes: at, sha256: hash.digest('hex') };
}

function zeros(count: number): Uint8Array {
  if (count < 0) throw new Error('constants are not in order');
  return new Uint8Array(count);
}

/** All weights in memory, for interpreters and small models. */
export function weightsInMemory(bundle: WeightBundle, source: ModelSource): Uint8Array {
  const all = new Uint8Array(bundle.weightBytes);
  let at = 0;
  writeWeights(bundle, source, (bytes) => {
    all.set(bytes, at);
    at += bytes.length;
  });
  return all;
}
