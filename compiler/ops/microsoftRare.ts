/**
 * com.microsoft operators that few models use: state-space and paged attention, token packing, text, hashing,
 * embeddings with a bias, masked pools. Opaque unless they are plain index or elementwise operators.
 */
import type { Dim } from '../graph/dim.ts';
import { dimAdd, dimFloorDiv, dimSub } from '../graph/dim.ts';
import type { Shape } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import { FAMILY as ATTENTION } from './attention.ts';
import { normaliseAxis } from './axes.ts';
import { FAMILY as CONVOLUTION } from './convolution.ts';
import type { InferContext, OperatorEntry } from './define.ts';
import { withEdges } from './edgeMapping.ts';
import { VARIADIC } from './entry.ts';
import type { InferRule } from './inferRules.ts';
import { sameAsInput } from './inferRules.ts';
import { opaqueMapping } from './mappingRules.ts';
import { matmulShape } from './matmul.ts';
import { microsoft } from './microsoftEntry.ts';
import { poolFlops, poolShape } from './pooling.ts';

export const FAMILY: readonly OperatorEntry[] = [
  inMicrosoft(ATTENTION, 'LinearAttention'),
  inMicrosoft(CONVOLUTION, 'CausalConvWithState'),
  opaque('PagedAttention', [1, VARIADIC], 'attention', sameAsInput(), 3),
  opaque(
    'GemmaRotaryEmbedding',
    [5, 5],
    'rotary embedding',
    (op) => [tensorType(op.dtype(1), op.shape(1)), tensorType(op.dtype(3), op.shape(3))],
    2,
  ),
  opaque(
    'RemovePadding',
    [2, 2],
    'data-dependent output size',
    (op) => {
      const [batch, length, width] = op.shape(0) ?? [];
      const size = width ?? op.dataDim('width');
      const rows = batch ?? op.dataDim('batch');
      return [
        tensorType(op.dtype(0), [op.dataDim('tokens'), size]),
        tensorType('int32', [rows, length ?? op.dataDim('length')]),
        tensorType('int32', [dimAdd(rows, 1)]),
        tensorType('int32', [1]),
      ];
    },
    4,
  ),
  opaque('RestorePadding', [2, 2], 'restores padding', (op) => [
    tensorType(op.dtype(0), [
      op.shape(1)?.[0] ?? op.dataDim('batch'),
      op.shape(1)?.[1] ?? op.dataDim('length'),
      op.shape(0)?.[1] ?? op.dataDim('width'),
    ]),
  ]),
  microsoft('MaxpoolWithMask', {
    inputs: [2, 2],
    mapping: withEdges('many-to-many', ['many-to-many', 'many-to-many']),
    infer: (op) => [tensorType(op.dtype(0), poolShape(op))],
    flops: (op) => poolFlops(op, 1),
  }),
  microsoft('TorchEmbedding', {
    inputs: [2, 4],
    mapping: withEdges('one-to-many', []),
    infer: (op) => {
      const indices = op.shape(1);
      const width = op.shape(0)?.[1] ?? op.dataDim('width');
      return [tensorType(op.dtype(0), indices && [...indices, width])];
    },
  }),
  microsoft('UnfoldTensor', {
    mapping: withEdges('one-to-many', ['one-to-many']),
    infer: (op) => [tensorType(op.dtype(0), unfoldedShape(op))],
  }),
  microsoft('SampleOp', {
    mapping: withEdges('one-to-one', ['one-to-one']),
    infer: sameAsInput(),
  }),
  opaque('MurmurHash3', [1, 1], 'hashes', (op) => [
    tensorType(op.int('positive', 1) !== 0 ? 'uint32' : 'int32', op.shape(0)),
  ]),
  opaque('Tokenizer', [1, 1], 'strings', (op) => {
    const shape = op.shape(0);
    return [tensorType('string', shape && [...shape, op.dataDim('tokens')])];
  }),
  opaque('WordConvEmbedding', [4, 4], 'embedding', (op) => {
    const shape = op.shape(0);
    const width = op.shape(1)?.[0] ?? op.dataDim('width');
    return [tensorType('float32', shape && [...shape.slice(0, -1), width])];
  }),
  opaque('SparseToDenseMatMul', [2, 2], 'sparse operand', (op) => [
    tensorType(op.dtype(1), matmulShape(op, op.shape(0), op.shape(1))),
  ]),
  opaque('DynamicTimeWarping', [1, 1], 'alignment', (op) => [
    tensorType('int32', [2, op.dataDim('steps')]),
  ]),
  opaque(
    'BifurcationDetector',
    [3, 4],
    'compares token lists',
    (op) => [tensorType('int64', [op.dataDim('tokens')]), tensorType('int64', [])],
    2,
  ),
];

function opaque(
  name: string,
  inputs: readonly [number, number],
  note: string,
  infer: InferRule,
  outputs = 1,
): OperatorEntry {
  return microsoft(name, {
    inputs,
    outputs: [1, outputs],
    mapping: (op) => opaqueMapping(op, note),
    infer,
  });
}

/** ONNX Runtime had them before ai.onnx did. */
function inMicrosoft(family: readonly OperatorEntry[], name: string): OperatorEntry {
  const entry = family.find((candidate) => candidate.name === name);
  if (!entry) throw new Error(`${name} left its family`);
  return { ...entry, domain: 'com.microsoft', since: [1] };
}

/** Windows of `size` every `step` along `dim`, as a new last axis. */
function unfoldedShape(op: InferContext): Shape {
  const shape = op.shape(0);
  if (!shape) return null;
  const axis = normaliseAxis(op, op.int('dim', -1), shape.length);
  const size = op.int('size', 1);
  const step = op.int('step', 1);
  if (size < 1 || step < 1) op.fail(`size ${size} and step ${step} have to be positive`);
  const windows = dimAdd(dimFloorDiv(dimSub(shape[axis] as Dim, size), step), 1);
  return [...shape.map((dim, at) => (at === axis ? windows : dim)), size];
}
