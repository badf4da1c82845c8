/**
 * Runs entries of the operator table without a model: types as text ('float32 n,3,224,224'), constants as
 * lists, subgraphs as functions of their input types. Results come back as text, so that a test reads as a table.
 */
import type { Dim } from '../../../compiler/graph/dim.ts';
import { dimSymbol, formatDim, formatShape } from '../../../compiler/graph/dim.ts';
import type { AttributeValue, Graph, KnownTensor } from '../../../compiler/graph/graph.ts';
import type { DataType, ValueType } from '../../../compiler/graph/types.ts';
import { tensorType, UNKNOWN_TYPE } from '../../../compiler/graph/types.ts';
import type { InferContext, Mapping, OperatorEntry } from '../../../compiler/ops/define.ts';

export interface ConstantInput {
  readonly dtype: DataType;
  readonly dims: readonly number[];
  readonly data: readonly (Dim | undefined)[];
  /** False for shape arithmetic: known elements of a value computed at run time. */
  readonly constant: boolean;
}

/** '' for an absent input; 'float32 2,3', 'int64 scalar', 'float32 ?'; a trailing '!' marks a constant. */
export type InputSpec = string | ConstantInput | ValueType;

export interface OperatorCase {
  readonly inputs: readonly InputSpec[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly opset?: number;
  readonly outputs?: number;
  readonly subgraphs?: Readonly<Record<string, (inputs: readonly ValueType[]) => ValueType[]>>;
  readonly graphs?: Readonly<Record<string, Graph>>;
}

type Attribute = number | string | readonly number[] | AttributeValue;

/** A one-dimensional constant, or a scalar for a plain number. */
export function constant(
  value: number | readonly number[],
  dtype: DataType = 'int64',
): ConstantInput {
  const data = typeof value === 'number' ? [value] : value;
  return { dtype, dims: typeof value === 'number' ? [] : [data.length], data, constant: true };
}

/** Elements known while importing though a run computes them; 'n' names a symbol, '?' is unknown. */
export function runtime(elements: string): ConstantInput {
  const data = elements.split(',').map((text) => (text.trim() === '?' ? undefined : dim(text)));
  return { dtype: 'int64', dims: [data.length], data, constant: false };
}

/** Types of the outputs as text; `!CODE message` for a failure. */
export function inferText(entry: OperatorEntry, spec: OperatorCase): string[] {
  try {
    return entry.infer(context(entry, spec, [])).map(formatType);
  } catch (error) {
    if (error instanceof Contradiction) return [`! ${error.message}`];
    throw error;
  }
}

/** Inferred types, then the mapping on them. */
export function mappingOf(entry: OperatorEntry, spec: OperatorCase): Mapping {
  return entry.mapping(context(entry, spec, inferred(entry, spec)));
}

export function flopsOf(entry: OperatorEntry, spec: OperatorCase): string {
  return formatDim(entry.flops(context(entry, spec, inferred(entry, spec))));
}

export function entryNamed(
  family: readonly OperatorEntry[],
  name: string,
  domain?: string,
): OperatorEntry {
  const found = family.find(
    (entry) => entry.name === name && (domain === undefined || entry.domain === domain),
  );
  if (!found) throw new Error(`${name} is not in the family`);
  return found;
}

export function typeOf(text: string): ValueType {
  const clean = text.replace(/!$/, '').trim();
  const [dtype, shape = ''] = clean.split(' ') as [DataType, string?];
  if (dtype.startsWith('seq(') || dtype.startsWith('opt(')) {
    const element = typeOf(clean.slice(4, -1));
    return { kind: dtype.startsWith('seq(') ? 'sequence' : 'optional', element };
  }
  if (shape === '?') return tensorType(dtype, null);
  if (shape === 'scalar') return tensorType(dtype, []);
  return tensorType(dtype, shape.split(',').map(dim));
}

export function formatType(type: ValueType): string {
  switch (type.kind) {
    case 'tensor':
      return `${type.dtype} ${formatShape(type.shape)}`;
    case 'sequence':
      return `seq(${formatType(type.element)})`;
    case 'optional':
      return `opt(${formatType(type.element)})`;
    case 'other':
      return type.text;
    case 'unknown':
      return 'unknown';
  }
}

/** What a rule throws, through `fail`, for a model that contradicts the operator's definition. */
export class Contradiction extends Error {}

function dim(text: string): Dim {
  return /^\d+$/.test(text.trim()) ? Number(text) : dimSymbol(text.trim());
}

function inferred(entry: OperatorEntry, spec: OperatorCase): readonly ValueType[] {
  return entry.infer(context(entry, spec, []));
}

/** The view that rules get; `outputs` are the types inferred or declared so far. */
export function context(
  entry: OperatorEntry,
  spec: OperatorCase,
  outputs: readonly ValueType[],
): InferContext {
  const inputs = spec.inputs.map(readInput);
  const attribute = (name: string): AttributeValue | undefined =>
    wrap(spec.attributes?.[name] as Attribute | undefined);
  const tensor = (type: ValueType | undefined): ReturnType<typeof tensorType> =>
    type?.kind === 'tensor' ? type : tensorType('undefined', null);
  const known = (input: number): KnownTensor | undefined => inputs[input]?.known;
  return {
    id: 'op',
    type: entry.name,
    domain: entry.domain,
    opset: spec.opset ?? entry.since.at(-1) ?? 1,
    inputCount: inputs.length,
    outputCount: spec.outputs ?? entry.outputs[0],
    has: (input) => inputs[input]?.present ?? false,
    hasOutput: (slot) => slot < (spec.outputs ?? entry.outputs[0]),
    inputType: (input) => inputs[input]?.type ?? UNKNOWN_TYPE,
    dtype: (input) => tensor(inputs[input]?.type).dtype,
    shape: (input) => tensor(inputs[input]?.type).shape,
    outputType: (slot) => outputs[slot] ?? UNKNOWN_TYPE,
    outputShape: (slot) => tensor(outputs[slot]).shape,
    isConstant: (input) => inputs[input]?.constant ?? false,
    known,
    numbers: (input) => {
      const data = known(input)?.data;
      return data?.every((element) => typeof element === 'number') ? data : undefined;
    },
    attribute,
    int: (name, fallback) => numberOf(attribute(name), fallback),
    float: (name, fallback) => numberOf(attribute(name), fallback),
    string: (name, fallback) => {
      const value = attribute(name);
      return value?.kind === 'string' ? value.value : fallback;
    },
    ints: (name) => {
      const value = attribute(name);
      return value?.kind === 'ints' ? value.value : undefined;
    },
    subgraph: (name) => spec.graphs?.[name],
    dataDim: (hint, upperBound) =>
      dimSymbol(upperBound === undefined ? hint : `${hint}<=${formatDim(upperBound)}`),
    inferSubgraph: (name, types) => {
      const body = spec.subgraphs?.[name];
      if (!body) throw new Error(`the case has no subgraph ${name}`);
      return body(types);
    },
    report: (code, message) => {
      throw new Contradiction(`${code}: ${message}`);
    },
    fail: (message) => {
      throw new Contradiction(message);
    },
  };
}

interface ReadInput {
  readonly present: boolean;
  readonly constant: boolean;
  readonly type: ValueType;
  readonly known?: KnownTensor;
}

function readInput(spec: InputSpec): ReadInput {
  if (typeof spec === 'string') {
    const present = spec !== '';
    const constant = spec.endsWith('!');
    return { present, constant, type: present ? typeOf(spec) : UNKNOWN_TYPE };
  }
  if ('data' in spec) {
    const { dtype, dims, data, constant } = spec;
    return { present: true, constant, type: tensorType(dtype, dims), known: { dtype, dims, data } };
  }
  return { present: true, constant: false, type: spec };
}

function wrap(value: Attribute | undefined): AttributeValue | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number') {
    return Number.isInteger(value) ? { kind: 'int', value } : { kind: 'float', value };
  }
  if (typeof value === 'string') return { kind: 'string', value };
  if ('kind' in value) return value;
  return { kind: value.every(Number.isInteger) ? 'ints' : 'floats', value };
}

function numberOf(value: AttributeValue | undefined, fallback: number): number {
  return value?.kind === 'int' || value?.kind === 'float' ? value.value : fallback;
}
