// What ONNX Runtime computes for any tensors of a model, not only its outputs.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-common';
import type { DataType } from '../../compiler/graph/types.ts';
import type { Tensor } from '../../compiler/tensor/tensor.ts';
import { makeTensor } from '../../compiler/tensor/tensor.ts';
import { bytesField, concat, valueInfo } from '../compiler/onnx/protoWriter.ts';
import { loadOnnxRuntime } from '../setup/onnxRuntime.ts';

/** Types that both sides hold in the same bytes. */
const ARRAYS: Partial<Record<DataType, new (buffer: ArrayBuffer) => OrtTensor['data']>> = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

export interface Reference {
  /** Values of the named tensors for these inputs (by name). */
  run(inputs: ReadonlyMap<string, Tensor>): Promise<ReadonlyMap<string, Tensor>>;
  /** Runs for timing: nothing is converted. Milliseconds. */
  time(inputs: ReadonlyMap<string, Tensor>): Promise<number>;
  close(): Promise<void>;
}

/**
 * @param names of computed tensors that become outputs; those that are outputs already may be among them. Optimisations
 *   that would remove one of them do not happen.
 */
export async function openReference(
  path: string,
  names: readonly string[],
  options: InferenceSession.SessionOptions = {},
): Promise<Reference> {
  const { InferenceSession: Session } = loadOnnxRuntime();
  let model = path;
  if (names.length > 0) {
    const file = readFileSync(path);
    const present = (await inspect(path)).outputNames;
    const added = names.filter((name) => !present.includes(name));
    const outputs = added.map((name) => bytesField(12, valueInfo(name)));
    // Beside the original: its weights are found from there.
    model = join(dirname(path), `reference-${process.pid}.onnx`);
    writeFileSync(model, concat(file, bytesField(7, concat(...outputs))));
  }
  const session = await Session.create(model, { logSeverityLevel: 3, ...options });
  if (model !== path) rmSync(model);
  return {
    async run(inputs) {
      const results = await session.run(feeds(inputs), wanted(session, names));
      return new Map(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]));
    },
    async time(inputs) {
      const feed = feeds(inputs);
      const start = performance.now();
      await session.run(feed);
      return performance.now() - start;
    },
    close: () => session.release(),
  };
}

async function inspect(path: string): Promise<{ outputNames: readonly string[] }> {
  const session = await loadOnnxRuntime().InferenceSession.create(path, {
    logSeverityLevel: 3,
    graphOptimizationLevel: 'disabled',
  });
  const { outputNames } = session;
  await session.release();
  return { outputNames };
}

function wanted(session: InferenceSession, names: readonly string[]): readonly string[] {
  return names.length > 0 ? names : session.outputNames;
}

export function toOrt({ dtype, dims, bytes }: Tensor): OrtTensor {
  const { Tensor: Ort } = loadOnnxRuntime();
  const View = ARRAYS[dtype];
  if (!View) throw new Error(`${dtype} is not passed to the reference`);
  const data = new View(Uint8Array.from(bytes).buffer);
  return new Ort(dtype as 'float32', data as Float32Array, [...dims]);
}

function feeds(inputs: ReadonlyMap<string, Tensor>): Record<string, OrtTensor> {
  return Object.fromEntries([...inputs].map(([name, tensor]) => [name, toOrt(tensor)]));
}

function fromOrt({ type, dims, data }: OrtTensor): Tensor {
  const { buffer, byteOffset, byteLength } = data as Float32Array<ArrayBuffer>;
  return makeTensor(type as DataType, dims, new Uint8Array(buffer, byteOffset, byteLength));
}
