/**
 * How far two results are apart: floats against a tolerance made of a share of each element and a share of the
 * reference's root mean square, everything else exactly.
 */
import type { DataType } from '../graph/types.ts';
import { decodeElements } from '../onnx/elements.ts';
import type { Tensor } from './tensor.ts';
import { countOf } from './tensor.ts';

export interface Tolerance {
  /** Of |b|. */
  readonly relative: number;
  /** Of the root mean square of b's finite elements. */
  readonly ofRms: number;
}

/** What design section 9 asks of float32 targets, and of 16-bit floats. */
const FLOAT: Tolerance = { relative: 1e-3, ofRms: 1e-4 };
const HALF: Tolerance = { relative: 0, ofRms: 2e-2 };

export interface Difference {
  /** Not above the tolerance anywhere. */
  readonly passed: boolean;
  /** Largest |a - b|; Infinity where only one is a number. */
  readonly largestError: number;
  /** Largest |a - b| divided by the element's tolerance; 0 where equal. */
  readonly worstOfTolerance: number;
  /** Element (row-major) with the worst ratio; -1 when all are equal. */
  readonly at: number;
  /** Types or sizes differ: nothing was compared. */
  readonly mismatch?: string;
}

/** `undefined`: elements must be equal. */
export function toleranceOf(dtype: DataType): Tolerance | undefined {
  if (dtype === 'float32' || dtype === 'float64') return FLOAT;
  return dtype === 'float16' || dtype === 'bfloat16' ? HALF : undefined;
}

/** `b` is the reference. NaN equals NaN, an infinity itself. */
export function compareTensors(a: Tensor, b: Tensor, tolerance = toleranceOf(b.dtype)): Difference {
  const mismatch = typeMismatch(a, b);
  if (mismatch !== undefined) {
    const worst = { largestError: Infinity, worstOfTolerance: Infinity, at: -1 };
    return { passed: false, ...worst, mismatch };
  }
  if (tolerance === undefined) return compareExactly(a, b);
  const [own, reference] = [numbersOf(a), numbersOf(b)];
  const floor = tolerance.ofRms * rootMeanSquare(reference);
  let [largestError, worstOfTolerance, at] = [0, 0, -1];
  for (let i = 0; i < reference.length; i++) {
    const error = distance(own[i]!, reference[i]!);
    if (error === 0) continue;
    const allowed = tolerance.relative * Math.abs(reference[i]!) + floor;
    const ratio = Number.isFinite(error) ? error / allowed : Infinity;
    if (error > largestError) largestError = error;
    if (ratio > worstOfTolerance || at < 0) [worstOfTolerance, at] = [ratio, i];
  }
  return { passed: worstOfTolerance <= 1, largestError, worstOfTolerance, at };
}

/**
 * Share of elements in which two results differ by more than `times` tolerances: how well a comparison can
 * tell right from wrong when these are results for different inputs.
 */
export function shareApart(a: Tensor, b: Tensor, times = 10): number {
  if (typeMismatch(a, b) !== undefined) return 1;
  const tolerance = toleranceOf(b.dtype);
  const [own, reference] = [numbersOf(a), numbersOf(b)];
  const floor = (tolerance?.ofRms ?? 0) * rootMeanSquare(reference);
  let apart = 0;
  for (let i = 0; i < reference.length; i++) {
    const allowed = (tolerance?.relative ?? 0) * Math.abs(reference[i]!) + floor;
    if (distance(own[i]!, reference[i]!) > times * allowed) apart++;
  }
  return reference.length === 0 ? 1 : apart / reference.length;
}

/** What `shareApart` of two different inputs must reach for a comparison to mean something. */
export const GOOD_SHARE = 0.25;

function compareExactly(a: Tensor, b: Tensor): Difference {
  const [own, reference] = [numbersOf(a), numbersOf(b)];
  const width = a.bytes.length / Math.max(1, own.length);
  let [largestError, at] = [0, -1];
  for (let i = 0; i < reference.length; i++) {
    let error = distance(own[i]!, reference[i]!);
    // 64-bit integers beyond 2^53 are rounded as numbers: their bytes decide.
    if (error === 0 && width === 8 && !sameBytes(a.bytes, b.bytes, i * 8)) error = 1;
    if (error > largestError) [largestError, at] = [error, i];
  }
  const passed = largestError === 0;
  return { passed, largestError, worstOfTolerance: passed ? 0 : Infinity, at };
}

function sameBytes(a: Uint8Array, b: Uint8Array, at: number): boolean {
  for (let i = at; i < at + 8; i++) if (a[i] !== b[i]) return false;
  return true;
}

function typeMismatch(a: Tensor, b: Tensor): string | undefined {
  if (a.dtype !== b.dtype) return `${a.dtype}, expected ${b.dtype}`;
  const [own, expected] = [a.dims.join('×'), b.dims.join('×')];
  return own === expected ? undefined : `shape [${own}], expected [${expected}]`;
}

/** Not decoded one by one where a typed array can look at them. */
function numbersOf({ dtype, dims, bytes }: Tensor): Float32Array | Float64Array {
  if (dtype === 'float32') return new Float32Array(bytes.buffer, bytes.byteOffset, countOf(dims));
  return decodeElements(bytes, dtype, countOf(dims));
}

function distance(a: number, b: number): number {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  const error = Math.abs(a - b);
  return Number.isNaN(error) ? Infinity : error;
}

function rootMeanSquare(numbers: Float32Array | Float64Array): number {
  let [sum, count] = [0, 0];
  for (const number of numbers) {
    if (!Number.isFinite(number)) continue;
    sum += number * number;
    count++;
  }
  return count === 0 ? 0 : Math.sqrt(sum / count);
}
