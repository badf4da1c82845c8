// 16-bit floats: a value inside a block is what it would be in memory, so fusing changes no bit.
import { describe, expect, it } from 'vitest';
import { roundToBf16, roundToF16 } from '../../../compiler/loop/halfFloat.ts';
import type { Tensor } from '../../../compiler/lower/runGraph.ts';
import { input, node } from '../onnx/protoWriter.ts';
import { Random } from './randomGraphs.ts';
import { oneBlock, planOf, prepareSpec, programTexts, runPrepared } from './running.ts';

const KINDS = [
  ['float16', 'f16', roundToF16],
  ['bfloat16', 'bf16', roundToBf16],
] as const;

describe.each(KINDS)('%s', (dtype, storage, round) => {
  const spec = {
    opset: 22,
    inputs: [input('x', dtype, [3, 8]), input('w', dtype, [8, 8])],
    nodes: [
      node('MatMul', ['x', 'w'], ['p']),
      node('Mul', ['p', 'x'], ['m']),
      node('Sigmoid', ['m'], ['s']),
      node('ReduceMean', ['s'], ['r'], { keepdims: 1 }),
      node('Sub', ['s', 'r'], ['d']),
      node('Softmax', ['d'], ['t']),
      node('Mul', ['t', 'x'], ['y']),
    ],
    outputs: ['y'],
  };
  const random = new Random(7);
  const tensor = (dims: readonly number[]): Tensor => ({
    storage,
    dims,
    elements: Array.from({ length: dims[0]! * dims[1]! }, () => round(random.real())),
  });

  it('gives the same bits fused and unfused', () => {
    const prepared = prepareSpec(spec);
    const data = [tensor([3, 8]), tensor([8, 8])];
    const fused = runPrepared(prepared, oneBlock(prepared.model), data);
    const unfused = runPrepared(prepared, planOf(prepared.ecg, 'none'), data);
    expect(fused).toEqual(unfused);
    // Without rounding in between the two would differ: the program says where it rounds.
    const [text] = programTexts(prepared, oneBlock(prepared.model));
    const rounding = storage === 'f16' ? 'roundF16' : 'roundBf16';
    expect(text!.split(`${rounding}(`).length - 1).toBeGreaterThanOrEqual(5);
  });

  it('leaves the rounding to the store where there is one', () => {
    const prepared = prepareSpec({ ...spec, nodes: [node('Mul', ['x', 'x'], ['y'])] });
    const [text] = programTexts(prepared, oneBlock(prepared.model));
    expect(text).not.toContain('round');
  });
});
