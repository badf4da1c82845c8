/**
 * The edits of an open model -> `Sidecar`: each operator with its type and, where that tells it from all
 * others, its surroundings. Overrides that fit no operator of this model go back as they were recorded.
 */
import type { Override, PlanEdits } from '../fusion/plan.ts';
import { overrideKey } from '../session/editActions.ts';
import type { Recorded } from './match.ts';
import { Neighbourhoods, operatorType } from './neighbourhood.ts';
import type { OperatorGraph } from './neighbourhood.ts';
import type { OperatorRecord, OverrideRecord, Sidecar } from './sidecar.ts';
import { operatorIdsOf } from './sidecar.ts';

/** @param structure `structureHash` of the model */
export function recordEdits(
  edits: PlanEdits,
  graph: OperatorGraph,
  structure: string,
  recorded: Recorded,
): Sidecar {
  const indexOf = new Map(graph.ids.map((id, operator) => [id, operator]));
  const neighbourhoods = new Neighbourhoods(graph);

  const operatorRecord = (id: string, before: OperatorRecord | undefined): OperatorRecord => {
    const operator = indexOf.get(id);
    if (operator === undefined) return before ?? { id };
    const near = neighbourhoods.describe(operator);
    const rank = neighbourhoods.rank(operator);
    return {
      id,
      type: operatorType(graph, operator),
      ...(near === undefined ? {} : { near }),
      ...(rank === undefined ? {} : { rank }),
      ...(before?.unknown ? { unknown: before.unknown } : {}),
    };
  };
  const overrideRecord = (override: Override): OverrideRecord => {
    const before = recorded.overrides.get(overrideKey(override));
    const ids = operatorIdsOf(override);
    // Half an override is of no use: what does not fit as a whole stays as it was.
    if (before && !ids.every((id) => indexOf.has(id))) return before;
    return {
      kind: override.kind,
      operators: ids.map((id, at) => operatorRecord(id, before?.operators[at])),
      ...(before?.unknown ? { unknown: before.unknown } : {}),
    };
  };

  const { planner, replannedAt, bindings: dims } = edits;
  return {
    structure,
    planner,
    replannedAt,
    dims,
    overrides: edits.overrides.map(overrideRecord),
    ...(edits.rewrite ? { rewrite: edits.rewrite } : {}),
    unknown: recorded.unknown,
  };
}
