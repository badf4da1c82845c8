// Runs a model of one or a few operators on the interpreter (as one block) and in ONNX Runtime on the same
// random inputs, and says where they differ.
import type { Tensor as OrtTensor } from 'onnxruntime-common';
import type { DataType } from '../../../compiler/graph/types.ts';
import { unprovenAccesses } from '../../../compiler/loop/bounds.ts';
import type { Scalar } from '../../../compiler/loop/arithmetic.ts';
import type { StorageType } from '../../../compiler/loop/scalarType.ts';
import type { Tensor } from '../../../compiler/lower/runGraph.ts';
import { runGraph } from '../../../compiler/lower/runGraph.ts';
import { storageOf } from '../../../compiler/lower/storage.ts';
import { loadOnnxRuntime } from '../../setup/onnxRuntime.ts';
import type { AttributeSpec } from '../onnx/protoWriter.ts';
import { input, model, node, tensor } from '../onnx/protoWriter.ts';
import { importSpec } from '../onnx/importing.ts';
import { oneBlock, prepare } from './running.ts';
import { Random } from './randomGraphs.ts';

export interface Operand {
  readonly dtype: DataType;
  readonly dims: readonly number[];
  /** Row-major; default random in [-2, 2], or over the whole range of an 8-bit type. */
  readonly data?: readonly number[];
  /** An initialiser instead of an input. */
  readonly constant?: boolean;
}

export interface OperatorRun {
  readonly type: string;
  readonly domain?: string;
  readonly opset?: number;
  /** `undefined`: absent. */
  readonly inputs: readonly (Operand | undefined)[];
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  /** Instead of one node: nodes from x0, x1 … to y0. */
  readonly nodes?: readonly Uint8Array[];
  /** Which outputs exist; default: the first. */
  readonly outputs?: readonly boolean[];
  /** Allowed difference of quantised results in steps; default 0. */
  readonly steps?: number;
  /** Of |b|; default 1e-4. */
  readonly relative?: number;
}

export function floats(...dims: readonly number[]): Operand {
  return { dtype: 'float32', dims };
}

export function given(dtype: DataType, dims: readonly number[], data: readonly number[]): Operand {
  return { dtype, dims, data };
}

function elementsOf({ dtype, dims, data }: Operand, random: Random): readonly number[] {
  if (data !== undefined) return data;
  const count = dims.reduce((a, b) => a * b, 1);
  return Array.from({ length: count }, () => {
    if (dtype === 'uint8') return random.below(256);
    if (dtype === 'int8') return random.below(256) - 128;
    if (dtype === 'int32') return random.below(2001) - 1000;
    return Math.fround(random.real());
  });
}

function ortTensor({ dtype, dims }: Operand, data: readonly number[]): OrtTensor {
  const { Tensor: Made } = loadOnnxRuntime();
  switch (dtype) {
    case 'float32':
      return new Made('float32', Float32Array.from(data), dims);
    case 'uint8':
      return new Made('uint8', Uint8Array.from(data), dims);
    case 'int8':
      return new Made('int8', Int8Array.from(data), dims);
    case 'int32':
      return new Made('int32', Int32Array.from(data), dims);
    case 'int64':
      return new Made('int64', BigInt64Array.from(data.map(BigInt)), dims);
    case 'bool':
      return new Made('bool', Uint8Array.from(data), dims);
    default:
      throw new Error(`no tensors of ${dtype} here`);
  }
}

/** Differences of the outputs that exist, empty where they agree; throws where either side refuses. */
export async function differences(run: OperatorRun, seed = 1): Promise<readonly string[]> {
  const random = new Random(seed);
  const operands = run.inputs.map((operand) =>
    operand === undefined ? undefined : { operand, data: elementsOf(operand, random) },
  );
  const names = operands.map((operand, i) => (operand === undefined ? '' : `x${i}`));
  const outputs = (run.outputs ?? [true]).map((exists, i) => (exists ? `y${i}` : ''));
  const present = operands.flatMap((entry, i) =>
    entry === undefined ? [] : [{ ...entry, name: `x${i}` }],
  );
  const isInput = ({ operand }: { readonly operand: Operand }): boolean => !operand.constant;
  const spec = {
    opset: { '': run.opset ?? 21, ...(run.domain && { [run.domain]: 1 }) },
    nodes: run.nodes ?? [
      node(run.type, names, outputs, run.attributes, run.domain ? { domain: run.domain } : {}),
    ],
    inputs: present
      .filter(isInput)
      .map(({ name, operand }) => input(name, operand.dtype, operand.dims)),
    initializers: present
      .filter((entry) => !isInput(entry))
      .map(({ name, operand, data }) => tensor(name, operand.dtype, operand.dims, data)),
    outputs: outputs.filter((name) => name !== ''),
  };
  const session = await loadOnnxRuntime().InferenceSession.create(model(spec));
  const feeds = Object.fromEntries(
    present.filter(isInput).map(({ name, operand, data }) => [name, ortTensor(operand, data)]),
  );
  const expected = await session.run(feeds);
  await session.release();

  const prepared = prepare(importSpec(spec));
  const storage = new Map(
    present.map(({ operand, data }, i) => [i, [storageOf(operand.dtype)!, operand, data] as const]),
  );
  const inputs = [...storage.values()]
    .filter(([, operand]) => !operand.constant)
    .map(([kind, { dims }, data]): Tensor => ({
      storage: kind,
      dims,
      elements: scalars(kind, data),
    }));
  const unproven: string[] = [];
  const constants = new Map(
    prepared.model.graph.values.map(({ index, name }) => [index, name] as const),
  );
  const results = runGraph(prepared.model, oneBlock(prepared.model), inputs, {
    maxSteps: 2e7,
    onProgram: ({ program }) => unproven.push(...unprovenAccesses(program)),
    constantOf: (value) => {
      const found = present.find(({ name }) => name === constants.get(value));
      if (found === undefined) return undefined;
      const kind = storageOf(found.operand.dtype)!;
      return { storage: kind, dims: found.operand.dims, elements: scalars(kind, found.data) };
    },
  });
  return [
    ...unproven,
    ...results.flatMap((result, i) => {
      const name = outputs.filter((text) => text !== '')[i]!;
      const text = difference(result, expected[name] as OrtTensor, run);
      return text === undefined ? [] : [`${name}: ${text}`];
    }),
  ];
}

function scalars(storage: StorageType, data: readonly number[]): readonly Scalar[] {
  return storage === 'i64' ? data.map((element) => BigInt(element)) : data;
}

/** How a result differs from ONNX Runtime's; `undefined` within the tolerance of the run. */
export function difference(
  { dims, elements, storage }: Tensor,
  expected: OrtTensor,
  { steps = 0, relative = 1e-4 }: OperatorRun,
): string | undefined {
  if (dims.join() !== expected.dims.join())
    return `shape ${dims.join()}, not ${expected.dims.join()}`;
  const reference = [...(expected.data as Float32Array)].map(Number);
  const isFloat = storage === 'f32' || storage === 'f64';
  const rms = Math.sqrt(reference.reduce((sum, b) => sum + b * b, 0) / reference.length);
  for (const [i, b] of reference.entries()) {
    const a = Number(elements[i]);
    const allowed = isFloat ? relative * (Math.abs(b) + 0.1 * rms) : steps;
    if (!(Math.abs(a - b) <= allowed) && !(Number.isNaN(a) && Number.isNaN(b))) {
      return `element ${i} is ${a}, ONNX Runtime has ${b}`;
    }
  }
  return undefined;
}
