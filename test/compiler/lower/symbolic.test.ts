// One program serves every size: models with symbolic sizes give what the same model with plain numbers gives,
// also at size 1. And hostile indices end the run with the operator's name.
import { describe, expect, it } from 'vitest';
import { RunError } from '../../../compiler/loop/interpret.ts';
import type { Tensor } from '../../../compiler/lower/runGraph.ts';
import type { DimSpec, ModelSpec } from '../onnx/protoWriter.ts';
import { input, node, tensor } from '../onnx/protoWriter.ts';
import { Random } from './randomGraphs.ts';
import { floats, oneBlock, planOf, prepareSpec, programTexts, runPrepared } from './running.ts';

type Build = (n: DimSpec, m: DimSpec) => Omit<ModelSpec, 'opset'>;

const ints = (name: string, data: readonly number[]) => tensor(name, 'int64', [data.length], data);

const MODELS: Readonly<Record<string, Build>> = {
  'broadcast of two symbols': (n, m) => ({
    inputs: [input('x', 'float32', [n, 1, 3]), input('y', 'float32', [m, 1])],
    nodes: [node('Add', ['x', 'y'], ['z'])],
    outputs: ['z'],
  }),
  'concat of symbolic parts': (n, m) => ({
    inputs: [input('x', 'float32', [n, 2]), input('y', 'float32', [m, 2])],
    nodes: [node('Concat', ['x', 'y'], ['c'], { axis: 0 }), node('Relu', ['c'], ['z'])],
    outputs: ['z'],
  }),
  'softmax of transposed heads': (n, m) => ({
    inputs: [input('x', 'float32', [n, m, 6])],
    nodes: [
      node('Reshape', ['x', 'split'], ['h']),
      node('Transpose', ['h'], ['t'], { perm: [0, 2, 1, 3] }),
      node('Softmax', ['t'], ['z']),
    ],
    outputs: ['z'],
    initializers: [ints('split', [0, 0, 2, 3])],
  }),
  'attention scores': (n, m) => ({
    inputs: [input('q', 'float32', [n, m, 4]), input('k', 'float32', [n, m, 4])],
    nodes: [
      node('Transpose', ['k'], ['t'], { perm: [0, 2, 1] }),
      node('MatMul', ['q', 't'], ['s']),
      node('Softmax', ['s'], ['z']),
    ],
    outputs: ['z'],
  }),
  'slice and pad': (n, m) => ({
    inputs: [input('x', 'float32', [n, m])],
    nodes: [
      node('Pad', ['x', 'pads'], ['p'], { mode: 'edge' }),
      node('Slice', ['p', 'start', 'end', 'axis'], ['z']),
    ],
    outputs: ['z'],
    initializers: [
      ints('pads', [0, 2, 1, 1]),
      ints('start', [1]),
      ints('end', [1000000]),
      ints('axis', [1]),
    ],
  }),
  'statistics of rows': (n, m) => ({
    inputs: [input('x', 'float32', [n, m])],
    nodes: [
      node('ReduceMean', ['x'], ['a'], { axes: [1] }),
      node('Sub', ['x', 'a'], ['c']),
      node('ReduceMax', ['c'], ['b'], { axes: [0] }),
      node('Div', ['c', 'b'], ['z']),
    ],
    outputs: ['z'],
  }),
  convolution: (n, m) => ({
    inputs: [input('x', 'float32', [n, 2, m, 5]), input('w', 'float32', [3, 2, 3, 3])],
    nodes: [
      node('Conv', ['x', 'w'], ['c'], { pads: [1, 1, 1, 1], strides: [2, 1] }),
      node('Relu', ['c'], ['z']),
    ],
    outputs: ['z'],
  }),
};

describe('symbolic sizes', () => {
  it.each(Object.keys(MODELS))('%s', (name) => {
    const build = MODELS[name]!;
    const symbolic = prepareSpec({ opset: 13, ...build('n', 'm') });
    programTexts(symbolic, oneBlock(symbolic.model));
    for (const [n, m] of [
      [1, 1],
      [1, 4],
      [3, 1],
      [2, 5],
    ] as const) {
      const fixed = prepareSpec({ opset: 13, ...build(n, m) });
      const random = new Random(n * 10 + m);
      const inputs = fixed.model.graph.inputs.map((value): Tensor => {
        const { type } = fixed.model.graph.values[value]!;
        const dims = type.kind === 'tensor' ? (type.shape as readonly number[]) : [];
        const count = dims.reduce((a, b) => a * b, 1);
        return floats(
          dims,
          Array.from({ length: count }, () => random.real()),
        );
      });
      // Two symbols that broadcast have to be equal or 1; these cases are legal at every pair of sizes.
      const expected = runPrepared(fixed, planOf(fixed.ecg, 'none'), inputs);
      expect(runPrepared(symbolic, oneBlock(symbolic.model), inputs)).toEqual(expected);
      expect(runPrepared(symbolic, planOf(symbolic.ecg, 'dnnfusion'), inputs)).toEqual(expected);
    }
  });
});

describe('hostile indices', () => {
  const gather = prepareSpec({
    opset: 13,
    inputs: [input('x', 'float32', [3, 2]), input('at', 'int64', [2])],
    nodes: [node('Gather', ['x', 'at'], ['picked']), node('Relu', ['picked'], ['y'])],
    outputs: ['y'],
  });
  const x = floats([3, 2], [1, 2, 3, 4, 5, 6]);
  const at = (...elements: bigint[]): Tensor => ({ storage: 'i64', dims: [2], elements });

  it('in range, also from the end, are read', () => {
    const [y] = runPrepared(gather, oneBlock(gather.model), [x, at(2n, -3n)]);
    expect(y!.elements).toEqual([5, 6, 1, 2]);
  });

  it.each([3n, -4n, 2n ** 62n, -(2n ** 63n)])('%s ends the run with the operator', (bad) => {
    for (const plan of [oneBlock(gather.model), planOf(gather.ecg, 'none')]) {
      let operator = '';
      try {
        runPrepared(gather, plan, [x, at(0n, bad)]);
      } catch (error) {
        if (error instanceof RunError) ({ operator } = error);
      }
      expect(operator).toBe('picked');
    }
  });
});
