/**
 * The largest value that an index expression can have, in terms of sizes: how much scratch a local needs whose
 * extent varies from one iteration to the next.
 */
import type { Facts } from '../../loop/facts.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { add, constant, floorDiv, max, min, multiply, ZERO } from '../../loop/indexExpr.ts';
import { toIndex } from '../../loop/polynomial.ts';

interface Range {
  readonly least: Index;
  readonly most: Index;
}

/** Throws Error where no bound is known. */
export function largestValue(index: Index, facts: Facts): Index {
  return rangeOf(index, facts).most;
}

function rangeOf(index: Index, facts: Facts): Range {
  switch (index.kind) {
    case 'constant':
    case 'size':
      return { least: index, most: index };
    case 'variable': {
      const bounds = facts.boundsOf(index.name);
      if (bounds === undefined) throw new Error(`${index.name} has no bounds`);
      return {
        least: rangeOf(toIndex(bounds.min), facts).least,
        most: rangeOf(toIndex(bounds.max), facts).most,
      };
    }
    case 'choose': {
      const [a, b] = [rangeOf(index.then, facts), rangeOf(index.otherwise, facts)];
      return { least: min(a.least, b.least), most: max(a.most, b.most) };
    }
    default: {
      const [a, b] = [rangeOf(index.a, facts), rangeOf(index.b, facts)];
      return combined(index.kind, a, b);
    }
  }
}

function combined(kind: string, a: Range, b: Range): Range {
  switch (kind) {
    case 'add':
      return { least: add(a.least, b.least), most: add(a.most, b.most) };
    case 'min':
      return { least: min(a.least, b.least), most: min(a.most, b.most) };
    case 'max':
      return { least: max(a.least, b.least), most: max(a.most, b.most) };
    case 'mod':
      return { least: ZERO, most: add(b.most, -1) };
    case 'multiply': {
      const corners = [
        multiply(a.least, b.least),
        multiply(a.least, b.most),
        multiply(a.most, b.least),
        multiply(a.most, b.most),
      ];
      return {
        least: corners.reduce((x, y) => min(x, y)),
        most: corners.reduce((x, y) => max(x, y)),
      };
    }
    default: {
      const divisor = b.least.kind === 'constant' && b.least === b.most ? b.least : undefined;
      if (divisor === undefined) {
        // Divisors are positive: the quotient is no further from zero than the dividend.
        return { least: min(a.least, ZERO), most: max(a.most, constant(0)) };
      }
      return { least: floorDiv(a.least, divisor), most: floorDiv(a.most, divisor) };
    }
  }
}
