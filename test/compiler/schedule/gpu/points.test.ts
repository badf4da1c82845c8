// Element by element, data movement and windows, one work item per output: vectors, tails, symbolic extents.
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
  single('Relu', [[3, 5, 8]]),
  single('Relu', [[1, 7, 7]]),
  single('Relu', [[1000]]),
  single('Add', [[2, 9, 12], [12]]),
  single('Mul', [
    [4, 3, 5],
    [3, 1],
  ]),
  single('Erf', [[1, 1, 37]]),
  single('Transpose', [[3, 9, 10]], { perm: [2, 0, 1] }),
  single('Transpose', [[5, 4, 3, 8]], { perm: [0, 2, 1, 3] }),
  single(
    'Concat',
    [
      [2, 3, 4],
      [2, 5, 4],
    ],
    { axis: 1 },
  ),
  single('MaxPool', [[1, 4, 9, 9]], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  single('AveragePool', [[1, 3, 8, 7]], { kernel_shape: [2, 3], pads: [1, 1, 0, 1] }),
  single(
    'Conv',
    [
      [1, 8, 5, 6],
      [8, 1, 3, 3],
    ],
    { group: 8, pads: [1, 1, 1, 1] },
  ),
  single(
    'Conv',
    [
      [1, 12, 9, 9],
      [12, 1, 5, 5],
    ],
    { group: 12, strides: [2, 2], pads: [2, 2, 2, 2] },
  ),
];

describe('points of independent nests', () => {
  it.each(CASES)('$name', ({ dims, nodes }) => {
    const program = lowered({
      inputs: dims.map((shape, i) => input(`x${i}`, 'float32', shape)),
      nodes,
      outputs: ['y'],
    });
    const { program: scheduled, nests } = expectScheduled(program);
    if (process.env.FUSION_PRINT) console.log(printProgram(program), printProgram(scheduled));
    expect(nests.flatMap(({ refused }) => refused ?? [])).toEqual([]);
    expect(scheduled.body.every((stmt) => stmt.kind === 'for' && stmt.mode === 'group')).toBe(true);
  });
});
