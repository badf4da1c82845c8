/**
 * com.microsoft Attention, MultiHeadAttention, GroupQueryAttention and RotaryEmbedding. Padding masks add a large
 * negative number, as the operators say; what is causally hidden does not take part at all.
 */
import type { Expr } from '../loop/expr.ts';
import { cast, compare, compareIndex, indexValue, literal, select } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, constant, floorDiv, less, multiply, ONE, ZERO } from '../loop/indexExpr.ts';
import type { ScalarType } from '../loop/scalarType.ts';
import { registerType } from '../loop/scalarType.ts';
import { expectSharedHeads, rotate, scaleOf } from './attention.ts';
import type { OfScore } from './attentionCore.ts';
import {
  appendTo,
  joinHeads,
  mapScores,
  scoresOf,
  softcapped,
  softmaxOfScores,
  splitHeads,
  weightedValues,
} from './attentionCore.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { view } from './movement.ts';
import { broadcastIndex } from './pointwise.ts';
import type { Scope } from './scope.ts';
import { both, minus, plus, times } from './terms.ts';

const DEFAULT_FILTER = -10000;

function scoreType(field: Field): ScalarType {
  return registerType(field.storage) === 'f64' ? 'f64' : 'f32';
}

interface Masks {
  /** Padding of keys: B, 2·B, 3·B + 2, B x T, B x S x T or B x 1 x … x T. */
  readonly padding: Field | undefined;
  /** Added to the scores: (B or 1) x (heads or 1) x S x T. */
  readonly bias: Field | undefined;
  readonly isCausal: boolean;
  /** Keys before the first query. */
  readonly past: Index;
}

function attended(
  op: LowerOp,
  [query, key, value]: readonly [Field, Field, Field],
  masks: Masks,
): Field {
  expectSharedHeads(op, query, key);
  const raw = scoresOf(op, query, key, scaleOf(op, query), scoreType(query));
  const scores = mapScores(op, raw, masked(op, raw, masks));
  return weightedValues(op, softmaxOfScores(op, scores), value);
}

function masked(op: LowerOp, scores: Field, { padding, bias, isCausal, past }: Masks): OfScore {
  const filter = op.float('mask_filter_value', DEFAULT_FILTER);
  return (x, scope, index) => {
    const [b, , s, t] = index as [Index, Index, Index, Index];
    let score = x;
    if (bias !== undefined) {
      const own = scope.at(bias, broadcastIndex(bias, scores.shape, index));
      score = plus(score, cast(score.type, own));
    }
    if (padding !== undefined) {
      const kept = keptByPadding(op, scope, padding, scores.shape, b, s, t);
      const zero = literal(score.type, 0);
      score = plus(score, select(kept, zero, literal(score.type, filter)));
    }
    if (!isCausal) return score;
    const seen = compareIndex({ op: 'le', a: t, b: add(s, past) });
    return select(seen, score, literal(score.type, -Infinity));
  };
}

/** Whether a padding mask lets query s of batch b see key t. */
function keptByPadding(
  op: LowerOp,
  scope: Scope,
  mask: Field,
  [batch]: readonly Index[],
  b: Index,
  s: Index,
  t: Index,
): Expr {
  const isSet = (value: Expr): Expr => compare('gt', cast('i64', value), literal('i64', 0));
  if (mask.shape.length === 2) return isSet(scope.at(mask, [b, t]));
  if (mask.shape.length === 3) return isSet(scope.at(mask, [b, s, t]));
  if (mask.shape.length !== 1) return op.unsupported('a mask of this rank');
  const [length] = mask.shape as [Index];
  const key = indexValue(t);
  if (isSame(length, batch!)) {
    return compare('lt', key, cast('i64', scope.at(mask, [b])));
  }
  if (isSame(length, multiply(batch!, 2))) {
    const end = cast('i64', scope.at(mask, [b]));
    const start = cast('i64', scope.at(mask, [add(b, batch!)]));
    return both(compare('ge', key, start), compare('lt', key, end));
  }
  return op.unsupported('a mask of this length');
}

function isSame(a: Index, b: Index): boolean {
  return a.kind === 'constant' && b.kind === 'constant' && a.value === b.value;
}

/** Input @ weights + bias, cut in query, key and value. */
const packedAttention: Lowering = (op) => {
  const [input, weights, bias] = [op.input(0), op.input(1), op.optional(2)];
  const [mask, past, extra] = [op.optional(3), op.optional(4), op.optional(5)];
  if (op.int('do_rotary', 0) !== 0) op.unsupported('rotary embeddings');
  if (op.has(6)) op.unsupported('a shared buffer of past and present');
  const heads = op.int('num_heads', 0);
  if (heads < 1) op.unsupported('the number of heads is missing');
  const [batch, length, width] = input.shape as [Index, Index, Index];
  const columns = weights.shape[1]!;
  const stated = op.ints('qkv_hidden_sizes');
  const third = floorDiv(columns, 3);
  const sizes = stated ? stated.map(constant) : [third, third, third];
  const type = op.outputScalar();
  let start: Index = ZERO;
  const [query, key, value] = sizes.map((size) => {
    const from = start;
    start = add(start, size);
    const projected = op.make({
      hint: 'projected',
      shape: [batch, length, size],
      storage: op.outputStorage(),
      cost: 'heavy',
      element: (scope, [b, s, j]) => {
        const column = add(from, j!);
        const initial = bias === undefined ? literal(type, 0) : scope.at(bias, [column]);
        return scope.fold('acc', initial, [width], (inner, [k], soFar) =>
          plus(soFar, times(inner.at(input, [b!, s!, k!]), inner.at(weights, [k!, column]))),
        );
      },
    });
    return splitHeads(op, projected, heads);
  }) as [Field, Field, Field];
  const cached = (which: number): Field | undefined =>
    past && view(op, past, past.shape.slice(1), (index) => [constant(which), ...index]);
  const allKeys = appendTo(op, cached(0), key);
  const allValues = appendTo(op, cached(1), value);
  const y = attended(op, [query, allKeys, allValues], {
    padding: mask,
    bias: extra,
    isCausal: op.int('unidirectional', 0) !== 0,
    past: past === undefined ? ZERO : past.shape[3]!,
  });
  return [joinHeads(op, y), op.hasOutput(1) ? stacked(op, allKeys, allValues) : undefined];
};

/** Keys and values as one tensor, 2 x B x heads x T x size. */
function stacked(op: LowerOp, keys: Field, values: Field): Field {
  return op.make({
    shape: [constant(2), ...keys.shape],
    storage: keys.storage,
    cost: 'light',
    breaks: [[ONE], ...keys.shape.map(() => [])],
    element: (scope, [which, ...index]) =>
      scope.choose(
        [less(which!, ONE)],
        (inner) => inner.at(keys, index),
        (inner) => inner.at(values, index),
      ),
  });
}

/** Query, key and value apart, or packed with an axis of 2 or 3; a bias for each in one vector. */
const multiHeadAttention: Lowering = (op) => {
  const heads = op.int('num_heads', 0);
  const [bias, padding, extra] = [op.optional(3), op.optional(4), op.optional(5)];
  const [pastKey, pastValue] = [op.optional(6), op.optional(7)];
  if (op.has(8) || op.has(9)) op.unsupported('a shared buffer of past and present');
  if (op.hasOutput(3)) op.unsupported('its scores as an output');
  const q = op.input(0);
  const packed = q.shape.length === 5;
  if (packed && bias) op.unsupported('a bias of packed inputs');
  const [query, key, value] = packed
    ? [0, 1, 2].map((which) => unpacked(op, q, which))
    : [0, 1, 2].map((slot) => headsOf(op, slot, heads, bias));
  const allKeys = appendTo(op, pastKey, key!);
  const allValues = appendTo(op, pastValue, value!);
  const y = attended(op, [query!, allKeys, allValues], {
    padding,
    bias: extra,
    isCausal: op.int('unidirectional', 0) !== 0,
    past: pastKey === undefined ? ZERO : pastKey.shape[2]!,
  });
  return [
    joinHeads(op, y),
    op.hasOutput(1) ? allKeys : undefined,
    op.hasOutput(2) ? allValues : undefined,
  ];
};

/** B x S x heads x count x size: one of the packed tensors as B x heads x S x size. */
function unpacked(op: LowerOp, packed: Field, which: number): Field {
  const [batch, length, heads, , size] = packed.shape as [Index, Index, Index, Index, Index];
  return view(op, packed, [batch, heads, length, size], ([b, h, s, d]) => [
    b!,
    s!,
    h!,
    constant(which),
    d!,
  ]);
}

/** Input 0, 1 or 2 with its part of the bias, split in heads. */
function headsOf(op: LowerOp, slot: number, heads: number, bias: Field | undefined): Field {
  const key = op.input(1);
  if (slot > 0 && key.shape.length === 5) return unpacked(op, key, slot - 1);
  const field = op.input(slot);
  // Already split: keys and values of cross attention, whose bias was added before.
  if (field.shape.length === 4) return field;
  if (field.shape.length !== 3) return op.unsupported(`the rank of input ${slot}`);
  if (bias === undefined) return splitHeads(op, field, heads);
  const before = [0, 1, 2]
    .slice(0, slot)
    .reduce<Index>((sum, other) => add(sum, op.input(other).shape.at(-1)!), ZERO);
  const biased = op.make({
    shape: field.shape,
    storage: field.storage,
    cost: 'light',
    element: (scope, index) =>
      plus(scope.at(field, index), scope.at(bias, [add(before, index[2]!)])),
  });
  return splitHeads(op, biased, heads);
}

/** Positions of shape (1) count on from one start, B x S name each place. */
const rotaryEmbedding: Lowering = (op) => {
  const [input, positions, cos, sin] = [op.input(0), op.input(1), op.input(2), op.input(3)];
  if (op.int('is_packed_batching', 0) !== 0) op.unsupported('packed batches');
  const packed = input.shape.length === 3;
  const split = packed ? splitHeads(op, input, headCount(op, input, cos)) : input;
  const rotated = rotate(op, split, {
    cos,
    sin,
    width: op.int('rotary_embedding_dim', 0),
    interleaved: op.int('interleaved', 0) !== 0,
    row: (scope, b, s, cache) => {
      const isStart = positions.shape.length === 1;
      const given = cast('i64', scope.at(positions, isStart ? [ZERO] : [b, s]));
      const position = isStart ? plus(given, indexValue(s)) : given;
      return [scope.checkedIndex('at', position, cache.shape[0]!, op.id)];
    },
  });
  return [packed ? joinHeads(op, rotated) : rotated];
};

/** Without the attribute a head is as wide as two rows of the caches. */
function headCount(op: LowerOp, input: Field, cos: Field): number {
  const stated = op.int('num_heads', 0);
  if (stated > 0) return stated;
  const [width, half] = [input.shape[2]!, cos.shape[1]!];
  if (width.kind !== 'constant' || half.kind !== 'constant' || half.value < 1) {
    return op.unsupported('the number of heads is missing');
  }
  return Math.floor(width.value / (2 * half.value));
}

/**
 * Each row of the batch has as many keys as `seqlens_k` says (less one); its new ones stand at their end. Caches
 * grow to the whole length, or are one buffer that is long enough.
 */
const groupQueryAttention: Lowering = (op) => {
  const [pastKey, pastValue, lengths] = [op.optional(3), op.optional(4), op.input(5)];
  const [cos, sin, positions, extra] = [7, 8, 9, 10].map((slot) => op.optional(slot));
  if (op.has(11)) op.unsupported('sinks of its heads');
  if (op.int('smooth_softmax', 0) > 0) op.unsupported('a smooth softmax');
  if (op.int('k_quant_type', 0) !== 0) op.unsupported('quantised caches');
  const [heads, shared] = [op.int('num_heads', 0), op.int('kv_num_heads', 0)];
  const [query, key, value] = op.has(1)
    ? [
        splitHeads(op, op.input(0), heads),
        splitHeads(op, op.input(1), shared),
        splitHeads(op, op.input(2), shared),
      ]
    : packedHeads(op, heads, shared);
  expectSharedHeads(op, query, key);
  const [batch, , news] = query.shape as [Index, Index, Index];
  /** Keys of a row in all. */
  const totalOf = (scope: Scope, b: Index): Expr =>
    plus(
      cast('i64', scope.at(lengths, lengths.shape.length === 1 ? [b] : [b, ZERO])),
      literal('i64', 1),
    );
  /** Keys of a row before the new ones. */
  const beforeOf = (scope: Scope, b: Index): Expr =>
    scope.bind('before', maxOf(minus(totalOf(scope, b), indexValue(news)), literal('i64', 0)));
  const rotated = (field: Field): Field =>
    op.int('do_rotary', 0) === 0 || cos === undefined || sin === undefined
      ? field
      : rotate(op, field, {
          cos,
          sin,
          width: 0,
          interleaved: op.int('rotary_interleaved', 0) !== 0,
          row: (scope, b, s, cache) => {
            const place =
              positions === undefined
                ? plus(beforeOf(scope, b), indexValue(s))
                : cast('i64', scope.at(positions, [b, s]));
            return [scope.checkedIndex('at', place, cache.shape[0]!, op.id)];
          },
        });
  const [turnedQuery, turnedKey] = [rotated(query), rotated(key)];
  const cacheDims = op.outputDims(op.hasOutput(1) ? 1 : 0);
  const total = op.hasOutput(1) ? cacheDims[2]! : op.unsupported('it keeps no present keys');
  op.find(1, 2, (scope) => capacity(op, scope, pastKey, news));
  if (op.hasOutput(2)) op.find(2, 2, (scope) => capacity(op, scope, pastKey, news));
  const present = (past: Field | undefined, recent: Field): Field =>
    op.make({
      shape: [batch, recent.shape[1]!, total, recent.shape[3]!],
      storage: recent.storage,
      cost: 'light',
      element: (scope, [b, h, t, d]) => {
        const before = beforeOf(scope, b!);
        const place = minus(indexValue(t!), before);
        const isNew = both(
          compare('ge', place, literal('i64', 0)),
          compare('lt', place, indexValue(news)),
        );
        return scope.chooseBy(
          isNew,
          (inner) => {
            const s = inner.checkedIndex('new', place, news, op.id);
            return inner.at(recent, [b!, h!, s, d!]);
          },
          (inner) => {
            if (past === undefined) return literal(registerType(recent.storage), 0);
            const [capacityOf] = past.shape.slice(2) as [Index];
            return inner.choose(
              [less(t!, capacityOf)],
              (old) => old.at(past, [b!, h!, t!, d!]),
              () => literal(registerType(recent.storage), 0),
            );
          },
        );
      },
    });
  const allKeys = present(pastKey, turnedKey);
  const allValues = present(pastValue, value);
  const raw = scoresOf(op, turnedQuery, allKeys, scaleOf(op, query), scoreType(query));
  const capped = softcapped(op, raw, op.float('softcap', 0));
  const window = op.int('local_window_size', -1);
  const scores = mapScores(op, capped, (x, scope, index) => {
    const [b, , s, t] = index as [Index, Index, Index, Index];
    const place = plus(beforeOf(scope, b), indexValue(s));
    const causal = compare('le', indexValue(t), place);
    const near = compare('gt', indexValue(t), minus(place, literal('i64', window)));
    const seen = window > 0 ? both(causal, near) : causal;
    const biased =
      extra === undefined
        ? x
        : plus(x, cast(x.type, scope.at(extra, broadcastIndex(extra, raw.shape, index))));
    return select(seen, biased, literal(x.type, -Infinity));
  });
  const y = weightedValues(op, softmaxOfScores(op, scores), allValues);
  return [joinHeads(op, y), allKeys, op.hasOutput(2) ? allValues : undefined];
};

function maxOf(a: Expr, b: Expr): Expr {
  return select(compare('gt', a, b), a, b);
}

/** The length of the caches behind: the whole sequence, or the buffer that is there. */
function capacity(op: LowerOp, scope: Scope, past: Field | undefined, news: Index): Expr {
  const whole = op.input(6);
  const total = cast(
    'i64',
    scope.at(
      whole,
      whole.shape.map(() => ZERO),
    ),
  );
  const enough = maxOf(total, indexValue(news));
  return past === undefined ? enough : maxOf(enough, indexValue(past.shape[2]!));
}

/** Query, key and value in one tensor, B x S x (heads + 2 · shared) · size. */
function packedHeads(op: LowerOp, heads: number, shared: number): [Field, Field, Field] {
  const packed = op.input(0);
  const [batch, length, width] = packed.shape as [Index, Index, Index];
  const all = heads + 2 * shared;
  if (heads < 1 || shared < 1) op.unsupported('the number of heads is missing');
  const size = floorDiv(width, all);
  const cut = (first: number, count: number): Field =>
    view(op, packed, [batch, constant(count), length, size], ([b, h, s, d]) => [
      b!,
      s!,
      add(multiply(add(h!, first), size), d!),
    ]);
  return [cut(0, heads), cut(heads, shared), cut(heads + shared, shared)];
}

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  Attention: packedAttention,
  MultiHeadAttention: multiHeadAttention,
  GroupQueryAttention: groupQueryAttention,
  RotaryEmbedding: rotaryEmbedding,
};
