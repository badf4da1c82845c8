import { describe, expect, it } from 'vitest';
import type { Dim } from '../../../compiler/graph/dim.ts';
import {
  dimAdd,
  dimFloorDiv,
  dimMul,
  dimSub,
  dimSymbol,
  formatDim,
} from '../../../compiler/graph/dim.ts';
import {
  largerDim,
  lowerBound,
  possibleSigns,
  smallerDim,
  upperBound,
} from '../../../compiler/ops/dimBounds.ts';

const n = dimSymbol('n');
const m = dimSymbol('m');

describe('bounds of sizes', () => {
  it.each([
    [5, 5, 5],
    [n, 0, Infinity],
    [dimAdd(n, 3), 3, Infinity],
    [dimSub(n, 3), -3, Infinity],
    [dimSub(3, n), -Infinity, 3],
    [dimSub(n, m), -Infinity, Infinity],
    [dimMul(n, m), 0, Infinity],
    [dimFloorDiv(n, 2), 0, Infinity],
  ] satisfies [Dim, number, number][])('%o lies in [%d, %d]', (dim, low, high) => {
    expect(lowerBound(dim)).toBe(low);
    expect(upperBound(dim)).toBe(high);
  });

  it('may take symbols for at least 1', () => {
    expect(lowerBound(dimSub(n, 1), 1)).toBe(0);
    expect(lowerBound(dimAdd(dimMul(n, 2), m), 1)).toBe(3);
  });

  it('tells signs of differences', () => {
    expect(possibleSigns(n, n)).toEqual([0]);
    expect(possibleSigns(dimAdd(n, 1), n)).toEqual([1]);
    expect(possibleSigns(n, -1)).toEqual([1]);
    expect(possibleSigns(n, 0)).toEqual([0, 1]);
    expect(possibleSigns(n, m)).toEqual([-1, 0, 1]);
  });

  it('decides extremes where it can', () => {
    expect(formatDim(largerDim(n, 0))).toBe('n');
    expect(formatDim(smallerDim(n, dimAdd(n, 2)))).toBe('n');
    expect(formatDim(smallerDim(n, 8))).toBe('min(8, n)');
  });
});
