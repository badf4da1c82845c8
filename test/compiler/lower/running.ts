// Shortcuts of the lowering tests: models from text, plans by name, tensors from and to numbers.
import { readFileSync } from 'node:fs';
import { onnx } from 'onnx-proto';
import { buildEcg } from '../../../compiler/ecg/buildEcg.ts';
import type { Ecg } from '../../../compiler/ecg/ecg.ts';
import type { PlanEdits, PlannerName } from '../../../compiler/fusion/plan.ts';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import { createPlanner } from '../../../compiler/fusion/planner.ts';
import type { Model } from '../../../compiler/graph/graph.ts';
import type { DataType } from '../../../compiler/graph/types.ts';
import { dataTypeOfCode } from '../../../compiler/graph/types.ts';
import { inferModel } from '../../../compiler/infer/inferModel.ts';
import type { Scalar } from '../../../compiler/loop/arithmetic.ts';
import { bf16FromBits, f16FromBits } from '../../../compiler/loop/halfFloat.ts';
import { unprovenAccesses } from '../../../compiler/loop/bounds.ts';
import { printProgram } from '../../../compiler/loop/print.ts';
import type { Tensor } from '../../../compiler/lower/runGraph.ts';
import { lowerPlan, runGraph } from '../../../compiler/lower/runGraph.ts';
import { storageOf } from '../../../compiler/lower/storage.ts';
import { importSpec } from '../onnx/importing.ts';
import type { ModelSpec } from '../onnx/protoWriter.ts';

export interface Prepared {
  readonly model: Model;
  readonly ecg: Ecg;
}

export function prepare(imported: Model): Prepared {
  const bindings = new Map<string, number>();
  const model = inferModel(imported, { bindings });
  return { model, ecg: buildEcg(model, bindings) };
}

export function prepareSpec(spec: ModelSpec): Prepared {
  return prepare(importSpec(spec));
}

export function planOf(ecg: Ecg, planner: PlannerName, edits: Partial<PlanEdits> = {}) {
  return createPlanner(ecg).plan({ ...NO_EDITS, planner, ...edits });
}

/** One block of all operators, whatever a planner would say. */
export function oneBlock({ graph }: Model) {
  return { blocks: [{ operators: graph.operators.map(({ index }) => index) }] };
}

/** Program texts of the blocks; fails when an access is not proven in bounds. */
export function programTexts({ model }: Prepared, plan: Parameters<typeof lowerPlan>[1]): string[] {
  return lowerPlan(model, plan).map(({ program }) => {
    const unproven = unprovenAccesses(program);
    if (unproven.length > 0) throw new Error(`${unproven.join('; ')} in\n${printProgram(program)}`);
    return printProgram(program);
  });
}

export function floats(dims: readonly number[], elements: readonly number[]): Tensor {
  return { storage: 'f32', dims, elements: elements.map(Math.fround) };
}

export function runPrepared(
  { model }: Prepared,
  plan: Parameters<typeof runGraph>[1],
  inputs: readonly Tensor[],
): readonly Tensor[] {
  return runGraph(model, plan, inputs, { maxSteps: 2e7 });
}

/** Reads a TensorProto file; `undefined` for types that kernels do not read, or no tensor at all. */
export function readTensor(path: string): Tensor | undefined {
  const tensor = onnx.TensorProto.decode(readFileSync(path));
  const dtype = dataTypeOfCode(tensor.dataType ?? 0);
  const storage = storageOf(dtype);
  if (storage === undefined) return undefined;
  return { storage, dims: tensor.dims.map(Number), elements: readElements(dtype, tensor) };
}

function readElements(dtype: DataType, tensor: onnx.ITensorProto): readonly Scalar[] {
  const raw = tensor.rawData ?? new Uint8Array();
  const bytes = raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength) as ArrayBuffer;
  const stored = raw.byteLength > 0;
  const words = (): number[] => (stored ? [...new Uint16Array(bytes)] : (tensor.int32Data ?? []));
  switch (dtype) {
    case 'float32':
      return stored ? [...new Float32Array(bytes)] : (tensor.floatData ?? []);
    case 'float64':
      return stored ? [...new Float64Array(bytes)] : (tensor.doubleData ?? []);
    case 'float16':
      return words().map(f16FromBits);
    case 'bfloat16':
      return words().map(bf16FromBits);
    case 'int64':
      return stored
        ? [...new BigInt64Array(bytes)]
        : (tensor.int64Data ?? []).map((element) => BigInt(String(element)));
    case 'uint64':
      return stored
        ? [...new BigUint64Array(bytes)]
        : (tensor.uint64Data ?? []).map((element) => BigInt(String(element)));
    case 'uint32':
      return stored ? [...new Uint32Array(bytes)] : (tensor.uint64Data ?? []).map(Number);
    case 'int32':
      return stored ? [...new Int32Array(bytes)] : (tensor.int32Data ?? []);
    case 'int16':
      return stored ? [...new Int16Array(bytes)] : (tensor.int32Data ?? []);
    case 'uint16':
      return words();
    case 'int8':
      return stored ? [...new Int8Array(bytes)] : (tensor.int32Data ?? []);
    default:
      return stored ? [...new Uint8Array(bytes)] : (tensor.int32Data ?? []);
  }
}
