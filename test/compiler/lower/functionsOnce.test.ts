// Functions in front of windows that overlap: stored for CPUs, computed again elsewhere, and the same either way.
import { describe, expect, it } from 'vitest';
import type { LoopProgram } from '../../../compiler/loop/ir.ts';
import { blockContext, lowerBlock } from '../../../compiler/lower/block.ts';
import { input, node, tensor } from '../onnx/protoWriter.ts';
import { expectSame } from '../schedule/transform/equality.ts';
import { prepareSpec } from './running.ts';

/** A depthwise convolution with stride 2 behind one operator: each element is read 2.25 times. */
function behind(type: string, functionsOnce: boolean): LoopProgram {
  const { model } = prepareSpec({
    opset: 20,
    inputs: [input('x', 'float32', [1, 2, 8, 8])],
    nodes: [
      node(type, ['x'], ['a']),
      node('Conv', ['a', 'w'], ['y'], { group: 2, pads: [1, 1, 1, 1], strides: [2, 2] }),
    ],
    initializers: [
      tensor(
        'w',
        'float32',
        [2, 1, 3, 3],
        Array.from({ length: 18 }, (_, i) => i / 9 - 1),
      ),
    ],
    outputs: ['y'],
  });
  const operators = model.graph.operators.map(({ index }) => index);
  return lowerBlock(blockContext(model, functionsOnce), operators, 'block').program;
}

const localsOf = ({ body }: LoopProgram): number =>
  body.filter(({ kind }) => kind === 'local').length;

describe('in front of a window', () => {
  it.each([
    ['Sigmoid', 1],
    ['Relu', 0],
  ])('%s is stored %i times', (type, stored) => {
    const [again, once] = [behind(type, false), behind(type, true)];
    expect([localsOf(again), localsOf(once)]).toEqual([0, stored]);
    expectSame(again, once);
  });
});
