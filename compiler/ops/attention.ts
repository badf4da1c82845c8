/**
 * Attention as one operator: Attention 24, RotaryEmbedding 23, LinearAttention 27 and FlexAttention of the
 * preview domain. Attention is opaque until a kernel of its own exists.
 */
import type { Dim } from '../graph/dim.ts';
import { dimAdd, dimFloorDiv, dimMul, dimProduct } from '../graph/dim.ts';
import type { ValueType } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import { expectRank } from './axes.ts';
import type { InferContext, OperatorEntry, OpView } from './define.ts';
import { fromEdges } from './edgeMapping.ts';
import { operator } from './entry.ts';
import { elementCount, perOutputElement } from './flops.ts';
import { sameAsInput } from './inferRules.ts';
import { opaqueMapping } from './mappingRules.ts';
import { SOFTMAX_FLOPS } from './softmax.ts';

export const FAMILY: readonly OperatorEntry[] = [
  operator('Attention', {
    since: [23, 24, 25],
    inputs: [3, 7],
    outputs: [1, 4],
    mapping: (op) => opaqueMapping(op, 'attention'),
    infer: attentionTypes,
    flops: (op) => attentionFlops(op),
  }),
  operator('FlexAttention', {
    domain: 'ai.onnx.preview',
    since: [1],
    inputs: [3, 3],
    mapping: (op) => opaqueMapping(op, 'attention'),
    infer: flexAttentionTypes,
    flops: (op) => attentionFlops(op),
  }),
  operator('RotaryEmbedding', {
    since: [23],
    inputs: [3, 4],
    // Each output reads a pair of the input; the caches are gathered by position.
    mapping: fromEdges(['shuffle']),
    infer: sameAsInput(),
    flops: perOutputElement(3),
    properties: ['linear'],
  }),
  operator('LinearAttention', {
    since: [27],
    inputs: [3, 6],
    outputs: [1, 2],
    mapping: (op) => opaqueMapping(op, 'carries a state over time'),
    infer: linearAttentionTypes,
    flops: linearAttentionFlops,
  }),
];

/** Sizes of one attention input, packed B×S×(heads·size) or split B×heads×S×size. */
interface Heads {
  readonly batch: Dim;
  readonly heads: Dim;
  readonly length: Dim;
  readonly size: Dim;
}

function headsOf(op: OpView, input: number, attribute: string): Heads | undefined {
  const shape = op.shape(input);
  if (shape?.length === 4) {
    const [batch, heads, length, size] = shape as [Dim, Dim, Dim, Dim];
    return { batch, heads, length, size };
  }
  const heads = op.int(attribute, 0);
  if (shape?.length !== 3 || heads < 1) return undefined;
  const [batch, length, width] = shape as [Dim, Dim, Dim];
  return { batch, heads, length, size: dimFloorDiv(width, heads) };
}

/** Inputs Q, K, V, mask, past key, past value, valid lengths; outputs Y, present key and value, Q·Kᵀ. */
function attentionTypes(op: InferContext): readonly ValueType[] {
  for (const input of [0, 1, 2]) expectRank(op, input, 3, 4);
  const dtype = op.dtype(0);
  const query = headsOf(op, 0, 'q_num_heads');
  const key = headsOf(op, 1, 'kv_num_heads');
  const value = headsOf(op, 2, 'kv_num_heads');
  if (!query || !key || !value) {
    const rank = op.shape(0)?.length;
    const unknown =
      rank === undefined ? null : op.shape(0)?.map((_, axis) => op.dataDim(`y${axis}`));
    return [tensorType(dtype, unknown ?? null)];
  }
  const past = op.shape(4)?.[2];
  const total = past === undefined ? key.length : dimAdd(past, key.length);
  const packed = op.shape(0)?.length === 3;
  const output = packed
    ? [query.batch, query.length, dimMul(query.heads, value.size)]
    : [query.batch, query.heads, query.length, value.size];
  return [
    tensorType(dtype, output),
    tensorType(op.dtype(1), [key.batch, key.heads, total, key.size]),
    tensorType(op.dtype(2), [value.batch, value.heads, total, value.size]),
    tensorType(dtype, [query.batch, query.heads, query.length, total]),
  ];
}

/** Its graphs map the scores and the weights, each to a tensor of the same type. */
function flexAttentionTypes(op: InferContext): readonly ValueType[] {
  const [output, , , scores] = attentionTypes(op);
  const dtype = op.dtype(0) === 'float64' ? 'float64' : 'float32';
  const shape = scores?.kind === 'tensor' ? scores.shape : null;
  for (const name of ['score_mod', 'prob_mod']) {
    if (op.subgraph(name)) op.inferSubgraph(name, [tensorType(dtype, shape)]);
  }
  return output ? [output] : [];
}

/** Two products and a softmax over query length × total length, per head. */
function attentionFlops(op: OpView): Dim {
  const query = headsOf(op, 0, 'q_num_heads');
  const key = headsOf(op, 1, 'kv_num_heads');
  const value = headsOf(op, 2, 'kv_num_heads');
  if (!query || !key || !value) return 0;
  const past = op.shape(4)?.[2] ?? 0;
  const scores = dimProduct([query.batch, query.heads, query.length, dimAdd(past, key.length)]);
  const perScore = dimAdd(dimMul(dimAdd(query.size, value.size), 2), SOFTMAX_FLOPS);
  return dimMul(scores, perScore);
}

/** Inputs packed B×T×(heads·size); the state is B×kv_heads×key size×value size. */
function linearAttentionTypes(op: InferContext): readonly ValueType[] {
  const query = headsOf(op, 0, 'q_num_heads');
  const key = headsOf(op, 1, 'kv_num_heads');
  const value = headsOf(op, 2, 'kv_num_heads');
  if (!query || !key || !value) {
    return [
      tensorType(op.dtype(0), null),
      op.has(3) ? op.inputType(3) : tensorType(op.dtype(0), null),
    ];
  }
  const state = op.shape(3) ?? [key.batch, key.heads, key.size, value.size];
  return [
    tensorType(op.dtype(0), [query.batch, query.length, dimMul(query.heads, value.size)]),
    tensorType(op.has(3) ? op.dtype(3) : op.dtype(0), state),
  ];
}

/** Per step and head: update the key×value state and read it with the query. */
function linearAttentionFlops(op: OpView): Dim {
  const key = headsOf(op, 1, 'kv_num_heads');
  const output = op.outputShape(0);
  if (!key || !output) return 0;
  return dimMul(elementCount(output), dimMul(key.size, 4));
}
