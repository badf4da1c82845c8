/** Messages between host and compiler worker: vscode-jsonrpc over Node IPC. */
import type { Diagnostic } from '../diagnostics.ts';
import type { PlanEdits } from '../fusion/plan.ts';
import type { TargetName } from '../target/target.ts';
import type { Details, WeightStatistics, WhatIf } from './details.ts';
import type { GraphSnapshot, RewriteSketches } from './graphSnapshot.ts';
import type { PlanSnapshot, Timings } from './planSnapshot.ts';
import type { KernelText } from './runs.ts';
import type { PlannerRow, Variant, VariantResult } from './variants.ts';

/** Where the model is: a file the worker reads itself, or (virtual file systems) its whole content. */
export type ModelLocation =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'bytes'; readonly name: string; readonly bytes: Uint8Array };

export interface OpenParams {
  /** Key chosen by the host; one per document. */
  readonly doc: string;
  readonly location: ModelLocation;
  readonly edits: PlanEdits;
}

export interface OpenResult {
  readonly graph: GraphSnapshot;
  readonly plan: PlanSnapshot;
  readonly diagnostics: readonly Diagnostic[];
  readonly structureHash: string;
  readonly timings: Timings;
}

export interface ReplanParams {
  readonly doc: string;
  readonly edits: PlanEdits;
  /** The edits whose plan is on screen: `changedBlocks` is the difference from it. */
  readonly shown?: PlanEdits;
}

export interface ReplanResult {
  /** Only when bindings or rewriting changed it. */
  readonly graph?: GraphSnapshot;
  readonly plan: PlanSnapshot;
  readonly diagnostics: readonly Diagnostic[];
  readonly planMs: number;
}

export interface DevicePlanSummary {
  /** Yellow edges that measured times decide. */
  readonly measured: number;
  /** Blocks that would be others. */
  readonly changed: number;
  /** Why: one sentence per edge that they decide otherwise than the cost model. */
  readonly reasons: readonly string[];
}

export interface ExportedModel {
  readonly bytes: number;
  /** Of the file of weights beside it; 0: there is none. */
  readonly dataBytes: number;
  /** Weights stay in the original's files. */
  readonly refers: boolean;
}

/** Requests of the worker: name -> [params, result]. All can be cancelled; all may fail with ModelError's data. */
export interface WorkerRequests {
  'document/open': [OpenParams, OpenResult];
  'document/replan': [ReplanParams, ReplanResult];
  'document/close': [{ doc: string }, null];
  'document/details': [
    { doc: string; target: { operator: number } | { block: number } },
    Details | null,
  ];
  'document/explain': [{ doc: string; edge: number }, string];
  'document/whatIf': [{ doc: string; a: number; b: number }, WhatIf];
  'document/weightStatistics': [{ doc: string; constant: number }, WeightStatistics];
  /** Source of one block's kernel, or of all kernels under other edits (to compare plans). */
  'document/kernel': [
    { doc: string; target: TargetName; of: { block: number } | { edits: PlanEdits } },
    KernelText,
  ];
  /** Writes the graph shown as an `.onnx` file; both are absolute paths of files. */
  'document/export': [{ doc: string; original: string; path: string }, ExportedModel];
  /** Reads the profile database again, and what its times of a device would change. */
  'document/devicePlan': [{ doc: string; device: string }, DevicePlanSummary];
  'document/planners': [{ doc: string }, readonly PlannerRow[]];
  'document/variant': [{ doc: string; variant: Variant }, VariantResult];
  /** One application of a rule as two small graphs; null: there is none with this id. */
  'document/rewrite': [{ doc: string; id: string }, RewriteSketches | null];
  /** Weight files beside the model, relative to its folder: what a copy of it needs. */
  'document/externalFiles': [{ doc: string }, readonly string[]];
}

/** Worker -> host notification while a request is running. */
export interface WorkerProgress {
  readonly doc: string;
  /** 'Reading', 'Shapes', 'Planning' … */
  readonly stage: string;
}
