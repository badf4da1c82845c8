/**
 * Statistics of one constant, read on demand and in chunks: two passes over the bytes, so a tensor of
 * hundreds of megabytes needs no more memory than one chunk.
 */
import { constantElements } from '../bundle/computedConstants.ts';
import type { Constant, KnownTensor } from '../graph/graph.ts';
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
  const totals = { elements: 0, min: Infinity, max: -Infinity, sum: 0, zeros: 0, notFinite: 0 };
  for (const chunk of constantElements(constant, source, known)) {
    await checkpoint();
    for (const value of chunk) addTo(totals, value);
  }
  const { elements, zeros, notFinite } = totals;
  const finite = elements - notFinite;
  if (finite === 0) {
    const none = Number.NaN;
    return {
      elements,
      zeros,
      notFinite,
      min: none,
      max: none,
      mean: none,
      deviation: none,
      histogram: [],
    };
  }
  const { min, max } = totals;
  const mean = totals.sum / finite;
  const width = (max - min) / BINS || 1;
  const histogram = new Array<number>(BINS).fill(0);
  let squares = 0;
  for (const chunk of constantElements(constant, source, known)) {
    await checkpoint();
    for (const value of chunk) {
      if (!Number.isFinite(value)) continue;
      squares += (value - mean) ** 2;
      const bin = Math.min(BINS - 1, Math.floor((value - min) / width));
      histogram[bin] = (histogram[bin] ?? 0) + 1;
    }
  }
  const deviation = Math.sqrt(squares / finite);
  return { elements, min, max, mean, deviation, zeros, notFinite, histogram };
}

interface Totals {
  elements: number;
  min: number;
  max: number;
  sum: number;
  zeros: number;
  notFinite: number;
}

function addTo(totals: Totals, value: number): void {
  totals.elements++;
  if (!Number.isFinite(value)) {
    totals.notFinite++;
    return;
  }
  if (value === 0) totals.zeros++;
  if (value < totals.min) totals.min = value;
  if (value > totals.max) totals.max = value;
  totals.sum += value;
}
