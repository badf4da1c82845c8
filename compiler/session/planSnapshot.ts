/**
 * Columnar snapshot of a plan for the page, with the blocks that differ from the plan shown before.
 */
import type { FusionBlock, FusionPlan } from '../fusion/plan.ts';
import { VERDICT_REASONS } from '../fusion/plan.ts';
import { MAPPING_TYPES } from '../mapping/mappingTypes.ts';
import type { PlanSnapshot, PlanSummary } from '../protocol.ts';

export function planSnapshot(
  plan: FusionPlan,
  summary: PlanSummary,
  revision: number,
  previous: FusionPlan | undefined,
): PlanSnapshot {
  return {
    revision,
    planner: plan.planner,
    blockOf: plan.blockOf,
    blockIds: plan.blocks.map((block) => block.id),
    blockSeed: Int32Array.from(plan.blocks, (block) => block.seed),
    blockMapping: Uint8Array.from(plan.blocks, (block) => MAPPING_TYPES.indexOf(block.mapping)),
    blockPinned: Uint8Array.from(plan.blocks, (block) => (block.pinned ? 1 : 0)),
    edgeFused: Uint8Array.from(plan.verdicts, (verdict) => (verdict.fused ? 1 : 0)),
    edgeReason: Uint8Array.from(plan.verdicts, (v) => VERDICT_REASONS.indexOf(v.reason)),
    overrides: plan.overrides,
    changedBlocks: Int32Array.from(changedBlocks(plan, previous)),
    summary,
  };
}

/** Indices of the blocks of `plan` whose members formed no block of `previous`. */
function changedBlocks(plan: FusionPlan, previous: FusionPlan | undefined): number[] {
  if (!previous || previous === plan) return [];
  const members = (block: FusionBlock): string => block.operators.join();
  const before = new Set(previous.blocks.map(members));
  return plan.blocks.filter((block) => !before.has(members(block))).map((block) => block.index);
}
