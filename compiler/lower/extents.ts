/**
 * Extents in memory: sizes that only a run knows stand at their upper bounds, so that strides are constant. Works on
 * index expressions by intervals.
 */
import type { Index } from '../loop/indexExpr.ts';
import { add, constant, floorDiv, max, min, multiply, ZERO } from '../loop/indexExpr.ts';

/** Largest value of a size or variable; the index itself where it is fixed; `undefined`: no bound. */
export type LargestOf = (kind: 'size' | 'variable', name: string) => Index | 'fixed' | undefined;

interface Range {
  /** `undefined` where nothing is known. */
  readonly low: Index | undefined;
  readonly high: Index | undefined;
}

/** The extent that memory needs for `index` elements; `undefined` where nothing bounds it. */
export function largestExtent(index: Index, largestOf: LargestOf): Index | undefined {
  return rangeOf(index, largestOf).high;
}

function rangeOf(index: Index, largestOf: LargestOf): Range {
  switch (index.kind) {
    case 'constant':
      return { low: index, high: index };
    case 'size':
    case 'variable': {
      const largest = largestOf(index.kind, index.name);
      return largest === 'fixed' ? { low: index, high: index } : { low: ZERO, high: largest };
    }
    case 'choose': {
      const [a, b] = [rangeOf(index.then, largestOf), rangeOf(index.otherwise, largestOf)];
      return { low: both(a.low, b.low, min), high: both(a.high, b.high, max) };
    }
    default:
      return combined(index.kind, rangeOf(index.a, largestOf), rangeOf(index.b, largestOf));
  }
}

type Combination = Exclude<Index['kind'], 'constant' | 'variable' | 'size' | 'choose'>;

function combined(kind: Combination, a: Range, b: Range): Range {
  switch (kind) {
    case 'add':
      return each(a, b, add);
    case 'multiply': {
      const factor = constantOf(b) ?? constantOf(a);
      const scaled = each(a, b, multiply);
      return factor !== undefined && factor < 0 ? { low: scaled.high, high: scaled.low } : scaled;
    }
    case 'min':
      return {
        low: both(a.low, b.low, min),
        high: both(a.high, b.high, min) ?? a.high ?? b.high,
      };
    case 'max':
      return each(a, b, max);
    case 'floorDiv': {
      const divisor = b.low?.kind === 'constant' && b.low.value >= 1 ? b.low : constant(1);
      return { low: isLeastZero(a) ? ZERO : undefined, high: a.high && floorDiv(a.high, divisor) };
    }
    case 'mod':
      return { low: ZERO, high: b.high && add(b.high, -1) };
  }
}

function isLeastZero({ low }: Range): boolean {
  return low?.kind === 'constant' && low.value >= 0;
}

function constantOf({ low, high }: Range): number | undefined {
  return low === high && low?.kind === 'constant' ? low.value : undefined;
}

function each(a: Range, b: Range, of: (x: Index, y: Index) => Index): Range {
  return { low: both(a.low, b.low, of), high: both(a.high, b.high, of) };
}

function both(
  a: Index | undefined,
  b: Index | undefined,
  of: (x: Index, y: Index) => Index,
): Index | undefined {
  return a === undefined || b === undefined ? undefined : of(a, b);
}
