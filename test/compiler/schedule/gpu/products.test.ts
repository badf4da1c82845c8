// Products of matrices and dense convolutions through group memory: tails in every direction, padding, strides,
// dilation, groups, epilogues and prologues, reductions in parts.
import { describe, expect, it } from 'vitest';
import { printProgram } from '../../../../compiler/loop/print.ts';
import type { AttributeSpec, Bytes } from '../../onnx/protoWriter.ts';
import { input, node } from '../../onnx/protoWriter.ts';
import { lowered } from '../transform/equality.ts';
import { expectScheduled } from './judge.ts';

interface Case {
  readonly name: string;
  readonly dims: readonly (readonly number[])[];
  readonly nodes: readonly Bytes[];
}

function conv(
  x: readonly number[],
  w: readonly number[],
  attributes: Readonly<Record<string, AttributeSpec>> = {},
): Case {
  return {
    name: `Conv ${x.join('x')} by ${w.join('x')} ${JSON.stringify(attributes)}`,
    dims: [x, w, [w[0]!]],
    nodes: [node('Conv', ['x0', 'x1', 'x2'], ['c'], attributes), node('Relu', ['c'], ['y'])],
  };
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

const CASES: readonly Case[] = [
  product([5, 7], [7, 9]),
  product([40, 33], [33, 68]),
  product([64, 32], [32, 64]),
  product([2, 3, 10, 6], [2, 3, 6, 11]),
  product([2, 3, 10, 6], [6, 26]),
  product([2, 13, 6], [2, 21, 6], true),
  product([20, 600], [600, 12]),
  conv([1, 8, 7, 7], [8, 8, 3, 3], { pads: [1, 1, 1, 1] }),
  conv([1, 32, 6, 8], [12, 32, 3, 3], { pads: [1, 1, 1, 1] }),
  conv([2, 9, 6, 11], [10, 9, 3, 3], { pads: [1, 1, 1, 1] }),
  conv([1, 3, 12, 13], [16, 3, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }),
  conv([1, 3, 11, 9], [8, 3, 5, 7], { strides: [2, 3], pads: [2, 3, 1, 0] }),
  conv([1, 16, 9, 5], [12, 16, 1, 1]),
  conv([1, 24, 4, 4], [40, 24, 1, 1], { strides: [2, 2] }),
  conv([1, 8, 10, 10], [16, 8, 3, 3], { dilations: [2, 2], pads: [2, 2, 2, 2] }),
  conv([1, 16, 6, 6], [32, 8, 3, 3], { group: 2, pads: [1, 1, 1, 1] }),
  conv([1, 8, 3, 6, 7], [8, 8, 3, 3, 3], { pads: [1, 1, 1, 1, 1, 1] }),
  conv([1, 8, 17], [4, 8, 3], { pads: [1, 1] }),
];

describe('products in tiles of groups', () => {
  it.each(CASES)('$name', ({ dims, nodes }) => {
    const program = lowered({
      inputs: dims.map((shape, i) => input(`x${i}`, 'float32', shape)),
      nodes,
      outputs: ['y'],
    });
    const { program: scheduled, nests } = expectScheduled(program);
    if (process.env.FUSION_PRINT) console.log(printProgram(program), printProgram(scheduled));
    expect(nests.flatMap(({ refused }) => refused ?? [])).toEqual([]);
    const text = printProgram(scheduled);
    expect(text).toContain('columnsSlice');
  });
});
