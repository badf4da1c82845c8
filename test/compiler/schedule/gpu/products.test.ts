// Products of matrices and dense convolutions through group memory: tails in every direction, padding, strides,
// dilation, groups, epilogues and prologues, reductions in parts.
import { describe, expect, it } from 'vitest';
import { printProgram } from '../../../../compiler/loop/print.ts';
import type { Target } from '../../../../compiler/target/target.ts';
import { TARGETS } from '../../../../compiler/target/target.ts';
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

/** The scheduled program, which means the same as the lowered one. */
function scheduledText({ dims, nodes }: Pick<Case, 'dims' | 'nodes'>, target?: Target): string {
  const program = lowered({
    inputs: dims.map((shape, i) => input(`x${i}`, 'float32', shape)),
    nodes,
    outputs: ['y'],
  });
  const { program: scheduled, nests } = expectScheduled(program, target);
  if (process.env.FUSION_PRINT) console.log(printProgram(program), printProgram(scheduled));
  expect(nests.flatMap(({ refused }) => refused ?? [])).toEqual([]);
  return printProgram(scheduled);
}

describe('products in tiles of groups', () => {
  it.each(CASES)('$name', (of) => {
    expect(scheduledText(of)).toContain('columnsSlice');
  });
});

/** Where groups have as many items as on most devices: few tiles, long reductions. */
const ROOMY: Target = { ...TARGETS.opencl, name: 'roomy' };

const roomy = (of: Pick<Case, 'dims' | 'nodes'>): string => scheduledText(of, ROOMY);

describe('teams of items', () => {
  it.each([
    product([20, 600], [600, 12]),
    // Parts of unequal length, and a reduction that steps do not divide.
    product([17, 630], [630, 20]),
    product([3, 18, 150], [3, 150, 20]),
    conv([1, 96, 5, 6], [20, 96, 3, 3], { pads: [1, 1, 1, 1] }),
  ])('sum parts of one tile: $name', (of) => {
    expect(roomy(of)).toContain('handedIn');
  });
});

describe('slices of operands', () => {
  it('are read in vectors along memory, across the rows of one operand and along those of the other', () => {
    const text = roomy({
      dims: [
        [64, 64],
        [64, 64],
      ],
      nodes: [node('MatMul', ['x0', 'x1'], ['y'])],
    });
    expect(text).toContain('f32x4 rowsAhead[');
    expect(text).toContain('f32x4 columnsAhead[');
  });

  it('are read one by one where padding cuts vectors', () => {
    const text = roomy(conv([1, 16, 8, 8], [16, 16, 3, 3], { pads: [1, 1, 1, 1] }));
    expect(text).toContain('f32 columnsAhead[');
  });

  it('walk a flattened row as one row', () => {
    const nodes = [node('Flatten', ['x0'], ['f']), node('Gemm', ['f', 'x1'], ['y'], { transB: 1 })];
    const text = roomy({
      dims: [
        [32, 64, 3, 3],
        [12, 576],
      ],
      nodes,
    });
    // Every element has its own place in the window of the row: a step is no walk over channels, windows apart.
    const places = [...text.matchAll(/= in0\[[^\]]*, ([^\],]*)\]/g)].map(([, last]) => last);
    expect(places.length).toBeGreaterThan(1);
    expect(places[1]).not.toBe(places[0]);
  });
});
