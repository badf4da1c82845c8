/**
 * What one operator costs per inference, by the operator table and the shapes at hand: FLOPs, bytes of tensors that
 * it reads and writes, and one operator. What depends on constants alone costs nothing: it is computed when the
 * model is packed.
 */
import type { Operator } from '../graph/graph.ts';
import type { Estimator } from '../ecg/estimate.ts';
import { bytesOf } from '../ecg/tensorBytes.ts';
import type { OperatorEntry } from '../ops/define.ts';
import type { ValueFacts } from '../ops/operatorView.ts';
import { OperatorView } from '../ops/operatorView.ts';
import { UNKNOWN_TYPE } from '../graph/types.ts';

export interface Cost {
  readonly flops: number;
  /** Of tensors between operators, inputs and outputs of the graph included; constants are not counted. */
  readonly bytes: number;
  readonly operators: number;
}

export const NO_COST: Cost = { flops: 0, bytes: 0, operators: 0 };

export function costOf(
  operator: Operator,
  entry: OperatorEntry | undefined,
  facts: ValueFacts,
  estimator: Estimator,
): Cost {
  const outputs = operator.outputs.filter((value) => value >= 0);
  if (outputs.length > 0 && outputs.every((value) => facts.constant[value])) return NO_COST;
  let bytes = 0;
  for (const value of new Set(operator.inputs)) {
    if (value >= 0 && !isFixed(facts, value)) bytes += sizeOf(facts, value, estimator);
  }
  for (const value of outputs) bytes += sizeOf(facts, value, estimator);
  return { flops: flopsOf(operator, entry, facts, estimator), bytes, operators: 1 };
}

/** Weights, and sizes: nothing that an operator writes. */
function isFixed(facts: ValueFacts, value: number): boolean {
  return facts.constant[value] === true;
}

function sizeOf(facts: ValueFacts, value: number, estimator: Estimator): number {
  return estimator.value(bytesOf(facts.types[value] ?? UNKNOWN_TYPE));
}

function flopsOf(
  operator: Operator,
  entry: OperatorEntry | undefined,
  facts: ValueFacts,
  estimator: Estimator,
): number {
  if (!entry) return 0;
  try {
    return estimator.value(entry.flops(new OperatorView(operator, facts)));
  } catch {
    // Rules run on operators whose inference failed too.
    return 0;
  }
}

export function addCost(a: Cost, b: Cost): Cost {
  return {
    flops: a.flops + b.flops,
    bytes: a.bytes + b.bytes,
    operators: a.operators + b.operators,
  };
}

export function subtractCost(a: Cost, b: Cost): Cost {
  return {
    flops: a.flops - b.flops,
    bytes: a.bytes - b.bytes,
    operators: a.operators - b.operators,
  };
}

/** Negative when `a` saves more: FLOPs first, then bytes, then operators. */
export function compareSavings(a: Cost, b: Cost): number {
  return b.flops - a.flops || b.bytes - a.bytes || b.operators - a.operators;
}

/** Something is saved, and neither FLOPs nor bytes are paid for it. */
export function isSaving({ flops, bytes, operators }: Cost): boolean {
  if (flops < 0 || bytes < 0) return false;
  return flops > 0 || bytes > 0 || operators > 0;
}
