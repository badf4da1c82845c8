/**
 * The process in which ONNX Runtime computes what is expected: a program of its own reads the model here, and may
 * crash, so neither the editor's nor the run's process loads it.
 */
import { createRequire } from 'node:module';
import { byteLength } from '../../onnx/elements.ts';
import type { DataType } from '../../graph/types.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { countOf } from '../../tensor/tensor.ts';
import type { OracleAnswer, OracleRequest } from './oracleMessages.ts';

/** Of the parts of onnxruntime-node's API that are used here. */
interface Runtime {
  readonly InferenceSession: {
    create(path: string, options: object): Promise<Session>;
  };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => RuntimeTensor;
}
interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Record<string, RuntimeTensor>): Promise<Record<string, RuntimeTensor>>;
}
interface RuntimeTensor {
  readonly type: string;
  readonly data: ArrayBufferView;
  readonly dims: readonly number[];
}

type ArrayType = new (buffer: ArrayBufferLike, offset: number, length: number) => ArrayBufferView;

/** Arrays that ONNX Runtime takes for each element type. */
const ARRAYS: Partial<Record<DataType, ArrayType>> = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
  float16: (globalThis as unknown as { Float16Array?: ArrayType }).Float16Array ?? Uint16Array,
};

/** Answers one request and lets the process end. */
export function serveOracle(): void {
  process.once('message', (request: OracleRequest) => {
    void answer(request).then((message) => {
      process.send?.(message, () => process.exit(0));
    });
  });
  process.once('disconnect', () => process.exit(0));
}

async function answer(request: OracleRequest): Promise<OracleAnswer> {
  try {
    return { kind: 'outputs', outputs: await compute(request) };
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

async function compute({ runtime, model, inputs }: OracleRequest): Promise<readonly Tensor[]> {
  const { InferenceSession, Tensor } = createRequire(runtime)(runtime) as Runtime;
  const session = await InferenceSession.create(model, {
    executionProviders: ['cpu'],
    logSeverityLevel: 3,
  });
  const feeds: Record<string, RuntimeTensor> = {};
  session.inputNames.forEach((name, at) => {
    const tensor = inputs[at];
    if (tensor === undefined) throw new Error(`it wants an input ${name}`);
    feeds[name] = new Tensor(tensor.dtype, arrayOf(tensor), tensor.dims);
  });
  const results = await session.run(feeds);
  return session.outputNames.map((name) => tensorOf(results[name]!));
}

function arrayOf({ dtype, dims, bytes }: Tensor): ArrayBufferView {
  const array = ARRAYS[dtype];
  if (array === undefined) throw new Error(`${dtype} inputs are not passed to it`);
  // What came through the channel starts anywhere.
  return new array(Uint8Array.from(bytes).buffer, 0, countOf(dims));
}

function tensorOf({ type, data, dims }: RuntimeTensor): Tensor {
  const dtype = type as DataType;
  if (ARRAYS[dtype] === undefined) throw new Error(`its ${type} outputs are not compared`);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length !== byteLength(dtype, countOf(dims))) throw new Error('an output is incomplete');
  return { dtype, dims: [...dims], bytes: Uint8Array.from(bytes) };
}
