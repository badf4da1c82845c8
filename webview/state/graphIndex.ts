/**
 * Look-ups into the columnar snapshots, computed once per snapshot: operators by id, edges by operator,
 * members of blocks.
 */
import type { GraphSnapshot, PlanSnapshot } from '../../compiler/protocol.ts';

export interface GraphIndex {
  readonly operatorOfId: ReadonlyMap<string, number>;
  /** ECG edges that end (start) at operator o: list[offset[o] .. offset[o+1]). */
  readonly inOffset: Int32Array;
  readonly inEdges: Int32Array;
  readonly outOffset: Int32Array;
  readonly outEdges: Int32Array;
  /** First output tensor of each operator that anything reads, or -1. */
  readonly outputTensor: Int32Array;
}

const graphs = new WeakMap<GraphSnapshot, GraphIndex>();

export function graphIndex(graph: GraphSnapshot): GraphIndex {
  let index = graphs.get(graph);
  if (!index) graphs.set(graph, (index = indexGraph(graph)));
  return index;
}

function indexGraph(graph: GraphSnapshot): GraphIndex {
  const count = graph.ids.length;
  const edgeCount = graph.edges.length >> 1;
  const source = new Int32Array(edgeCount);
  const target = new Int32Array(edgeCount);
  const outputTensor = new Int32Array(count).fill(-1);
  for (let e = 0; e < edgeCount; e++) {
    source[e] = graph.edges[2 * e]!;
    target[e] = graph.edges[2 * e + 1]!;
    if (outputTensor[source[e]!] === -1) outputTensor[source[e]!] = graph.edgeTensor[e]!;
  }
  for (let i = 0; i + 1 < graph.outputEdges.length; i += 2) {
    const operator = graph.outputEdges[i]!;
    if (outputTensor[operator] === -1) {
      outputTensor[operator] = graph.outputs[graph.outputEdges[i + 1]!] ?? -1;
    }
  }
  const incoming = groupEdges(target, count);
  const outgoing = groupEdges(source, count);
  return {
    operatorOfId: new Map(graph.ids.map((id, operator) => [id, operator])),
    inOffset: incoming.offset,
    inEdges: incoming.list,
    outOffset: outgoing.offset,
    outEdges: outgoing.list,
    outputTensor,
  };
}

/** Counting sort of positions by key; `list` keeps the order within a key. */
export function groupEdges(
  key: Int32Array,
  keyCount: number,
): { offset: Int32Array; list: Int32Array } {
  const offset = new Int32Array(keyCount + 1);
  for (const k of key) offset[k + 1]!++;
  for (let k = 0; k < keyCount; k++) offset[k + 1]! += offset[k]!;
  const next = offset.slice();
  const list = new Int32Array(key.length);
  key.forEach((k, i) => {
    list[next[k]!++] = i;
  });
  return { offset, list };
}

export interface PlanIndex {
  /** Members of block b in ascending order: list[offset[b] .. offset[b+1]). */
  readonly offset: Int32Array;
  readonly list: Int32Array;
  readonly changed: ReadonlySet<number>;
}

const plans = new WeakMap<PlanSnapshot, PlanIndex>();

export function planIndex(plan: PlanSnapshot): PlanIndex {
  let index = plans.get(plan);
  if (!index) {
    const members = groupEdges(plan.blockOf, plan.blockIds.length);
    plans.set(plan, (index = { ...members, changed: new Set(plan.changedBlocks) }));
  }
  return index;
}

export function membersOf(plan: PlanSnapshot, block: number): Int32Array {
  const { offset, list } = planIndex(plan);
  return list.subarray(offset[block], offset[block + 1]);
}

export function typeName(graph: GraphSnapshot, operator: number): string {
  return graph.operatorTypes[graph.typeOf[operator] ?? -1] ?? '?';
}

/** '1×64×56×56 float32' of a tensor index, '' for -1. */
export function tensorTypeText(graph: GraphSnapshot, tensor: number): string {
  return tensor < 0 ? '' : (graph.tensorTypes[graph.tensorType[tensor] ?? -1] ?? '');
}
