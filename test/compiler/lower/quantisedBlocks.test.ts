// DequantizeLinear -> product -> QuantizeLinear in one block: one kernel of integers, equal to ONNX Runtime's.
import { describe, expect, it } from 'vitest';
import { onnxRuntimeInstalled } from '../../setup/onnxRuntime.ts';
import { input, node, tensor } from '../onnx/protoWriter.ts';
import type { Operand, OperatorRun } from './againstOnnxRuntime.ts';
import { differences, given } from './againstOnnxRuntime.ts';
import { oneBlock, prepareSpec, programTexts } from './running.ts';

const constant = (operand: Operand): Operand => ({ ...operand, constant: true });
const scale = (...values: readonly number[]): Operand =>
  constant(given('float32', values.length === 1 ? [] : [values.length], values));
const zero = (dtype: 'uint8' | 'int8', ...values: readonly number[]): Operand =>
  constant(given(dtype, values.length === 1 ? [] : [values.length], values));

/** Inputs 0-2: data, 3-5: weights, 6-7: scale and zero point of the result, 8: bias. */
const around = (product: Uint8Array, axis = 0, relu = false): readonly Uint8Array[] => [
  node('DequantizeLinear', ['x0', 'x1', 'x2'], ['a']),
  node('DequantizeLinear', ['x3', 'x4', 'x5'], ['b'], { axis }),
  product,
  ...(relu ? [node('Relu', ['p'], ['r'])] : []),
  node('QuantizeLinear', [relu ? 'r' : 'p', 'x6', 'x7'], ['y0']),
];

const CASES: Readonly<Record<string, OperatorRun>> = {
  'Conv, weights scaled by channel': {
    type: '',
    steps: 1,
    nodes: around(node('Conv', ['a', 'b', 'x8'], ['p'], { pads: [1, 1, 1, 1] }), 0, true),
    inputs: [
      { dtype: 'uint8', dims: [1, 3, 6, 5] },
      scale(0.02),
      zero('uint8', 117),
      constant({ dtype: 'int8', dims: [4, 3, 3, 3] }),
      scale(0.01, 0.02, 0.03, 0.04),
      zero('int8', 0, 0, 0, 0),
      scale(0.15),
      zero('uint8', 3),
      constant({ dtype: 'float32', dims: [4] }),
    ],
  },
  MatMul: {
    type: '',
    steps: 1,
    nodes: around(node('MatMul', ['a', 'b'], ['p'])),
    inputs: [
      { dtype: 'uint8', dims: [2, 5, 9] },
      scale(0.02),
      zero('uint8', 117),
      constant({ dtype: 'uint8', dims: [9, 7] }),
      scale(0.03),
      zero('uint8', 130),
      scale(0.2),
      zero('uint8', 120),
    ],
  },
  'Gemm, weights by column': {
    type: '',
    steps: 1,
    nodes: around(node('Gemm', ['a', 'b', 'x8'], ['p'], { transB: 1 })),
    inputs: [
      { dtype: 'int8', dims: [5, 9] },
      scale(0.02),
      zero('int8', -3),
      constant({ dtype: 'int8', dims: [4, 9] }),
      scale(0.01, 0.02, 0.03, 0.04),
      zero('int8', 0, 0, 0, 0),
      scale(0.2),
      zero('int8', 12),
      constant({ dtype: 'float32', dims: [4] }),
    ],
  },
};

describe('quantised blocks', () => {
  it.runIf(onnxRuntimeInstalled()).each(Object.entries(CASES))('%s', async (_, run) => {
    for (let seed = 1; seed <= 5; seed++) expect(await differences(run, seed)).toEqual([]);
  });

  it('multiply 8-bit operands into 32-bit sums and requantise in the same nest', () => {
    const prepared = prepareSpec({
      opset: 21,
      inputs: [input('x0', 'uint8', [4, 9])],
      initializers: [
        tensor('x1', 'float32', [], [0.02]),
        tensor('x2', 'uint8', [], [117]),
        tensor('x3', 'int8', [9, 64], new Array<number>(9 * 64).fill(3)),
        tensor('x4', 'float32', [], [0.02]),
        tensor('x5', 'int8', [], [1]),
        tensor('x6', 'float32', [], [0.2]),
        tensor('x7', 'uint8', [], [3]),
      ],
      nodes: around(node('MatMul', ['a', 'b'], ['p'])),
      outputs: ['y0'],
    });
    const [text] = programTexts(prepared, oneBlock(prepared.model));
    expect(text).toMatch(/var acc\d+: i32 = 0/);
    expect(text).not.toMatch(/var acc\d+: f32/);
    expect(text!.match(/^ {2}for /gm)).toHaveLength(1);
  });
});
