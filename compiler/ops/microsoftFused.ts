/**
 * com.microsoft products and convolutions with an activation, a residual or transpositions folded in:
 * FusedConv, NhwcFusedConv, FusedMatMul, FusedGemm and relatives.
 */
import type { Dim } from '../graph/dim.ts';
import { dimAdd, dimMul, dimProduct } from '../graph/dim.ts';
import type { Shape } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import type { MappingType } from '../mapping/mappingTypes.ts';
import { convolutionNote } from './convolution.ts';
import type { ConvolutionForm } from './convolutionShape.ts';
import { convolutionFlops, convolutionShape } from './convolutionShape.ts';
import type { OperatorEntry, OpView } from './define.ts';
import { withEdges } from './edgeMapping.ts';
import { elementCount } from './flops.ts';
import { dtypeAttribute } from './inferRules.ts';
import { gemmFlops, gemmShape, matmulFlops, matmulShape } from './matmul.ts';
import { microsoft } from './microsoftEntry.ts';

const BOTH: readonly MappingType[] = ['many-to-many', 'many-to-many'];

export const FAMILY: readonly OperatorEntry[] = [
  convolution('FusedConv', { data: 0, weights: 1 }),
  convolution('NhwcConv', { data: 0, weights: 1, channelsLast: true }),
  convolution('NhwcFusedConv', { data: 0, weights: 1, channelsLast: true }),
  product('FusedMatMul', [2, 2]),
  product('TransposeMatMul', [2, 2]),
  product('FusedMatMulActivation', [2, 2]),
  gemm('FusedGemm', [2, 3]),
  microsoft('GemmFastGelu', {
    inputs: [2, 3],
    mapping: withEdges('many-to-many', BOTH),
    infer: (op) => [tensorType(op.dtype(0), matmulShape(op, op.shape(0), op.shape(1)))],
    flops: (op) => dimAdd(matmulFlops(op, op.shape(0)), dimMul(elementCount(op.outputShape(0)), 9)),
  }),
  microsoft('GemmFloat8', {
    inputs: [2, 6],
    mapping: withEdges('many-to-many', BOTH),
    infer: (op) => [tensorType(dtypeAttribute(op, 'dtype', 'float32'), gemmShape(op, 0, 1))],
    flops: gemmFlops,
  }),
];

/** Inputs X, W, B and a residual Z that is added before the activation. */
function convolution(name: string, form: ConvolutionForm): OperatorEntry {
  return microsoft(name, {
    inputs: [2, 4],
    mapping: withEdges(
      'many-to-many',
      ['many-to-many', 'many-to-many', 'one-to-many', 'one-to-one'],
      (op) => [convolutionNote(op), activationNote(op)].filter(Boolean).join(', ') || undefined,
    ),
    infer: (op) => [tensorType(op.dtype(0), convolutionShape(op, form))],
    flops: (op) => dimAdd(convolutionFlops(op, form), epilogueFlops(op, op.has(3) ? 1 : 0)),
  });
}

function product(name: string, inputs: readonly [number, number]): OperatorEntry {
  return microsoft(name, {
    inputs,
    mapping: withEdges('many-to-many', BOTH, activationNote),
    infer: (op) => [
      tensorType(op.dtype(0), matmulShape(op, operandShape(op, 0, 'A'), operandShape(op, 1, 'B'))),
    ],
    flops: (op) => {
      const scale = op.float('alpha', 1) === 1 ? 0 : 1;
      return dimAdd(matmulFlops(op, operandShape(op, 0, 'A')), epilogueFlops(op, scale));
    },
  });
}

function gemm(name: string, inputs: readonly [number, number]): OperatorEntry {
  return microsoft(name, {
    inputs,
    mapping: withEdges('many-to-many', BOTH, activationNote),
    infer: (op) => [tensorType(op.dtype(0), gemmShape(op, 0, 1))],
    flops: (op) => dimAdd(gemmFlops(op), epilogueFlops(op, 0)),
  });
}

/** As the product sees it: `transBatch` moves the first axis behind the batch axes, `trans` swaps the last two. */
function operandShape(op: OpView, input: number, letter: 'A' | 'B'): Shape {
  const shape = op.shape(input);
  if (!shape || shape.length < 2) return shape;
  let dims: readonly Dim[] = shape;
  if (op.int(`transBatch${letter}`, 0) !== 0) {
    const [first, ...rest] = dims as readonly [Dim, ...Dim[]];
    dims = [...rest.slice(0, -1), first, rest.at(-1) as Dim];
  }
  if (op.int(`trans${letter}`, 0) === 0) return dims;
  return [...dims.slice(0, -2), dims.at(-1) as Dim, dims.at(-2) as Dim];
}

function activationNote(op: OpView): string | undefined {
  const activation = op.string('activation', '');
  return activation === '' ? undefined : `with ${activation}`;
}

function epilogueFlops(op: OpView, extra: number): Dim {
  const perElement = extra + (op.string('activation', '') === '' ? 0 : 1);
  const output = op.outputShape(0);
  return output ? dimMul(dimProduct(output), perElement) : 0;
}
