/**
 * com.microsoft matrix products, embeddings and recurrent layers on quantised weights: QGemm,
 * DynamicQuantizeMatMul, MatMulIntegerToFloat, MatMulNBits, MatMulBnb4, GatherBlockQuantized, …. Opaque.
 */
import type { Dim } from '../graph/dim.ts';
import { dimMul } from '../graph/dim.ts';
import type { Shape, ValueType } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import { normaliseAxis } from './axes.ts';
import type { InferContext, Mapping, OperatorEntry, OpView } from './define.ts';
import { perOutputElement } from './flops.ts';
import { opaqueMapping } from './mappingRules.ts';
import { gemmFlops, gemmShape, matmulFlops, matmulShape } from './matmul.ts';
import { microsoft } from './microsoftEntry.ts';
import { embeddedTypes } from './microsoftNormalisation.ts';
import { scaledMapping } from './quantisation.ts';
import { recurrentTypes } from './recurrent.ts';

export const FAMILY: readonly OperatorEntry[] = [
  microsoft('QGemm', {
    inputs: [6, 9],
    mapping: opaque,
    // Without an output scale the result stays in floating point.
    infer: (op) => [tensorType(op.has(7) ? op.dtype(0) : op.dtype(1), gemmShape(op, 0, 3))],
    flops: gemmFlops,
  }),
  plainProduct('MatMulIntegerToFloat', [4, 7], (op) => op.dtype(2)),
  plainProduct('DynamicQuantizeMatMul', [3, 5], (op) => op.dtype(0)),
  plainProduct('MatMulInteger16', [2, 2], () => 'int32'),
  columnProduct('MatMulNBits', [3, 6]),
  columnProduct('MatMulBnb4', [3, 3]),
  columnProduct('MatMulFpQ4', [2, 3]),
  microsoft('GatherBlockQuantized', {
    inputs: [3, 4],
    mapping: opaque,
    infer: (op) => [tensorType(op.dtype(2), gatheredShape(op))],
    flops: perOutputElement(2),
  }),
  microsoft('DynamicQuantizeLSTM', {
    inputs: [12, 12],
    outputs: [0, 3],
    mapping: opaque,
    infer: (op) => recurrentTypes(op, 2),
  }),
  microsoft('QEmbedLayerNormalization', {
    inputs: [18, 18],
    outputs: [1, 2],
    mapping: opaque,
    infer: (op) => embeddedTypes(op, op.dtype(8)),
    flops: perOutputElement(9),
  }),
  microsoft('QuantizeLinear', {
    inputs: [2, 3],
    mapping: scaledMapping,
    infer: (op) => [tensorType(op.has(2) ? op.dtype(2) : 'uint8', op.shape(0))],
    flops: perOutputElement(4),
    properties: ['monotone-increasing'],
  }),
  microsoft('DequantizeLinear', {
    inputs: [2, 3],
    mapping: scaledMapping,
    infer: (op) => [tensorType(op.dtype(1), op.shape(0))],
    flops: perOutputElement(2),
    properties: ['linear', 'monotone-increasing', 'commutes-with-movement'],
  }),
  expert('MoE', [3, 8]),
  expert('QMoE', [6, 16]),
];

function opaque(op: OpView): Mapping {
  return opaqueMapping(op, 'quantised kernel');
}

function plainProduct(
  name: string,
  inputs: readonly [number, number],
  dtype: (op: OpView) => ReturnType<OpView['dtype']>,
): OperatorEntry {
  return microsoft(name, {
    inputs,
    mapping: opaque,
    infer: (op) => [tensorType(dtype(op), matmulShape(op, op.shape(0), op.shape(1)))],
    flops: (op) => matmulFlops(op, op.shape(0)),
  });
}

/** Packed weights: K and N are attributes. */
function columnProduct(name: string, inputs: readonly [number, number]): OperatorEntry {
  return microsoft(name, {
    inputs,
    mapping: opaque,
    infer: (op) => [tensorType(op.dtype(0), columnShape(op))],
    flops: (op) => matmulFlops(op, op.shape(0)),
  });
}

function columnShape(op: InferContext): Shape {
  const data = op.shape(0);
  if (!data) return null;
  const k = op.int('K', 0);
  const last = data.at(-1);
  if (k > 0 && typeof last === 'number' && last !== k) {
    op.fail(`its input has rows of ${last}, the weights take ${k}`);
  }
  const n = op.int('N', 0);
  return [...data.slice(0, -1), n > 0 ? n : op.dataDim('columns')];
}

/** Gather of blocks; bytes that hold two or more values widen the last axis. */
function gatheredShape(op: InferContext): Shape {
  const data = op.shape(0);
  const indices = op.shape(1);
  if (!data || !indices) return null;
  const axis = normaliseAxis(op, op.int('gather_axis', 0), data.length);
  const perByte = op.dtype(0) === 'uint8' ? Math.floor(8 / (op.int('bits', 4) || 4)) : 1;
  const wide = data.map((dim, at): Dim => (at === data.length - 1 ? dimMul(dim, perByte) : dim));
  return [...wide.slice(0, axis), ...indices, ...wide.slice(axis + 1)];
}

/** Mixture of experts: as many rows and columns as came in. */
function expert(name: string, inputs: readonly [number, number]): OperatorEntry {
  return microsoft(name, {
    inputs,
    mapping: (op) => opaqueMapping(op, 'runtime choice of experts'),
    infer: (op): readonly ValueType[] => [op.inputType(0)],
  });
}
