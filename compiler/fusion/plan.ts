/**
 * The result of planning: which operators share a fusion block, why every edge is fused or not, and what
 * became of the user's overrides. Plain data, deterministic for the same ECG, planner and edits.
 */
import type { MappingType } from '../mapping/mappingTypes.ts';
import type { RewriteSettings } from '../rewrite/rewrite.ts';

export const PLANNERS = ['none', 'pattern', 'dnnfusion', 'extended'] as const;
export type PlannerName = (typeof PLANNERS)[number];

/** Operators are named by their stable ids. */
export type Override =
  | { readonly kind: 'fuse'; readonly a: string; readonly b: string }
  | { readonly kind: 'cut'; readonly a: string; readonly b: string }
  | { readonly kind: 'seed'; readonly op: string }
  | { readonly kind: 'noSeed'; readonly op: string }
  /** Exactly these operators form one block. */
  | { readonly kind: 'pin'; readonly ops: readonly string[] };

/**
 * Everything the user decided; the unit of undo and of saving. The plan is a pure function of (ECG, edits):
 * the planner runs with the first `replannedAt` overrides as constraints; every later one is then applied
 * as a local repair, in order. *Replan all* sets `replannedAt` to the number of overrides.
 */
export interface PlanEdits {
  readonly planner: PlannerName;
  readonly overrides: readonly Override[];
  readonly replannedAt: number;
  /** Dim bindings: symbol -> size (1 or more). */
  readonly bindings: Readonly<Record<string, number>>;
  /** Absent: `DEFAULT_REWRITES`. */
  readonly rewrite?: RewriteSettings;
  /** Key in the profile database: yellow cells ask what was measured there. Absent: nobody is asked. */
  readonly device?: string;
}

/** Why an edge is fused or not: the fixed set; sentences are in `explain.ts`. */
export const VERDICT_REASONS = [
  // Accepted.
  'green',
  'yellow-profiled',
  'yellow-estimated',
  'pattern',
  'row-kernel', // one kernel takes row after row through several Many-to-Many operators
  'joined', // both ends got into the block through other edges
  'user-fuse',
  'user-pin',
  // Refused.
  'red',
  'yellow-not-profitable',
  'row-kernel-not-cheaper',
  'not-in-pattern',
  'planner-none',
  'opaque',
  'cycle',
  'constraint-size',
  'constraint-inputs',
  'constraint-shape',
  'multi-use',
  'no-seed',
  'not-reached',
  'user-cut',
  'user-pin-border',
  'no-kernel',
  'unbound-shape',
] as const;
export type VerdictReason = (typeof VERDICT_REASONS)[number];

/** Why operators cannot share a kernel (`canCompile.ts`). */
export type CompileReason = Extract<
  VerdictReason,
  'opaque' | 'cycle' | 'no-kernel' | 'unbound-shape'
>;

export interface Verdict {
  readonly fused: boolean;
  readonly reason: VerdictReason;
  /** Numbers or names that complete the sentence (bytes, estimates, mapping types). Plain text. */
  readonly detail?: string;
}

export interface FusionBlock {
  readonly index: number;
  /** Stable: the id of its first operator in topological order. */
  readonly id: string;
  /** Operator indices, ascending. */
  readonly operators: readonly number[];
  /** The seed it grew from; -1 when it did not grow from one. */
  readonly seed: number;
  readonly mapping: MappingType;
  readonly pinned: boolean;
}

export interface OverrideOutcome {
  readonly override: Override;
  readonly status: 'applied' | 'unmatched' | 'refused';
  /** Why refused / which id is missing. */
  readonly message?: string;
}

export interface FusionPlan {
  readonly planner: PlannerName;
  /** In topological order of the condensed graph. */
  readonly blocks: readonly FusionBlock[];
  /** Block index of each operator. */
  readonly blockOf: Int32Array;
  /** One per ECG edge. */
  readonly verdicts: readonly Verdict[];
  /** Per graph value: 1 when it never leaves its block (IR_removable). */
  readonly removable: Uint8Array;
  readonly overrides: readonly OverrideOutcome[];
}

export const NO_EDITS: PlanEdits = {
  planner: 'dnnfusion',
  overrides: [],
  replannedAt: 0,
  bindings: {},
};
