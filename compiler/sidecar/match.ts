/**
 * A saved plan meets a model that may have been exported again. An operator is found by its id when the
 * recorded operator type is the same; otherwise by its surroundings, if exactly one operator has the recorded
 * ones. Overrides of which an operator is not found stay in the edits under ids that no operator has:
 * the planner reports them as unmatched, and saving writes them back as they were recorded.
 */
import type { Diagnostic } from '../diagnostics.ts';
import { diagnostic } from '../diagnostics.ts';
import type { Override, PlanEdits } from '../fusion/plan.ts';
import { overrideKey } from '../session/editActions.ts';
import { Neighbourhoods, operatorType } from './neighbourhood.ts';
import type { OperatorGraph } from './neighbourhood.ts';
import type { OperatorRecord, OverrideRecord, Sidecar, UnknownFields } from './sidecar.ts';
import { operatorIdsOf, overrideOf } from './sidecar.ts';

/** What saving needs beside the edits. */
export interface Recorded {
  /** `overrideKey` -> the record it came from. */
  readonly overrides: ReadonlyMap<string, OverrideRecord>;
  readonly unknown: UnknownFields;
}

export const NOTHING_RECORDED: Recorded = { overrides: new Map(), unknown: new Map() };

export interface SidecarMatch {
  readonly edits: PlanEdits;
  readonly recorded: Recorded;
  /** Overrides that found all their operators, and those among them that needed the surroundings. */
  readonly matched: number;
  readonly moved: number;
  /** As recorded. */
  readonly unmatched: readonly OverrideRecord[];
  /** 'sidecar/structure-differs' when the model changed in a way that touches the overrides. */
  readonly diagnostics: readonly Diagnostic[];
}

export function matchSidecar(sidecar: Sidecar, graph: OperatorGraph): SidecarMatch {
  const finder = new OperatorFinder(sidecar, graph);
  const overrides: Override[] = [];
  const recorded = new Map<string, OverrideRecord>();
  const unmatched: OverrideRecord[] = [];
  let moved = 0;
  for (const record of sidecar.overrides) {
    const found = record.operators.map((operator) => finder.find(operator));
    const ids = found.map((operator) => graph.ids[operator] ?? '');
    const complete = !found.includes(-1) && new Set(found).size === found.length;
    if (complete && record.operators.some((operator, at) => operator.id !== ids[at])) moved++;
    if (!complete) unmatched.push(record);
    const override = overrideOf(record, complete ? ids : finder.absentIds(record.operators));
    overrides.push(override);
    recorded.set(overrideKey(override), record);
  }
  const { planner, replannedAt, dims: bindings } = sidecar;
  return {
    edits: { planner, overrides, replannedAt, bindings, ...rewriteOf(sidecar) },
    recorded: { overrides: recorded, unknown: sidecar.unknown },
    matched: overrides.length - unmatched.length,
    moved,
    unmatched,
    diagnostics: moved + unmatched.length > 0 ? [differs(overrides.length, moved, unmatched)] : [],
  };
}

/** The edits as written, for a first look at the model: right whenever the model did not change. */
export function editsAsRecorded(sidecar: Sidecar): PlanEdits {
  const { planner, replannedAt, dims: bindings } = sidecar;
  const overrides = sidecar.overrides.map((record) =>
    overrideOf(
      record,
      record.operators.map((operator) => operator.id),
    ),
  );
  return { planner, overrides, replannedAt, bindings, ...rewriteOf(sidecar) };
}

function rewriteOf({ rewrite }: Sidecar): Pick<PlanEdits, 'rewrite'> {
  return rewrite ? { rewrite } : {};
}

/** Whether two edits name the same operators in the same overrides. */
export function sameOverrides(a: PlanEdits, b: PlanEdits): boolean {
  const idsOf = (edits: PlanEdits): string =>
    JSON.stringify(edits.overrides.map((override) => [override.kind, operatorIdsOf(override)]));
  return idsOf(a) === idsOf(b);
}

function differs(all: number, moved: number, unmatched: readonly OverrideRecord[]): Diagnostic {
  const parts = [
    `The model has changed since its plan was saved: ${all - unmatched.length} of ${all} overrides apply`,
    moved > 0 ? `${moved} of them were found by their surroundings, not by name` : '',
    unmatched.length > 0 ? `${unmatched.length} fit no operator and are kept for later` : '',
  ];
  return diagnostic('sidecar/structure-differs', `${parts.filter(Boolean).join('; ')}.`);
}

/**
 * Ids that a converter merely numbered ('125', 'onnx::Conv_125', 't7') say little after another export: one more
 * layer shifts them all. For these the surroundings decide first, where they are recorded and unique.
 */
function isNumbered(id: string): boolean {
  return /^(?:\w+::)?[A-Za-z]*[._-]?(?:[A-Za-z]+_)?\d+$/.test(id);
}

function keyOf({ id, type }: OperatorRecord): string {
  return JSON.stringify([id, type]);
}

class OperatorFinder {
  private readonly byId: ReadonlyMap<string, number>;
  private readonly neighbourhoods: Neighbourhoods;
  /** `keyOf` a record -> operator, for each operator named anywhere in the sidecar. */
  private readonly found = new Map<string, number>();

  constructor(
    sidecar: Sidecar,
    private readonly graph: OperatorGraph,
  ) {
    this.byId = new Map(graph.ids.map((id, operator) => [id, operator]));
    this.neighbourhoods = new Neighbourhoods(graph);
    const records = sidecar.overrides.flatMap((override) => override.operators);
    const takenAs = new Map<number, string>();
    const settle = (record: OperatorRecord, operator: number): void => {
      if (operator < 0 || this.found.has(keyOf(record))) return;
      if ((takenAs.get(operator) ?? record.id) !== record.id) return;
      this.found.set(keyOf(record), operator);
      takenAs.set(operator, record.id);
    };
    // Sure ones first; no operator answers to two recorded names.
    for (const record of records) {
      const same = this.withSameId(record);
      if (same >= 0 && (!isNumbered(record.id) || this.mayStay(record, same))) settle(record, same);
    }
    for (const record of records) settle(record, this.withSameSurroundings(record));
    // Last, a place among operators that look alike, unless one came or went.
    for (const record of records) settle(record, this.withSameRank(record));
  }

  /** Operator index or -1. */
  find(record: OperatorRecord): number {
    return this.found.get(keyOf(record)) ?? -1;
  }

  /** The ids as recorded, changed so far that the planner cannot find all of them. */
  absentIds(records: readonly OperatorRecord[]): string[] {
    const ids = records.map(({ id }) => id);
    if (ids.some((id) => !this.byId.has(id))) return ids;
    // Same id, other operator: readable in messages, and nobody's id.
    const at = Math.max(
      0,
      records.findIndex((record) => this.find(record) < 0),
    );
    let id = `${ids[at]} (was ${records[at]?.type ?? 'another operator'})`;
    while (this.byId.has(id)) id += '?';
    return ids.with(at, id);
  }

  private withSameId(record: OperatorRecord): number {
    const operator = this.byId.get(record.id);
    if (operator === undefined) return -1;
    const sameType =
      record.type === undefined || record.type === operatorType(this.graph, operator);
    return sameType ? operator : -1;
  }

  private withSameSurroundings({ near, type }: OperatorRecord): number {
    if (near === undefined || type === undefined) return -1;
    const operator = this.neighbourhoods.find(near);
    return operator >= 0 && operatorType(this.graph, operator) === type ? operator : -1;
  }

  private withSameRank({ rank, type }: OperatorRecord): number {
    if (rank === undefined || type === undefined) return -1;
    const operator = this.neighbourhoods.findRank(rank);
    return operator >= 0 && operatorType(this.graph, operator) === type ? operator : -1;
  }

  /** A numbered id holds unless the recorded surroundings are now somebody else's. */
  private mayStay(record: OperatorRecord, operator: number): boolean {
    const elsewhere = this.withSameSurroundings(record);
    return elsewhere < 0 || elsewhere === operator;
  }
}
