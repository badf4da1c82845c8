// The third judge of inference: ONNX Runtime itself. Every tensor of a model becomes an output; its element
// type, sizes and (where inference evaluated it) elements must be what inference said. Sizes that only the
// data decides must agree with each other: one value per symbol, right in every expression.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateDim, isSymbolic, symbolsOf } from '../../../compiler/graph/dim.ts';
import type { Dim } from '../../../compiler/graph/dim.ts';
import type { Model, Value } from '../../../compiler/graph/graph.ts';
import type { TensorType } from '../../../compiler/graph/types.ts';
import { tensorType, UNKNOWN_TYPE } from '../../../compiler/graph/types.ts';
import type { GraphFacts } from '../../../compiler/infer/facts.ts';
import { inferGraph, InferSession } from '../../../compiler/infer/inferGraph.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { openModelFile } from '../../../compiler/onnx/source.ts';
import { loadOnnxRuntime, onnxRuntimeInstalled } from '../../setup/onnxRuntime.ts';
import { bytesField, concat, valueInfo } from '../onnx/protoWriter.ts';

const MODELS = [
  'efficientnet-b0',
  'mobilenetv1-ssd',
  'tinybert',
  'gpt-2',
  'faster-rcnn',
  'mask-rcnn',
];
const models = new URL('../../models/', import.meta.url);

/** Facts of the main graph, found without any declared type of a computed value. */
function infer(path: string): { model: Model; facts: GraphFacts } {
  const imported = importModel(openModelFile(path));
  const values = imported.graph.values.map((value) =>
    value.producer < 0 ? value : { ...value, type: UNKNOWN_TYPE },
  );
  const model = { ...imported, graph: { ...imported.graph, values } };
  return {
    model,
    facts: inferGraph(new InferSession(model, new Map()), model.graph, [], undefined),
  };
}

/** The file with every computed tensor as an output: messages of one protobuf field are merged. */
function withAllOutputs(file: Uint8Array, names: readonly string[]): Uint8Array {
  const outputs = names.map((name) => bytesField(12, valueInfo(name)));
  return concat(file, bytesField(7, concat(...outputs)));
}

/** Deterministic inputs: images of noise, tokens and masks of 0 and 1. */
function feed(value: Value): Tensor {
  const { Tensor: OrtTensor } = loadOnnxRuntime();
  const { dtype, shape } = value.type as TensorType;
  const dims = shape as readonly number[];
  const count = dims.reduce((product, dim) => product * dim, 1);
  let state = 12345;
  const next = (): number =>
    (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) / 2 ** 31;
  if (dtype === 'int64') {
    const data = Array.from({ length: count }, () => Math.floor(next() * 2));
    return new OrtTensor('int64', BigInt64Array.from(data.map(BigInt)), dims);
  }
  return new OrtTensor('float32', Float32Array.from({ length: count }, next), dims);
}

/**
 * Real-looking weights where the data decides sizes (a detector finds something then), else zeros: a file
 * with a hole, which costs neither time nor disk.
 */
function writeWeights(name: string, model: Model, folder: string): void {
  if (name.endsWith('rcnn')) {
    const script = fileURLToPath(new URL('materialize.mjs', models));
    const source = fileURLToPath(new URL(`${name}.onnx`, models));
    execFileSync(process.execPath, [script, folder, source]);
    return;
  }
  const lengths = new Map<string, number>();
  for (const { constant } of model.graph.values) {
    if (constant?.source.kind !== 'external') continue;
    const { location, offset, length } = constant.source;
    lengths.set(location, Math.max(lengths.get(location) ?? 0, offset + length));
  }
  for (const [location, length] of lengths) {
    writeFileSync(join(folder, location), '');
    truncateSync(join(folder, location), length);
  }
}

describe.skipIf(!onnxRuntimeInstalled())('types and sizes in ONNX Runtime', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fusion-studio-shapes-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(MODELS)('%s', { timeout: 180_000 }, async (name) => {
    const source = fileURLToPath(new URL(`${name}.onnx`, models));
    const { model, facts } = infer(source);
    writeWeights(name, model, folder);
    const computed = model.graph.values.filter(({ producer }) => producer >= 0);
    const declared = new Set(model.graph.outputs);
    const added = computed.filter(({ index }) => !declared.has(index));
    const path = join(folder, `${name}.all.onnx`);
    writeFileSync(
      path,
      withAllOutputs(
        readFileSync(source),
        added.map((value) => value.name),
      ),
    );

    const session = await loadOnnxRuntime().InferenceSession.create(path, {
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 3,
    });
    const inputs = model.graph.inputs.map((index) => model.graph.values[index]!);
    const feeds = Object.fromEntries(inputs.map((value) => [value.name, feed(value)]));
    const actual = await session.run(feeds);
    await session.release();

    const problems = compare(facts, computed, actual);
    console.log(`${name}: ${computed.length} tensors compared`);
    expect(problems).toEqual([]);
  });
});

function compare(
  facts: GraphFacts,
  values: readonly Value[],
  actual: InferenceSession.OnnxValueMapType,
): string[] {
  const sizes = new Map<string, number>();
  const problems: string[] = [];
  // Plain symbols first: expressions are judged by their values.
  for (const { index, name } of values) {
    const type = facts.types[index] as TensorType;
    type.shape?.forEach((dim, axis) => {
      const size = (actual[name] as Tensor).dims[axis];
      if (isSymbolic(dim) && symbolsOf(dim).has(dim.key) && size !== undefined) {
        if ((sizes.get(dim.key) ?? size) !== size)
          problems.push(`${name}: two sizes of ${dim.key}`);
        sizes.set(dim.key, size);
      }
    });
  }
  const sizeOf = (dim: Dim): number =>
    evaluateDim(dim, (symbol) => sizes.get(symbol) ?? Number.NaN);
  for (const { index, name } of values) {
    const found = facts.types[index] ?? UNKNOWN_TYPE;
    const tensor = actual[name] as Tensor;
    const real = tensorType(tensor.type as TensorType['dtype'], tensor.dims);
    if (found.kind !== 'tensor' || found.shape === null) problems.push(`${name}: not known`);
    else {
      const evaluated = tensorType(found.dtype, found.shape.map(sizeOf));
      const same = JSON.stringify(evaluated) === JSON.stringify(real);
      if (!same)
        problems.push(`${name}: ${JSON.stringify(evaluated)}, really ${JSON.stringify(real)}`);
    }
    facts.known[index]?.data.forEach((element, i) => {
      if (element === undefined) return;
      const wanted = Number((tensor.data as ArrayLike<number | bigint>)[i]);
      const value = sizeOf(element);
      const close = Math.abs(value - wanted) <= 1e-6 * Math.max(1, Math.abs(wanted));
      if (!(close || value === wanted))
        problems.push(`${name}[${i}] is ${value}, really ${wanted}`);
    });
  }
  return problems;
}
