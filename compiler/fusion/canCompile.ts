/**
 * The one predicate that decides whether operators may share a kernel; planners and the user's overrides
 * ask it alike. Until code generation exists this is its declared rule set:
 *   - one operator alone always can;
 *   - no opaque operator, no strings, sequences, optionals; every rank known (sizes may be symbolic);
 *   - convex: no value leaves the block and comes back into it; and connected;
 *   - at most one Many-to-Many operator, the dominant one, the others being its prologue and epilogue;
 *     or several row reductions over the same rows, which share one pass (see rowReductions.ts);
 *     or attention: a MatMul, the Softmax of its rows, and the MatMul of that (see attention.ts).
 */
import type { Ecg } from '../ecg/ecg.ts';
import { isAttention } from './attention.ts';
import type { Blocker } from './operatorBlocker.ts';
import { operatorBlocker } from './operatorBlocker.ts';
import { reducedRow } from './rowReductions.ts';

export type Compilable = { readonly ok: true } | ({ readonly ok: false } & Blocker);

export type CanCompile = (ecg: Ecg, operators: readonly number[]) => Compilable;

const OK: Compilable = { ok: true };

/** @param operators distinct operator indices. */
export const canCompile: CanCompile = (ecg, operators) => {
  const kernel = hasKernel(ecg, operators);
  if (!kernel.ok || operators.length < 2) return kernel;
  if (!isConnected(ecg, operators)) {
    return { ok: false, reason: 'no-kernel', detail: 'the operators do not read from each other' };
  }
  return convexity(ecg, operators);
};

/** `canCompile` for convex and connected sets: what planners ask, which build no others. */
export const hasKernel: CanCompile = (ecg, operators) => {
  if (operators.length < 2) return OK;
  for (const operator of operators) {
    const blocker = operatorBlocker(ecg, operator);
    if (blocker !== undefined) return { ok: false, ...blocker };
  }
  return dominantOperator(ecg, operators);
};

function dominantOperator(ecg: Ecg, operators: readonly number[]): Compilable {
  const heavy = operators.filter((operator) => ecg.nodes[operator]!.mapping === 'many-to-many');
  if (heavy.length < 2 || isAttention(ecg, operators, heavy)) return OK;
  const rows = heavy.map((operator) => reducedRow(ecg, ecg.nodes[operator]!));
  const names = heavy.map((operator) => ecg.nodes[operator]!.operator.type);
  if (rows.includes(undefined)) {
    const detail = `${list(names)} are all Many-to-Many`;
    return { ok: false, reason: 'no-kernel', detail };
  }
  if (new Set(rows).size > 1) {
    return { ok: false, reason: 'no-kernel', detail: `${list(names)} reduce different rows` };
  }
  return OK;
}

function list(names: readonly string[]): string {
  const shown = names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more`] : names;
  return `${shown.slice(0, -1).join(', ')} and ${shown[shown.length - 1]}`;
}

function isConnected(ecg: Ecg, operators: readonly number[]): boolean {
  const inside = new Set(operators);
  const reached = new Set([operators[0]!]);
  const stack = [operators[0]!];
  while (stack.length > 0) {
    const { producers, consumers } = ecg.nodes[stack.pop()!]!;
    for (const next of [...producers, ...consumers]) {
      if (!inside.has(next) || reached.has(next)) continue;
      reached.add(next);
      stack.push(next);
    }
  }
  return reached.size === inside.size;
}

/** Searches forward from the values that leave, not past the last member in topological order. */
function convexity(ecg: Ecg, operators: readonly number[]): Compilable {
  const inside = new Set(operators);
  const last = operators.reduce((max, operator) => Math.max(max, operator), -1);
  const seen = new Set<number>();
  const stack = operators.flatMap((o) => ecg.nodes[o]!.consumers.filter((c) => !inside.has(c)));
  while (stack.length > 0) {
    const operator = stack.pop()!;
    if (operator > last || seen.has(operator)) continue;
    seen.add(operator);
    const { consumers } = ecg.nodes[operator]!;
    if (consumers.some((consumer) => inside.has(consumer))) {
      const name = ecg.nodes[operator]!.operator.type;
      return {
        ok: false,
        reason: 'cycle',
        detail: `a value goes through ${name} outside and back`,
      };
    }
    stack.push(...consumers);
  }
  return OK;
}
