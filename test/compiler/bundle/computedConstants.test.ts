// Constants that operators make of constants have the bytes that the operators would give: ONNX's operator cases with
// all inputs as constants, and a chain that shares what it computes.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { constantBytes } from '../../../compiler/bundle/computedConstants.ts';
import type { Model, Value } from '../../../compiler/graph/graph.ts';
import { tensorType } from '../../../compiler/graph/types.ts';
import { foldConstants } from '../../../compiler/infer/foldConstants.ts';
import { inferModel } from '../../../compiler/infer/inferModel.ts';
import { Unsupported } from '../../../compiler/lower/unsupported.ts';
import { decodeElements } from '../../../compiler/onnx/elements.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { modelFromBytes, openModelFile } from '../../../compiler/onnx/source.ts';
import { compareTensors, toleranceOf } from '../../../compiler/tensor/compare.ts';
import { readTensorProto, TensorFileError } from '../../../compiler/tensor/protoFile.ts';
import type { Tensor } from '../../../compiler/tensor/tensor.ts';
import { countOf, makeTensor } from '../../../compiler/tensor/tensor.ts';
import { model, node, tensor } from '../onnx/protoWriter.ts';
import { nodeTestCases } from '../../setup/nodeTests.ts';
import type { NodeTestCase } from '../../setup/nodeTests.ts';

const ONNX = { relative: 1e-3, ofRms: 1e-3 };

/** Every input is a constant; large ones are not known while inferring, as weights are. */
function withConstants(imported: Model, inputs: readonly Tensor[]): Model {
  const { graph } = imported;
  const values = graph.values.map((value): Value => {
    const at = graph.inputs.indexOf(value.index);
    const given = inputs[at];
    if (at < 0 || given === undefined) return value;
    const { dtype, dims, bytes } = given;
    const isParameter = dims.length <= 1 && countOf(dims) <= 8;
    const data = isParameter ? [...decodeElements(bytes, dtype, countOf(dims))] : [];
    return {
      ...value,
      isInput: false,
      type: tensorType(dtype, dims),
      constant: { dtype, dims, source: { kind: 'bytes', bytes } },
      ...(isParameter && { known: { dtype, dims, data } }),
    };
  });
  return { ...imported, graph: { ...graph, values, inputs: [] } };
}

function judge({ model: path, dataSets }: NodeTestCase): string {
  const source = openModelFile(path);
  try {
    const imported = importModel(source);
    const { inputs, outputs } = dataSets[0]!;
    const given = inputs.map(readFile);
    const inferred = inferModel(withConstants(imported, given), { bindings: new Map() });
    const { graph } = foldConstants(inferred);
    if (graph.operators.length > 0) return 'kept';
    for (const [i, output] of graph.outputs.entries()) {
      const { constant, known } = graph.values[output]!;
      if (constant?.source.kind !== 'operators') continue;
      const { dtype, dims } = constant;
      const own = makeTensor(dtype, dims, constantBytes(constant, source, known));
      const exact = toleranceOf(dtype) === undefined || dtype.endsWith('16');
      const result = compareTensors(own, readFile(outputs[i]!), exact ? undefined : ONNX);
      if (!result.passed) return `output ${i}: ${result.mismatch ?? result.largestError}`;
    }
    return 'passed';
  } catch (error) {
    if (error instanceof TensorFileError) return 'unsupported';
    return error instanceof Unsupported ? 'unsupported' : (error as Error).message;
  } finally {
    source.close();
  }
}

function readFile(path: string): Tensor {
  return readTensorProto(new Uint8Array(readFileSync(path)));
}

describe('computed constants', () => {
  it("are what ONNX's operator cases say", { timeout: 120_000 }, () => {
    const counts = new Map<string, number>();
    const wrong: string[] = [];
    for (const testCase of nodeTestCases()) {
      const verdict = judge(testCase);
      if (!['passed', 'kept', 'unsupported'].includes(verdict)) {
        wrong.push(`${testCase.name}: ${verdict}`);
      }
      counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    }
    if (process.env.FUSION_REASONS) console.log([...counts]);
    expect(wrong).toEqual([]);
    expect(counts.get('passed')).toBeGreaterThan(600);
  });

  it('follow chains of any length without a deep stack', () => {
    const length = 2000;
    const data = Array.from({ length: 8192 }, (_, i) => i % 7);
    const bytes = chain(length, data);
    const [output] = evaluated(bytes);
    expect([...output!.subarray(0, 3)]).toEqual([2000, 2001, 2002]);
  });

  it('name the operator whose check fails', () => {
    const bytes = model({
      opset: 17,
      initializers: [
        tensor('table', 'float32', [5000], new Array<number>(5000).fill(1)),
        tensor('at', 'int64', [4500], new Array<number>(4500).fill(5000)),
      ],
      nodes: [node('Gather', ['table', 'at'], ['picked'])],
      outputs: ['picked'],
    });
    expect(() => evaluated(bytes)).toThrow(/Gather "picked".*cannot be evaluated/);
  });
});

/** w + 1 + 1 ... */
function chain(length: number, data: readonly number[]): Uint8Array {
  return model({
    opset: 17,
    initializers: [tensor('w', 'float32', [data.length], data), tensor('one', 'float32', [1], [1])],
    nodes: Array.from({ length }, (_, i) =>
      node('Add', [i === 0 ? 'w' : `v${i - 1}`, 'one'], [`v${i}`]),
    ),
    outputs: [`v${length - 1}`],
  });
}

/** Outputs of a model that has nothing but constants. */
function evaluated(bytes: Uint8Array): readonly Float32Array[] {
  const source = modelFromBytes(bytes);
  const { graph } = foldConstants(inferModel(importModel(source), { bindings: new Map() }));
  expect(graph.operators).toEqual([]);
  return graph.outputs.map((output) => {
    const { constant, known } = graph.values[output]!;
    const own = constantBytes(constant!, source, known);
    return new Float32Array(own.buffer, own.byteOffset, own.length / 4);
  });
}
