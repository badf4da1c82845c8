/**
 * Columnar snapshot of a graph for the page: plain data, never weights. Names are copied as they are
 * (untrusted), cut to a sane length.
 */
import type { Analysed } from '../compile.ts';
import type { Ecg } from '../ecg/ecg.ts';
import { Estimator } from '../ecg/estimate.ts';

import { formatDim, formatShape } from '../graph/dim.ts';
import type { Bindings, Dim } from '../graph/dim.ts';
import type { Constant, Graph, Model, Operator, Value } from '../graph/graph.ts';
import { DATA_TYPES } from '../graph/types.ts';
import type { ValueType } from '../graph/types.ts';
import { MAPPING_TYPES } from '../mapping/mappingTypes.ts';
import type { GraphSnapshot, SymbolSnapshot } from '../protocol.ts';
import { rewriteSnapshot } from './rewriteSnapshot.ts';

/** Longest name sent to the page; the rest of a longer one is never needed to recognise it. */
const MAX_NAME = 300;

/** @param file the graph as imported, which knows the names of operators that rewriting took */
export function graphSnapshot(
  analysed: Analysed,
  modelName: string,
  revision: number,
  file: Graph = analysed.ecg.graph,
): GraphSnapshot {
  const { model, ecg, bindings } = analysed;
  const { graph } = ecg;
  const tensors = new TensorColumns(graph, new Estimator(model.symbols, bindings));
  const edgeTensor = Int32Array.from(ecg.edges, (edge) => tensors.add(edge.value));
  const inputEdges: number[] = [];
  graph.inputs.forEach((value, input) => {
    for (const consumer of graph.values[value]?.consumers ?? []) inputEdges.push(input, consumer);
  });
  const outputEdges: number[] = [];
  graph.outputs.forEach((value, output) => {
    const producer = graph.values[value]?.producer ?? -1;
    if (producer >= 0) outputEdges.push(producer, output);
  });
  const inputs = Int32Array.from(graph.inputs, (value) => tensors.add(value));
  const outputs = Int32Array.from(graph.outputs, (value) => tensors.add(value));
  return {
    revision,
    modelName,
    opsets: [...model.opsets].map(([d, v]) => `${d === '' ? 'ai.onnx' : d} ${v}`).join(', '),
    producer: shorten(model.producer),
    ...operatorGraph(ecg),
    names: ecg.nodes.map((node) => shorten(node.operator.name)),
    mapping: Uint8Array.from(ecg.nodes, (node) => MAPPING_TYPES.indexOf(node.mapping)),
    flops: Float64Array.from(ecg.nodes, (node) => node.flopsEstimate),
    irs: Float64Array.from(ecg.nodes, (node) => node.irsEstimate),
    edgeTensor,
    edgeMapping: Uint8Array.from(ecg.edges, (edge) => MAPPING_TYPES.indexOf(edge.mapping)),
    edgeBytes: Float64Array.from(ecg.edges, (edge) => edge.bytesEstimate),
    tensorNames: tensors.names,
    tensorTypes: tensors.types.entries,
    tensorType: Uint16Array.from(tensors.typeOf),
    inputs,
    outputs,
    inputEdges: Int32Array.from(inputEdges),
    outputEdges: Int32Array.from(outputEdges),
    ...aliasColumns(ecg, file),
    rewrites: rewriteSnapshot(analysed),
    symbols: symbolSnapshots(model, bindings),
    ...weightTotals(graph),
  };
}

/** What else the model file calls an operator that rewriting made or put together. */
function aliasColumns(ecg: Ecg, file: Graph): Pick<GraphSnapshot, 'aliasOf' | 'aliases'> {
  const aliasOf: number[] = [];
  const aliases: string[] = [];
  const nameOf = new Map(file.operators.map(({ id, name }) => [id, name]));
  ecg.nodes.forEach(({ operator: { id, name, originalIds } }, index) => {
    const known = new Set([id, name, '']);
    for (const original of originalIds) {
      for (const alias of [original, nameOf.get(original) ?? '']) {
        if (known.has(alias)) continue;
        known.add(alias);
        aliasOf.push(index);
        aliases.push(shorten(alias));
      }
    }
  });
  return { aliasOf: Int32Array.from(aliasOf), aliases };
}

/** The columns that say which operators there are and how they are connected. */
export function operatorGraph(
  ecg: Ecg,
): Pick<GraphSnapshot, 'ids' | 'operatorTypes' | 'typeOf' | 'edges'> {
  const types = new Dictionary();
  return {
    ids: ecg.nodes.map((node) => node.operator.id),
    typeOf: Uint16Array.from(ecg.nodes, (node) => types.add(qualifiedType(node.operator))),
    operatorTypes: types.entries,
    edges: Int32Array.from(ecg.edges.flatMap((edge) => [edge.from, edge.to])),
  };
}

/** 'Conv', or 'com.microsoft.FusedConv' outside ai.onnx. */
export function qualifiedType(operator: Operator): string {
  return shorten(operator.domain === '' ? operator.type : `${operator.domain}.${operator.type}`);
}

/** Longest symbolic size that fits on an edge. */
const MAX_LABEL_DIM = 8;

/**
 * '1×3×224×224 float32', 'batch×128 int64', 'sequence of …', 'unknown'. With `sizes`, sizes with long texts
 * are given as the estimate that planning ranks with: '1×8×~32×~32 float32'.
 */
export function formatType(type: ValueType, sizes?: Estimator): string {
  switch (type.kind) {
    case 'tensor': {
      const dtype = type.dtype === 'undefined' ? 'unknown type' : type.dtype;
      const shape = sizes ? shortShape(type.shape, sizes) : formatShape(type.shape);
      return `${shorten(shape)} ${dtype}`;
    }
    case 'sequence':
      return `sequence of ${formatType(type.element, sizes)}`;
    case 'optional':
      return `optional ${formatType(type.element, sizes)}`;
    case 'other':
      return shorten(type.text);
    case 'unknown':
      return 'unknown';
  }
}

function shortShape(shape: readonly Dim[] | null, sizes: Estimator): string {
  if (shape === null || shape.length === 0) return formatShape(shape);
  const short = (dim: Dim): string => {
    const text = formatDim(dim);
    return text.length > MAX_LABEL_DIM && typeof dim !== 'number' ? `~${sizes.value(dim)}` : text;
  };
  return shape.map(short).join('×');
}

export function shorten(text: string): string {
  return text.length <= MAX_NAME ? text : `${text.slice(0, MAX_NAME - 1)}…`;
}

/** Bytes of a constant as stored, from its dims and element type. */
export function constantBytes(constant: Constant): number {
  const elements = constant.dims.reduce((product, dim) => product * dim, 1);
  return Math.ceil((elements * DATA_TYPES[constant.dtype].bits) / 8);
}

function symbolSnapshots(model: Model, bindings: Bindings): SymbolSnapshot[] {
  return [...model.symbols.values()].map(({ name, origin, fallback }) => ({
    name,
    origin,
    fallback,
    bound: bindings.get(name) ?? null,
  }));
}

function weightTotals(graph: Graph): { weightCount: number; weightBytes: number } {
  const weights = graph.values.filter((value) => value.constant && value.consumers.length > 0);
  return {
    weightCount: weights.length,
    weightBytes: weights.reduce((sum, value) => sum + constantBytes(value.constant as Constant), 0),
  };
}

/** Distinct texts in order of first use. */
class Dictionary {
  readonly entries: string[] = [];
  private readonly index = new Map<string, number>();

  /** Index of `text`; the last one stands for everything beyond 65,535 entries. */
  add(text: string): number {
    const known = this.index.get(text);
    if (known !== undefined) return known;
    if (this.entries.length === 0xffff) return 0xfffe;
    this.index.set(text, this.entries.length);
    return this.entries.push(text) - 1;
  }
}

class TensorColumns {
  readonly names: string[] = [];
  readonly typeOf: number[] = [];
  readonly types = new Dictionary();
  private readonly index = new Map<number, number>();

  constructor(
    private readonly graph: Graph,
    private readonly sizes: Estimator,
  ) {}

  add(valueIndex: number): number {
    const known = this.index.get(valueIndex);
    if (known !== undefined) return known;
    const value = this.graph.values[valueIndex] as Value;
    this.index.set(valueIndex, this.names.length);
    this.typeOf.push(this.types.add(formatType(value.type, this.sizes)));
    return this.names.push(shorten(value.name)) - 1;
  }
}
