/**
 * com.microsoft operators against ONNX Runtime itself: one node per model, run with zeros or small numbers,
 * every output's type compared with the inferred one. Only operators that its CPU provider has a kernel for.
 */
import { describe, expect, it } from 'vitest';
import { formatShape } from '../../../compiler/graph/dim.ts';
import type { DataType } from '../../../compiler/graph/types.ts';
import { inferModel } from '../../../compiler/infer/inferModel.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { modelFromBytes } from '../../../compiler/onnx/source.ts';
import { loadOnnxRuntime, onnxRuntimeInstalled } from '../../setup/onnxRuntime.ts';
import type { AttributeSpec, Bytes } from '../onnx/protoWriter.ts';
import { input, model, node, tensor } from '../onnx/protoWriter.ts';

/** 'float32 2,3' is a graph input; '!' behind it an initialiser; '=1,2' its elements; '' absent. */
interface Row {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  readonly outputs?: number;
  readonly domain?: string;
}

const s = 'float32 scalar =0.5';
const z = 'uint8 scalar =3';
const zi = 'int8 scalar =0';

const rows: readonly Row[] = [
  { type: 'Gelu', inputs: ['float32 2,3'] },
  { type: 'FastGelu', inputs: ['float32 2,3', 'float32 3'] },
  { type: 'QuickGelu', inputs: ['float32 2,3'] },
  { type: 'BiasGelu', inputs: ['float32 2,3', 'float32 3'] },
  {
    type: 'FusedConv',
    inputs: ['float32 1,3,8,9', 'float32 4,3,3,3!', 'float32 4!'],
    attributes: { activation: 'Relu' },
  },
  { type: 'FusedMatMul', inputs: ['float32 2,5,3', 'float32 2,4,3'], attributes: { transB: 1 } },
  {
    type: 'FusedMatMul',
    inputs: ['float32 5,2,3', 'float32 2,3,4'],
    attributes: { transBatchA: 1 },
  },
  {
    type: 'FusedMatMul',
    inputs: ['float32 5,2,3', 'float32 2,5,4'],
    attributes: { transBatchA: 1, transA: 1 },
  },
  {
    type: 'FusedGemm',
    inputs: ['float32 2,3', 'float32 4,3!', 'float32 4!'],
    attributes: { transB: 1, activation: 'Relu' },
  },
  {
    type: 'SkipLayerNormalization',
    inputs: ['float32 2,3,4', 'float32 2,3,4', 'float32 4!', 'float32 4!'],
    outputs: 4,
  },
  {
    type: 'SkipSimplifiedLayerNormalization',
    inputs: ['float32 2,3,4', 'float32 2,3,4', 'float32 4!'],
    outputs: 4,
  },
  {
    type: 'SimplifiedLayerNormalization',
    domain: '',
    inputs: ['float32 2,3,4', 'float32 4!'],
    attributes: { axis: -1 },
  },
  {
    type: 'EmbedLayerNormalization',
    inputs: [
      'int32 2,3',
      'int32 2,3',
      'float32 9,4!',
      'float32 8,4!',
      'float32 2,4!',
      'float32 4!',
      'float32 4!',
      'int32 2,3',
    ],
    outputs: 2,
  },
  {
    type: 'Attention',
    inputs: ['float32 2,3,8', 'float32 8,24!', 'float32 24!', '', 'float32 2,2,2,5,4'],
    attributes: { num_heads: 2 },
    outputs: 2,
  },
  {
    type: 'Attention',
    inputs: ['float32 2,3,8', 'float32 8,28!', 'float32 28!'],
    attributes: { num_heads: 2, qkv_hidden_sizes: [8, 8, 12] },
  },
  {
    type: 'QAttention',
    inputs: ['uint8 2,3,8', 'uint8 8,24!', 'float32 24!', s, s, '', z, z, 'float32 2,2,2,5,4'],
    attributes: { num_heads: 2 },
    outputs: 2,
  },
  {
    type: 'MultiHeadAttention',
    inputs: ['float32 2,3,8', 'float32 2,5,8', 'float32 2,5,12'],
    attributes: { num_heads: 2 },
  },
  {
    type: 'MultiHeadAttention',
    inputs: [
      'float32 2,3,8',
      'float32 2,3,8',
      'float32 2,3,8',
      '',
      '',
      '',
      'float32 2,2,5,4',
      'float32 2,2,5,4',
    ],
    attributes: { num_heads: 2 },
    outputs: 3,
  },
  {
    type: 'GroupQueryAttention',
    inputs: [
      'float32 1,3,16',
      'float32 1,3,8',
      'float32 1,3,8',
      '',
      '',
      'int32 1 =2',
      'int32 1 =3',
    ],
    attributes: { num_heads: 2, kv_num_heads: 1 },
    outputs: 3,
  },
  {
    type: 'RotaryEmbedding',
    inputs: ['float32 2,3,8', 'int64 2,3', 'float32 9,2!', 'float32 9,2!'],
    attributes: { num_heads: 2 },
  },
  { type: 'QLinearAdd', inputs: ['uint8 2,3', s, z, 'uint8 3', s, z, s, z] },
  { type: 'QLinearMul', inputs: ['uint8 2,3', s, z, 'uint8 2,1', s, z, s, z] },
  { type: 'QLinearSigmoid', inputs: ['uint8 2,3', s, z, s, z] },
  { type: 'QLinearLeakyRelu', inputs: ['uint8 2,3', s, z, s, z] },
  { type: 'QLinearSoftmax', inputs: ['uint8 2,3', s, z, s, z], attributes: { opset: 13, axis: 1 } },
  {
    type: 'QLinearConcat',
    inputs: [s, z, 'uint8 2,3', s, z, 'uint8 2,4', s, z],
    attributes: { axis: -1 },
  },
  { type: 'QLinearWhere', inputs: ['bool 2,1', 'uint8 2,3', s, z, 'uint8 3', s, z, s, z] },
  {
    type: 'QLinearAveragePool',
    inputs: ['uint8 1,7,7,3', s, z, s, z],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], channels_last: 1, ceil_mode: 1 },
  },
  {
    type: 'QLinearGlobalAveragePool',
    inputs: ['uint8 1,7,7,3', s, z, s, z],
    attributes: { channels_last: 1 },
  },
  {
    type: 'QLinearConv',
    inputs: ['uint8 1,8,9,3', s, z, 'int8 4,3,3,3!', s, zi, s, z],
    attributes: { channels_last: 1, pads: [1, 1, 1, 1], strides: [2, 2] },
  },
  {
    type: 'NhwcMaxPool',
    inputs: ['uint8 1,8,9,3'],
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
  },
  { type: 'QGemm', inputs: ['uint8 2,3', s, z, 'uint8 3,4!', s, z, 'int32 4!', s, z] },
  { type: 'QGemm', inputs: ['uint8 2,3', s, z, 'uint8 3,4!', s, z, 'int32 4!'] },
  { type: 'DynamicQuantizeMatMul', inputs: ['float32 2,3,4', 'uint8 4,5!', s, z] },
  { type: 'MatMulIntegerToFloat', inputs: ['uint8 2,3', 'uint8 3,4!', s, s, z, z] },
  {
    type: 'MatMulNBits',
    inputs: ['float32 2,3,32', 'uint8 8,2,8!', 'float32 16!'],
    attributes: { K: 32, N: 8, bits: 4, block_size: 16 },
  },
  {
    type: 'GatherBlockQuantized',
    inputs: ['uint4 6,32!', 'int64 2,2', 'float32 6,2!'],
    attributes: { gather_axis: 0, quantize_axis: 1, block_size: 16 },
  },
  {
    type: 'GatherBlockQuantized',
    inputs: ['uint8 6,16!', 'int64 2,2', 'float32 6,2!'],
    attributes: { gather_axis: 0, quantize_axis: 1, block_size: 16, bits: 4 },
  },
  {
    type: 'DynamicQuantizeLSTM',
    inputs: [
      'float32 2,3,4',
      'int8 1,4,20!',
      'int8 1,5,20!',
      '',
      '',
      '',
      '',
      '',
      'float32 1!',
      'int8 1!',
      'float32 1!',
      'int8 1!',
    ],
    attributes: { hidden_size: 5 },
    outputs: 3,
  },
  { type: 'QuantizeLinear', inputs: ['float32 2,3', s, 'uint16 scalar =1'] },
  { type: 'DequantizeLinear', inputs: ['uint8 2,3', s, z] },
  { type: 'Inverse', inputs: ['float32 3,3 =2,0,0,0,2,0,0,0,2'] },
  { type: 'Trilu', inputs: ['float32 3,3'] },
  { type: 'GridSample', inputs: ['float32 2,3,8,8', 'float32 2,5,6,2'] },
  { type: 'CropAndResize', inputs: ['float32 1,3,8,8', 'float32 2,4', 'int32 2', 'int32 2! =5,6'] },
  { type: 'ExpandDims', inputs: ['float32 2,3', 'int32 scalar! =-1'] },
  { type: 'NGramRepeatBlock', inputs: ['int64 2,5', 'float32 2,9'], attributes: { ngram_size: 2 } },
  { type: 'Unique', inputs: ['float32 5'], outputs: 3 },
  { type: 'Pad', inputs: ['float32 2,3', 'int64 4! =0,1,2,0'] },
  { type: 'CDist', inputs: ['float32 2,3', 'float32 5,3'], attributes: { metric: 'euclidean' } },
  { type: 'TransposeMatMul', inputs: ['float32 3,4', 'float32 3,5'], attributes: { transA: 1 } },
  {
    type: 'MatMulBnb4',
    inputs: ['float32 2,16', 'uint8 64!', 'float32 8!'],
    attributes: { K: 16, N: 8, block_size: 16, quant_type: 1 },
  },
  {
    type: 'MaxpoolWithMask',
    inputs: ['float32 1,3,8,8', 'int32 1,3,8,8'],
    attributes: { kernel_shape: [2, 2] },
  },
  { type: 'MurmurHash3', inputs: ['int32 2,3'] },
  { type: 'UnfoldTensor', inputs: ['float32 2,16'], attributes: { dim: 1, size: 4, step: 2 } },
  { type: 'SampleOp', inputs: ['float32 2,3'] },
  { type: 'DynamicTimeWarping', inputs: ['float32 3,4'] },
  {
    type: 'LinearAttention',
    inputs: ['float32 2,4,16', 'float32 2,4,8', 'float32 2,4,8'],
    attributes: { q_num_heads: 4, kv_num_heads: 2, update_rule: 'linear' },
    outputs: 2,
  },
  { type: 'CausalConvWithState', inputs: ['float32 2,4,8', 'float32 4,1,3!'], outputs: 2 },
];

describe.skipIf(!onnxRuntimeInstalled())(
  'com.microsoft operators as ONNX Runtime runs them',
  () => {
    it.each(rows.map((row) => [`${row.type}(${row.inputs.join('; ')})`, row] as const))(
      '%s',
      async (_, row) => {
        const { bytes, feeds, names } = build(row);
        const inferred = inferModel(importModel(modelFromBytes(bytes)), { bindings: new Map() });
        expect(inferred.diagnostics.filter(({ severity }) => severity !== 'info')).toEqual([]);
        const session = await loadOnnxRuntime().InferenceSession.create(bytes, {
          logSeverityLevel: 4,
        });
        const results = await session.run(feeds);
        await session.release();
        inferred.graph.outputs.forEach((index, slot) => {
          const type = inferred.graph.values[index]?.type;
          const actual = results[names[slot] as string];
          if (type?.kind !== 'tensor' || !actual) throw new Error(`output ${slot} is no tensor`);
          const sizes = type.shape?.map((dim, axis) =>
            typeof dim === 'number' ? dim : (actual.dims[axis] ?? '?'),
          );
          expect(`${type.dtype} ${formatShape((sizes as number[] | undefined) ?? null)}`).toBe(
            `${actual.type} ${formatShape(actual.dims)}`,
          );
        });
      },
    );
  },
);

interface Built {
  readonly bytes: Bytes;
  readonly names: readonly string[];
  readonly feeds: Record<string, InstanceType<ReturnType<typeof loadOnnxRuntime>['Tensor']>>;
}

function build({ type, inputs, attributes, outputs = 1, domain = 'com.microsoft' }: Row): Built {
  const names = Array.from({ length: outputs }, (_, slot) => `y${slot}`);
  const initializers: Bytes[] = [];
  const graphInputs: Bytes[] = [];
  const feeds: Built['feeds'] = {};
  const labels = inputs.map((spec, i) => {
    const parts = /^(\w+) ([\w,]+)(!?)(?: =(.*))?$/.exec(spec);
    if (!parts) return '';
    const [, dtype, shape, fixed, elements] = parts as unknown as [
      string,
      DataType,
      string,
      string,
      string?,
    ];
    const dims = shape === 'scalar' ? [] : shape.split(',').map(Number);
    const count = dims.reduce((product, dim) => product * dim, 1);
    const data = elements?.split(',').map(Number) ?? new Array<number>(count).fill(0);
    const name = `x${i}`;
    // Scales and zero points are constants in every real model.
    if (fixed || shape === 'scalar')
      initializers.push(tensor(name, dtype, dims, packed(dtype, data)));
    else {
      graphInputs.push(input(name, dtype, dims));
      feeds[name] = feed(dtype, data, dims);
    }
    return name;
  });
  const bytes = model({
    opset: { '': 17, 'com.microsoft': 1 },
    inputs: graphInputs,
    outputs: names,
    initializers,
    nodes: [node(type, labels, names, attributes ?? {}, domain ? { domain } : {})],
  });
  return { bytes, names, feeds };
}

/** Two 4-bit elements share a byte. */
function packed(dtype: DataType, data: number[]): number[] | Uint8Array {
  return dtype === 'uint4' ? new Uint8Array(Math.ceil(data.length / 2)) : data;
}

function feed(dtype: DataType, data: number[], dims: number[]): Built['feeds'][string] {
  const { Tensor } = loadOnnxRuntime();
  switch (dtype) {
    case 'float32':
      return new Tensor('float32', Float32Array.from(data), dims);
    case 'int64':
      return new Tensor('int64', BigInt64Array.from(data, BigInt), dims);
    case 'int32':
      return new Tensor('int32', Int32Array.from(data), dims);
    case 'int8':
      return new Tensor('int8', Int8Array.from(data), dims);
    case 'uint8':
      return new Tensor('uint8', Uint8Array.from(data), dims);
    case 'bool':
      return new Tensor('bool', Uint8Array.from(data), dims);
    default:
      throw new Error(`no feed of ${dtype}`);
  }
}
