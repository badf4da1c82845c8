/**
 * Statistics of one constant, read on demand and in chunks: two passes over the bytes, so a tensor of
 * hundreds of megabytes needs no more memory than one chunk.
 */
import { ModelError } from '../diagnostics.ts';
import type { Constant, KnownTensor } from '../graph/graph.ts';
import { DATA_TYPES } from '../graph/types.ts';
import { readConstantChunks } from '../onnx/readConstant.ts';
import { elementReader } from '../onnx/elements.ts';
import type { ModelSource } from '../onnx/source.ts';
import type { WeightStatistics } from '../protocol.ts';

const BINS = 32;

/**
 * @param checkpoint awaited between chunks; may throw to cancel.
 * @throws ModelError when the bytes cannot be had (weights absent, strings, refused location).
 */
export async function weightStatistics(
  constant: Constant,
  known: KnownTensor | undefined,
  source: ModelSource,
  checkpoint: () => Promise<void>,
): Promise<WeightStatistics> {
  const chunks = (): AsyncIterable<Float64Array> | Iterable<Float64Array> =>
    known ? [knownElements(known)] : decodedChunks(constant, source);
  const pass = { elements: 0, min: Infinity, max: -Infinity, sum: 0, zeros: 0, notFinite: 0 };
  for await (const chunk of chunks()) {
    await checkpoint();
    for (const value of chunk) {
      pass.elements++;
      if (!Number.isFinite(value)) {
        pass.notFinite++;
        continue;
      }
      if (value === 0) pass.zeros++;
      if (value < pass.min) pass.min = value;
      if (value > pass.max) pass.max = value;
      pass.sum += value;
    }
  }
  const finite = pass.elements - pass.notFinite;
  if (finite === 0) return empty(pass.elements, pass.notFinite);
  const mean = pass.sum / finite;
  const width = (pass.max - pass.min) / BINS || 1;
  const histogram = new Array<number>(BINS).fill(0);
  let squares = 0;
  for await (const chunk of chunks()) {
    await checkpoint();
    for (const value of chunk) {
      if (!Number.isFinite(value)) continue;
      squares += (value - mean) ** 2;
      const bin = Math.min(BINS - 1, Math.floor((value - pass.min) / width));
      histogram[bin] = (histogram[bin] ?? 0) + 1;
    }
  }
  return {
    elements: pass.elements,
    min: pass.min,
    max: pass.max,
    mean,
    deviation: Math.sqrt(squares / finite),
    zeros: pass.zeros,
    notFinite: pass.notFinite,
    histogram,
  };
}

function empty(elements: number, notFinite: number): WeightStatistics {
  const nothing = Number.NaN;
  return {
    elements,
    min: nothing,
    max: nothing,
    mean: nothing,
    deviation: nothing,
    zeros: 0,
    notFinite,
    histogram: [],
  };
}

function knownElements(known: KnownTensor): Float64Array {
  return Float64Array.from(known.data, (element) =>
    typeof element === 'number' ? element : Number.NaN,
  );
}

async function* decodedChunks(
  constant: Constant,
  source: ModelSource,
): AsyncGenerator<Float64Array> {
  const read = elementReader(constant.dtype);
  const { bits } = DATA_TYPES[constant.dtype];
  if (!read || bits < 8) {
    throw new ModelError('model/unsupported', `Statistics of ${constant.dtype} are not supported.`);
  }
  for await (const bytes of readConstantChunks(constant, source)) {
    yield read(bytes);
  }
}
