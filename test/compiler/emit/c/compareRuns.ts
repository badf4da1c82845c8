// Results of kernels against what the interpreter gave.
import type { Scalar } from '../../../../compiler/loop/arithmetic.ts';
import type { StorageType } from '../../../../compiler/loop/scalarType.ts';
import type { KernelResult, KernelRun } from './compileAndRun.ts';
import type { RecordedRun } from './recordedRuns.ts';

/** What differs; `undefined`: nothing beyond rounding. */
export function difference(
  { kernel }: KernelRun,
  expected: RecordedRun,
  actual: KernelResult,
): string | undefined {
  if (expected.failed !== undefined) {
    const check = kernel.checks[actual.code - 1];
    return check?.operator === expected.failed ? undefined : `code ${actual.code}, not a check`;
  }
  if (actual.code !== 0) return `code ${actual.code}: ${kernel.checks[actual.code - 1]?.message}`;
  for (const [i, { storage }] of kernel.phased.program.outputs.entries()) {
    const found = elementDifference(storage, expected.outputs[i]!, actual.outputs[i]!);
    if (found !== undefined) return `output ${i}${found}`;
  }
  return undefined;
}

/**
 * Rounding of a sum depends on its order and on fused multiply-adds, relative to its largest terms: errors count
 * against the largest element as well.
 */
function elementDifference(
  storage: StorageType,
  expected: readonly (Scalar | undefined)[],
  actual: readonly Scalar[],
): string | undefined {
  const tolerance = { f32: 2e-6, f64: 1e-13, f16: 2e-3, bf16: 1.6e-2 }[storage as string];
  const magnitudes = expected.map((element) => Math.abs(Number(element ?? 0)));
  const largest = magnitudes.filter(Number.isFinite).reduce((a, b) => Math.max(a, b), 0);
  for (const [at, b] of expected.entries()) {
    const a = actual[at]!;
    if (b === undefined || a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    const error = Math.abs(Number(a) - Number(b));
    if (tolerance !== undefined && error <= tolerance * (10 * Math.abs(Number(b)) + largest)) {
      continue;
    }
    return `[${at}] is ${a}, expected ${b}`;
  }
  return undefined;
}
