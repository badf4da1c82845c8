// com.microsoft operators against ONNX Runtime itself, each with its inputs present and absent.
import { describe, expect, it } from 'vitest';
import { onnxRuntimeInstalled } from '../../setup/onnxRuntime.ts';
import type { OperatorRun } from './againstOnnxRuntime.ts';
import { differences, floats, given } from './againstOnnxRuntime.ts';

const ms = (type: string, run: Omit<OperatorRun, 'type' | 'domain'>): OperatorRun => ({
  type,
  domain: 'com.microsoft',
  ...run,
});

const CASES: Readonly<Record<string, OperatorRun>> = {
  Gelu: ms('Gelu', { inputs: [floats(3, 5)] }),
  BiasGelu: ms('BiasGelu', { inputs: [floats(2, 3, 5), floats(5)] }),
  FastGelu: ms('FastGelu', { inputs: [floats(2, 5)] }),
  'FastGelu with bias': ms('FastGelu', { inputs: [floats(2, 5), floats(5)] }),
  QuickGelu: ms('QuickGelu', { inputs: [floats(7)], attributes: { alpha: { float: 1.5 } } }),
  SkipLayerNormalization: ms('SkipLayerNormalization', {
    inputs: [floats(2, 3, 8), floats(2, 3, 8), floats(8), floats(8), floats(8)],
    attributes: { epsilon: { float: 1e-5 } },
    outputs: [true, false, false, true],
  }),
  'SkipLayerNormalization without beta': ms('SkipLayerNormalization', {
    inputs: [floats(2, 3, 8), floats(2, 3, 8), floats(8)],
  }),
  SkipSimplifiedLayerNormalization: ms('SkipSimplifiedLayerNormalization', {
    inputs: [floats(2, 3, 8), floats(2, 3, 8), floats(8)],
    attributes: { epsilon: { float: 1e-5 } },
    outputs: [true, false, false, true],
  }),
  SimplifiedLayerNormalization: {
    type: 'SimplifiedLayerNormalization',
    inputs: [floats(2, 3, 8), floats(8)],
    attributes: { axis: -1, epsilon: { float: 1e-5 } },
  },
  EmbedLayerNormalization: ms('EmbedLayerNormalization', {
    inputs: [
      given('int32', [2, 3], [0, 4, 2, 1, 3, 3]),
      given('int32', [2, 3], [0, 0, 1, 1, 0, 1]),
      floats(5, 8),
      floats(4, 8),
      floats(2, 8),
      floats(8),
      floats(8),
      given('int32', [2, 3], [1, 1, 0, 1, 0, 0]),
    ],
    outputs: [true, true, true],
  }),
  FusedConv: ms('FusedConv', {
    inputs: [floats(1, 3, 5, 6), floats(4, 3, 3, 3), floats(4)],
    attributes: { activation: 'Relu', pads: [1, 1, 1, 1], strides: [2, 1] },
  }),
  'FusedConv, leaky': ms('FusedConv', {
    inputs: [floats(1, 2, 5, 6), floats(4, 1, 3, 3), floats(4)],
    attributes: {
      activation: 'LeakyRelu',
      activation_params: { floats: [0.2] },
      group: 2,
    },
  }),
  'FusedConv, residual': ms('FusedConv', {
    inputs: [floats(1, 3, 4, 4), floats(2, 3, 1, 1), floats(2), floats(1, 2, 4, 4)],
    attributes: { activation: 'Clip', activation_params: { floats: [-1, 1.5] } },
  }),
  FusedMatMul: ms('FusedMatMul', {
    inputs: [floats(2, 4, 3), floats(2, 5, 4)],
    attributes: { transA: 1, transB: 1, alpha: { float: 0.5 } },
  }),
  'FusedMatMul, batches': ms('FusedMatMul', {
    inputs: [floats(3, 2, 4), floats(4, 2, 5)],
    attributes: { transBatchA: 1, transBatchB: 1 },
  }),
  FusedGemm: ms('FusedGemm', {
    inputs: [floats(3, 4), floats(5, 4), floats(5)],
    attributes: { transB: 1, alpha: { float: 0.5 }, beta: { float: 2 }, activation: 'Relu' },
  }),
  Attention: ms('Attention', {
    inputs: [floats(2, 4, 8), floats(8, 24), floats(24)],
    attributes: { num_heads: 2 },
  }),
  'Attention, causal, padded': ms('Attention', {
    inputs: [floats(2, 4, 8), floats(8, 24), floats(24), given('int32', [2], [3, 4])],
    attributes: { num_heads: 2, unidirectional: 1 },
  }),
  'Attention with a past': ms('Attention', {
    inputs: [floats(2, 3, 8), floats(8, 24), floats(24), undefined, floats(2, 2, 2, 5, 4)],
    attributes: { num_heads: 2, unidirectional: 1 },
    outputs: [true, true],
  }),
  'Attention, mask per key, scores biased': ms('Attention', {
    inputs: [
      floats(2, 3, 8),
      floats(8, 20),
      floats(20),
      given('int32', [2, 3], [1, 1, 0, 1, 1, 1]),
      undefined,
      floats(2, 2, 3, 3),
    ],
    attributes: { num_heads: 2, qkv_hidden_sizes: [8, 8, 4] },
  }),
  MultiHeadAttention: ms('MultiHeadAttention', {
    inputs: [floats(2, 3, 8), floats(2, 5, 8), floats(2, 5, 8), floats(24)],
    attributes: { num_heads: 2 },
  }),
  'MultiHeadAttention, padding and bias of scores': ms('MultiHeadAttention', {
    inputs: [
      floats(2, 3, 8),
      floats(2, 5, 8),
      floats(2, 5, 8),
      undefined,
      given('int32', [2, 5], [1, 1, 1, 0, 0, 1, 1, 1, 1, 1]),
      floats(1, 2, 3, 5),
    ],
    attributes: { num_heads: 2, scale: { float: 0.3 } },
  }),
  'MultiHeadAttention with a past': ms('MultiHeadAttention', {
    inputs: [
      floats(2, 3, 8),
      floats(2, 3, 8),
      floats(2, 3, 8),
      undefined,
      undefined,
      undefined,
      floats(2, 2, 4, 4),
      floats(2, 2, 4, 4),
    ],
    attributes: { num_heads: 2, unidirectional: 1 },
    outputs: [true, true, true],
  }),
  RotaryEmbedding: ms('RotaryEmbedding', {
    inputs: [
      floats(2, 3, 16),
      given('int64', [2, 3], [0, 1, 2, 5, 3, 4]),
      floats(7, 4),
      floats(7, 4),
    ],
  }),
  'RotaryEmbedding, interleaved, from a start': ms('RotaryEmbedding', {
    inputs: [floats(1, 3, 16), given('int64', [1], [2]), floats(7, 4), floats(7, 4)],
    attributes: { interleaved: 1 },
  }),
  'GroupQueryAttention, first tokens': ms('GroupQueryAttention', {
    inputs: [
      floats(1, 4, 32),
      floats(1, 4, 16),
      floats(1, 4, 16),
      floats(1, 2, 0, 8),
      floats(1, 2, 0, 8),
      given('int32', [1], [3]),
      given('int32', [1], [4]),
    ],
    attributes: { num_heads: 4, kv_num_heads: 2 },
    outputs: [true, true, true],
  }),
  'GroupQueryAttention, one more token, rotated': ms('GroupQueryAttention', {
    inputs: [
      floats(1, 1, 64),
      floats(1, 1, 32),
      floats(1, 1, 32),
      floats(1, 2, 5, 16),
      floats(1, 2, 5, 16),
      given('int32', [1], [5]),
      given('int32', [1], [6]),
      floats(9, 8),
      floats(9, 8),
    ],
    attributes: { num_heads: 4, kv_num_heads: 2, do_rotary: 1 },
    outputs: [true, true, true],
  }),
};

describe.runIf(onnxRuntimeInstalled())('com.microsoft', () => {
  it.each(Object.entries(CASES))('%s', async (_, run) => {
    expect(await differences(run)).toEqual([]);
  });
});
