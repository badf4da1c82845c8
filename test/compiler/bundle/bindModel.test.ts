// Sizes from names and from actual inputs, and values of inputs that shapes depend on.
import { describe, expect, it } from 'vitest';
import { bindModel } from '../../../compiler/bundle/bindModel.ts';
import { BundleError } from '../../../compiler/bundle/bundleError.ts';
import { formatShape } from '../../../compiler/graph/dim.ts';
import { modelFromBytes } from '../../../compiler/onnx/source.ts';
import { randomTensor } from '../../../compiler/tensor/randomInput.ts';
import type { Tensor } from '../../../compiler/tensor/tensor.ts';
import { scalarsOf, tensorOf } from '../../../compiler/tensor/tensor.ts';
import { importBytes, importSpec } from '../onnx/importing.ts';
import type { ModelSpec } from '../onnx/protoWriter.ts';
import { input, model, node } from '../onnx/protoWriter.ts';
import { bundleOf, runBundle } from './bundling.ts';

const matrix: ModelSpec = {
  opset: 17,
  inputs: [input('x', 'float32', ['batch', 'n']), input('y', 'float32', ['n'])],
  nodes: [node('Add', ['x', 'y'], ['z'])],
  outputs: ['z'],
};
const reshape: ModelSpec = {
  opset: 17,
  inputs: [input('x', 'float32', ['n']), input('to', 'int64', ['rank'])],
  nodes: [node('Reshape', ['x', 'to'], ['y'])],
  outputs: ['y'],
};

const floats = (...dims: number[]): Tensor => randomTensor('float32', dims, 1);
const longs = (...elements: number[]): Tensor =>
  tensorOf('int64', [elements.length], elements.map(BigInt));

function outputShape(spec: ModelSpec, options: Parameters<typeof bindModel>[1]): string {
  const { graph } = bindModel(importSpec(spec), options).model;
  const { type } = graph.values[graph.outputs[0]!]!;
  return type.kind === 'tensor' ? formatShape(type.shape) : type.kind;
}

describe('sizes', () => {
  it('come from names or from inputs', () => {
    const dims = new Map([
      ['batch', 3],
      ['n', 5],
    ]);
    expect(outputShape(matrix, { dims })).toBe('3×5');
    expect(outputShape(matrix, { inputs: [floats(2, 7), floats(7)] })).toBe('2×7');
    expect(outputShape(matrix, { inputs: [floats(2, 7)] })).toBe('2×7');
    expect(outputShape(matrix, { dims: new Map([['batch', 4]]), inputs: [, floats(6)] })).toBe(
      '4×6',
    );
  });

  it.each<[string, Parameters<typeof bindModel>[1], RegExp]>([
    ['open', { dims: new Map([['n', 5]]) }, /open: give a number for "batch"/],
    ['of no name', { dims: new Map([['m', 5]]) }, /no size "m"/],
    ['no whole numbers', { dims: new Map([['n', 1.5]]) }, /whole numbers/],
    ['contradicting inputs', { inputs: [floats(2, 7), floats(8)] }, /"y" is 8, the model takes n/],
    [
      'contradicting names',
      { dims: new Map([['n', 3]]), inputs: [floats(2, 7)] },
      /"x" is 2×7, the model takes batch×n/,
    ],
    ['of another rank', { inputs: [floats(7)] }, /"x" is 7, the model takes batch×n/],
    ['of another type', { inputs: [longs(1)] }, /"x" is int64, the model takes float32/],
    [
      'of too many inputs',
      { inputs: [undefined, undefined, longs(1)] },
      /has 2 inputs, 3 are given/,
    ],
  ])('that are %s are refused', (_, options, message) => {
    expect(() => bindModel(importSpec(matrix), options)).toThrow(BundleError);
    expect(() => bindModel(importSpec(matrix), options)).toThrow(message);
  });
});

describe('values that shapes depend on', () => {
  it('become part of the bundle, and the data does not', async () => {
    const inputs = [floats(12), longs(3, -1)];
    expect(outputShape(reshape, { inputs })).toBe('3×4');
    const bytes = model(reshape);
    const bundle = await bundleOf(importBytes(bytes), { inputs });
    expect(bundle.inputs.map(({ name, position }) => [name, position])).toEqual([['x', 0]]);
    expect(bundle.bound).toEqual([{ position: 1, name: 'to', tensor: inputs[1] }]);
    const source = modelFromBytes(bytes);
    const [y] = runBundle(bundle, source, inputs);
    expect([y!.dims, scalarsOf(y!)]).toEqual([[3, 4], scalarsOf(inputs[0]!)]);
    // May be left out, but not be another one.
    expect(runBundle(bundle, source, [inputs[0]])).toEqual([y]);
    expect(() => runBundle(bundle, source, [inputs[0], longs(4, 3)])).toThrow(/another value/);
    expect(() => runBundle(bundle, source, [floats(6), inputs[1]])).toThrow(/made for float32 12/);
    expect(() => runBundle(bundle, source, [])).toThrow(/"x" is missing/);
  });

  it('have to be given', () => {
    const options = {
      dims: new Map([
        ['n', 12],
        ['rank', 2],
      ]),
    };
    expect(() => bindModel(importSpec(reshape), options)).toThrow(
      /Reshape "y" needs the values of inputs: give "to"/,
    );
  });

  it('are found through arithmetic, also two at a time', () => {
    const spec: ModelSpec = {
      opset: 17,
      inputs: [
        input('x', 'float32', [8]),
        input('rows', 'int32', []),
        input('k', 'int64', [2]),
        input('scale', 'float32', []),
      ],
      nodes: [
        node('Cast', ['rows'], ['wide'], { to: 7 }),
        node('Unsqueeze', ['wide', 'zero'], ['listed']),
        node('Concat', ['listed', 'minusOne'], ['to'], { axis: 0 }),
        node('Mul', ['x', 'scale'], ['scaled']),
        node('Reshape', ['scaled', 'to'], ['r']),
        node('Tile', ['r', 'k'], ['best']),
        node('Constant', [], ['zero'], { value_ints: [0] }),
        node('Constant', [], ['minusOne'], { value_ints: [-1] }),
      ],
      outputs: ['best'],
    };
    const inputs = [floats(8), tensorOf('int32', [], [2]), longs(3, 1), floats()];
    const bound = bindModel(importSpec(spec), { inputs });
    expect(bound.bound.map(({ name }) => name)).toEqual(['rows', 'k']);
    expect(bound.positions).toEqual([0, 3]);
  });

  it('are only those: indices, flags and short data stay inputs', () => {
    const spec: ModelSpec = {
      opset: 17,
      inputs: [input('x', 'float32', [4]), input('at', 'int64', [2]), input('low', 'float32', [])],
      nodes: [node('Gather', ['x', 'at'], ['g']), node('Clip', ['g', 'low'], ['y'])],
      outputs: ['y'],
    };
    const inputs = [floats(4), longs(1, 2), floats()];
    expect(bindModel(importSpec(spec), { inputs }).bound).toEqual([]);
  });
});
