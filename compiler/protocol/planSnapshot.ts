/** The plan as the page gets it, in step with the columns of the graph. */
import type { OverrideOutcome, PlannerName } from '../fusion/plan.ts';

export interface PlanSummary {
  readonly operators: number;
  readonly blocks: number;
  /** operators / blocks. */
  readonly fusionRate: number;
  readonly flops: number;
  readonly intermediateBytesBefore: number;
  readonly intermediateBytesAfter: number;
  /** Many-to-Many + opaque operators: the least count that Table 3 allows. */
  readonly lowerBound: number;
}

export interface PlanSnapshot {
  readonly revision: number;
  readonly planner: PlannerName;
  readonly blockOf: Int32Array;
  readonly blockIds: readonly string[];
  /** Operator index or -1. */
  readonly blockSeed: Int32Array;
  /** Index into MAPPING_TYPES. */
  readonly blockMapping: Uint8Array;
  readonly blockPinned: Uint8Array;
  /** Per edge: 1 = fused; index into VERDICT_REASONS. */
  readonly edgeFused: Uint8Array;
  readonly edgeReason: Uint8Array;
  readonly overrides: readonly OverrideOutcome[];
  /** Blocks whose members differ from the plan shown before (empty on the first plan). */
  readonly changedBlocks: Int32Array;
  readonly summary: PlanSummary;
}

export interface Timings {
  readonly importMs: number;
  /** Shapes, types, folding, ECG. */
  readonly inferMs: number;
  readonly planMs: number;
}
