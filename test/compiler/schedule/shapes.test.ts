// Scheduled kernels against the unscheduled ones on the interpreter, over many shapes: remainders, sizes of one,
// strides, dilations, groups, padding, transposed operands, epilogues and prologues.
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../../compiler/lower/runGraph.ts';
import { runGraph } from '../../../compiler/lower/runGraph.ts';
import { TARGETS } from '../../../compiler/target/target.ts';
import { Random } from '../lower/randomGraphs.ts';
import { floats, oneBlock, prepareSpec } from '../lower/running.ts';
import type { AttributeSpec, Bytes } from '../onnx/protoWriter.ts';
import { input, node } from '../onnx/protoWriter.ts';
import { runScheduled, SMALL_TARGET } from './runScheduled.ts';

interface Case {
  readonly name: string;
  readonly dims: readonly (readonly number[])[];
  readonly nodes: readonly Bytes[];
  /** Only a run knows the batch: as many items as `dims` say. */
  readonly open?: true;
}

const count = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

function conv(
  x: readonly number[],
  w: readonly number[],
  attributes: Readonly<Record<string, AttributeSpec>> = {},
  type = 'Conv',
): Case {
  const channels = type === 'Conv' ? w[0]! : w[1]! * ((attributes.group as number) ?? 1);
  return {
    name: `${type} ${x.join('x')} by ${w.join('x')} ${JSON.stringify(attributes)}`,
    dims: [x, w, [channels]],
    nodes: [node(type, ['x0', 'x1', 'x2'], ['c'], attributes), node('Relu', ['c'], ['y'])],
  };
}

function openBatch(each: Case): Case {
  return { ...each, name: `${each.name}, batch open`, open: true };
}

function product(a: readonly number[], b: readonly number[], turned = false): Case {
  const perm = b.map((_, axis) => axis);
  perm.push(...perm.splice(-2).reverse());
  return {
    name: `${a.join('x')} by ${b.join('x')}${turned ? ' transposed' : ''}`,
    dims: [a, b],
    nodes: turned
      ? [node('Transpose', ['x1'], ['t'], { perm }), node('MatMul', ['x0', 't'], ['y'])]
      : [
          node('Sigmoid', ['x0'], ['s']),
          node('MatMul', ['s', 'x1'], ['c']),
          node('Tanh', ['c'], ['y']),
        ],
  };
}

function single(type: string, x: readonly number[], attributes = {}): Case {
  return {
    name: `${type} ${x.join('x')} ${JSON.stringify(attributes)}`,
    dims: [x],
    nodes: [node(type, ['x0'], ['y'], attributes)],
  };
}

const CASES: readonly Case[] = [
  conv([1, 8, 7, 7], [8, 8, 3, 3], { pads: [1, 1, 1, 1] }),
  conv([2, 9, 6, 11], [10, 9, 3, 3], { pads: [1, 1, 1, 1] }),
  conv([1, 3, 12, 13], [16, 3, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }),
  conv([1, 3, 11, 9], [8, 3, 5, 7], { strides: [2, 3], pads: [2, 3, 1, 0] }),
  conv([1, 16, 9, 5], [12, 16, 1, 1]),
  conv([1, 24, 4, 4], [40, 24, 1, 1], { strides: [2, 2] }),
  conv([1, 8, 10, 10], [16, 8, 3, 3], { dilations: [2, 2], pads: [2, 2, 2, 2] }),
  conv([1, 8, 5, 6], [8, 1, 3, 3], { group: 8, pads: [1, 1, 1, 1] }),
  conv([1, 12, 9, 9], [12, 1, 5, 5], { group: 12, strides: [2, 2], pads: [2, 2, 2, 2] }),
  conv([1, 16, 6, 6], [32, 8, 3, 3], { group: 2, pads: [1, 1, 1, 1] }),
  conv([1, 6, 5, 5], [9, 2, 2, 2], { group: 3 }),
  conv([1, 8, 3, 6, 7], [8, 8, 3, 3, 3], { pads: [1, 1, 1, 1, 1, 1] }),
  conv([1, 8, 4, 5, 6], [16, 8, 3, 1, 1], { strides: [2, 1, 1], pads: [1, 0, 0, 1, 0, 0] }),
  conv([1, 8, 17], [4, 8, 3], { pads: [1, 1] }),
  conv([1, 8, 4, 5], [8, 8, 2, 2], { strides: [2, 2] }, 'ConvTranspose'),
  conv([1, 4, 5, 4], [4, 6, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }, 'ConvTranspose'),
  openBatch(conv([3, 16, 5, 6], [16, 16, 3, 3], { pads: [1, 1, 1, 1] })),
  openBatch(conv([2, 8, 4, 5], [8, 1, 3, 3], { group: 8, pads: [1, 1, 1, 1] })),
  openBatch(conv([3, 16, 3, 4], [16, 16, 2, 2], { strides: [2, 2] }, 'ConvTranspose')),
  openBatch({
    name: 'Conv + Sigmoid + Flatten',
    dims: [
      [3, 8, 4, 5],
      [11, 8, 1, 1],
    ],
    nodes: [
      node('Conv', ['x0', 'x1'], ['c']),
      node('Sigmoid', ['c'], ['s']),
      node('Flatten', ['s'], ['y'], { axis: 2 }),
    ],
  }),
  openBatch(single('MaxPool', [2, 16, 6, 6], { kernel_shape: [2, 2], strides: [2, 2] })),
  product([5, 7], [7, 9]),
  product([1, 13], [13, 33]),
  product([17, 1], [1, 19]),
  product([2, 3, 10, 6], [2, 3, 6, 11]),
  product([2, 3, 10, 6], [6, 26]),
  product([2, 13, 6], [2, 21, 6], true),
  product([31, 3], [1, 3], true),
  single('Softmax', [3, 29], { axis: -1 }),
  single('Softmax', [3, 9, 10], { axis: 1 }),
  single('ReduceMean', [4, 35], { axes: [1] }),
  single('ReduceMax', [4, 6, 7], { axes: [0, 2], keepdims: 0 }),
  single('ReduceSum', [5, 9]),
  single('GlobalAveragePool', [1, 12, 5, 5]),
  single('MaxPool', [1, 8, 9, 9], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  single('MaxPool', [1, 8, 6, 6], { kernel_shape: [5, 5], pads: [2, 2, 2, 2] }),
  single('AveragePool', [1, 9, 8, 7], { kernel_shape: [2, 3], pads: [1, 1, 0, 1] }),
  single('Transpose', [3, 9, 10], { perm: [2, 0, 1] }),
  single('Transpose', [5, 16, 3, 8], { perm: [0, 2, 1, 3] }),
  single('Erf', [1, 1, 37]),
  single('Flatten', [2, 8, 3, 3]),
];

function data(dims: readonly (readonly number[])[], random: Random): readonly Tensor[] {
  return dims.map((shape) =>
    floats(
      shape,
      Array.from({ length: count(shape) }, () => random.real()),
    ),
  );
}

/** Sums are taken in other orders. */
function expectClose(result: readonly Tensor[], expected: readonly Tensor[]): void {
  result.forEach(({ elements, dims }, i) => {
    expect(dims).toEqual(expected[i]!.dims);
    elements.forEach((element, at) => {
      const reference = Number(expected[i]!.elements[at]);
      const error = Math.abs(Number(element) - reference);
      if (!(error <= 1e-5 * Math.abs(reference) + 1e-5)) {
        expect.fail(`output ${i}, element ${at}: ${element}, expected ${reference}`);
      }
    });
  });
}

const TARGETS_UNDER_TEST = [SMALL_TARGET, TARGETS['x86_64-avx2'], TARGETS.wasm];

describe.each(CASES)('$name', ({ dims, nodes, open }) => {
  const { model } = prepareSpec({
    opset: 11,
    inputs: dims.map((shape, i) =>
      input(`x${i}`, 'float32', open && i === 0 ? ['n', ...shape.slice(1)] : shape),
    ),
    nodes,
    outputs: ['y'],
  });
  const inputs = data(dims, new Random(count(dims[0]!)));
  const expected = runGraph(model, oneBlock(model), inputs);

  it.each(TARGETS_UNDER_TEST)('$name', (target) => {
    for (const blocked of [false, true]) {
      const refused: string[] = [];
      const result = runGraph(model, oneBlock(model), inputs, {
        run: runScheduled({
          target,
          blocked,
          onSchedule: (_, nests) =>
            nests.forEach((nest) => nest.refused && refused.push(nest.refused)),
        }),
      });
      expectClose(result, expected);
      expect(refused).toEqual([]);
    }
  });
});
