/** Least and largest value of an index as numbers, by intervals: infinite where nothing bounds it. */
import type { Facts } from '../../loop/facts.ts';
import type { Index } from '../../loop/indexExpr.ts';
import type { Polynomial } from '../../loop/polynomial.ts';
import { toIndex } from '../../loop/polynomial.ts';

export type Range = readonly [least: number, most: number];

export function rangeOf(index: Index, facts: Facts): Range {
  const of = (part: Index): Range => rangeOf(part, facts);
  const bound = (given: Polynomial | undefined, end: 0 | 1, otherwise: number): number =>
    given === undefined ? otherwise : of(toIndex(given))[end];
  switch (index.kind) {
    case 'constant':
      return [index.value, index.value];
    case 'size':
      return [facts.leastSize(index.name), bound(facts.largestSize(index.name), 1, Infinity)];
    case 'variable': {
      const known = facts.boundsOf(index.name);
      return [bound(known?.min, 0, -Infinity), bound(known?.max, 1, Infinity)];
    }
    case 'choose': {
      const [a, b] = [of(index.then), of(index.otherwise)];
      return [Math.min(a[0], b[0]), Math.max(a[1], b[1])];
    }
    default:
      return combined(index.kind, of(index.a), of(index.b));
  }
}

type Combination = Exclude<Index['kind'], 'constant' | 'variable' | 'size' | 'choose'>;

function combined(kind: Combination, a: Range, b: Range): Range {
  switch (kind) {
    case 'add':
      return [a[0] + b[0], a[1] + b[1]];
    case 'multiply':
      return ends(a, b, times);
    case 'floorDiv':
      return b[0] >= 1 ? ends(a, b, (x, y) => (x === 0 ? 0 : Math.floor(x / y))) : ANY;
    case 'mod':
      return b[0] >= 1 ? [0, b[1] - 1] : ANY;
    case 'min':
      return [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
    case 'max':
      return [Math.max(a[0], b[0]), Math.max(a[1], b[1])];
  }
}

const ANY: Range = [-Infinity, Infinity];

function times(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : a * b;
}

function ends(a: Range, b: Range, of: (x: number, y: number) => number): Range {
  const all = a.flatMap((x) => b.map((y) => of(x, y)));
  return all.some(Number.isNaN) ? ANY : [Math.min(...all), Math.max(...all)];
}
