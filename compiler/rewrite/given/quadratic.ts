/** a·x² + b·x·y + c·y² = a·(x + p·y)·(x + q·y) with p, q = (b ± √(b² - 4ac)) / 2a. */
import { scalarOf } from '../constants.ts';
import type { Match } from '../match.ts';
import type { Condition, GivenRule } from '../rule.ts';

function coefficients(match: Match): readonly number[] | undefined {
  const found = ['a', 'b', 'c'].map((name) => scalarOf(match.graph, match.value(name)));
  return found.some((value) => value === undefined) ? undefined : (found as number[]);
}

/** Its factors are real, and rounding does not decide whether they are. */
export const factorable: Condition = (match) => {
  const [a, b, c] = coefficients(match) ?? [];
  if (!a || b === undefined || c === undefined) return false;
  return b * b - 4 * a * c >= 1e-3 * b * b;
};

export function quadraticRoot(sign: 1 | -1): GivenRule {
  return (match) => {
    const [a, b, c] = coefficients(match) ?? [];
    const type = match.graph.types[match.result.index];
    if (!a || b === undefined || c === undefined || type?.kind !== 'tensor') return undefined;
    const root = (b + sign * Math.sqrt(b * b - 4 * a * c)) / (2 * a);
    const stored = type.dtype === 'float64' ? root : Math.fround(root);
    return { dtype: type.dtype, dims: [], data: [stored] };
  };
}
