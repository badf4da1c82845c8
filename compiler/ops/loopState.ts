/**
 * Types of loop-carried values. A state may change its shape from one iteration to the next, so the
 * body is inferred again with weaker and weaker inputs until nothing changes any more.
 */
import type { Dim } from '../graph/dim.ts';
import { dimAdd, dimEqual, dimMul, dimSub, symbolsOf } from '../graph/dim.ts';
import type { ValueType } from '../graph/types.ts';
import type { InferContext } from './define.ts';
import { largerDim } from './dimBounds.ts';
import { mapDims, mergeTypes, typesEqual, withoutSizes } from './mergeTypes.ts';

/** A differing size becomes a name (1), which the body may change once more (2); ranks fall next. */
const MAX_ROUNDS = 6;

export interface LoopTypes {
  /** States after the last iteration. */
  readonly finals: readonly ValueType[];
  /** All outputs of the body under the weakest state types. */
  readonly body: readonly ValueType[];
}

/**
 * `run` infers the body for given state types; `statesOf` picks the new states from its outputs. Inside the
 * body a varying size is one symbol per state axis; behind the loop it is another one, because
 * the value of the last iteration equals no earlier one.
 */
export function inferStates(
  op: InferContext,
  initial: readonly ValueType[],
  run: (states: readonly ValueType[]) => readonly ValueType[],
  statesOf: (outputs: readonly ValueType[]) => readonly (ValueType | undefined)[],
  trips?: Dim,
): LoopTypes {
  let states = initial;
  let body: readonly ValueType[] = [];
  for (let round = 0; round < MAX_ROUNDS; round++) {
    body = run(states);
    const next = statesOf(body);
    // Half way without rest: give the sizes up.
    const merged = states.map((state, i) => {
      const joined = mergeTypes(state, next[i] ?? state, (axis) => op.dataDim(`state${i}_${axis}`));
      return round >= MAX_ROUNDS / 2 && !typesEqual(joined, state) ? withoutSizes(joined) : joined;
    });
    if (merged.every((type, i) => typesEqual(type, states[i] as ValueType))) break;
    states = merged;
  }
  const results = statesOf(body);
  const finals = states.map((state, i) => leaveLoop(op, state, initial[i], results[i], i, trips));
  return { finals, body };
}

function leaveLoop(
  op: InferContext,
  state: ValueType,
  initial: ValueType | undefined,
  result: ValueType | undefined,
  index: number,
  trips: Dim | undefined,
): ValueType {
  const before = initial?.kind === 'tensor' ? initial.shape : undefined;
  const after = result?.kind === 'tensor' ? result.shape : undefined;
  return mapDims(state, (dim, axis) => {
    const start = before?.[axis];
    if (typeof dim === 'number' || (start !== undefined && dimEqual(start, dim))) return dim;
    const bound = largestState(start, dim, after?.[axis], trips);
    // The size inside the body gets the same bound.
    const own = op.dataDim(`state${index}_${axis}`, bound);
    return dimEqual(own, dim) ? op.dataDim(`final${index}_${axis}`, bound) : dim;
  });
}

/** A size that is new in every iteration, or grows by the same amount in each. */
function largestState(
  start: Dim | undefined,
  state: Dim,
  next: Dim | undefined,
  trips: Dim | undefined,
): Dim | undefined {
  if (start === undefined || next === undefined) return undefined;
  const inside = symbolsOf(state);
  const isFree = (dim: Dim): boolean => ![...symbolsOf(dim)].some((symbol) => inside.has(symbol));
  if (isFree(next)) return largerDim(start, next);
  const growth = dimSub(next, state);
  if (trips === undefined || !isFree(growth)) return undefined;
  return dimAdd(start, dimMul(largerDim(trips, 0), largerDim(growth, 0)));
}

/** How often a Loop runs: its trip count where the condition stays true, else a data dim. */
export function tripCount(op: InferContext): Dim {
  const stated = op.has(0) ? op.known(0)?.data[0] : undefined;
  if (stated !== undefined && staysTrue(op)) return stated;
  return op.dataDim('trips', stated);
}

function staysTrue(op: InferContext): boolean {
  if (op.has(1) && op.numbers(1)?.[0] !== 1) return false;
  const body = op.subgraph('body');
  const result = body?.outputs[0];
  if (!body || result === undefined) return false;
  // Passed on, or a constant true.
  return result === body.inputs[1] || body.values[result]?.known?.data[0] === 1;
}
