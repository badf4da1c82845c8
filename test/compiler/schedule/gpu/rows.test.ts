// Reductions with a group per row, several short rows in a group, and many outputs of short reductions.
import { describe, expect, it } from 'vitest';
import { printProgram } from '../../../../compiler/loop/print.ts';
import type { AttributeSpec, Bytes } from '../../onnx/protoWriter.ts';
import { input, node, tensor } from '../../onnx/protoWriter.ts';
import { lowered } from '../transform/equality.ts';
import { expectScheduled } from './judge.ts';

interface Case {
  readonly name: string;
  readonly dims: readonly (readonly number[])[];
  readonly nodes: readonly Bytes[];
}

function single(
  type: string,
  dims: readonly (readonly number[])[],
  attributes: Readonly<Record<string, AttributeSpec>> = {},
): Case {
  const names = dims.map((_, i) => `x${i}`);
  return {
    name: `${type} ${dims.map((shape) => shape.join('x')).join(' ')} ${JSON.stringify(attributes)}`,
    dims,
    nodes: [node(type, names, ['y'], attributes)],
  };
}

const CASES: readonly Case[] = [
  single('Softmax', [[3, 29]], { axis: -1 }),
  single('Softmax', [[5, 300]], { axis: -1 }),
  single('Softmax', [[1, 300]], { axis: -1 }),
  single('ReduceMean', [[6, 50]], { axes: [0, 1] }),
  single('LayerNormalization', [[7, 96], [96], [96]]),
  single('LayerNormalization', [[2, 3, 40], [40], [40]]),
  single('GlobalAveragePool', [[1, 12, 7, 7]]),
  single('GlobalMaxPool', [[2, 3, 5, 7]]),
  single('ReduceL2', [[4, 70]], { keepdims: 0 }),
  single('ReduceSum', [[50, 70]], { keepdims: 0, noop_with_empty_axes: 0 }),
  single('MatMul', [
    [1, 300],
    [300, 40],
  ]),
  single(
    'Gemm',
    [
      [1, 70],
      [9, 70],
    ],
    { transB: 1 },
  ),
  single('LogSoftmax', [[6, 31]], { axis: -1 }),
  {
    name: 'softmax of a scaled sum',
    dims: [
      [2, 5, 40],
      [2, 1, 40],
    ],
    nodes: [
      node('Add', ['x0', 'x1'], ['a']),
      node('Softmax', ['a'], ['s'], { axis: -1 }),
      node('Mul', ['s', 'x0'], ['y']),
    ],
  },
];

describe('rows of groups', () => {
  it.each(CASES)('$name', ({ dims, nodes }) => {
    const program = lowered({
      inputs: dims.map((shape, i) => input(`x${i}`, 'float32', shape)),
      nodes,
      outputs: ['y'],
      initializers: [tensor('unused', 'float32', [1], [0])],
    });
    const { program: scheduled, nests } = expectScheduled(program);
    if (process.env.FUSION_PRINT) console.log(printProgram(program), printProgram(scheduled));
    expect(nests.flatMap(({ refused }) => refused ?? [])).toEqual([]);
    expect(printProgram(scheduled)).toContain('Parts');
  });
});
