/**
 * Words for blocks and operators outside the graph: trees, status bar, the exported plan. Names come from
 * the model and are only ever shown as plain text.
 */
import { MAPPING_TYPES, MAPPING_TYPE_NAMES } from '../../compiler/mapping/mappingTypes.ts';
import type { DocumentState, GraphSnapshot, PlanSnapshot } from '../../compiler/protocol.ts';

type Shown = Pick<DocumentState, 'graph' | 'plan'>;

export function typeName(graph: GraphSnapshot, operator: number): string {
  return graph.operatorTypes[graph.typeOf[operator] ?? -1] ?? '?';
}

/** The node's name where it has one, else its id. */
export function operatorName(graph: GraphSnapshot, operator: number): string {
  return graph.names[operator] || (graph.ids[operator] ?? '');
}

export function mappingName(index: number | undefined): string {
  const type = MAPPING_TYPES[index ?? -1];
  return type ? MAPPING_TYPE_NAMES[type] : 'unknown';
}

/** Operators of every block, ascending. */
export function membersOf({ blockOf, blockIds }: PlanSnapshot): number[][] {
  const members = blockIds.map((): number[] => []);
  blockOf.forEach((block, operator) => members[block]?.push(operator));
  return members;
}

/** 'Conv + 2× Relu + 3 more': runs of equal types in order. */
export function typeSummary(graph: GraphSnapshot, operators: readonly number[], most = 4): string {
  const runs: { type: string; count: number }[] = [];
  for (const operator of operators) {
    const type = typeName(graph, operator).replace(/^.*\./, '');
    const last = runs.at(-1);
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  const named = runs.slice(0, most);
  const rest = operators.length - named.reduce((sum, { count }) => sum + count, 0);
  const terms = named.map(({ type, count }) => (count === 1 ? type : `${count}× ${type}`));
  return [...terms, ...(rest > 0 ? [`${rest} more`] : [])].join(' + ');
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** The plan as JSON for other tools: blocks with their operators, and the totals. */
export function exportedPlan({ graph, plan }: Shown): string {
  const blocks = membersOf(plan).map((operators, block) => ({
    id: plan.blockIds[block],
    mapping: MAPPING_TYPES[plan.blockMapping[block] ?? -1],
    seed: graph.ids[plan.blockSeed[block] ?? -1] ?? null,
    operators: operators.map((operator) => ({
      id: graph.ids[operator],
      type: typeName(graph, operator),
    })),
  }));
  const document = { model: graph.modelName, planner: plan.planner, ...plan.summary, blocks };
  // `summary.blocks` is the count; the list takes its name.
  return `${JSON.stringify({ ...document, blockCount: plan.summary.blocks }, null, 2)}\n`;
}

/** '12.3 ms', '4.1 µs'. */
export function formatMs(ms: number): string {
  if (ms >= 0.9995) return `${ms.toPrecision(3)} ms`;
  const us = ms * 1000;
  if (us >= 9.95 || us === 0) return `${Math.round(us)} µs`;
  return `${us >= 0.05 ? us.toFixed(1) : Number(us.toPrecision(1))} µs`;
}
