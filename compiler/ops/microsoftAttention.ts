/**
 * com.microsoft attention: Attention, QAttention, MultiHeadAttention, DecoderMaskedMultiHeadAttention,
 * DecoderMaskedSelfAttention, GroupQueryAttention, RotaryEmbedding and relatives. Opaque, with shapes.
 */
import type { Dim } from '../graph/dim.ts';
import { dimAdd, dimFloorDiv, dimMul, dimProduct } from '../graph/dim.ts';
import type { Shape, ValueType } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import { expectRank } from './axes.ts';
import type { InferContext, OperatorEntry, OpView } from './define.ts';
import { fromEdges } from './edgeMapping.ts';
import { perOutputElement } from './flops.ts';
import { sameAsInput } from './inferRules.ts';
import type { InferRule } from './inferRules.ts';
import { opaqueMapping } from './mappingRules.ts';
import { microsoft } from './microsoftEntry.ts';

/** Where an operator with packed weights has its state. */
interface PackedForm {
  readonly past: number;
  readonly dtype: (op: OpView) => ValueType;
}

export const FAMILY: readonly OperatorEntry[] = [
  attention('Attention', [2, 7], [1, 2], (op) => packedTypes(op, { past: 4, dtype: inputKind })),
  attention('QAttention', [5, 9], [1, 2], (op) =>
    // Quantised inputs, but the scale's element type behind.
    packedTypes(op, { past: 8, dtype: (view) => tensorType(view.dtype(3), null) }),
  ),
  attention('DecoderMaskedSelfAttention', [2, 9], [1, 2], (op) =>
    packedTypes(op, { past: 4, dtype: inputKind }),
  ),
  attention('MultiHeadAttention', [1, 10], [1, 4], (op) => multiHeadTypes(op, 6)),
  attention('DecoderMaskedMultiHeadAttention', [1, 11], [1, 4], (op) => multiHeadTypes(op, 5)),
  attention('GroupQueryAttention', [1, 14], [1, 4], groupQueryTypes),
  attention('SparseAttention', [1, 11], [1, 3], groupQueryTypes),
  attention('DecoderAttention', [5, 12], [1, 3], (op) => [
    op.inputType(0),
    tensorType(op.dtype(0), cacheShape(op)),
    tensorType(op.dtype(0), cacheShape(op)),
  ]),
  attention('LongformerAttention', [7, 7], [1, 1], sameAsInput()),
  attention('PackedAttention', [5, 6], [1, 1], packedTokens),
  attention('PackedMultiHeadAttention', [6, 7], [1, 1], (op) => [
    tensorType(op.dtype(0), multiHeadShape(op)),
  ]),
  microsoft('RotaryEmbedding', {
    inputs: [4, 4],
    mapping: fromEdges(['shuffle']),
    infer: sameAsInput(),
    flops: perOutputElement(3),
    properties: ['linear'],
  }),
  microsoft('RelativePositionBias', {
    inputs: [3, 3],
    mapping: (op) => opaqueMapping(op, 'runtime lengths'),
    infer: (op) => [
      tensorType(op.dtype(0), [
        1,
        op.shape(0)?.[1] ?? op.dataDim('heads'),
        op.known(1)?.data[0] ?? op.dataDim('queries'),
        op.known(2)?.data[0] ?? op.dataDim('keys'),
      ]),
    ],
  }),
  microsoft('GatedRelativePositionBias', {
    inputs: [6, 7],
    mapping: (op) => opaqueMapping(op, 'attention bias'),
    infer: (op) => {
      const [batch, length] = op.shape(0) ?? [];
      const heads = op.int('num_heads', 1);
      const rows = length ?? op.dataDim('length');
      return [tensorType(op.dtype(0), [batch ?? op.dataDim('batch'), heads, rows, rows])];
    },
  }),
];

function attention(
  name: string,
  inputs: readonly [number, number],
  outputs: readonly [number, number],
  infer: InferRule,
): OperatorEntry {
  return microsoft(name, {
    inputs,
    outputs,
    mapping: (op) => opaqueMapping(op, 'attention'),
    infer,
    flops: scoreFlops,
  });
}

function inputKind(op: OpView): ValueType {
  return op.inputType(0);
}

/** Input B×S×I, weights I×(q+k+v); output B×S×v, state 2×B×heads×total×size. */
function packedTypes(op: InferContext, form: PackedForm): readonly ValueType[] {
  expectRank(op, 0, 3);
  expectRank(op, 1, 2);
  const heads = headCount(op, 'num_heads');
  const kind = form.dtype(op);
  const dtype = kind.kind === 'tensor' ? kind.dtype : 'undefined';
  const [batch, length] = op.shape(0) ?? [op.dataDim('batch'), op.dataDim('length')];
  const sizes = op.ints('qkv_hidden_sizes');
  const columns = op.shape(1)?.[1];
  const third = columns === undefined ? op.dataDim('hidden') : dimFloorDiv(columns, 3);
  const width = sizes?.[2] ?? third;
  const past = op.shape(form.past)?.[3];
  const total = past === undefined ? (length as Dim) : dimAdd(past, length as Dim);
  // A shared buffer (past_present_share_buffer) keeps its full length.
  const kept = op.int('past_present_share_buffer', 0) !== 0 ? past : total;
  const size = dimFloorDiv(sizes?.[1] ?? third, heads);
  return [
    tensorType(dtype, [batch as Dim, length as Dim, width]),
    tensorType(dtype, [2, batch as Dim, heads, kept ?? op.dataDim('total'), size]),
  ];
}

/** Query B×S×H (or packed B×S×heads×3×size), value B×L×V or B×heads×L×size; `past` is the past key's input. */
function multiHeadTypes(op: InferContext, past: number): readonly ValueType[] {
  expectRank(op, 0, 3, 5);
  for (const input of [1, 2]) expectRank(op, input, 3, 4, 5);
  const dtype = op.dtype(0);
  const query = op.shape(0);
  const value = op.shape(2);
  if (!query)
    return [tensorType(dtype, [op.dataDim('batch'), op.dataDim('length'), op.dataDim('width')])];
  const heads = headCount(op, 'num_heads');
  const [batch, length] = query as readonly [Dim, Dim, ...Dim[]];
  const packed = query.length === 5;
  const width = packed ? dimMul(heads, query[4] as Dim) : valueWidth(op, query, value, heads);
  const keyLength = keyLengthOf(op, length, packed);
  const before = op.shape(past)?.[2];
  const shared =
    op.int('past_present_share_buffer', 0) !== 0 || op.type.startsWith('DecoderMasked');
  const joined = before === undefined ? keyLength : dimAdd(before, keyLength);
  const total = shared && before !== undefined ? before : joined;
  const keySize = packed ? (query[4] as Dim) : dimFloorDiv(query.at(-1) as Dim, heads);
  return [
    tensorType(dtype, [batch, length, width]),
    tensorType(dtype, [batch, heads, total, keySize]),
    tensorType(dtype, [batch, heads, total, dimFloorDiv(width, heads)]),
    tensorType('float32', [batch, heads, length, op.dataDim('scores')]),
  ];
}

function valueWidth(op: InferContext, query: readonly Dim[], value: Shape, heads: number): Dim {
  if (value?.length === 4) return dimMul(heads, value[3] as Dim);
  if (value?.length === 3) return value[2] as Dim;
  // Keys and values packed into the key input, B×L×heads×2×size.
  const key = op.shape(1);
  if (key?.length === 5) return dimMul(heads, key[4] as Dim);
  return query.at(-1) as Dim;
}

function keyLengthOf(op: OpView, queryLength: Dim, packed: boolean): Dim {
  const key = op.shape(1);
  if (packed || !key) return queryLength;
  return (key.length === 4 ? key[2] : key[1]) as Dim;
}

/** Query B×S×(heads·size), or all three packed; caches B×kv_heads×capacity×size. */
function groupQueryTypes(op: InferContext): readonly ValueType[] {
  expectRank(op, 0, 3);
  expectRank(op, 3, 4);
  const dtype = op.dtype(0);
  const query = op.shape(0);
  const heads = headCount(op, 'num_heads');
  const groups = headCount(op, 'kv_num_heads', heads);
  if (!query) return [tensorType(dtype, null)];
  const [batch, length, width] = query as [Dim, Dim, Dim];
  const packed = !op.has(1);
  const size = dimFloorDiv(width, packed ? heads + 2 * groups : heads);
  const past = op.shape(3);
  // The cache is either one shared buffer or grows by the new tokens: only a run knows which.
  const total = op.dataDim('total', past ? dimAdd(past[2] as Dim, length) : undefined);
  const cache = tensorType(op.has(3) ? op.dtype(3) : dtype, [batch, groups, total, size]);
  return [tensorType(dtype, [batch, length, dimMul(size, heads)]), cache, cache];
}

function headCount(op: InferContext, name: string, fallback = 1): number {
  const count = op.int(name, fallback);
  if (count < 1) op.fail(`${name} ${count} is not a positive number`);
  return count;
}

function cacheShape(op: InferContext): Shape {
  return Array.from({ length: 4 }, (_, axis) => op.dataDim(`cache${axis}`));
}

/** Tokens without padding: T×I times I×(3·H) to T×H. */
function packedTokens(op: InferContext): readonly ValueType[] {
  const columns = op.shape(1)?.[1];
  const stated = op.ints('qkv_hidden_sizes')?.[2];
  const width = stated ?? (columns === undefined ? op.dataDim('hidden') : dimFloorDiv(columns, 3));
  return [tensorType(op.dtype(0), [op.shape(0)?.[0] ?? op.dataDim('tokens'), width])];
}

function multiHeadShape(op: InferContext): Shape {
  expectRank(op, 0, 2, 4);
  const query = op.shape(0);
  const width = op.shape(2)?.[1];
  if (!query) return null;
  const packed = query.length === 4;
  const made = packed ? dimMul(query[1] as Dim, query[3] as Dim) : (width ?? (query[1] as Dim));
  return [query[0] as Dim, made];
}

/** Scores and their product with the values, taking the keys as long as the query; projections where packed. */
function scoreFlops(op: OpView): Dim {
  const output = op.outputShape(0);
  const length = output?.at(-2);
  if (!output || length === undefined) return 0;
  const attended = dimMul(dimMul(dimProduct(output), length), 4);
  const weights = op.type === 'Attention' || op.type === 'QAttention' ? op.shape(1) : null;
  const rows = dimProduct(output.slice(0, -1));
  return weights ? dimAdd(attended, dimMul(dimMul(rows, dimProduct(weights)), 2)) : attended;
}
