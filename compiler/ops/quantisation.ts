/**
 * Quantisation: QuantizeLinear 25, DequantizeLinear 25, DynamicQuantizeLinear 11, QLinearConv 10 and
 * QLinearMatMul 21. The two conversions are One-to-One; kernels on quantised data are opaque until they
 * have kernels of their own.
 */
import type { DataType, ValueType } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import type { MappingType } from '../mapping/mappingTypes.ts';
import { convolutionFlops, convolutionShape } from './convolutionShape.ts';
import type { InferContext, Mapping, OperatorEntry, OpView } from './define.ts';
import { operator } from './entry.ts';
import { perInputElement, perOutputElement } from './flops.ts';
import { dtypeAttribute } from './inferRules.ts';
import { nodeMapping, opaqueMapping } from './mappingRules.ts';
import { matmulFlops, matmulShape } from './matmul.ts';

/** Data at 0, weights at 3: between them scale and zero point of each. */
const QUANTISED_CONVOLUTION = { data: 0, weights: 3 };

export const FAMILY: readonly OperatorEntry[] = [
  operator('QuantizeLinear', {
    since: [10, 13, 19, 21, 23, 24, 25],
    inputs: [2, 3],
    mapping: scaledMapping,
    infer: quantised,
    // Divide, round, shift, saturate.
    flops: perOutputElement(4),
    properties: ['monotone-increasing'],
  }),
  operator('DequantizeLinear', {
    since: [10, 13, 19, 21, 23, 24, 25],
    inputs: [2, 3],
    mapping: scaledMapping,
    infer: dequantised,
    flops: (op) => perOutputElement(op.has(2) ? 2 : 1)(op),
    properties: ['linear', 'monotone-increasing', 'commutes-with-movement'],
  }),
  operator('DynamicQuantizeLinear', {
    since: [11],
    outputs: [3, 3],
    mapping: (op) => opaqueMapping(op, 'scale from the data itself'),
    infer: (op) => [
      tensorType('uint8', op.shape(0)),
      tensorType('float32', []),
      tensorType('uint8', []),
    ],
    // Minimum and maximum, then as QuantizeLinear.
    flops: perInputElement(6),
  }),
  operator('QLinearConv', {
    since: [10],
    inputs: [8, 9],
    mapping: (op) => opaqueMapping(op, 'quantised kernel'),
    infer: (op) => [tensorType(op.dtype(7), convolutionShape(op, QUANTISED_CONVOLUTION))],
    flops: (op) => convolutionFlops(op, QUANTISED_CONVOLUTION, 8),
  }),
  operator('QLinearMatMul', {
    since: [10, 21],
    inputs: [8, 8],
    mapping: (op) => opaqueMapping(op, 'quantised kernel'),
    infer: (op) => [tensorType(op.dtype(7), matmulShape(op, op.shape(0), op.shape(3)))],
    flops: (op) => matmulFlops(op, op.shape(0)),
  }),
];

/** One-to-One on the data; scale and zero point too when they are one number, else One-to-Many. */
export function scaledMapping(op: OpView): Mapping {
  const edges = Array.from({ length: op.inputCount }, (_, input): MappingType => {
    if (input === 0) return 'one-to-one';
    return op.shape(input)?.every((size) => size === 1) ? 'one-to-one' : 'one-to-many';
  });
  return nodeMapping(op, edges);
}

/** Element type of the zero point, else the attribute `output_dtype` (21), else uint8. */
function quantised(op: InferContext): readonly ValueType[] {
  checkScale(op);
  const stated: DataType = op.has(2)
    ? op.dtype(2)
    : dtypeAttribute(op, 'output_dtype', 'undefined');
  const dtype = stated === 'undefined' && !op.has(2) ? 'uint8' : stated;
  return [tensorType(dtype, op.shape(0))];
}

/** Element type of the scale, or `output_dtype` (23). */
function dequantised(op: InferContext): readonly ValueType[] {
  checkScale(op);
  const stated = dtypeAttribute(op, 'output_dtype', 'undefined');
  return [tensorType(stated === 'undefined' ? op.dtype(1) : stated, op.shape(0))];
}

function checkScale(op: InferContext): void {
  const zero = op.shape(2);
  const scale = op.shape(1);
  if (!op.has(2) || !zero || !scale || zero.length === scale.length) return;
  // One number may be written as a scalar or as one element.
  const single = (shape: readonly unknown[]): boolean => shape.every((size) => size === 1);
  if (!single(zero) || !single(scale)) {
    op.fail(`its scale has rank ${scale.length} but its zero point has rank ${zero.length}`);
  }
}
