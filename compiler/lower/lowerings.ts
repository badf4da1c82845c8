/**
 * The lowering table: by domain and operator type, one file a family. What is missing here has no kernel yet
 * and is refused with that reason.
 */
import * as attention from './attention.ts';
import * as controlFlow from './controlFlow.ts';
import * as conversion from './conversion.ts';
import * as convolution from './convolution.ts';
import * as counting from './counting.ts';
import * as einsum from './einsum.ts';
import * as elementwiseBinary from './elementwiseBinary.ts';
import * as elementwiseUnary from './elementwiseUnary.ts';
import * as gather from './gather.ts';
import * as linearAttention from './linearAttention.ts';
import * as gridSample from './gridSample.ts';
import * as deformConv from './deformConv.ts';
import * as columns from './columns.ts';
import * as signal from './signal.ts';
import * as determinant from './determinant.ts';
import * as nGrams from './nGrams.ts';
import * as tensorScatter from './tensorScatter.ts';
import * as maxRoiPool from './maxRoiPool.ts';
import type { Lowering } from './lowerOp.ts';
import * as losses from './losses.ts';
import * as matmul from './matmul.ts';
import * as microsoftActivations from './microsoftActivations.ts';
import * as microsoftFused from './microsoftFused.ts';
import * as microsoftNormalisation from './microsoftNormalisation.ts';
import * as microsoftProducts from './microsoftProducts.ts';
import * as microsoftQuantised from './microsoftQuantised.ts';
import * as microsoftAttention from './microsoftAttention.ts';
import * as movement from './movement.ts';
import * as normalisation from './normalisation.ts';
import * as pad from './pad.ts';
import * as pooling from './pooling.ts';
import * as procedures from './procedures.ts';
import * as quantisation from './quantisation.ts';
import * as recurrent from './recurrent.ts';
import * as reduction from './reduction.ts';
import * as resize from './resize.ts';
import * as roiAlign from './roiAlign.ts';
import * as softmax from './softmax.ts';
import * as sources from './sources.ts';
import * as suppression from './suppression.ts';
import * as topK from './topK.ts';

const ONNX: Readonly<Record<string, Lowering>> = {
  ...elementwiseUnary.LOWERINGS,
  ...elementwiseBinary.LOWERINGS,
  ...conversion.LOWERINGS,
  ...movement.LOWERINGS,
  ...reduction.LOWERINGS,
  ...softmax.LOWERINGS,
  ...matmul.LOWERINGS,
  ...einsum.LOWERINGS,
  ...pad.LOWERINGS,
  ...gather.LOWERINGS,
  ...convolution.LOWERINGS,
  ...pooling.LOWERINGS,
  ...normalisation.LOWERINGS,
  ...quantisation.LOWERINGS,
  ...resize.LOWERINGS,
  ...sources.LOWERINGS,
  ...procedures.LOWERINGS,
  ...topK.LOWERINGS,
  ...counting.LOWERINGS,
  ...suppression.LOWERINGS,
  ...roiAlign.LOWERINGS,
  ...controlFlow.LOWERINGS,
  ...attention.LOWERINGS,
  ...linearAttention.LOWERINGS,
  ...recurrent.LOWERINGS,
  ...gridSample.LOWERINGS,
  ...deformConv.LOWERINGS,
  ...columns.LOWERINGS,
  ...signal.LOWERINGS,
  ...determinant.LOWERINGS,
  ...nGrams.LOWERINGS,
  ...microsoftNormalisation.ONNX,
  ...tensorScatter.LOWERINGS,
  ...maxRoiPool.LOWERINGS,
  ...losses.LOWERINGS,
};

const MICROSOFT: Readonly<Record<string, Lowering>> = {
  // The same operators under another name.
  DequantizeLinear: quantisation.LOWERINGS.DequantizeLinear!,
  QuantizeLinear: quantisation.LOWERINGS.QuantizeLinear!,
  GridSample: gridSample.LOWERINGS.GridSample!,
  Trilu: sources.LOWERINGS.Trilu!,
  ...microsoftActivations.LOWERINGS,
  ...microsoftNormalisation.LOWERINGS,
  ...microsoftFused.LOWERINGS,
  ...microsoftAttention.LOWERINGS,
  ...microsoftQuantised.LOWERINGS,
  ...microsoftProducts.LOWERINGS,
};

const TABLE: ReadonlyMap<string, ReadonlyMap<string, Lowering>> = new Map([
  ['', new Map(Object.entries(ONNX))],
  ['com.microsoft', new Map(Object.entries(MICROSOFT))],
  ['ai.onnx.preview', new Map(Object.entries(attention.PREVIEW))],
]);

export function lookupLowering(domain: string, type: string): Lowering | undefined {
  return TABLE.get(domain)?.get(type);
}

/** Names of the operators of a domain that have a lowering. */
export function loweredOperators(domain = ''): readonly string[] {
  return [...(TABLE.get(domain)?.keys() ?? [])];
}
