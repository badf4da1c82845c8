// Quantised operators of com.microsoft and ai.onnx against ONNX Runtime: the same steps, at most one apart
// where a float product decides a tie.
import { describe, expect, it } from 'vitest';
import { onnxRuntimeInstalled } from '../../setup/onnxRuntime.ts';
import type { Operand, OperatorRun } from './againstOnnxRuntime.ts';
import { differences, floats, given } from './againstOnnxRuntime.ts';

const ms = (type: string, run: Omit<OperatorRun, 'type' | 'domain'>): OperatorRun => ({
  type,
  domain: 'com.microsoft',
  steps: 1,
  ...run,
});
const u8 = (...dims: readonly number[]): Operand => ({ dtype: 'uint8', dims });
const i8 = (...dims: readonly number[]): Operand => ({ dtype: 'int8', dims });
const constant = (operand: Operand): Operand => ({ ...operand, constant: true });
const scale = (value: number): Operand => constant(given('float32', [], [value]));
const zero = (value: number, dtype: 'uint8' | 'int8' = 'uint8'): Operand =>
  constant(given(dtype, [], [value]));

const CASES: Readonly<Record<string, OperatorRun>> = {
  QLinearAdd: ms('QLinearAdd', {
    inputs: [
      u8(3, 8),
      scale(0.02),
      zero(120),
      u8(8),
      scale(0.03),
      zero(100),
      scale(0.05),
      zero(128),
    ],
  }),
  'QLinearAdd, signed': ms('QLinearAdd', {
    inputs: [
      i8(2, 5),
      scale(0.02),
      zero(-3, 'int8'),
      i8(2, 5),
      scale(0.03),
      zero(5, 'int8'),
      scale(0.05),
      zero(0, 'int8'),
    ],
  }),
  QLinearMul: ms('QLinearMul', {
    inputs: [
      u8(3, 8),
      scale(0.02),
      zero(120),
      u8(3, 1),
      scale(0.03),
      zero(9),
      scale(0.05),
      zero(7),
    ],
  }),
  QLinearSigmoid: ms('QLinearSigmoid', {
    inputs: [u8(4, 9), scale(0.04), zero(128), scale(1 / 256), zero(0)],
  }),
  QLinearLeakyRelu: ms('QLinearLeakyRelu', {
    inputs: [i8(4, 9), scale(0.04), zero(3, 'int8'), scale(0.03), zero(-5, 'int8')],
    attributes: { alpha: { float: 0.1 } },
  }),
  QLinearSoftmax: ms('QLinearSoftmax', {
    inputs: [u8(3, 7), scale(0.05), zero(128), scale(1 / 256), zero(0)],
    attributes: { axis: -1, opset: 13 },
  }),
  QLinearConcat: ms('QLinearConcat', {
    inputs: [scale(0.05), zero(3), u8(2, 3), scale(0.04), zero(128), u8(2, 5), scale(0.1), zero(7)],
    attributes: { axis: 1 },
  }),
  QLinearAveragePool: ms('QLinearAveragePool', {
    inputs: [u8(1, 2, 5, 6), scale(0.05), zero(128), scale(0.03), zero(100)],
    attributes: { kernel_shape: [3, 2], pads: [1, 0, 1, 1], strides: [2, 1] },
  }),
  'QLinearAveragePool, channels last': ms('QLinearAveragePool', {
    inputs: [u8(1, 5, 6, 2), scale(0.05), zero(128), scale(0.03), zero(100)],
    attributes: { kernel_shape: [3, 2], channels_last: 1 },
  }),
  QLinearGlobalAveragePool: ms('QLinearGlobalAveragePool', {
    inputs: [u8(2, 3, 5, 4), scale(0.05), zero(128), scale(0.03), zero(100)],
    attributes: { channels_last: 0 },
  }),
  'QLinearGlobalAveragePool, channels last': ms('QLinearGlobalAveragePool', {
    inputs: [u8(2, 5, 4, 3), scale(0.05), zero(128), scale(0.03), zero(100)],
    attributes: { channels_last: 1 },
  }),
  'QLinearConv, channels last': ms('QLinearConv', {
    inputs: [
      u8(1, 5, 5, 3),
      scale(0.02),
      zero(120),
      constant(i8(4, 3, 3, 3)),
      constant(given('float32', [4], [0.01, 0.02, 0.015, 0.03])),
      constant(given('int8', [4], [0, 0, 0, 0])),
      scale(0.2),
      zero(128),
      constant({ dtype: 'int32', dims: [4] }),
    ],
    attributes: { channels_last: 1, pads: [1, 1, 1, 1] },
  }),
  QLinearConv: {
    type: 'QLinearConv',
    steps: 1,
    inputs: [
      u8(1, 3, 5, 5),
      scale(0.02),
      zero(120),
      constant(u8(4, 3, 3, 3)),
      scale(0.01),
      zero(131),
      scale(0.2),
      zero(128),
      constant({ dtype: 'int32', dims: [4] }),
    ],
    attributes: { strides: [2, 2] },
  },
  QLinearMatMul: {
    type: 'QLinearMatMul',
    steps: 1,
    inputs: [
      u8(3, 7),
      scale(0.02),
      zero(120),
      constant(i8(7, 5)),
      scale(0.03),
      zero(0, 'int8'),
      scale(0.1),
      zero(99),
    ],
  },
  QGemm: ms('QGemm', {
    inputs: [
      u8(3, 7),
      scale(0.02),
      zero(120),
      constant(i8(5, 7)),
      scale(0.03),
      zero(0, 'int8'),
      constant({ dtype: 'int32', dims: [5] }),
      scale(0.3),
      zero(99),
    ],
    attributes: { transB: 1, alpha: { float: 0.5 } },
  }),
  'QGemm to floats': ms('QGemm', {
    inputs: [u8(3, 7), scale(0.02), zero(120), constant(i8(7, 5)), scale(0.03), zero(0, 'int8')],
  }),
  MatMulIntegerToFloat: ms('MatMulIntegerToFloat', {
    inputs: [
      u8(2, 3, 7),
      constant(u8(7, 5)),
      scale(0.02),
      constant(given('float32', [5], [0.1, 0.2, 0.3, 0.4, 0.5])),
      zero(120),
      constant(given('uint8', [5], [120, 130, 128, 127, 3])),
      constant(floats(5)),
    ],
  }),
  DynamicQuantizeMatMul: ms('DynamicQuantizeMatMul', {
    inputs: [floats(3, 7), constant(i8(7, 5)), scale(0.02), zero(0, 'int8'), constant(floats(5))],
  }),
  DynamicQuantizeLinear: {
    type: 'DynamicQuantizeLinear',
    steps: 1,
    inputs: [floats(3, 7)],
    outputs: [true, true, true],
  },
  MatMulNBits: ms('MatMulNBits', {
    inputs: [floats(3, 40), constant(u8(6, 2, 16)), constant(floats(12))],
    attributes: { K: 40, N: 6, bits: 4, block_size: 32 },
    relative: 1e-3,
  }),
  'MatMulNBits with zero points': ms('MatMulNBits', {
    inputs: [
      floats(3, 48),
      constant(u8(6, 3, 8)),
      constant(floats(18)),
      constant(u8(12)),
      undefined,
      constant(floats(6)),
    ],
    attributes: { K: 48, N: 6, bits: 4, block_size: 16 },
    relative: 1e-3,
  }),
  'MatMulNBits, 8 bits': ms('MatMulNBits', {
    inputs: [floats(3, 64), constant(u8(6, 2, 32)), constant(floats(12))],
    attributes: { K: 64, N: 6, bits: 8, block_size: 32 },
    relative: 1e-3,
  }),
  QLinearWhere: ms('QLinearWhere', {
    inputs: [
      given('bool', [2, 3], [1, 0, 1, 0, 0, 1]),
      u8(2, 3),
      scale(0.05),
      zero(128),
      u8(2, 3),
      scale(0.02),
      zero(3),
      scale(0.06),
      zero(77),
    ],
  }),
  'QuantizeLinear by column': {
    type: 'QuantizeLinear',
    inputs: [
      floats(3, 4),
      constant(given('float32', [4], [0.01, 0.02, 0.03, 0.04])),
      constant(given('uint8', [4], [1, 100, 128, 255])),
    ],
    attributes: { axis: 1 },
  },
};

describe.runIf(onnxRuntimeInstalled())('quantised operators', () => {
  it.each(Object.entries(CASES))('%s', async (_, run) => {
    expect(await differences(run)).toEqual([]);
  });
});
