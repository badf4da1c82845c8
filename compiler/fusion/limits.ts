/**
 * The constraint check of Listing 1: a block that grows further would spill registers or read too many
 * streams. The paper finds the thresholds by experiment per device; these are generous defaults until target
 * records carry their own.
 */
import type { Ecg } from '../ecg/ecg.ts';
import type { VerdictReason } from './plan.ts';

export interface Limits {
  /** Operators of one block. */
  readonly operators: number;
  /** Distinct tensors (constants aside) that one block reads: address registers and memory streams. */
  readonly inputs: number;
  /** Values of one output element alive at the same time: vector registers. */
  readonly liveValues: number;
  /** Bytes of the first and second data cache of a core; default: the smallest among the targets, those of phones. */
  readonly cache: readonly [first: number, second: number];
}

export const DEFAULT_LIMITS: Limits = {
  operators: 64,
  inputs: 32,
  liveValues: 24,
  cache: [32 << 10, 256 << 10],
};

export interface Exceeded {
  readonly reason: Extract<VerdictReason, 'constraint-size' | 'constraint-inputs'>;
  readonly detail: string;
}

/** @param operators members in topological order; `undefined`: within the limits. */
export function exceedsLimits(
  ecg: Ecg,
  operators: readonly number[],
  limits: Limits = DEFAULT_LIMITS,
): Exceeded | undefined {
  if (operators.length > limits.operators) {
    return { reason: 'constraint-size', detail: `more than ${limits.operators} operators` };
  }
  // Fewer operators than that cannot break the other two limits (Concat's inputs are read one by one).
  if (operators.length < Math.min(limits.inputs, limits.liveValues) / 2) return undefined;
  const { inputs, liveValues } = pressure(ecg, operators);
  if (inputs > limits.inputs) {
    return { reason: 'constraint-inputs', detail: `more than ${limits.inputs} input tensors` };
  }
  if (liveValues > limits.liveValues) {
    return { reason: 'constraint-size', detail: `more than ${limits.liveValues} live values` };
  }
  return undefined;
}

/** Distinct tensors read from outside, and the most inner values alive between two operators. */
export function pressure(
  ecg: Ecg,
  operators: readonly number[],
): { readonly inputs: number; readonly liveValues: number } {
  const inside = new Set(operators);
  const inputs = new Set<number>();
  const remainingReads = new Map<number, number>();
  for (const operator of operators) {
    for (const value of ecg.nodes[operator]!.operator.inputs) {
      const source = ecg.graph.values[value];
      if (source === undefined || source.constant !== undefined) continue;
      if (inside.has(source.producer)) {
        remainingReads.set(value, (remainingReads.get(value) ?? 0) + 1);
      } else inputs.add(value);
    }
  }
  let live = 0;
  let liveValues = 0;
  for (const operator of operators) {
    const { inputs: reads, outputs } = ecg.nodes[operator]!.operator;
    for (const value of outputs) if (remainingReads.has(value)) live++;
    liveValues = Math.max(liveValues, live);
    for (const value of reads) {
      const reading = remainingReads.get(value);
      if (reading === undefined) continue;
      if (reading === 1) live--;
      remainingReads.set(value, reading - 1);
    }
  }
  return { inputs: inputs.size, liveValues };
}
