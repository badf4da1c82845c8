// What code generation refuses planners: operators without a kernel, and those whose sizes only a run tells.
import { describe, expect, it } from 'vitest';
import { plannerFor } from '../../../compiler/compile.ts';
import { canCompile } from '../../../compiler/fusion/canCompile.ts';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import { loweringCanCompile } from '../../../compiler/lower/compilable.ts';
import type { ModelSpec } from '../onnx/protoWriter.ts';
import { input, node, tensor } from '../onnx/protoWriter.ts';
import { prepareSpec } from './running.ts';

function answer(spec: ModelSpec, operators: readonly number[]) {
  const { model, ecg } = prepareSpec(spec);
  expect(canCompile(ecg, operators)).toEqual({ ok: true });
  return loweringCanCompile(model)(ecg, operators);
}

const cut = (end: string): ModelSpec => ({
  opset: 13,
  inputs: [input('x', 'float32', [8]), input('end', 'int64', [1])],
  initializers: [tensor('zero', 'int64', [1], [0]), tensor('four', 'int64', [1], [4])],
  nodes: [node('Slice', ['x', 'zero', end], ['s']), node('Relu', ['s'], ['y'])],
  outputs: ['y'],
});

describe('loweringCanCompile', () => {
  it('accepts what lowers', () => {
    expect(answer(cut('four'), [0, 1])).toEqual({ ok: true });
  });

  it('keeps an operator apart that finds out a size', () => {
    expect(answer(cut('end'), [0, 1])).toEqual({
      ok: false,
      reason: 'no-kernel',
      detail: 'only a run of Slice tells the size of its result',
    });
  });

  it('says why a rule does not lower', () => {
    const spec: ModelSpec = {
      opset: 13,
      inputs: [input('x', 'float32', [8])],
      initializers: [tensor('pads', 'int64', [2], [1, 1])],
      nodes: [node('Pad', ['x', 'pads'], ['p'], { mode: 'odd' }), node('Relu', ['p'], ['y'])],
      outputs: ['y'],
    };
    expect(answer(spec, [0, 1])).toEqual({
      ok: false,
      reason: 'no-kernel',
      detail: 'Pad: mode "odd"',
    });
  });

  it('does not mind sizes that are still open', () => {
    const spec: ModelSpec = {
      opset: 13,
      inputs: [input('x', 'float32', [1, 'c', 'h', 'w'])],
      initializers: [tensor('scales', 'float32', [4], [1, 1, 2, 2])],
      nodes: [
        node('Relu', ['x'], ['r']),
        node('Resize', ['r', '', 'scales'], ['y'], { mode: 'nearest' }),
      ],
      outputs: ['y'],
    };
    expect(answer(spec, [0, 1])).toEqual({ ok: true });
  });

  it('is what the planner of a model asks', () => {
    const { model, ecg } = prepareSpec(cut('end'));
    const plan = plannerFor(model, ecg).plan({ ...NO_EDITS, planner: 'dnnfusion' });
    expect(plan.blocks.map(({ operators }) => operators)).toEqual([[0], [1]]);
    const fixed = prepareSpec(cut('four'));
    const fused = plannerFor(fixed.model, fixed.ecg).plan({ ...NO_EDITS, planner: 'dnnfusion' });
    expect(fused.blocks.map(({ operators }) => operators)).toEqual([[0, 1]]);
  });
});
