/**
 * The file beside a model that holds the user's plan: `model.onnx.fusion.json`. This is its content as
 * plain data; `parseSidecar` and `serialiseSidecar` turn it from and into text, `matchSidecar` and
 * `recordEdits` from and into the edits of one model. `media/fusion.schema.json` says the same as a schema.
 */
import type { Override, PlannerName } from '../fusion/plan.ts';
import type { RewriteSettings } from '../rewrite/rewrite.ts';

/** Raised when an older program would misread the file. */
export const SIDECAR_VERSION = 1;
export const SIDECAR_SUFFIX = '.fusion.json';
/** Larger files are refused unread. */
export const MAX_SIDECAR_BYTES = 16 * 1024 * 1024;

/** What a later program added; carried through unchanged. */
export type UnknownFields = ReadonlyMap<string, unknown>;

/** An operator as it was when the override was made. */
export interface OperatorRecord {
  readonly id: string;
  /** 'Conv', 'com.microsoft.FusedConv'; absent in hand-written files. */
  readonly type?: string;
  /** '<radius>:<hash>' of its surroundings, where that was unique in the model. */
  readonly near?: string;
  /** '<hash> <k>/<n>': the k-th of n operators with the same close surroundings, where there are several. */
  readonly rank?: string;
  readonly unknown?: UnknownFields;
}

export interface OverrideRecord {
  readonly kind: Override['kind'];
  /** Two for fuse and cut, one for seed and noSeed, one or more for pin. */
  readonly operators: readonly OperatorRecord[];
  readonly unknown?: UnknownFields;
}

export interface Sidecar {
  /** `structureHash` of the model that the plan was saved for. */
  readonly structure: string | null;
  readonly planner: PlannerName;
  readonly replannedAt: number;
  readonly dims: Readonly<Record<string, number>>;
  readonly overrides: readonly OverrideRecord[];
  /** Absent: as by default. */
  readonly rewrite?: RewriteSettings;
  readonly unknown: UnknownFields;
}

/** The override that a record spells out, with the ids given (same order as `record.operators`). */
export function overrideOf(record: OverrideRecord, ids: readonly string[]): Override {
  const { kind } = record;
  const [first = '', second = ''] = ids;
  switch (kind) {
    case 'fuse':
    case 'cut':
      return { kind, a: first, b: second };
    case 'seed':
    case 'noSeed':
      return { kind, op: first };
    case 'pin':
      return { kind, ops: [...ids] };
  }
}

/** The operator ids of an override, in the order of `OverrideRecord.operators`. */
export function operatorIdsOf(override: Override): readonly string[] {
  switch (override.kind) {
    case 'fuse':
    case 'cut':
      return [override.a, override.b];
    case 'seed':
    case 'noSeed':
      return [override.op];
    case 'pin':
      return override.ops;
  }
}
