/**
 * Compares results as ONNX's own runner does: floats within 1e-3 of each element plus 1e-7, everything else equal.
 * 16-bit floats may be two steps of their precision apart, since reductions may be rounded once or at every step.
 */
import type { DataType } from '../graph/types.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { scalarsOf, storageOfDtype } from '../tensor/tensor.ts';

interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

function toleranceOf(dtype: DataType): Tolerance | undefined {
  switch (dtype) {
    case 'float32':
    case 'float64':
      return { relative: 1e-3, absolute: 1e-7 };
    case 'float16':
      return { relative: 2 ** -9, absolute: 1e-3 };
    case 'bfloat16':
      return { relative: 2 ** -6, absolute: 1e-2 };
    default:
      return undefined;
  }
}

/**
 * Cancellation leaves rounding errors of the size of the operands where the result is (nearly) 0: what is allowed
 * beside the share of each element, as a share of the largest one.
 */
const CANCELLING: readonly (readonly [RegExp, number])[] = [
  // Sums of a turning signal: the expected files hold float32 noise where a bin is empty.
  [/^test_(dft|stft)/, 1e-6],
];

/** How a result differs from what is expected, or `undefined`. */
export function differenceOf(name: string, result: Tensor, expected: Tensor): string | undefined {
  if (result.dtype !== expected.dtype) return `${result.dtype}, expected ${expected.dtype}`;
  const [own, wanted] = [result.dims.join('×'), expected.dims.join('×')];
  if (own !== wanted) return `shape [${own}], expected [${wanted}]`;
  if (storageOfDtype(expected.dtype) === undefined) return `${expected.dtype} is not compared`;
  const tolerance = toleranceOf(expected.dtype);
  const [a, b] = [scalarsOf(result), scalarsOf(expected)];
  const floor = tolerance ? floorOf(name, tolerance, b.map(Number)) : 0;
  for (const [i, wantedElement] of b.entries()) {
    const element = a[i]!;
    if (element === wantedElement) continue;
    if (tolerance !== undefined) {
      const [x, y] = [Number(element), Number(wantedElement)];
      if (Number.isNaN(x) && Number.isNaN(y)) continue;
      if (Math.abs(x - y) <= tolerance.relative * Math.abs(y) + floor) continue;
    }
    return `element ${i} is ${element}, expected ${wantedElement}`;
  }
  return undefined;
}

function floorOf(name: string, { absolute }: Tolerance, expected: readonly number[]): number {
  const share = CANCELLING.find(([pattern]) => pattern.test(name))?.[1] ?? 0;
  const largest = expected.reduce(
    (most, element) => (Number.isFinite(element) ? Math.max(most, Math.abs(element)) : most),
    0,
  );
  return Math.max(absolute, share * largest);
}
