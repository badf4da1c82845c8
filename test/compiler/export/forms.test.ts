// Written models say the same as what they came from: in old opsets, with sizes that stay open, with bodies that read the
// graph around them. ONNX Runtime runs both.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ExportError } from '../../../compiler/export/exportError.ts';
import { saveModel } from '../../../compiler/export/saveModel.ts';
import type { Model } from '../../../compiler/graph/graph.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { openModelFile } from '../../../compiler/onnx/source.ts';
import { NO_REWRITES } from '../../../compiler/rewrite/rewrite.ts';
import { simplifyModel } from '../../../compiler/rewrite/simplifyModel.ts';
import { compareTensors } from '../../../compiler/tensor/compare.ts';
import type { Tensor } from '../../../compiler/tensor/tensor.ts';
import { tensorOf } from '../../../compiler/tensor/tensor.ts';
import { openReference } from '../../runs/reference.ts';
import { onnxRuntimeInstalled } from '../../setup/onnxRuntime.ts';
import type { ModelSpec } from '../onnx/protoWriter.ts';
import { input, model, node, tensor } from '../onnx/protoWriter.ts';

const folder = mkdtempSync(join(tmpdir(), 'fusion-studio-forms-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(i));
const x = (...dims: number[]): Tensor =>
  tensorOf('float32', dims, numbers(dims.reduce((a, b) => a * b, 1)));

async function written(spec: ModelSpec): Promise<{ path: string; own: string; again: Model }> {
  const [path, own] = ['original', 'written'].map((name) => join(folder, `${name}.onnx`));
  writeFileSync(path!, model(spec));
  const source = openModelFile(path!);
  try {
    const simplified = simplifyModel(importModel(source), new Map(), NO_REWRITES);
    await saveModel(simplified.model, source, path!, own!);
  } finally {
    source.close();
  }
  const result = openModelFile(own!);
  const again = importModel(result);
  result.close();
  return { path: path!, own: own!, again };
}

async function expectSame(
  spec: ModelSpec,
  inputs: Readonly<Record<string, Tensor>>,
): Promise<Model> {
  const { path, own, again } = await written(spec);
  const given = new Map(Object.entries(inputs));
  const [wanted, results] = await Promise.all(
    [path, own].map(async (file) => {
      const session = await openReference(file, []);
      const outputs = await session.run(given);
      await session.close();
      return outputs;
    }),
  );
  expect([...results!.keys()]).toEqual([...wanted!.keys()]);
  for (const [name, tensor] of wanted!) {
    expect(compareTensors(results!.get(name)!, tensor), name).toMatchObject({ passed: true });
  }
  return again;
}

describe.skipIf(!onnxRuntimeInstalled())('written models', () => {
  it('have attributes where opset 9 has no inputs', async () => {
    const again = await expectSame(
      {
        opset: 9,
        inputs: [input('x', 'float32', [2, 6, 4])],
        nodes: [
          node('Slice', ['x'], ['s'], { starts: [1], ends: [5], axes: [1] }),
          node('Pad', ['s'], ['p'], { pads: [0, 1, 0, 0, 0, 2], value: { float: 0.5 } }),
          node('Clip', ['p'], ['c'], { min: { float: -0.25 }, max: { float: 0.75 } }),
          node('Split', ['c'], ['a', 'b'], { axis: 1, split: [2, 3] }),
          node('ReduceMean', ['a'], ['m'], { axes: [2], keepdims: 0 }),
          node('ReduceSum', ['b'], ['r'], { axes: [1], keepdims: 0 }),
          node('Unsqueeze', ['m'], ['u'], { axes: [0] }),
          node('Squeeze', ['u'], ['q'], { axes: [0] }),
          node('TopK', ['r'], ['t', 'i'], { k: 3 }),
          node('Softmax', ['q'], ['y'], { axis: 1 }),
        ],
        outputs: ['y', 't', 'i'],
      },
      { x: x(2, 6, 4) },
    );
    expect(again.opsets.get('')).toBe(9);
  });

  it('say what newer opsets changed', async () => {
    const again = await expectSame(
      {
        opset: 13,
        inputs: [input('x', 'float32', [1, 2, 8, 8])],
        initializers: [
          tensor('boxes', 'float32', [2, 4], [0, 0, 5, 5, 1, 2, 7, 6]),
          tensor('batch', 'int64', [2], [0, 0]),
          tensor('scale', 'float32', [3], [1, 2, 3]),
        ],
        nodes: [
          node('RoiAlign', ['x', 'boxes', 'batch'], ['r'], { output_height: 3, output_width: 3 }),
          node('LayerNormalization', ['r', 'scale'], ['y']),
        ],
        outputs: ['y'],
      },
      { x: x(1, 2, 8, 8) },
    );
    // LayerNormalization is ONNX Runtime's own before.
    expect(again.opsets.get('')).toBe(17);
  });

  it('are refused where no opset says what is meant', async () => {
    const spec: ModelSpec = {
      opset: 11,
      inputs: [input('x', 'float32', [2, 3, 4])],
      initializers: [tensor('scale', 'float32', [4], [1, 2, 3, 4])],
      nodes: [
        node('Softmax', ['x'], ['s'], { axis: 1 }),
        node('LayerNormalization', ['s', 'scale'], ['y']),
      ],
      outputs: ['y'],
    };
    await expect(written(spec)).rejects.toThrow(ExportError);
    await expect(written(spec)).rejects.toThrow(/Softmax "s" over several axes/);
  });

  it('compute sizes that stay open', async () => {
    const scalar = (name: string, value: number) => tensor(name, 'int64', [], [value]);
    const again = await expectSame(
      {
        opset: 13,
        inputs: [input('x', 'float32', ['batch', 'length', 12])],
        initializers: [
          ...[scalar('zero', 0), scalar('one', 1), scalar('two', 2)],
          ...[tensor('at0', 'int64', [1], [0]), tensor('twelve', 'int64', [1], [12])],
        ],
        nodes: [
          node('Shape', ['x'], ['shape']),
          node('Gather', ['shape', 'zero'], ['batch']),
          node('Gather', ['shape', 'one'], ['length']),
          node('Add', ['length', 'one'], ['longer']),
          node('Div', ['longer', 'two'], ['half']),
          node('Mul', ['batch', 'length'], ['rows']),
          node('Unsqueeze', ['rows', 'at0'], ['rows1']),
          node('Concat', ['rows1', 'twelve'], ['flat'], { axis: 0 }),
          node('Reshape', ['x', 'flat'], ['y']),
          node('Unsqueeze', ['half', 'at0'], ['half1']),
          node('ConstantOfShape', ['half1'], ['zeros']),
          node('Cast', ['half'], ['number'], { to: 1 }),
          node('Add', ['zeros', 'number'], ['z']),
        ],
        outputs: ['y', 'z'],
      },
      { x: x(2, 7, 12) },
    );
    expect(again.graph.values[again.graph.inputs[0]!]!.type).toMatchObject({
      shape: [{ key: 'batch' }, { key: 'length' }, 12],
    });
  });

  it('keep what bodies read around them', async () => {
    const weights = numbers(8000);
    const body = (name: string, type: string) => ({
      nodes: [node(type, ['x', 'w2'], [`${name}_y`])],
      outputs: [`${name}_y`],
    });
    await expectSame(
      {
        opset: 13,
        inputs: [input('x', 'float32', [100, 80]), input('c', 'bool', [])],
        initializers: [tensor('w', 'float32', [100, 80], weights)],
        nodes: [
          node('Neg', ['w'], ['w1']),
          // The same again: one constant in the file, read under both names.
          node('Neg', ['w'], ['w2']),
          node('If', ['c'], ['picked'], {
            then_branch: { graph: body('then', 'Add') },
            else_branch: { graph: body('else', 'Mul') },
          }),
          node('Sub', ['picked', 'w1'], ['y']),
        ],
        outputs: ['y', 'w2'],
      },
      { x: x(100, 80), c: tensorOf('bool', [], [1]) },
    );
  });

  it('are never written over the original', async () => {
    const path = join(folder, 'kept.onnx');
    const bytes = model({
      opset: 13,
      inputs: [input('x', 'float32', [2])],
      nodes: [node('Relu', ['x'], ['y'])],
      outputs: ['y'],
    });
    writeFileSync(path, bytes);
    const source = openModelFile(path);
    const { model: own } = simplifyModel(importModel(source), new Map(), NO_REWRITES);
    await expect(saveModel(own, source, path, path)).rejects.toThrow(/give it another name/);
    source.close();
  });
});
