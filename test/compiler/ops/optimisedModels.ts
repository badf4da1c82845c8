/**
 * Models as ONNX Runtime writes them: a session with `optimizedModelFilePath`, and a comparison of every
 * inferred type with what the runtime computes when all tensors are made outputs.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onnx } from 'onnx-proto';
import { formatShape } from '../../../compiler/graph/dim.ts';
import type { Model, Value } from '../../../compiler/graph/graph.ts';
import { inferModel } from '../../../compiler/infer/inferModel.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { openModelFile } from '../../../compiler/onnx/source.ts';
import { loadOnnxRuntime } from '../../setup/onnxRuntime.ts';
import { bytesField, concat, valueInfo } from '../onnx/protoWriter.ts';

const models = fileURLToPath(new URL('../../models/', import.meta.url));

/** Copies one of the paper's models with generated weights into `folder`; returns its path. */
export function materialise(name: string, folder: string): string {
  const script = join(models, 'materialize.mjs');
  execFileSync(process.execPath, [script, folder, join(models, `${name}.onnx`)], {
    stdio: 'ignore',
  });
  return join(folder, `${name}.onnx`);
}

/** The model as ONNX Runtime's optimiser leaves it, written beside the original. */
export async function optimise(path: string, level: 'extended' | 'all'): Promise<string> {
  const written = path.replace(/\.onnx$/, `.${level}.onnx`);
  const session = await loadOnnxRuntime().InferenceSession.create(path, {
    graphOptimizationLevel: level,
    optimizedModelFilePath: written,
    executionProviders: ['cpu'],
    logSeverityLevel: 3,
  });
  await session.release();
  return written;
}

/** Imported and inferred; `forget` drops the types that the file declares inside, so that rules have to find them. */
export function open(path: string, { forget = false } = {}): Model {
  const imported = importModel(openModelFile(path));
  return inferModel(forget ? withoutDeclaredTypes(imported) : imported, { bindings: new Map() });
}

/** 'com.microsoft.FusedConv' and so on, each once, sorted. */
export function operatorTypes(model: Model): string[] {
  const names = model.graph.operators.map(({ domain, type }) =>
    domain ? `${domain}.${type}` : type,
  );
  return [...new Set(names)].sort();
}

/** Differences between inferred types and what ONNX Runtime computes, tensor by tensor; and how many were compared. */
export async function compareWithRuntime(
  path: string,
  model: Model,
): Promise<{ readonly compared: number; readonly differences: readonly string[] }> {
  const bytes = readFileSync(path);
  const names = mainOutputs(bytes);
  // Protobuf merges repeated messages: appended outputs join the graph's own.
  const extra = concat(...names.map((name) => bytesField(12, valueInfo(name))));
  const all = join(path, '..', `all-${basename(path)}`);
  writeFileSync(all, concat(bytes, bytesField(7, extra)));
  const ort = loadOnnxRuntime();
  const session = await ort.InferenceSession.create(all, {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 3,
  });
  const results = await session.run(feeds(model));
  await session.release();
  const byName = new Map(model.graph.values.map((value) => [value.name, value]));
  const differences: string[] = [];
  let compared = 0;
  for (const [name, tensor] of Object.entries(results)) {
    const value = byName.get(name);
    if (!value) continue;
    compared += 1;
    if (!agrees(value, tensor.type, tensor.dims)) {
      differences.push(
        `${name}: ${typeText(value)}, computed ${tensor.type} ${tensor.dims.join('×')}`,
      );
    }
  }
  return { compared, differences };
}

function mainOutputs(bytes: Uint8Array): string[] {
  const graph = onnx.ModelProto.decode(bytes).graph;
  const declared = new Set(graph?.output?.map(({ name }) => name));
  const made = graph?.node?.flatMap(({ output }) => output ?? []) ?? [];
  return made.filter((name) => name !== '' && !declared.has(name));
}

function feeds(
  model: Model,
): Record<string, InstanceType<ReturnType<typeof loadOnnxRuntime>['Tensor']>> {
  const { Tensor } = loadOnnxRuntime();
  return Object.fromEntries(
    model.graph.inputs.map((index) => {
      const value = model.graph.values[index] as Value;
      if (value.type.kind !== 'tensor' || !value.type.shape)
        throw new Error(`odd input ${value.name}`);
      const dims = value.type.shape.map((dim) => (typeof dim === 'number' ? dim : 1));
      const count = dims.reduce((product, dim) => product * dim, 1);
      if (value.type.dtype === 'int64') {
        return [value.name, new Tensor('int64', new BigInt64Array(count).fill(1n), dims)];
      }
      const data = Float32Array.from({ length: count }, (_, i) => Math.sin(i));
      return [value.name, new Tensor('float32', data, dims)];
    }),
  );
}

function agrees({ type }: Value, dtype: string, dims: readonly number[]): boolean {
  if (type.kind !== 'tensor' || type.dtype !== dtype || type.shape === null) return false;
  if (type.shape.length !== dims.length) return false;
  return type.shape.every((dim, axis) => typeof dim !== 'number' || dim === dims[axis]);
}

function typeText({ type }: Value): string {
  return type.kind === 'tensor' ? `${type.dtype} ${formatShape(type.shape)}` : type.kind;
}

function withoutDeclaredTypes(model: Model): Model {
  const { graph } = model;
  const inputs = new Set(graph.inputs);
  const values = graph.values.map((value) =>
    value.constant || inputs.has(value.index)
      ? value
      : { ...value, type: { kind: 'unknown' } as const },
  );
  return { ...model, graph: { ...graph, values } };
}
