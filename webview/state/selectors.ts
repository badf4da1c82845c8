/** What the views ask of the state: resolved selections, sentences, the current search, neighbours. */
import type { BlockDetails, DocumentState } from '../../compiler/protocol.ts';
import { graphIndex, membersOf, typeName } from './graphIndex.ts';
import { plural } from './format.ts';
import { MAPPING_NAMES, displayName, shortType } from './names.ts';
import { search } from './search.ts';
import type { SearchResult } from './search.ts';
import type { DetailsTarget, State } from './state.ts';

export type Resolved =
  | { readonly kind: 'operator'; readonly operator: number; readonly block: number }
  | { readonly kind: 'block'; readonly block: number }
  | {
      readonly kind: 'edge';
      readonly edge: number;
      readonly from: number;
      readonly to: number;
      readonly inside: boolean;
    };

/** The selection as indices of the snapshots shown. */
export function resolveSelection(state: State): Resolved | null {
  const { document, selection } = state;
  if (!document || !selection) return null;
  const { graph, plan } = document;
  const { operatorOfId } = graphIndex(graph);
  if (selection.kind === 'edge') {
    const from = operatorOfId.get(selection.from);
    const to = operatorOfId.get(selection.to);
    if (from === undefined || to === undefined) return null;
    const edge = findEdge(document, from, to);
    if (edge < 0) return null;
    return { kind: 'edge', edge, from, to, inside: plan.blockOf[from] === plan.blockOf[to] };
  }
  const operator = operatorOfId.get(selection.id);
  if (operator === undefined) return null;
  const block = plan.blockOf[operator]!;
  return selection.kind === 'block'
    ? { kind: 'block', block }
    : { kind: 'operator', operator, block };
}

export function findEdge({ graph }: DocumentState, from: number, to: number): number {
  const { outOffset, outEdges } = graphIndex(graph);
  for (const edge of outEdges.subarray(outOffset[from], outOffset[from + 1])) {
    if (graph.edges[2 * edge + 1] === to) return edge;
  }
  return -1;
}

/** What the side panel needs details of. An edge shows its consumer. */
export function detailsTarget(state: State): DetailsTarget | null {
  const resolved = resolveSelection(state);
  switch (resolved?.kind) {
    case undefined:
      return null;
    case 'operator':
      return { operator: resolved.operator };
    case 'block':
      return { block: resolved.block };
    case 'edge':
      return { operator: resolved.to };
  }
}

export function describeSelection(state: State): string {
  const resolved = resolveSelection(state);
  const { document } = state;
  if (!resolved || !document) return 'Nothing selected.';
  switch (resolved.kind) {
    case 'operator':
      return describeOperator(document, resolved.operator);
    case 'block':
      return describeBlock(document, resolved.block);
    case 'edge': {
      const from = operatorTitle(document, resolved.from);
      const to = operatorTitle(document, resolved.to);
      const what = resolved.inside ? 'inside one block; X cuts it' : 'between blocks; F fuses it';
      return `Edge from ${from} to ${to}, ${what}.`;
    }
  }
}

/** 'Conv conv_12'. */
export function operatorTitle({ graph }: DocumentState, operator: number): string {
  const name = displayName(graph.names[operator] || graph.ids[operator] || '', 60);
  return `${shortType(typeName(graph, operator))} ${name}`;
}

function describeOperator(document: DocumentState, operator: number): string {
  const { graph, plan } = document;
  const mapping = MAPPING_NAMES[graph.mapping[operator]!] ?? '';
  const block = plan.blockOf[operator]!;
  const members = membersOf(plan, block).length;
  const seed = plan.blockSeed[block] === operator ? ', seed' : '';
  const where = members === 1 ? 'alone in its block' : `in a block of ${members}`;
  return `Operator ${operatorTitle(document, operator)}, ${mapping}${seed}, ${where}.`;
}

function describeBlock(document: DocumentState, block: number): string {
  const { graph, plan } = document;
  const members = membersOf(plan, block);
  const types = Array.from(members.subarray(0, 4), (o) => shortType(typeName(graph, o)));
  const more = members.length > 4 ? ` and ${members.length - 4} more` : '';
  const pinned = plan.blockPinned[block] === 1 ? ', pinned' : '';
  const mapping = MAPPING_NAMES[plan.blockMapping[block]!] ?? '';
  return `Block of ${plural(members.length, 'operator')}: ${types.join(', ')}${more}. ${mapping}${pinned}.`;
}

/** Hits of the current query; empty while the search is closed. */
export function searchHits(state: Pick<State, 'document' | 'search'>): SearchResult {
  const { document, search: current } = state;
  if (!document || !current.open) return { hits: [], operators: [], total: 0 };
  const known = last;
  if (known && known.graph === document.graph && known.query === current.query) return known.result;
  const result = search(document.graph, current.query);
  last = { graph: document.graph, query: current.query, result };
  return result;
}

/** The last search, since several views ask for it after one keystroke. */
let last: { graph: object; query: string; result: SearchResult } | undefined;

/** Distinct neighbouring pairs across a block's (or operator's) border, for Fuse with next / previous. */
export function borderPairs(
  document: DocumentState,
  resolved: Resolved,
  direction: 'next' | 'previous',
): readonly { readonly a: number; readonly b: number; readonly edge: number }[] {
  if (resolved.kind === 'edge') {
    return resolved.inside ? [] : [{ a: resolved.from, b: resolved.to, edge: resolved.edge }];
  }
  const { graph, plan } = document;
  const index = graphIndex(graph);
  const next = direction === 'next';
  const [offset, list] = next ? [index.outOffset, index.outEdges] : [index.inOffset, index.inEdges];
  const members = resolved.kind === 'block' ? membersOf(plan, resolved.block) : [resolved.operator];
  const pairs = new Map<number, { a: number; b: number; edge: number }>();
  for (const operator of members) {
    for (const edge of list.subarray(offset[operator], offset[operator + 1])) {
      const a = graph.edges[2 * edge]!;
      const b = graph.edges[2 * edge + 1]!;
      const other = plan.blockOf[next ? b : a]!;
      if (plan.blockOf[a] !== plan.blockOf[b] && !pairs.has(other))
        pairs.set(other, { a, b, edge });
    }
  }
  return [...pairs.values()];
}

/** Edges that stay inside the selected operator's block and touch it: what X can cut. */
export function insidePairs(
  document: DocumentState,
  resolved: Resolved,
): readonly { readonly a: number; readonly b: number; readonly edge: number }[] {
  if (resolved.kind === 'edge') {
    return resolved.inside ? [{ a: resolved.from, b: resolved.to, edge: resolved.edge }] : [];
  }
  if (resolved.kind === 'block') return [];
  const { graph, plan } = document;
  const { outOffset, outEdges, inOffset, inEdges } = graphIndex(graph);
  const { operator } = resolved;
  const edges = [
    ...inEdges.subarray(inOffset[operator], inOffset[operator + 1]),
    ...outEdges.subarray(outOffset[operator], outOffset[operator + 1]),
  ];
  const pairs = edges.map((edge) => ({
    a: graph.edges[2 * edge]!,
    b: graph.edges[2 * edge + 1]!,
    edge,
  }));
  return pairs.filter(({ a, b }) => plan.blockOf[a] === plan.blockOf[b]);
}

/** Whether the user's overrides name this operator as a seed or as no seed. */
export function seedOverride(document: DocumentState, operator: number): 'seed' | 'noSeed' | null {
  const id = document.graph.ids[operator];
  for (const override of document.edits.overrides) {
    if ((override.kind === 'seed' || override.kind === 'noSeed') && override.op === id) {
      return override.kind;
    }
  }
  return null;
}

export function isBlockDetails(details: { readonly kind: string } | null): details is BlockDetails {
  return details?.kind === 'block';
}
