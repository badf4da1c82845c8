// Equality of results of the interpreter and of WebAssembly: exact, or within ulps of an f32.
import type { Scalar } from '../../../../compiler/loop/arithmetic.ts';

const view = new DataView(new ArrayBuffer(8));

/** Steps between two f32 numbers. */
export function ulpsBetween(a: number, b: number): number {
  if (Object.is(a, b) || a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  if (Number.isNaN(a) || Number.isNaN(b)) return Infinity;
  return Math.abs(ordinal(a) - ordinal(b));
}

function ordinal(value: number): number {
  view.setFloat32(0, value);
  const bits = view.getInt32(0);
  return bits < 0 ? -(bits & 0x7fffffff) : bits;
}

/** First differences as text; zeros of both signs are equal. */
export function differences(
  actual: readonly Scalar[],
  expected: readonly Scalar[],
  ulps = 0,
): readonly string[] {
  const found: string[] = [];
  expected.forEach((b, at) => {
    const a = actual[at]!;
    const equal =
      a === b ||
      (typeof a === 'number' &&
        typeof b === 'number' &&
        (ulps > 0 ? ulpsBetween(a, b) <= ulps : Number.isNaN(a) && Number.isNaN(b)));
    if (!equal && found.length < 5) found.push(`[${at}] is ${a}, expected ${b}`);
  });
  return found;
}
