// ai.onnx operators, or uses of them, that the cases at hand leave out, against ONNX Runtime.
import { describe, expect, it } from 'vitest';
import { loadOnnxRuntime, onnxRuntimeInstalled } from '../../setup/onnxRuntime.ts';
import type { OperatorRun } from './againstOnnxRuntime.ts';
import { difference, differences, floats, given } from './againstOnnxRuntime.ts';

const CASES: Readonly<Record<string, OperatorRun>> = {
  MaxRoiPool: {
    type: 'MaxRoiPool',
    inputs: [
      floats(2, 3, 7, 9),
      given('float32', [3, 5], [0, 1, 1, 7, 5, 1, 0, 2, 3.4, 3, 1, 4, 4, 14, 9]),
    ],
    attributes: { pooled_shape: [2, 3], spatial_scale: { float: 0.8 } },
  },
  'TensorScatter, linear': {
    type: 'TensorScatter',
    opset: 24,
    inputs: [floats(2, 3, 6, 4), floats(2, 3, 2, 4), given('int64', [2], [1, 4])],
  },
  'TensorScatter, circular': {
    type: 'TensorScatter',
    opset: 24,
    inputs: [floats(2, 6, 4), floats(2, 3, 4), given('int64', [2], [1, 5])],
    attributes: { axis: 1, mode: 'circular' },
  },
  'LSTM, all inputs, both directions': {
    type: 'LSTM',
    opset: 14,
    inputs: [
      floats(5, 3, 4),
      floats(2, 12, 4),
      floats(2, 12, 3),
      floats(2, 24),
      given('int32', [3], [5, 2, 4]),
      floats(2, 3, 3),
      floats(2, 3, 3),
      floats(2, 9),
    ],
    attributes: { hidden_size: 3, direction: 'bidirectional', clip: { float: 1.5 } },
    outputs: [true, true, true],
  },
  'LSTM, coupled gates, other activations': {
    type: 'LSTM',
    opset: 14,
    inputs: [floats(4, 2, 3), floats(1, 12, 3), floats(1, 12, 3)],
    attributes: {
      hidden_size: 3,
      direction: 'reverse',
      input_forget: 1,
      activations: ['HardSigmoid', 'Softsign', 'LeakyRelu'],
      activation_alpha: { floats: [0.3, 0.05] },
      activation_beta: { floats: [0.4] },
    },
    outputs: [true, false, true],
  },
  'GRU, linear before reset, both directions': {
    type: 'GRU',
    opset: 14,
    inputs: [
      floats(5, 3, 4),
      floats(2, 9, 4),
      floats(2, 9, 3),
      floats(2, 18),
      given('int32', [3], [5, 1, 4]),
      floats(2, 3, 3),
    ],
    attributes: { hidden_size: 3, direction: 'bidirectional', linear_before_reset: 1 },
    outputs: [true, true],
  },
  'GRU, reset first': {
    type: 'GRU',
    opset: 14,
    inputs: [floats(5, 3, 4), floats(1, 9, 4), floats(1, 9, 3), floats(1, 18)],
    attributes: { hidden_size: 3 },
    outputs: [true, true],
  },
  'RNN, reverse with lengths': {
    type: 'RNN',
    opset: 14,
    inputs: [
      floats(5, 3, 4),
      floats(1, 3, 4),
      floats(1, 3, 3),
      floats(1, 6),
      given('int32', [3], [2, 5, 1]),
    ],
    attributes: { hidden_size: 3, direction: 'reverse', activations: ['Relu'] },
    outputs: [true, true],
  },
  'GridSample, cubic, reflection': {
    type: 'GridSample',
    opset: 20,
    inputs: [floats(2, 2, 5, 6), floats(2, 3, 4, 2)],
    attributes: { mode: 'cubic', padding_mode: 'reflection', align_corners: 1 },
    relative: 1e-3,
  },
  'GridSample of volumes': {
    type: 'GridSample',
    opset: 20,
    inputs: [floats(1, 2, 3, 4, 5), floats(1, 2, 3, 2, 3)],
    attributes: { mode: 'linear', padding_mode: 'border' },
  },
  'DFT, longer than the signal': {
    type: 'DFT',
    opset: 20,
    inputs: [
      floats(2, 9, 1),
      { ...given('int64', [], [12]), constant: true },
      { ...given('int64', [], [1]), constant: true },
    ],
    attributes: { onesided: 1 },
  },
  STFT: {
    type: 'STFT',
    opset: 17,
    inputs: [
      floats(2, 20),
      { ...given('int64', [], [3]), constant: true },
      floats(8),
      { ...given('int64', [], [8]), constant: true },
    ],
  },
  'Resize, antialias': {
    type: 'Resize',
    opset: 19,
    inputs: [
      floats(1, 2, 9, 12),
      undefined,
      { ...given('float32', [4], [1, 1, 0.5, 0.4]), constant: true },
    ],
    attributes: { mode: 'linear', antialias: 1 },
    relative: 1e-3,
  },
  Det: { type: 'Det', opset: 22, inputs: [floats(3, 4, 4)], relative: 1e-3 },
};

describe.runIf(onnxRuntimeInstalled())('ai.onnx', () => {
  it.each(Object.entries(CASES))('%s', async (_, run) => {
    for (let seed = 1; seed <= 3; seed++) expect(await differences(run, seed)).toEqual([]);
  });
});

it.runIf(onnxRuntimeInstalled())('tells a wrong element, type of rounding or shape', () => {
  const { Tensor } = loadOnnxRuntime();
  const run = { type: 'Abs', inputs: [] };
  const expected = new Tensor('float32', Float32Array.of(1, 2, 3), [3]);
  const result = (...elements: number[]) => ({
    storage: 'f32' as const,
    dims: [elements.length],
    elements,
  });
  expect(difference(result(1, 2, 3.0001), expected, run)).toBeUndefined();
  expect(difference(result(1, 2.001, 3), expected, run)).toMatch(/^element 1 is 2.001/);
  expect(difference(result(1, 2), expected, run)).toMatch(/^shape/);
  expect(difference(result(1, Number.NaN, 3), expected, run)).toMatch(/^element 1/);
});
