import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dimAdd,
  dimBroadcast,
  dimCeilDiv,
  dimEqual,
  dimFloorDiv,
  dimMax,
  dimMin,
  dimMod,
  dimMul,
  dimProduct,
  dimSub,
  dimSymbol,
  divideExactly,
  evaluateDim,
  formatDim,
  formatShape,
  shapesEqual,
  substituteDim,
  symbolsOf,
} from '../../../compiler/graph/dim.ts';
import type { Dim } from '../../../compiler/graph/dim.ts';

const n = dimSymbol('n');
const m = dimSymbol('m');

describe('canonical form', () => {
  it.each<[Dim, string]>([
    [dimAdd(n, 0), 'n'],
    [dimSub(n, n), '0'],
    [dimAdd(dimMul(n, 2), 1), '2·n + 1'],
    [dimSub(1, n), '-n + 1'],
    [dimMul(dimAdd(n, 1), dimSub(n, 1)), 'n·n - 1'],
    [dimMul(m, n), 'm·n'],
    [dimFloorDiv(dimMul(n, 4), 2), '2·n'],
    [dimFloorDiv(dimMul(n, m), m), 'n'],
    [dimFloorDiv(dimAdd(n, 1), 2), 'floordiv(n + 1, 2)'],
    [dimMod(dimMul(n, 6), 3), '0'],
    [dimMax(dimAdd(n, 1), n), 'n + 1'],
    [dimMin(n, dimSub(n, 3)), 'n - 3'],
    [dimMax(n, m), 'max(m, n)'],
    [dimProduct([2, n, 3]), '6·n'],
  ])('%#: %s', (dim, text) => {
    expect(formatDim(dim)).toBe(text);
  });

  it('makes equal what is equal', () => {
    expect(dimEqual(dimMul(dimAdd(n, m), 2), dimAdd(dimMul(m, 2), dimMul(2, n)))).toBe(true);
    expect(dimEqual(n, m)).toBe(false);
    expect(shapesEqual([1, n], [1, dimSub(dimAdd(n, 5), 5)])).toBe(true);
    expect(shapesEqual([n], [n, 1])).toBe(false);
  });

  it('broadcasts', () => {
    expect(dimBroadcast(1, n)).toBe(n);
    expect(dimBroadcast(n, 8)).toBe(8);
    expect(dimBroadcast(3, 4)).toBeUndefined();
    expect(dimEqual(dimBroadcast(n, m) as Dim, dimBroadcast(m, n) as Dim)).toBe(true);
  });

  it('divides exactly or not at all', () => {
    expect(divideExactly(12, 4)).toBe(3);
    expect(divideExactly(13, 4)).toBeUndefined();
    expect(divideExactly(n, 0)).toBeUndefined();
    expect(formatDim(divideExactly(dimMul(dimMul(n, m), 6), dimMul(n, 3)) as Dim)).toBe('2·m');
    expect(divideExactly(dimAdd(n, 1), n)).toBeUndefined();
  });

  it('rounds quotients up', () => {
    expect(dimCeilDiv(7, 2)).toBe(4);
    expect(evaluateDim(dimCeilDiv(n, 2), () => 7)).toBe(4);
  });

  it('survives a divisor of zero', () => {
    for (const dim of [dimFloorDiv(n, 0), dimMod(n, 0), dimFloorDiv(5, 0), dimMod(5, 0)]) {
      expect(evaluateDim(dim, () => 3)).toBe(0);
    }
  });

  it('prints shapes', () => {
    expect(formatShape([1, n, 224])).toBe('1×n×224');
    expect(formatShape([])).toBe('scalar');
    expect(formatShape(null)).toBe('?');
  });

  it('names what is too large by its content', () => {
    const grow = (): Dim => {
      let dim: Dim = 1;
      for (let i = 0; i < 40; i++) dim = dimMul(dim, dimAdd(dimSymbol(`a${i}`), 1));
      return dim;
    };
    const started = performance.now();
    const large = grow();
    expect(dimEqual(large, grow())).toBe(true);
    expect(formatDim(large).length).toBeLessThan(3000);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

/** A random expression: how to make the dim, and what it means under an assignment. */
interface Expression {
  readonly dim: Dim;
  readonly value: (a: number, b: number) => number;
}

const leaf: fc.Arbitrary<Expression> = fc.oneof(
  fc.integer({ min: 1, max: 9 }).map((k) => ({ dim: k as Dim, value: () => k })),
  fc.constant<Expression>({ dim: n, value: (a) => a }),
  fc.constant<Expression>({ dim: m, value: (_, b) => b }),
);

const binary: readonly [
  build: (a: Dim, b: Dim) => Dim,
  meaning: (a: number, b: number) => number,
][] = [
  [dimAdd, (a, b) => a + b],
  [dimSub, (a, b) => a - b],
  [dimMul, (a, b) => a * b],
  [dimMax, Math.max],
  [dimMin, Math.min],
  [dimFloorDiv, (a, b) => (b === 0 ? Number.NaN : Math.floor(a / b))],
  [dimMod, (a, b) => (b === 0 ? Number.NaN : a - b * Math.floor(a / b))],
];

const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc
      .tuple(fc.nat(binary.length - 1), tie('expression'), tie('expression'))
      .map(([which, left, right]): Expression => {
        const [build, meaning] = binary[which] as (typeof binary)[number];
        return {
          dim: build(left.dim, right.dim),
          value: (a, b) => meaning(left.value(a, b), right.value(a, b)),
        };
      }),
  ),
}));

const size = fc.integer({ min: 1, max: 12 });

describe('meaning', () => {
  it('is kept by every simplification', () => {
    fc.assert(
      fc.property(expression, size, size, ({ dim, value }, a, b) => {
        const expected = value(a, b);
        // A zero divisor somewhere inside has no meaning to compare with.
        fc.pre(Number.isFinite(expected));
        expect(evaluateDim(dim, (name) => (name === 'n' ? a : b)) + 0).toBe(expected + 0);
      }),
      { numRuns: 3000, seed: 1 },
    );
  });

  it('is the same after substitution in two steps', () => {
    fc.assert(
      fc.property(expression, size, size, ({ dim, value }, a, b) => {
        fc.pre(Number.isFinite(value(a, b)));
        const half = substituteDim(dim, new Map([['n', a]]));
        expect(symbolsOf(half).has('n')).toBe(false);
        expect(Number(substituteDim(half, new Map([['m', b]]))) + 0).toBe(value(a, b) + 0);
      }),
      { numRuns: 2000, seed: 2 },
    );
  });

  it('is equal where keys are equal', () => {
    fc.assert(
      fc.property(expression, expression, size, size, (left, right, a, b) => {
        fc.pre(dimEqual(left.dim, right.dim));
        const [x, y] = [left.value(a, b), right.value(a, b)];
        fc.pre(Number.isFinite(x) && Number.isFinite(y));
        expect(x).toBe(y);
      }),
      { numRuns: 200, seed: 3, maxSkipsPerRun: 10_000 },
    );
  });
});
