/**
 * Types of loop-carried values. A state may change its shape from one iteration to the next, so the
 * body is inferred again with weaker and weaker inputs until nothing changes any more.
 */
import type { Dim } from '../graph/dim.ts';
import { dimEqual } from '../graph/dim.ts';
import type { ValueType } from '../graph/types.ts';
import type { InferContext } from './define.ts';
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
  return { finals: states.map((state, i) => leaveLoop(op, state, initial[i], i)), body };
}

function leaveLoop(
  op: InferContext,
  state: ValueType,
  initial: ValueType | undefined,
  index: number,
): ValueType {
  const before = initial?.kind === 'tensor' ? initial.shape : undefined;
  return mapDims(state, (dim, axis) => {
    const unchanged = before?.[axis] !== undefined && dimEqual(before[axis], dim);
    return unchanged || typeof dim === 'number' ? dim : op.dataDim(`final${index}_${axis}`);
  });
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
