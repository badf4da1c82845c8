// Writes small ONNX models for tests, straight to protobuf bytes, without the code under test.
//
//   const bytes = model({
//     opset: 13,
//     inputs: [input('x', 'float32', [1, 'n'])],
//     nodes: [node('Relu', ['x'], ['y'])],
//     outputs: ['y'],
//     initializers: [tensor('w', 'float32', [2], [1, 2])],
//   });
//
// Every helper returns bytes of one message; `message`, `varintField`, `bytesField` … build odd ones by hand.
import { DATA_TYPES } from '../../../compiler/graph/types.ts';
import type { DataType } from '../../../compiler/graph/types.ts';

export type Bytes = Uint8Array;
/** A number, a symbol, or null for a dim without value. */
export type DimSpec = number | string | null;

// ---------------------------------------------------------------- wire format

export function varint(value: number | bigint): Bytes {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

export function concat(...parts: readonly Bytes[]): Bytes {
  return join(parts);
}

function join(parts: readonly Bytes[]): Bytes {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

export function varintField(field: number, value: number | bigint): Bytes {
  return concat(varint(field * 8), varint(value));
}

export function bytesField(field: number, value: Bytes): Bytes {
  return concat(varint(field * 8 + 2), varint(value.length), value);
}

export function textField(field: number, value: string): Bytes {
  return bytesField(field, new TextEncoder().encode(value));
}

export function floatField(field: number, value: number): Bytes {
  return concat(varint(field * 8 + 5), new Uint8Array(Float32Array.of(value).buffer));
}

function each<T>(items: readonly T[] | undefined, write: (item: T) => Bytes): Bytes {
  return join((items ?? []).map(write));
}

// ---------------------------------------------------------------- tensors

/** How a tensor stores its elements. */
export type Storage = 'raw' | 'packed' | 'unpacked' | 'none';

export interface TensorOptions {
  readonly storage?: Storage;
  readonly doc?: string;
  /** Appended fields. */
  readonly extra?: Bytes;
}

/** A TensorProto. Strings are only possible with the type 'string'. */
export function tensor(
  name: string,
  dtype: DataType,
  dims: readonly number[],
  data: readonly (number | bigint)[] | readonly string[] | Bytes,
  { storage = 'raw', doc, extra }: TensorOptions = {},
): Bytes {
  return concat(
    each(dims, (dim) => varintField(1, dim)),
    varintField(2, DATA_TYPES[dtype].code),
    textField(8, name),
    elements(dtype, data, storage),
    doc === undefined ? new Uint8Array() : textField(12, doc),
    extra ?? new Uint8Array(),
  );
}

/** A TensorProto whose data is in a file beside the model. */
export function externalTensor(
  name: string,
  dtype: DataType,
  dims: readonly number[],
  location: string,
  range: { offset?: number | string; length?: number | string } = {},
): Bytes {
  const entries = Object.entries({ location, ...range }).map(([key, value]) => [
    key,
    String(value),
  ]);
  return concat(
    each(dims, (dim) => varintField(1, dim)),
    varintField(2, DATA_TYPES[dtype].code),
    textField(8, name),
    each(entries, ([key, value]) => bytesField(13, entry(key ?? '', value ?? ''))),
    varintField(14, 1),
  );
}

function elements(
  dtype: DataType,
  data: readonly (number | bigint)[] | readonly string[] | Bytes,
  storage: Storage,
): Bytes {
  if (data instanceof Uint8Array) return bytesField(9, data);
  if (storage === 'none') return new Uint8Array();
  if (dtype === 'string') return each(data as readonly string[], (text) => textField(6, text));
  const numbers = data as readonly (number | bigint)[];
  if (storage === 'raw') return bytesField(9, concat(...numbers.map((n) => rawElement(dtype, n))));
  const { field, wire } = dataField(dtype);
  const encoded = numbers.map((n) => (wire === 0 ? varint(n) : rawElement(dtype, n)));
  if (storage === 'packed') return bytesField(field, concat(...encoded));
  return concat(...encoded.map((bytes) => concat(varint(field * 8 + wire), bytes)));
}

function dataField(dtype: DataType): { field: number; wire: number } {
  if (dtype === 'float32') return { field: 4, wire: 5 };
  if (dtype === 'float64') return { field: 10, wire: 1 };
  if (dtype === 'int64') return { field: 7, wire: 0 };
  if (dtype === 'uint64' || dtype === 'uint32') return { field: 11, wire: 0 };
  return { field: 5, wire: 0 };
}

function rawElement(dtype: DataType, value: number | bigint): Bytes {
  const { bits } = DATA_TYPES[dtype];
  if (dtype === 'float32') return new Uint8Array(Float32Array.of(Number(value)).buffer);
  if (dtype === 'float64') return new Uint8Array(Float64Array.of(Number(value)).buffer);
  const all = new Uint8Array(BigInt64Array.of(BigInt.asIntN(64, BigInt(value))).buffer);
  return all.subarray(0, Math.ceil(bits / 8));
}

/** A SparseTensorProto from two TensorProtos. */
export function sparseTensor(values: Bytes, indices: Bytes, dims: readonly number[]): Bytes {
  return concat(
    bytesField(1, values),
    bytesField(2, indices),
    each(dims, (dim) => varintField(3, dim)),
  );
}

export function entry(key: string, value: string): Bytes {
  return concat(textField(1, key), textField(2, value));
}

// ---------------------------------------------------------------- types

export function tensorTypeProto(dtype: DataType, dims?: readonly DimSpec[]): Bytes {
  const shape = dims && each(dims, (dim) => bytesField(1, dimension(dim)));
  return bytesField(
    1,
    concat(varintField(1, DATA_TYPES[dtype].code), shape ? bytesField(2, shape) : new Uint8Array()),
  );
}

export function sequenceTypeProto(element: Bytes): Bytes {
  return bytesField(4, bytesField(1, element));
}

export function optionalTypeProto(element: Bytes): Bytes {
  return bytesField(9, bytesField(1, element));
}

function dimension(dim: DimSpec): Bytes {
  if (dim === null) return new Uint8Array();
  return typeof dim === 'number' ? varintField(1, dim) : textField(2, dim);
}

/** A ValueInfoProto of a tensor; without dims the rank is unknown. */
export function input(name: string, dtype: DataType, dims?: readonly DimSpec[]): Bytes {
  return valueInfo(name, tensorTypeProto(dtype, dims));
}

/** A ValueInfoProto of any type, or of none. */
export function valueInfo(name: string, type?: Bytes): Bytes {
  return concat(textField(1, name), type ? bytesField(2, type) : new Uint8Array());
}

// ---------------------------------------------------------------- nodes and graphs

/** Plain values and the odd forms of attributes. Numbers that are not whole become floats. */
export type AttributeSpec =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly tensor: Bytes }
  | { readonly sparse: Bytes }
  | { readonly graph: GraphSpec | Bytes }
  | { readonly graphs: readonly (GraphSpec | Bytes)[] }
  | { readonly type: Bytes }
  /** A reference to an attribute of the function around; `kind` is AttributeProto.type. */
  | { readonly ref: string; readonly kind: number };

export interface NodeOptions {
  readonly name?: string;
  readonly domain?: string;
  readonly overload?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Appended fields. */
  readonly extra?: Bytes;
}

/** A NodeProto. Empty names are absent optional inputs and outputs. */
export function node(
  type: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeSpec>> = {},
  { name, domain, overload, metadata = {}, extra }: NodeOptions = {},
): Bytes {
  return concat(
    each(inputs, (text) => textField(1, text)),
    each(outputs, (text) => textField(2, text)),
    name === undefined ? new Uint8Array() : textField(3, name),
    textField(4, type),
    each(Object.entries(attributes), ([key, value]) => bytesField(5, attribute(key, value))),
    domain === undefined ? new Uint8Array() : textField(7, domain),
    overload === undefined ? new Uint8Array() : textField(8, overload),
    each(Object.entries(metadata), ([key, value]) => bytesField(9, entry(key, value))),
    extra ?? new Uint8Array(),
  );
}

/** An AttributeProto. */
export function attribute(name: string, value: AttributeSpec): Bytes {
  return concat(textField(1, name), attributeBody(value));
}

function attributeBody(value: AttributeSpec): Bytes {
  const typed = (type: number, body: Bytes): Bytes => concat(body, varintField(20, type));
  if (typeof value === 'number') {
    return Number.isInteger(value)
      ? typed(2, varintField(3, value))
      : typed(1, floatField(2, value));
  }
  if (typeof value === 'string') return typed(3, textField(4, value));
  if (Array.isArray(value)) {
    const items = value as readonly (number | string)[];
    if (items.some((item) => typeof item === 'string')) {
      return typed(
        8,
        each(items, (item) => textField(9, String(item))),
      );
    }
    return typed(
      7,
      each(items, (item) => varintField(8, Number(item))),
    );
  }
  const spec = value as Exclude<AttributeSpec, number | string | readonly unknown[]>;
  if ('float' in spec) return typed(1, floatField(2, spec.float));
  if ('floats' in spec)
    return typed(
      6,
      each(spec.floats, (item) => floatField(7, item)),
    );
  if ('tensor' in spec) return typed(4, bytesField(5, spec.tensor));
  if ('sparse' in spec) return typed(11, bytesField(22, spec.sparse));
  if ('graph' in spec) return typed(5, bytesField(6, graph(spec.graph)));
  if ('graphs' in spec)
    return typed(
      10,
      each(spec.graphs, (one) => bytesField(11, graph(one))),
    );
  if ('type' in spec) return typed(13, bytesField(14, spec.type));
  return concat(textField(21, spec.ref), varintField(20, spec.kind));
}

export interface GraphSpec {
  readonly name?: string;
  readonly nodes?: readonly Bytes[];
  /** ValueInfoProtos, or names of values without declared type. */
  readonly inputs?: readonly (Bytes | string)[];
  readonly outputs?: readonly (Bytes | string)[];
  readonly initializers?: readonly Bytes[];
  readonly sparseInitializers?: readonly Bytes[];
  readonly valueInfos?: readonly Bytes[];
  /** Appended fields. */
  readonly extra?: Bytes;
}

/** A GraphProto. */
export function graph(spec: GraphSpec | Bytes): Bytes {
  if (spec instanceof Uint8Array) return spec;
  const info = (one: Bytes | string): Bytes => (typeof one === 'string' ? valueInfo(one) : one);
  return concat(
    each(spec.nodes, (one) => bytesField(1, one)),
    textField(2, spec.name ?? 'g'),
    each(spec.initializers, (one) => bytesField(5, one)),
    each(spec.inputs, (one) => bytesField(11, info(one))),
    each(spec.outputs, (one) => bytesField(12, info(one))),
    each(spec.valueInfos, (one) => bytesField(13, one)),
    each(spec.sparseInitializers, (one) => bytesField(15, one)),
    spec.extra ?? new Uint8Array(),
  );
}

export interface FunctionSpec {
  readonly domain: string;
  readonly name: string;
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  /** Names of attribute parameters without default. */
  readonly attributes?: readonly string[];
  /** Attribute parameters with default. */
  readonly defaults?: Readonly<Record<string, AttributeSpec>>;
  readonly nodes?: readonly Bytes[];
  readonly valueInfos?: readonly Bytes[];
  readonly overload?: string;
  /** Default: ai.onnx 18. */
  readonly opsets?: Readonly<Record<string, number>>;
}

/** A FunctionProto. */
export function modelFunction(spec: FunctionSpec): Bytes {
  return concat(
    textField(1, spec.name),
    each(spec.inputs, (text) => textField(4, text)),
    each(spec.outputs, (text) => textField(5, text)),
    each(spec.attributes, (text) => textField(6, text)),
    each(spec.nodes, (one) => bytesField(7, one)),
    each(opsetEntries(spec.opsets ?? { '': 18 }), (one) => bytesField(9, one)),
    textField(10, spec.domain),
    each(Object.entries(spec.defaults ?? {}), ([key, value]) =>
      bytesField(11, attribute(key, value)),
    ),
    each(spec.valueInfos, (one) => bytesField(12, one)),
    spec.overload === undefined ? new Uint8Array() : textField(13, spec.overload),
  );
}

export interface ModelSpec extends GraphSpec {
  readonly irVersion?: number;
  /** Version of ai.onnx (default 18), or versions by domain. */
  readonly opset?: number | Readonly<Record<string, number>>;
  readonly functions?: readonly (FunctionSpec | Bytes)[];
  readonly producer?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Appended fields of ModelProto. */
  readonly modelExtra?: Bytes;
}

/** A whole ModelProto. */
export function model(spec: ModelSpec): Bytes {
  const opset = spec.opset ?? 18;
  return concat(
    varintField(1, spec.irVersion ?? 8),
    textField(2, spec.producer ?? 'protoWriter'),
    bytesField(7, graph(spec)),
    each(opsetEntries(typeof opset === 'number' ? { '': opset } : opset), (one) =>
      bytesField(8, one),
    ),
    each(Object.entries(spec.metadata ?? {}), ([key, value]) => bytesField(14, entry(key, value))),
    each(spec.functions, (one) =>
      bytesField(25, one instanceof Uint8Array ? one : modelFunction(one)),
    ),
    spec.modelExtra ?? new Uint8Array(),
  );
}

function opsetEntries(opsets: Readonly<Record<string, number>>): readonly Bytes[] {
  return Object.entries(opsets).map(([domain, version]) =>
    concat(textField(1, domain), varintField(2, version)),
  );
}
