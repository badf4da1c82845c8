/** *Plan for this device*: the same edits planned with the device's measured times, and what that changed. */
import type { Ecg } from '../ecg/ecg.ts';
import { explainVerdict } from '../fusion/explain.ts';
import type { FusionPlan, PlanEdits, Verdict } from '../fusion/plan.ts';
import type { Planner } from '../fusion/planner.ts';

export interface DevicePlan {
  /** With the device; a plan of these is `plan` as long as the database says the same. */
  readonly edits: PlanEdits;
  readonly plan: FusionPlan;
  /** Edges that measured times decided otherwise than the cost model did. */
  readonly flips: readonly VerdictFlip[];
  /** Blocks of the new plan that the old one does not have. */
  readonly changed: readonly ChangedBlock[];
  /** Yellow edges that measured times decided, whether otherwise or not. */
  readonly measured: number;
}

export interface VerdictFlip {
  /** Index in the ECG. */
  readonly edge: number;
  readonly before: Verdict;
  readonly after: Verdict;
  /** 'Conv → Resize: fused: … measured 10.0 µs fused, 14.2 µs apart.' Plain text. */
  readonly sentence: string;
}

export interface ChangedBlock {
  /** Index in the new plan. */
  readonly block: number;
  /** Ids of blocks of the old plan that its operators were in. */
  readonly before: readonly string[];
  /** Of `flips`, those inside it or at its border. */
  readonly flips: readonly number[];
}

/** @param planner of the ECG, with the profile database in its context */
export function planForDevice(
  ecg: Ecg,
  planner: Planner,
  edits: PlanEdits,
  device: string,
): DevicePlan {
  const { device: _, ...general } = edits;
  const own: PlanEdits = { ...general, device };
  const before = planner.plan(general);
  const after = planner.plan(own);
  const flips = flipsOf(ecg, before, after);
  return {
    edits: own,
    plan: after,
    flips,
    changed: changedBlocks(ecg, before, after, flips),
    measured: after.verdicts.filter(isMeasured).length,
  };
}

/** Whether measured times are why. */
export function isMeasured({ reason, detail = '' }: Verdict): boolean {
  if (reason === 'yellow-profiled') return true;
  return reason === 'yellow-not-profitable' && /\bmeasured [^;]*apart$/.test(detail);
}

function flipsOf(ecg: Ecg, before: FusionPlan, after: FusionPlan): readonly VerdictFlip[] {
  return after.verdicts.flatMap((verdict, edge) => {
    const previous = before.verdicts[edge]!;
    if (verdict.fused === previous.fused || !isMeasured(verdict)) return [];
    const sentence = explainVerdict(ecg, after, edge);
    return [{ edge, before: previous, after: verdict, sentence }];
  });
}

function changedBlocks(
  ecg: Ecg,
  before: FusionPlan,
  after: FusionPlan,
  flips: readonly VerdictFlip[],
): readonly ChangedBlock[] {
  const known = new Set(before.blocks.map(({ operators }) => operators.join()));
  return after.blocks.flatMap(({ index, operators }) => {
    if (known.has(operators.join())) return [];
    const old = new Set(operators.map((operator) => before.blockOf[operator]!));
    const touching = flips.flatMap(({ edge }, i) => {
      const { from, to } = ecg.edges[edge]!;
      return after.blockOf[from] === index || after.blockOf[to] === index ? [i] : [];
    });
    return [
      { block: index, before: [...old].map((block) => before.blocks[block]!.id), flips: touching },
    ];
  });
}
