/**
 * What the side panel shows of one operator or block, computed on demand.
 */
import type { Ecg, EcgNode } from '../ecg/ecg.ts';
import { explainVerdict } from '../fusion/explain.ts';
import type { FusionPlan } from '../fusion/plan.ts';
import { formatDim } from '../graph/dim.ts';
import type { Dim } from '../graph/dim.ts';
import type { AttributeValue, KnownTensor, Value } from '../graph/graph.ts';
import { MAPPING_TYPE_NAMES } from '../mapping/mappingTypes.ts';
import type { BlockDetails, BorderDetails, OperatorDetails, TensorDetails } from '../protocol.ts';
import { constantBytes, formatType, qualifiedType, shorten } from './graphSnapshot.ts';

/** Elements of a list that are worth reading. */
const PREVIEW = 16;

/** `undefined` for an index that the graph does not have. */
export function operatorDetails(
  ecg: Ecg,
  plan: FusionPlan,
  index: number,
): OperatorDetails | undefined {
  const node = ecg.nodes[index];
  if (!node) return undefined;
  const { operator } = node;
  return {
    kind: 'operator',
    operator: index,
    id: operator.id,
    name: shorten(operator.name),
    type: qualifiedType(operator),
    mapping: MAPPING_TYPE_NAMES[node.mapping],
    ...(node.mappingNote === undefined ? {} : { mappingNote: node.mappingNote }),
    properties: node.properties,
    attributes: [...operator.attributes].map(([name, value]) => [
      shorten(name),
      formatAttribute(value),
    ]),
    inputs: operator.inputs.map((value, slot) => tensorDetails(ecg, node, value, slot)),
    outputs: operator.outputs.map((value) => tensorDetails(ecg, node, value)),
    flops: formatDim(node.flops),
    irs: formatDim(node.irs),
    originalIds: operator.originalIds,
    subgraphs: [...operator.subgraphs.keys()],
    borders: [...(ecg.edgesIn[index] ?? []), ...(ecg.edgesOut[index] ?? [])].map((edge) =>
      border(ecg, plan, edge),
    ),
  };
}

export function blockDetails(ecg: Ecg, plan: FusionPlan, index: number): BlockDetails | undefined {
  const block = plan.blocks[index];
  if (!block) return undefined;
  const incoming = new Map<number, number>();
  const outgoing = new Map<number, number>();
  const inside = new Map<number, number>();
  const borders: number[] = [];
  for (const operator of block.operators) {
    for (const edgeIndex of ecg.edgesIn[operator] ?? []) {
      const edge = ecg.edges[edgeIndex];
      if (!edge) continue;
      if (plan.blockOf[edge.from] === index) {
        if (plan.removable[edge.value]) inside.set(edge.value, edge.bytesEstimate);
      } else {
        incoming.set(edge.value, edge.bytesEstimate);
        borders.push(edgeIndex);
      }
    }
    for (const edgeIndex of ecg.edgesOut[operator] ?? []) {
      const edge = ecg.edges[edgeIndex];
      if (!edge || plan.blockOf[edge.to] === index) continue;
      outgoing.set(edge.value, edge.bytesEstimate);
      borders.push(edgeIndex);
    }
  }
  const sum = (bytes: Map<number, number>): number =>
    [...bytes.values()].reduce((total, value) => total + value, 0);
  return {
    kind: 'block',
    block: index,
    id: block.id,
    operators: block.operators,
    seed: block.seed,
    mapping: MAPPING_TYPE_NAMES[block.mapping],
    pinned: block.pinned,
    flops: block.operators.reduce((n, op) => n + (ecg.nodes[op]?.flopsEstimate ?? 0), 0),
    bytesIn: sum(incoming),
    bytesOut: sum(outgoing),
    bytesInside: sum(inside),
    borders: borders.map((edge) => border(ecg, plan, edge)),
  };
}

function border(ecg: Ecg, plan: FusionPlan, index: number): BorderDetails {
  const edge = ecg.edges[index];
  if (!edge) throw new RangeError(`no edge ${index}`);
  return {
    edge: index,
    from: edge.from,
    to: edge.to,
    fused: plan.verdicts[index]?.fused ?? false,
    sentence: explainVerdict(ecg, plan, index),
  };
}

function tensorDetails(ecg: Ecg, node: EcgNode, index: number, slot?: number): TensorDetails {
  const value = ecg.graph.values[index];
  if (!value) return { name: '', type: 'absent', origin: 'absent', operator: -1 };
  const mapping = slot === undefined ? undefined : node.edgeMappings[slot];
  const origin = value.constant ? 'constant' : value.producer >= 0 ? 'operator' : 'input';
  return {
    name: shorten(value.name),
    type: formatType(value.type),
    origin,
    operator: value.producer,
    ...(mapping === undefined ? {} : { mapping: MAPPING_TYPE_NAMES[mapping] }),
    ...constantDetails(value, index),
    ...(value.known ? { preview: formatKnown(value.known) } : {}),
  };
}

function constantDetails(value: Value, index: number): { bytes?: number; constant?: number } {
  if (!value.constant) return {};
  return { bytes: constantBytes(value.constant), constant: index };
}

function formatAttribute(attribute: AttributeValue): string {
  switch (attribute.kind) {
    case 'float':
    case 'int':
      return formatNumber(attribute.value);
    case 'string':
      return shorten(attribute.value);
    case 'floats':
    case 'ints':
    case 'strings':
      return formatList(attribute.value);
    case 'tensor': {
      const { dtype, dims } = attribute.value;
      const text = `${dtype}[${dims.join('×')}]`;
      return attribute.known ? `${text} = ${formatKnown(attribute.known)}` : text;
    }
    case 'tensors':
      return `${attribute.value.length} tensors`;
    case 'type':
      return formatType(attribute.value);
    case 'graph':
      return 'subgraph';
  }
}

function formatKnown(known: KnownTensor): string {
  const texts = known.data
    .slice(0, PREVIEW + 1)
    .map((element) => (element === undefined ? '?' : formatElement(element)));
  return known.dims.length === 0 ? (texts[0] ?? '') : formatList(texts, known.data.length);
}

function formatElement(element: Dim): string {
  return typeof element === 'number' ? formatNumber(element) : formatDim(element);
}

/** With the digits that a float32 has: 0.1, not 0.10000000149011612. */
function formatNumber(value: number | bigint): string {
  return typeof value === 'bigint' || Number.isInteger(value)
    ? String(value)
    : String(Number(value.toPrecision(7)));
}

function formatList(items: readonly (string | number | bigint)[], length = items.length): string {
  const shown = items
    .slice(0, PREVIEW)
    .map((item) => shorten(typeof item === 'string' ? item : formatNumber(item)));
  return `[${shown.join(', ')}${length > PREVIEW ? `, … ${length} in all` : ''}]`;
}
