// tanh(softplus(x)) as one formula: exact over the whole range, and only where both are in one block.
import { describe, expect, it } from 'vitest';
import { printProgram } from '../../../compiler/loop/print.ts';
import { cellsOf } from '../../../compiler/loop/memory.ts';
import { interpret } from '../../../compiler/loop/interpret.ts';
import { allocate } from '../../../compiler/loop/memory.ts';
import { input, node } from '../onnx/protoWriter.ts';
import { lowered } from '../schedule/transform/equality.ts';

const VALUES = [
  0, -0, 1e-6, -1e-6, 0.3, -0.3, 1, -1, 4, -4, 20, -20, 88, -88, 104, -104, 1e4, -1e4, 3e38, -3e38,
];

function exact(x: number): number {
  return x > 40 ? x : x * Math.tanh(Math.log1p(Math.exp(x)));
}

describe('Mish', () => {
  it.each([
    [
      'as three operators',
      [
        ['Softplus', 'x', 's'],
        ['Tanh', 's', 't'],
        ['Mul', 'x', 't', 'y'],
      ],
    ],
    ['as one', [['Mish', 'x', 'y']]],
  ])('%s', (_, operators) => {
    const program = lowered({
      inputs: [input('x', 'float32', [VALUES.length])],
      nodes: operators.map(([type, ...names]) => node(type!, names.slice(0, -1), [names.at(-1)!])),
      outputs: ['y'],
    });
    const text = printProgram(program);
    expect(text.match(/exp\(/g)).toHaveLength(1);
    expect(text).not.toMatch(/tanh\(|log1p\(/);
    const x = Float32Array.from(VALUES);
    const y = allocate('f32', VALUES.length, 'poisoned');
    interpret(
      program,
      new Map(),
      new Map([
        ['in0', cellsOf('f32', x)],
        ['out0', y],
      ]),
    );
    VALUES.forEach((value, i) => {
      const expected = exact(Math.fround(value));
      expect(Math.abs(Number(y.get(i)) - expected)).toBeLessThanOrEqual(
        4e-7 * Math.abs(expected) + 1e-37,
      );
    });
  });

  it('rounds in between where tensors are 16-bit floats', () => {
    const program = lowered({
      inputs: [input('x', 'float16', [8])],
      nodes: [node('Softplus', ['x'], ['s']), node('Tanh', ['s'], ['y'])],
      outputs: ['y'],
    });
    expect(printProgram(program)).toMatch(/tanh\(/);
  });
});
