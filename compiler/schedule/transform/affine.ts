/**
 * Cheap arithmetic on indices that are sums of multiples, as simplified indices are: what a transform does
 * thousands of times and the simplifier's proofs would be too slow for.
 */
import type { Facts } from '../../loop/facts.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { add, multiply, visitNames, ZERO } from '../../loop/indexExpr.ts';
import { simplifyIndex } from '../../loop/simplifyIndex.ts';

/** Whether a variable of this name occurs. */
export function mentions(index: Index, name: string): boolean {
  let found = false;
  visitNames(index, (kind, other) => {
    if (kind === 'variable' && other === name) found = true;
  });
  return found;
}

/** index = coefficient * variable + rest; `undefined` where the variable stands inside other operations. */
export function linearIn(
  index: Index,
  name: string,
): { readonly coefficient: number; readonly rest: Index } | undefined {
  switch (index.kind) {
    case 'constant':
    case 'size':
      return { coefficient: 0, rest: index };
    case 'variable':
      return index.name === name ? { coefficient: 1, rest: ZERO } : { coefficient: 0, rest: index };
    case 'add': {
      const [a, b] = [linearIn(index.a, name), linearIn(index.b, name)];
      return a && b && { coefficient: a.coefficient + b.coefficient, rest: add(a.rest, b.rest) };
    }
    case 'multiply': {
      const [factor, other] =
        index.a.kind === 'constant' ? [index.a.value, index.b] : [constantOf(index.b), index.a];
      if (factor === undefined) return mentions(index, name) ? undefined : whole(index);
      const part = linearIn(other, name);
      return part && { coefficient: part.coefficient * factor, rest: multiply(part.rest, factor) };
    }
    default:
      return mentions(index, name) ? undefined : whole(index);
  }
}

function whole(rest: Index) {
  return { coefficient: 0, rest };
}

function constantOf(index: Index): number | undefined {
  return index.kind === 'constant' ? index.value : undefined;
}

/**
 * An equal index after constants were substituted into a simplified one: constants gathered at the end.
 * `undefined` for what is no sum of multiples.
 */
export function gathered(index: Index): Index | undefined {
  const parts = gather(index, 1);
  return parts && add(parts.rest, parts.offset);
}

/** As `gathered`; other indices are simplified under the facts. */
export function tidy(index: Index, facts: Facts): Index {
  return gathered(index) ?? simplifyIndex(index, facts);
}

interface Gathered {
  readonly rest: Index;
  readonly offset: number;
}

function gather(index: Index, factor: number): Gathered | undefined {
  switch (index.kind) {
    case 'constant':
      return { rest: ZERO, offset: index.value * factor };
    case 'variable':
    case 'size':
      return { rest: multiply(index, factor), offset: 0 };
    case 'add': {
      const [a, b] = [gather(index.a, factor), gather(index.b, factor)];
      return a && b && { rest: add(a.rest, b.rest), offset: a.offset + b.offset };
    }
    case 'multiply': {
      const [left, right] = [constantOf(index.a), constantOf(index.b)];
      if (right !== undefined) return gather(index.a, factor * right);
      if (left !== undefined) return gather(index.b, factor * left);
      const parts = [index.a, index.b];
      if (!parts.every(({ kind }) => kind === 'variable' || kind === 'size')) return undefined;
      return { rest: multiply(index, factor), offset: 0 };
    }
    default:
      return undefined;
  }
}
