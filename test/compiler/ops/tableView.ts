// A view of one operator as its row of the table means it: inputs of equal shape that only a run knows,
// unless the row's default case needs a constant, an attribute or another output.
import type { AttributeValue, Graph, KnownTensor } from '../../../compiler/graph/graph.ts';
import type { Dim } from '../../../compiler/graph/dim.ts';
import type { DataType, Shape, ValueType } from '../../../compiler/graph/types.ts';
import { tensorType, UNKNOWN_TYPE } from '../../../compiler/graph/types.ts';
import type { OpView } from '../../../compiler/ops/define.ts';

export interface ViewSpec {
  readonly type?: string;
  readonly domain?: string;
  readonly opset?: number;
  /** Shapes of the inputs; `undefined` is an absent input, null an unknown rank. */
  readonly inputs: readonly (readonly Dim[] | null | undefined)[];
  readonly dtype?: DataType;
  readonly outputs?: readonly Shape[];
  readonly outputDtype?: DataType;
  /** Elements of constant inputs, by position (1-D). */
  readonly constants?: Readonly<Record<number, readonly number[]>>;
  /** Inputs that are constants of unknown elements. */
  readonly weights?: readonly number[];
  readonly attributes?: Readonly<Record<string, number | string | readonly number[]>>;
}

/** The view of an operator without a graph around it. */
export function view(spec: ViewSpec): OpView {
  const { inputs, outputs = [inputs[0] ?? null], dtype = 'float32', constants = {} } = spec;
  const attribute = (name: string): AttributeValue | undefined => {
    const value = spec.attributes?.[name];
    if (value === undefined) return undefined;
    if (typeof value === 'string') return { kind: 'string', value };
    if (typeof value === 'number') return { kind: 'int', value };
    return { kind: 'ints', value };
  };
  const known = (input: number): KnownTensor | undefined => {
    const data = constants[input];
    return data && { dtype: 'int64', dims: inputs[input] as readonly number[], data };
  };
  const inputType = (input: number): ValueType => {
    const shape = inputs[input];
    return shape === undefined ? UNKNOWN_TYPE : tensorType(dtype, shape);
  };
  const outputType = (slot: number): ValueType =>
    tensorType(spec.outputDtype ?? dtype, outputs[slot] ?? null);
  return {
    id: 'y',
    type: spec.type ?? 'Test',
    domain: spec.domain ?? '',
    opset: spec.opset ?? 21,
    inputCount: inputs.length,
    outputCount: outputs.length,
    has: (input) => inputs[input] !== undefined,
    hasOutput: (slot) => slot < outputs.length,
    inputType,
    dtype: (input) => (inputs[input] === undefined ? 'undefined' : dtype),
    shape: (input) => inputs[input] ?? null,
    outputType,
    outputShape: (slot) => outputs[slot] ?? null,
    isConstant: (input) => input in constants || (spec.weights?.includes(input) ?? false),
    known,
    numbers: (input) => constants[input],
    attribute,
    int: (name, fallback) => (spec.attributes?.[name] as number | undefined) ?? fallback,
    float: (name, fallback) => (spec.attributes?.[name] as number | undefined) ?? fallback,
    string: (name, fallback) => (spec.attributes?.[name] as string | undefined) ?? fallback,
    ints: (name) => spec.attributes?.[name] as readonly number[] | undefined,
    subgraph: (): Graph | undefined => undefined,
  };
}
