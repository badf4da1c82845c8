import { expect, it } from 'vitest';
import { FAMILY as ACTIVATIONS } from '../../../compiler/ops/microsoftActivations.ts';
import { FAMILY as ATTENTION } from '../../../compiler/ops/microsoftAttention.ts';
import { FAMILY as FUSED } from '../../../compiler/ops/microsoftFused.ts';
import { FAMILY as GENERAL } from '../../../compiler/ops/microsoftGeneral.ts';
import { FAMILY as NORMALISATION } from '../../../compiler/ops/microsoftNormalisation.ts';
import { FAMILY as QUANTISED } from '../../../compiler/ops/microsoftQuantised.ts';
import { FAMILY as PRODUCTS } from '../../../compiler/ops/microsoftQuantisedProducts.ts';
import { FAMILY as NCHWC } from '../../../compiler/ops/nchwc.ts';
import type { OperatorCase } from './operatorCase.ts';
import { constant, entryNamed, inferText, mappingOf } from './operatorCase.ts';

const ALL = [
  ...ACTIVATIONS,
  ...ATTENTION,
  ...FUSED,
  ...GENERAL,
  ...NORMALISATION,
  ...QUANTISED,
  ...PRODUCTS,
];

const f = (shape: string): string => `float32 ${shape}`;
const q = (shape: string): string => `uint8 ${shape}`;
const s = f('scalar!');
const z = q('scalar!');

type Row = readonly [name: string, spec: OperatorCase, first: readonly string[], type: string];

const rows: Row[] = [
  ['Gelu', { inputs: [f('b,s,768')] }, [f('b×s×768')], 'one-to-one'],
  ['FastGelu', { inputs: [f('b,s,768'), f('768!')] }, [f('b×s×768')], 'one-to-one'],
  ['BiasGelu', { inputs: [f('b,s,768'), f('768!')] }, [f('b×s×768')], 'one-to-one'],
  ['QuickGelu', { inputs: [f('b,s,768')] }, [f('b×s×768')], 'one-to-one'],
  ['BiasSplitGelu', { inputs: [f('b,s,768'), f('768!')] }, [f('b×s×384')], 'one-to-many'],
  ['BiasSoftmax', { inputs: [f('b,12,s,s'), f('b,1,1,s')] }, [f('b×12×s×s')], 'many-to-many'],
  ['BiasDropout', { inputs: [f('b,s,8'), f('8!')] }, [f('b×s×8'), 'bool b×s×8'], 'one-to-one'],
  [
    'BiasDropout',
    { inputs: [f('b,s,8'), f('8!'), '', '', 'bool scalar'] },
    [f('b×s×8'), 'bool b×s×8'],
    'opaque',
  ],
  [
    'FusedConv',
    {
      inputs: [f('1,3,8,8'), f('16,3,3,3!'), f('16!')],
      attributes: { pads: [1, 1, 1, 1], activation: 'Relu' },
    },
    [f('1×16×8×8')],
    'many-to-many',
  ],
  [
    'NhwcFusedConv',
    { inputs: ['float16 1,8,9,3', 'float16 16,3,3,3!'] },
    ['float16 1×6×7×16'],
    'many-to-many',
  ],
  [
    'FusedMatMul',
    { inputs: [f('b,12,s,64'), f('b,12,t,64')], attributes: { transB: 1, alpha: 0.125 } },
    [f('b×12×s×t')],
    'many-to-many',
  ],
  [
    'FusedMatMul',
    // A is rows first: [rows, batch, k] multiplied as [batch, rows, k].
    { inputs: [f('4,2,3'), f('2,3,5')], attributes: { transBatchA: 1 } },
    [f('2×4×5')],
    'many-to-many',
  ],
  [
    'TransposeMatMul',
    { inputs: [f('3,4'), f('3,5')], attributes: { transA: 1 } },
    [f('4×5')],
    'many-to-many',
  ],
  [
    'FusedGemm',
    { inputs: [f('n,8'), f('4,8!'), f('4!')], attributes: { transB: 1, activation: 'Relu' } },
    [f('n×4')],
    'many-to-many',
  ],
  [
    'SkipLayerNormalization',
    { inputs: [f('b,s,64'), f('b,s,64'), f('64!'), f('64!')] },
    [f('b×s×64'), f('b×s×1'), f('b×s×1'), f('b×s×64')],
    'many-to-many',
  ],
  [
    'SimplifiedLayerNormalization',
    { inputs: [f('b,s,64'), f('64!')] },
    [f('b×s×64'), f('b×s×1')],
    'many-to-many',
  ],
  [
    'EmbedLayerNormalization',
    {
      inputs: [
        'int32 b,s',
        'int32 b,s',
        f('30522,64!'),
        f('512,64!'),
        f('2,64!'),
        f('64!'),
        f('64!'),
      ],
    },
    [f('b×s×64'), 'int32 b', f('b×s×64')],
    'many-to-many',
  ],
  [
    'Attention',
    { inputs: [f('b,s,64'), f('64,192!'), f('192!'), 'int32 b'], attributes: { num_heads: 4 } },
    [f('b×s×64'), f('2×b×4×s×16')],
    'opaque',
  ],
  [
    'QAttention',
    {
      inputs: [q('b,s,64'), q('64,192!'), f('192!'), s, s, '', z, z, f('2,b,4,p,16')],
      attributes: { num_heads: 4 },
    },
    [f('b×s×64'), f('2×b×4×p + s×16')],
    'opaque',
  ],
  [
    'MultiHeadAttention',
    { inputs: [f('b,s,64'), f('b,t,64'), f('b,t,96')], attributes: { num_heads: 4 } },
    [f('b×s×96'), f('b×4×t×16'), f('b×4×t×24')],
    'opaque',
  ],
  [
    'MultiHeadAttention',
    { inputs: [f('b,s,4,3,16')], attributes: { num_heads: 4 } },
    [f('b×s×64'), f('b×4×s×16')],
    'opaque',
  ],
  [
    'GroupQueryAttention',
    {
      inputs: [f('b,s,64'), f('b,s,32'), f('b,s,32'), f('b,2,p,16'), f('b,2,p,16')],
      attributes: { num_heads: 4, kv_num_heads: 2 },
    },
    [f('b×s×64'), f('b×2×total<=p + s×16')],
    'opaque',
  ],
  [
    'GroupQueryAttention',
    // Query, key and value packed: (4 + 2·2)·16 columns.
    { inputs: [f('b,s,128')], attributes: { num_heads: 4, kv_num_heads: 2 } },
    [f('b×s×64')],
    'opaque',
  ],
  [
    'QLinearAdd',
    { inputs: [q('n,8,4,4'), s, z, q('8,1,1'), s, z, s, z] },
    [q('n×8×4×4')],
    'opaque',
  ],
  ['QLinearSigmoid', { inputs: [q('n,8'), s, z, s, z] }, [q('n×8')], 'opaque'],
  [
    'QLinearConcat',
    { inputs: [s, z, q('n,8,4'), s, z, q('n,5,4'), s, z], attributes: { axis: 1 } },
    [q('n×13×4')],
    'opaque',
  ],
  [
    'QLinearAveragePool',
    { inputs: [q('1,8,8,3'), s, z, s, z], attributes: { kernel_shape: [2, 2], channels_last: 1 } },
    [q('1×7×7×3')],
    'opaque',
  ],
  [
    'QLinearGlobalAveragePool',
    { inputs: [q('1,7,7,32'), s, z, s, z], attributes: { channels_last: 1 } },
    [q('1×1×1×32')],
    'opaque',
  ],
  [
    'QLinearReduceMean',
    { inputs: [q('n,7,8'), s, z, s, z], attributes: { axes: [1], keepdims: 0 } },
    [q('n×8')],
    'opaque',
  ],
  [
    'QLinearWhere',
    { inputs: ['bool n,1', q('n,4'), s, z, q('4'), s, z, s, z] },
    [q('n×4')],
    'opaque',
  ],
  [
    'QLinearConv',
    {
      inputs: [q('1,8,8,3'), s, z, q('16,3,3,3!'), s, z, s, z],
      attributes: { channels_last: 1, pads: [1, 1, 1, 1] },
    },
    [q('1×8×8×16')],
    'opaque',
  ],
  ['QGemm', { inputs: [q('n,8'), s, z, q('8,4!'), s, z, 'int32 4!', s, z] }, [q('n×4')], 'opaque'],
  ['QGemm', { inputs: [q('n,8'), s, z, q('8,4!'), s, z] }, [f('n×4')], 'opaque'],
  ['DynamicQuantizeMatMul', { inputs: [f('b,s,8'), q('8,4!'), s] }, [f('b×s×4')], 'opaque'],
  ['MatMulIntegerToFloat', { inputs: [q('b,s,8'), q('8,4!'), s, s] }, [f('b×s×4')], 'opaque'],
  [
    'MatMulNBits',
    {
      inputs: ['float16 b,s,64', 'uint8 32,2,16!', 'float16 64!'],
      attributes: { K: 64, N: 32, bits: 4 },
    },
    ['float16 b×s×32'],
    'opaque',
  ],
  [
    'GatherBlockQuantized',
    { inputs: ['uint4 1000,64!', 'int64 b,s', 'float16 1000,2!'], attributes: { block_size: 32 } },
    ['float16 b×s×64'],
    'opaque',
  ],
  [
    'DynamicQuantizeLSTM',
    {
      inputs: [
        f('s,b,10'),
        'int8 1,10,80!',
        'int8 1,20,80!',
        '',
        '',
        '',
        '',
        '',
        s,
        'int8 1!',
        s,
        'int8 1!',
      ],
      attributes: { hidden_size: 20 },
    },
    [f('s×1×b×20'), f('1×b×20'), f('1×b×20')],
    'opaque',
  ],
  [
    'NhwcMaxPool',
    { inputs: [q('1,8,8,3')], attributes: { kernel_shape: [2, 2] } },
    [q('1×7×7×3')],
    'opaque',
  ],
  [
    'ReduceSumInteger',
    { inputs: ['int8 n,8'], attributes: { axes: [1] } },
    ['int32 n×1'],
    'opaque',
  ],
  ['QuantizeLinear', { inputs: [f('n,8'), s, 'uint16 scalar!'] }, ['uint16 n×8'], 'one-to-one'],
  ['DequantizeLinear', { inputs: [q('n,8'), s, z] }, [f('n×8')], 'one-to-one'],
  ['Inverse', { inputs: [f('b,3,3')] }, [f('b×3×3')], 'opaque'],
  ['Trilu', { inputs: [f('b,3,3')] }, [f('b×3×3')], 'one-to-one'],
  ['GridSample', { inputs: [f('n,3,8,8'), f('n,5,6,2')] }, [f('n×3×5×6')], 'many-to-many'],
  [
    'CropAndResize',
    { inputs: [f('1,3,8,8'), f('r,4'), 'int32 r', constant([5, 6], 'int32')] },
    [f('r×3×5×6')],
    'opaque',
  ],
  ['Rfft', { inputs: [f('b,8,16')] }, [f('b×8×9×2')], 'opaque'],
  ['Irfft', { inputs: [f('b,8,9,2')] }, [f('b×8×16')], 'opaque'],
  ['ExpandDims', { inputs: [f('2,3'), constant(-1, 'int32')] }, [f('2×3×1')], 'reorganize'],
  ['NGramRepeatBlock', { inputs: ['int64 b,s', f('b,v')] }, [f('b×v')], 'opaque'],
  ['BeamSearch', { inputs: ['int32 b,s'] }, ['int32 tokens0×tokens1×tokens2'], 'opaque'],
];

it.each(rows)('com.microsoft.%s %j', (name, spec, first, type) => {
  const entry = entryNamed(ALL, name, 'com.microsoft');
  expect(inferText(entry, spec).slice(0, first.length)).toEqual(first);
  expect(mappingOf(entry, spec).node).toBe(type);
});

it('SimplifiedLayerNormalization is known in ai.onnx too, where the optimiser puts it', () => {
  expect(entryNamed(NORMALISATION, 'SimplifiedLayerNormalization', '').domain).toBe('');
});

it.each<Row>([
  ['ReorderInput', { inputs: [f('1,32,8,8')] }, [f('1×32×8×8')], 'shuffle'],
  [
    'ReorderInput',
    { inputs: [f('1,8,8,32')], attributes: { channels_last: 1 } },
    [f('1×32×8×8')],
    'shuffle',
  ],
  ['ReorderInput', { inputs: [f('1,24,8,8')] }, [f('1×channels<=32×8×8')], 'shuffle'],
  [
    'ReorderOutput',
    { inputs: [f('1,32,8,8')], attributes: { channels: 24 } },
    [f('1×24×8×8')],
    'shuffle',
  ],
  [
    'ReorderOutput',
    { inputs: [f('1,32,8,9')], attributes: { channels: 24, channels_last: 1 } },
    [f('1×8×9×24')],
    'shuffle',
  ],
  [
    'Conv',
    {
      inputs: [f('1,3,224,224'), f('32,3,3,3!'), f('32!')],
      attributes: { strides: [2, 2], pads: [0, 0, 1, 1] },
    },
    [f('1×32×112×112')],
    'many-to-many',
  ],
  [
    'MaxPool',
    { inputs: [f('1,32,8,8')], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
    [f('1×32×4×4')],
    'many-to-many',
  ],
  ['GlobalAveragePool', { inputs: [f('1,32,8,8')] }, [f('1×32×1×1')], 'many-to-many'],
  [
    'Upsample',
    { inputs: [f('1,32,8,8')], attributes: { scales: [1, 1, 2, 2] } },
    [f('1×32×16×16')],
    'one-to-many',
  ],
])('com.microsoft.nchwc.%s %j', (name, spec, result, type) => {
  const entry = entryNamed(NCHWC, name);
  expect(inferText(entry, spec)).toEqual(result);
  expect(mappingOf(entry, spec).node).toBe(type);
});
