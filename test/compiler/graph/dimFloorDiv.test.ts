// Floor division of symbolic dims: one key per value, and always the value that plain arithmetic gives.
import { expect, it } from 'vitest';
import type { Dim } from '../../../compiler/graph/dim.ts';
import {
  dimAdd,
  dimCeilDiv,
  dimFloorDiv,
  dimMod,
  dimMul,
  dimSub,
  dimSymbol,
  evaluateDim,
  formatDim,
} from '../../../compiler/graph/dim.ts';

const h = dimSymbol('h');
const w = dimSymbol('w');

it.each<[string, Dim, string]>([
  [
    'a strided window and SAME padding agree',
    dimAdd(dimFloorDiv(dimSub(h, 1), 2), 1),
    'floordiv(h + 1, 2)',
  ],
  ['two halvings are one quarter', dimCeilDiv(dimCeilDiv(h, 2), 2), 'floordiv(h + 3, 4)'],
  ['exact quotients stay exact', dimFloorDiv(dimMul(h, 4), 2), '2·h'],
  ['a symbolic divisor stays', dimFloorDiv(h, w), 'floordiv(h, w)'],
])('%s', (_, dim, text) => {
  expect(formatDim(dim)).toBe(text);
});

type Expression = readonly [Dim, (h: number, w: number) => number];

it('equals plain arithmetic for random expressions', () => {
  let seed = 20210620;
  const below = (n: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % n;
  };
  const leaf = (): Expression => {
    const choice = below(3);
    if (choice === 0) return [h, (x) => x];
    if (choice === 1) return [w, (_, y) => y];
    const constant = below(9) - 4;
    return [constant, () => constant];
  };
  const expression = (depth: number): Expression => {
    if (depth === 0) return leaf();
    const [a, fa] = expression(depth - 1);
    const divisor = 1 + below(6);
    const quotient = (x: number, y: number): number => Math.floor(fa(x, y) / divisor);
    switch (below(5)) {
      case 0:
        return [dimFloorDiv(a, divisor), quotient];
      case 1:
        return [dimMod(a, divisor), (x, y) => fa(x, y) - divisor * quotient(x, y)];
    }
    const [b, fb] = expression(depth - 1);
    switch (below(3)) {
      case 0:
        return [dimAdd(a, b), (x, y) => fa(x, y) + fb(x, y)];
      case 1:
        return [dimSub(a, b), (x, y) => fa(x, y) - fb(x, y)];
      default:
        return [dimMul(a, b), (x, y) => fa(x, y) * fb(x, y)];
    }
  };
  for (let i = 0; i < 3000; i++) {
    const [dim, plain] = expression(3);
    for (const [x, y] of [
      [1, 1],
      [3, 7],
      [17, 23],
    ] as const) {
      const value = evaluateDim(dim, (name) => (name === 'h' ? x : y));
      expect(value + 0, `${formatDim(dim)} at h=${x}, w=${y}`).toBe(plain(x, y) + 0);
    }
  }
});
