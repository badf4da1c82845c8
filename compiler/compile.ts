/**
 * The ordered list of passes from `.onnx` bytes to a fusion plan. Each is a pure function of its input;
 * between two of them the caller's `checkpoint` runs (progress, cancellation), so nothing blocks for long.
 */
import { buildEcg } from './ecg/buildEcg.ts';
import type { Ecg } from './ecg/ecg.ts';
import { DEFAULT_CONTEXT } from './fusion/context.ts';
import { createPlanner } from './fusion/planner.ts';
import type { Planner } from './fusion/planner.ts';
import type { FusionPlan, PlanEdits } from './fusion/plan.ts';
import type { ProfileDatabase } from './fusion/profile.ts';
import { EMPTY_PROFILE } from './fusion/profile.ts';
import type { Bindings } from './graph/dim.ts';
import type { Model } from './graph/graph.ts';
import { inferModel } from './infer/inferModel.ts';
import { loweringCanCompile } from './lower/compilable.ts';
import { importModel } from './onnx/importModel.ts';
import type { ModelSource } from './onnx/source.ts';
import type { GraphCost, RewriteResult, RewriteSettings } from './rewrite/rewrite.ts';
import { DEFAULT_REWRITES } from './rewrite/rewrite.ts';
import { simplifyInferred } from './rewrite/simplifyModel.ts';

/** Runs before each pass with its name; may throw to cancel. */
export type Checkpoint = (stage: string) => Promise<void>;

/** What depends on the file alone. */
export interface Imported {
  readonly source: ModelSource;
  readonly model: Model;
  readonly importMs: number;
}

/** What depends on the file and the dim bindings. */
export interface Analysed {
  /** Inferred and rewritten: types, known values, constants folded, dead shape arithmetic gone. */
  readonly model: Model;
  readonly ecg: Ecg;
  /** Plans any edits over this ECG, remembering prefixes (undo is instant). */
  readonly planner: Planner;
  readonly bindings: Bindings;
  readonly settings: RewriteSettings;
  readonly rewriting: Rewriting;
  readonly inferMs: number;
}

/** What rewriting did, and what the graph cost before. */
export interface Rewriting extends Pick<RewriteResult, 'applications' | 'declined'> {
  readonly before: GraphCost;
  readonly after: GraphCost;
}

export interface Planned {
  readonly plan: FusionPlan;
  readonly planMs: number;
}

export const NO_CHECKPOINT: Checkpoint = () => Promise.resolve();

/** Throws ModelError when the file is no model at all; everything milder is a diagnostic. */
export async function importPass(
  source: ModelSource,
  checkpoint: Checkpoint = NO_CHECKPOINT,
): Promise<Imported> {
  await checkpoint('Reading the model');
  const start = performance.now();
  const model = importModel(source);
  return { source, model, importMs: performance.now() - start };
}

export async function analysePass(
  imported: Imported,
  bindings: Bindings,
  checkpoint: Checkpoint = NO_CHECKPOINT,
  settings: RewriteSettings = DEFAULT_REWRITES,
  profile: ProfileDatabase = EMPTY_PROFILE,
): Promise<Analysed> {
  // Types and sizes first: mapping types and every estimate depend on them.
  await checkpoint('Inferring shapes');
  const start = performance.now();
  const inferred = inferModel(imported.model, { bindings });
  // Then mathematical properties: the graph that is planned is the cheaper one.
  await checkpoint('Rewriting');
  const simplified = simplifyInferred(inferred, bindings, settings);
  const { model, applications, declined } = simplified;
  // The paper's attributes on operators and edges.
  await checkpoint('Building the ECG');
  const ecg = buildEcg(model, bindings);
  const after = costOf(ecg);
  const before =
    applications.length === 0 ? after : costOf(buildEcg(simplified.inferred, bindings));
  const rewriting: Rewriting = { applications, declined, before, after };
  const inferMs = performance.now() - start;
  const planner = plannerFor(model, ecg, profile);
  return { model, ecg, planner, bindings, settings, rewriting, inferMs };
}

/** Of one inference, estimated under the bindings. */
function costOf(ecg: Ecg): GraphCost {
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  return {
    operators: ecg.nodes.length,
    flops: sum(ecg.nodes.map(({ flopsEstimate }) => flopsEstimate)),
    bytes: sum(ecg.nodes.map(({ irsEstimate }) => irsEstimate)),
  };
}

/** A planner that asks code generation what it may fuse, and `profile` what was measured on the device of the edits. */
export function plannerFor(
  model: Model,
  ecg: Ecg,
  profile: ProfileDatabase = EMPTY_PROFILE,
): Planner {
  return createPlanner(ecg, { ...DEFAULT_CONTEXT, profile, canCompile: loweringCanCompile(model) });
}

export async function planPass(
  analysed: Analysed,
  edits: PlanEdits,
  checkpoint: Checkpoint = NO_CHECKPOINT,
): Promise<Planned> {
  await checkpoint('Planning');
  const start = performance.now();
  const plan = analysed.planner.plan(edits);
  return { plan, planMs: performance.now() - start };
}

/** Bindings of the edits, as the dims module takes them. */
export function bindingsOf(edits: PlanEdits): Bindings {
  return new Map(Object.entries(edits.bindings));
}
