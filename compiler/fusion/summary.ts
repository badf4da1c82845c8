/**
 * The numbers of one plan, shown above the graph and printed by the command line.
 */
import type { Ecg } from '../ecg/ecg.ts';
import type { FusionPlan } from './plan.ts';

export interface Summary {
  readonly operators: number;
  readonly blocks: number;
  /** operators / blocks; 1 for an empty graph. */
  readonly fusionRate: number;
  /** Floating-point operations of one execution under the current dim bindings. */
  readonly flops: number;
  /**
   * Bytes of the intermediate results: values that one operator writes and another reads, each counted
   * once. Inputs, constants and outputs of the graph are not intermediate: they are stored under every plan.
   */
  readonly intermediateBytesBefore: number;
  /** The part of them that still leaves its block and so is stored. */
  readonly intermediateBytesAfter: number;
  /** Many-to-Many and opaque operators: the fewest blocks that Table 3 allows. */
  readonly lowerBound: number;
}

export function summarisePlan(ecg: Ecg, plan: FusionPlan): Summary {
  const seen = new Uint8Array(ecg.graph.values.length);
  let before = 0;
  let after = 0;
  for (const { value, bytesEstimate } of ecg.edges) {
    if (seen[value] === 1 || ecg.graph.values[value]!.isOutput) continue;
    seen[value] = 1;
    before += bytesEstimate;
    if (plan.removable[value] === 0) after += bytesEstimate;
  }
  const operators = ecg.nodes.length;
  const blocks = plan.blocks.length;
  return {
    operators,
    blocks,
    fusionRate: blocks === 0 ? 1 : operators / blocks,
    flops: ecg.nodes.reduce((sum, node) => sum + node.flopsEstimate, 0),
    intermediateBytesBefore: before,
    intermediateBytesAfter: after,
    lowerBound: lowerBound(ecg),
  };
}

/** L: each of these operators needs a block of its own under Table 3. */
export function lowerBound(ecg: Ecg): number {
  return ecg.nodes.filter(({ mapping }) => mapping === 'many-to-many' || mapping === 'opaque')
    .length;
}
