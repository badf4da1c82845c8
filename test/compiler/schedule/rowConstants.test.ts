// Rows are walked as they lie: a constant among their operands is not packed into panels.
import { expect, it } from 'vitest';
import { scheduleProgram } from '../../../compiler/schedule/scheduleProgram.ts';
import { input, node } from '../onnx/protoWriter.ts';
import { SMALL_TARGET } from './runScheduled.ts';
import { expectSame, lowered } from './transform/equality.ts';

it('a constant residual in front of a LayerNormalization stays rows', () => {
  const program = lowered({
    inputs: [
      input('x', 'float32', [24, 20]),
      input('position', 'float32', [24, 20]),
      input('scale', 'float32', [20]),
    ],
    nodes: [
      node('Add', ['x', 'position'], ['a']),
      node('LayerNormalization', ['a', 'scale'], ['y']),
    ],
    outputs: ['y'],
  });
  const constants = new Set(program.inputs.slice(1).map(({ name }) => name));
  const request = { target: SMALL_TARGET, constants, layouts: new Map() };
  const { program: fast, packed } = scheduleProgram(program, request);
  expect([...packed.keys()]).toEqual([]);
  expectSame(program, fast, { tolerance: 1e-5 });
});
