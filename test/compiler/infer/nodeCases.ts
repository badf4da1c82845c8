// ONNX's operator cases as inference sees them: the model without the types it declares for its outputs
// (inference must find them itself), and the outputs that the case expects.
import { readFileSync } from 'node:fs';
import { onnx } from 'onnx-proto';
import type { Graph, KnownTensor, Model, Value } from '../../../compiler/graph/graph.ts';
import type { DataType, ValueType } from '../../../compiler/graph/types.ts';
import { dataTypeOfCode, UNKNOWN_TYPE } from '../../../compiler/graph/types.ts';
import { FOLD_CAP } from '../../../compiler/ops/define.ts';

/** What an expected output says: element type and sizes; `undefined` for sequences and optionals. */
export interface Expected {
  readonly dtype: DataType;
  readonly dims: readonly number[];
}

/** `model` with no declared type on anything that an operator computes. */
export function withoutDeclaredResults(model: Model): Model {
  return { ...model, graph: stripped(model.graph) };
}

function stripped(graph: Graph): Graph {
  return {
    ...graph,
    values: graph.values.map((value) =>
      value.producer < 0 ? value : { ...value, type: UNKNOWN_TYPE },
    ),
  };
}

/** Reads `output_N.pb` of a tensor. */
export function readExpected(path: string): Expected {
  const tensor = onnx.TensorProto.decode(readFileSync(path));
  return {
    dtype: dataTypeOfCode(tensor.dataType ?? 0),
    dims: tensor.dims.map((dim) => Number(dim)),
  };
}

/** How the inferred type contradicts the expected output; `undefined` when it does not. */
export function contradiction(type: ValueType, expected: Expected): string | undefined {
  if (type.kind === 'unknown') return undefined;
  if (type.kind !== 'tensor') return `${type.kind} for a tensor`;
  if (type.dtype !== 'undefined' && type.dtype !== expected.dtype) {
    return `${type.dtype}, expected ${expected.dtype}`;
  }
  if (type.shape === null) return undefined;
  const fits =
    type.shape.length === expected.dims.length &&
    type.shape.every((dim, axis) => typeof dim !== 'number' || dim === expected.dims[axis]);
  if (fits) return undefined;
  const found = type.shape.map((dim) => (typeof dim === 'number' ? dim : dim.key)).join('×');
  return `shape [${found}], expected [${expected.dims.join('×')}]`;
}

export function isFullyInferred(type: ValueType): boolean {
  return (
    type.kind === 'tensor' &&
    type.dtype !== 'undefined' &&
    type.shape !== null &&
    type.shape.every((dim) => typeof dim === 'number')
  );
}

/** Elements of a serialised tensor; `undefined` for types that are not evaluated (float16, strings …). */
export function readKnown(path: string): KnownTensor | undefined {
  const tensor = onnx.TensorProto.decode(readFileSync(path));
  const dtype = dataTypeOfCode(tensor.dataType ?? 0);
  const dims = tensor.dims.map((dim) => Number(dim));
  const data = readElements(dtype, tensor);
  return data && data.length <= FOLD_CAP ? { dtype, dims, data } : undefined;
}

function readElements(dtype: DataType, tensor: onnx.ITensorProto): number[] | undefined {
  const raw = tensor.rawData ?? new Uint8Array();
  const bytes = raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength) as ArrayBuffer;
  const stored = raw.byteLength > 0;
  switch (dtype) {
    case 'float32':
      return stored ? [...new Float32Array(bytes)] : (tensor.floatData ?? []);
    case 'float64':
      return stored ? [...new Float64Array(bytes)] : (tensor.doubleData ?? []);
    case 'int64':
      return stored ? [...new BigInt64Array(bytes)].map(Number) : tensor.int64Data?.map(Number);
    case 'uint64':
      return stored ? [...new BigUint64Array(bytes)].map(Number) : tensor.uint64Data?.map(Number);
    case 'uint32':
      return stored ? [...new Uint32Array(bytes)] : tensor.uint64Data?.map(Number);
    case 'int32':
      return stored ? [...new Int32Array(bytes)] : (tensor.int32Data ?? []);
    case 'int16':
      return stored ? [...new Int16Array(bytes)] : (tensor.int32Data ?? []);
    case 'uint16':
      return stored ? [...new Uint16Array(bytes)] : (tensor.int32Data ?? []);
    case 'int8':
      return stored ? [...new Int8Array(bytes)] : (tensor.int32Data ?? []);
    case 'uint8':
    case 'bool':
      return stored ? [...new Uint8Array(bytes)] : (tensor.int32Data ?? []);
    default:
      return undefined;
  }
}

/** `model` with the given input files as constants, where their elements can be read. */
export function withKnownInputs(model: Model, files: readonly string[]): Model {
  const { graph } = model;
  const known = new Map<number, KnownTensor>();
  graph.inputs.forEach((input, i) => {
    const file = files[i];
    if (file === undefined || graph.values[input]?.type.kind !== 'tensor') return;
    const value = readKnown(file);
    if (value) known.set(input, value);
  });
  const values = graph.values.map((value): Value => {
    const given = known.get(value.index);
    if (!given) return value;
    const constant = {
      dtype: given.dtype,
      dims: given.dims,
      source: { kind: 'computed' },
    } as const;
    return { ...value, isInput: false, constant, known: given };
  });
  return {
    ...model,
    graph: { ...graph, values, inputs: graph.inputs.filter((v) => !known.has(v)) },
  };
}
