import { describe, expect, it } from 'vitest';
import { compareTensors, shareApart } from '../../../compiler/tensor/compare.ts';
import type { Scalar } from '../../../compiler/loop/arithmetic.ts';
import type { DataType } from '../../../compiler/graph/types.ts';
import { tensorOf } from '../../../compiler/tensor/tensor.ts';

const of = (elements: readonly Scalar[], dtype: DataType = 'float32') =>
  tensorOf(dtype, [elements.length], elements);

describe('comparing results', () => {
  it('allows a share of the element and a share of the root mean square', () => {
    // rms([3, 4, 0]) = 2.887: 1e-4 of it is what an expected 0 allows.
    const expected = of([3, 4, 0]);
    expect(compareTensors(of([3.002, 4, 0]), expected).passed).toBe(true);
    expect(compareTensors(of([3.004, 4, 0]), expected).passed).toBe(false);
    expect(compareTensors(of([3, 4, 0.00028]), expected).passed).toBe(true);
    expect(compareTensors(of([3, 4, 0.0003]), expected).passed).toBe(false);
    const worst = compareTensors(of([3, 4.5, 0.01]), expected);
    expect(worst.largestError).toBe(0.5);
    expect(worst.at).toBe(1);
    expect(worst.worstOfTolerance).toBeCloseTo(0.5 / (4e-3 + (1e-4 * 5) / Math.sqrt(3)), 3);
  });

  it('takes NaN and infinities for what they are', () => {
    const special = [Number.NaN, Infinity, -Infinity, 1];
    expect(compareTensors(of(special), of(special)).passed).toBe(true);
    for (const [at, wrong] of [
      [0, 1],
      [1, 3e38],
      [2, Infinity],
      [3, Number.NaN],
    ] as const) {
      const result = compareTensors(of(special.with(at, wrong)), of(special));
      expect(result).toMatchObject({ passed: false, worstOfTolerance: Infinity, at });
    }
  });

  it('a wrong answer for zeros fails however small it is', () => {
    expect(compareTensors(of([1e-30]), of([0]))).toMatchObject({ passed: false });
    expect(compareTensors(of([0]), of([-0]))).toMatchObject({ passed: true, largestError: 0 });
  });

  it('wants integers and booleans equal, 64-bit ones to the last bit', () => {
    expect(compareTensors(of([1, 2], 'int32'), of([1, 2], 'int32')).passed).toBe(true);
    expect(compareTensors(of([1, 3], 'int32'), of([1, 2], 'int32'))).toMatchObject({
      passed: false,
      largestError: 1,
      at: 1,
    });
    const [a, b] = [of([2n ** 60n], 'int64'), of([2n ** 60n + 1n], 'int64')];
    expect(compareTensors(a, b).passed).toBe(false);
    expect(compareTensors(of([1], 'bool'), of([0], 'bool')).passed).toBe(false);
  });

  it('says how types and sizes differ', () => {
    expect(compareTensors(of([1]), of([1], 'float64')).mismatch).toMatch(/float32.*float64/);
    expect(compareTensors(of([1, 2]), of([1])).mismatch).toBe('shape [2], expected [1]');
  });

  it('float16 has a tolerance of its own', () => {
    expect(compareTensors(of([1, 1.01], 'float16'), of([1, 1], 'float16')).passed).toBe(true);
    expect(compareTensors(of([1, 1.05], 'float16'), of([1, 1], 'float16')).passed).toBe(false);
  });

  it('tells results that hardly depend on the input', () => {
    const reference = of([1, 1, 1, 1]);
    expect(shareApart(of([1, 1.005, 1, 1]), reference)).toBe(0);
    expect(shareApart(of([1, 1.2, 0.7, 1]), reference)).toBe(0.5);
    expect(shareApart(of([5, 6], 'int64'), of([5, 7], 'int64'))).toBe(0.5);
  });
});
