/**
 * What one operator costs per inference, by the operator table and the shapes at hand: FLOPs, bytes of tensors that
 * it reads and writes, and one operator. What depends on constants alone costs nothing: it is computed when the
 * model is packed.
 */
import type { Operator } from '../graph/graph.ts';
import type { OperatorEntry } from '../ops/define.ts';
import { OperatorView } from '../ops/operatorView.ts';
import type { RewriteGraph } from './rewriteGraph.ts';

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
  graph: RewriteGraph,
): Cost {
  const { inputs, outputs } = operator;
  const isFixed = (value: number): boolean => value < 0 || graph.constant[value] === true;
  if (outputs.every(isFixed) && outputs.some((value) => value >= 0)) return NO_COST;
  let bytes = 0;
  inputs.forEach((value, at) => {
    if (!isFixed(value) && inputs.indexOf(value) === at) bytes += graph.bytesOf(value);
  });
  for (const value of outputs) if (value >= 0) bytes += graph.bytesOf(value);
  return { flops: flopsOf(operator, entry, graph), bytes, operators: 1 };
}

function flopsOf(
  operator: Operator,
  entry: OperatorEntry | undefined,
  graph: RewriteGraph,
): number {
  if (!entry) return 0;
  try {
    return graph.estimator.value(entry.flops(new OperatorView(operator, graph)));
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
