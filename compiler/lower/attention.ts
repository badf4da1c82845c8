/**
 * Attention 23, 24, 25: grouped heads, caches, masks, causal and local windows, soft capping. A query's place
 * among the keys is its own plus an offset: the length of the past, or what the valid length leaves before it.
 */
import type { Expr } from '../loop/expr.ts';
import { cast, compare, compareIndex, indexValue, literal, select } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, less, multiply, ONE, subtract } from '../loop/indexExpr.ts';
import type { ScalarType } from '../loop/scalarType.ts';
import { registerType } from '../loop/scalarType.ts';
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
import { broadcastIndex } from './pointwise.ts';
import type { Scope } from './scope.ts';
import { both, minus, plus, times } from './terms.ts';

const DOUBLE = 11;

const attention: Lowering = (op) => {
  const packed = op.input(0).shape.length === 3;
  const heads = (slot: number, attribute: string): Field =>
    packed ? splitHeads(op, op.input(slot), op.int(attribute, 0)) : op.input(slot);
  const query = heads(0, 'q_num_heads');
  const past = op.optional(4);
  const key = appendTo(op, past, heads(1, 'kv_num_heads'));
  const value = appendTo(op, op.optional(5), heads(2, 'kv_num_heads'));
  expectSharedHeads(op, query, key);

  const own = registerType(query.storage);
  const type: ScalarType =
    own === 'f64' || op.int('softmax_precision', 1) === DOUBLE ? 'f64' : 'f32';
  const raw = scoresOf(op, query, key, scaleOf(op, query), type);
  const capped = softcapped(op, raw, op.float('softcap', 0));
  const masked = mapScores(op, capped, maskOf(op, capped, past));
  const weights = softmaxOfScores(op, masked);
  const result = weightedValues(op, weights, value);
  const stages = [raw, capped, masked, weights];
  const shown = stages[op.int('qk_matmul_output_mode', 0)] ?? op.unsupported('its output mode');
  return [
    packed ? joinHeads(op, result) : result,
    op.hasOutput(1) ? key : undefined,
    op.hasOutput(2) ? value : undefined,
    op.hasOutput(3) ? converted(op, shown, 3) : undefined,
  ];
};

/** FlexAttention 1 of the preview domain: graphs of its own may change the scores, and the weights. */
const flexAttention: Lowering = (op) => {
  const [query, key, value] = [op.input(0), op.input(1), op.input(2)];
  expectSharedHeads(op, query, key);
  const type: ScalarType = registerType(query.storage);
  const changed = (field: Field, graph: string): Field => {
    if (op.subgraph(graph) === undefined) return field;
    const body = op.body(graph, [field]);
    body.inline();
    return body.outputs[0] ?? op.unsupported(`its graph ${graph}`);
  };
  const scores = changed(scoresOf(op, query, key, scaleOf(op, query), type), 'score_mod');
  const weights = changed(softmaxOfScores(op, scores), 'prob_mod');
  return [weightedValues(op, weights, value)];
};

/** Query heads are a multiple of those of keys and values. */
export function expectSharedHeads(op: LowerOp, query: Field, key: Field): void {
  const [own, shared] = [query.shape[1]!, key.shape[1]!];
  if (own.kind !== 'constant' || shared.kind !== 'constant') {
    return op.unsupported('the number of heads is symbolic');
  }
  if (shared.value < 1 || own.value % shared.value !== 0) {
    op.unsupported(`${own.value} heads cannot share ${shared.value}`);
  }
}

export function scaleOf(op: LowerOp, query: Field): number {
  const size = query.shape[3]!;
  const stated = op.attribute('scale') === undefined ? 0 : op.float('scale', 0);
  if (stated !== 0) return stated;
  return size.kind === 'constant'
    ? 1 / Math.sqrt(size.value)
    : op.unsupported('the size of a head is symbolic');
}

export function converted(op: LowerOp, field: Field, slot: number): Field {
  const storage = op.outputStorage(slot);
  return op.make({
    shape: field.shape,
    storage,
    cost: 'light',
    element: (scope, index) => cast(registerType(storage), scope.at(field, index)),
  });
}

/** All masks at once: what a score becomes. */
function maskOf(op: LowerOp, scores: Field, past: Field | undefined): OfScore {
  const [mask, valid] = [op.optional(3), op.optional(6)];
  const queries = scores.shape[2]!;
  const isCausal = op.int('is_causal', 0) !== 0;
  const [left, right] = [op.int('left_window_size', -1), op.int('right_window_size', -1)];
  /** Place of query `s` among the keys, by index where no data decides. */
  const place = (scope: Scope, b: Index, s: Index): Index | Expr => {
    if (valid === undefined) return past === undefined ? s : add(s, past.shape[2]!);
    const length = cast('i64', scope.at(valid, [b]));
    return plus(indexValue(s), minus(length, indexValue(queries)));
  };
  return (x, scope, index) => {
    const [b, , s, t] = index as [Index, Index, Index, Index];
    const hidden = literal(x.type, -Infinity);
    const kept: Expr[] = [];
    const at = isCausal || left >= 0 || right >= 0 ? place(scope, b, s) : undefined;
    if (at !== undefined && isCausal) kept.push(withinReach(at, t, 0));
    if (at !== undefined && right >= 0) kept.push(withinReach(at, t, right));
    if (at !== undefined && left >= 0) kept.push(withinPast(at, t, left));
    if (valid !== undefined) {
      kept.push(compare('lt', indexValue(t), cast('i64', scope.at(valid, [b]))));
    }
    let score = x;
    if (mask !== undefined) score = withMask(op, scope, mask, scores.shape, index, score);
    const [first, ...rest] = kept;
    return first === undefined ? score : select(rest.reduce(both, first), score, hidden);
  };
}

/** key <= place + reach */
function withinReach(place: Index | Expr, t: Index, reach: number): Expr {
  if (!isExpr(place)) return compareIndex({ op: 'le', a: t, b: add(place, reach) });
  return compare('le', indexValue(t), plus(place, literal('i64', reach)));
}

/** place - key <= reach */
function withinPast(place: Index | Expr, t: Index, reach: number): Expr {
  if (!isExpr(place))
    return compareIndex({ op: 'le', a: subtract(place, t), b: add(ONE, reach - 1) });
  return compare('le', minus(place, indexValue(t)), literal('i64', reach));
}

function isExpr(at: Index | Expr): at is Expr {
  return 'lanes' in at;
}

/** A mask that is shorter than the keys hides the rest. */
function withMask(
  op: LowerOp,
  scope: Scope,
  mask: Field,
  shape: readonly Index[],
  index: readonly Index[],
  x: Expr,
): Expr {
  const length = mask.shape.at(-1) ?? op.unsupported('a mask of rank 0');
  const full = shape.at(-1)!;
  const t = index.at(-1)!;
  const isShort =
    length.kind === 'constant' && full.kind === 'constant' && length.value < full.value;
  const covered = isShort ? [...shape.slice(0, -1), length] : shape;
  const from = (inner: Scope): Expr => {
    const own = inner.at(mask, broadcastIndex(mask, covered, index));
    const hidden = literal(x.type, -Infinity);
    return own.type === 'bool' ? select(own, x, hidden) : plus(x, cast(x.type, own));
  };
  if (!isShort || length.value === 1) return isShort ? onlyFirst(scope, t, from, x) : from(scope);
  return scope.choose([less(t, length)], from, () => literal(x.type, -Infinity));
}

function onlyFirst(scope: Scope, t: Index, from: (inner: Scope) => Expr, x: Expr): Expr {
  return scope.choose([less(t, ONE)], from, () => literal(x.type, -Infinity));
}

/**
 * RotaryEmbedding 23: pairs of each head turned by an angle of their position. Pairs are halves of the rotated
 * part, or neighbours when interleaved; what lies behind the rotated part stays.
 */
const rotaryEmbedding: Lowering = (op) => {
  const input = op.input(0);
  const positions = op.optional(3);
  const packed = input.shape.length === 3;
  const split = packed ? splitHeads(op, input, op.int('num_heads', 0)) : input;
  const rotated = rotate(op, split, {
    cos: op.input(1),
    sin: op.input(2),
    width: op.int('rotary_embedding_dim', 0),
    interleaved: op.int('interleaved', 0) !== 0,
    row: (scope, b, s, cache) => {
      if (positions === undefined) return [b, s];
      const position = cast('i64', scope.at(positions, [b, s]));
      return [scope.checkedIndex('at', position, cache.shape[0]!, op.id)];
    },
  });
  return [packed ? joinHeads(op, rotated) : rotated];
};

export interface Rotation {
  readonly cos: Field;
  readonly sin: Field;
  /** Elements of a head that turn; 0: all. */
  readonly width: number;
  readonly interleaved: boolean;
  /** Row of a cache for a place of the sequence: all indices but the last. */
  readonly row: (scope: Scope, b: Index, s: Index, cache: Field) => readonly Index[];
}

export function rotate(op: LowerOp, heads: Field, rotation: Rotation): Field {
  const size = heads.shape[3]!;
  if (size.kind !== 'constant') return op.unsupported('the size of a head is symbolic');
  const width = rotation.width || size.value;
  if (width > size.value || width % 2 !== 0) op.unsupported(`rotates ${width} of ${size.value}`);
  const half = width / 2;
  const { cos, sin, interleaved } = rotation;
  return op.make({
    shape: heads.shape,
    storage: heads.storage,
    cost: 'light',
    breaks: interleaved
      ? [[], [], [], breakAt(width, size.value)]
      : [[], [], [], breaksOf(half, width, size.value)],
    element: (scope, [b, h, s, d]) =>
      scope.choose(
        [less(d!, width)],
        (inner) => {
          const turned = (
            from: Scope,
            pair: Index,
            first: Index,
            second: Index,
            isFirst: boolean,
          ): Expr => {
            const pick = (field: Field): Expr =>
              from.at(field, [...rotation.row(from, b!, s!, field), pair]);
            const own = (at: Index): Expr => from.at(heads, [b!, h!, s!, at]);
            const [c, w] = [pick(cos), pick(sin)];
            const [x, y] = [own(first), own(second)];
            return isFirst ? minus(times(c, x), times(w, y)) : plus(times(w, x), times(c, y));
          };
          if (interleaved) {
            const pair = { kind: 'floorDiv', a: d!, b: { kind: 'constant', value: 2 } } as const;
            const first = multiply(pair, 2);
            const even = compareIndex({ op: 'eq', a: d!, b: first });
            const one = turned(inner, pair, first, add(first, 1), true);
            return select(even, one, turned(inner, pair, first, add(first, 1), false));
          }
          return inner.choose(
            [less(d!, half)],
            (low) => turned(low, d!, d!, add(d!, half), true),
            (high) => turned(high, subtract(d!, half), subtract(d!, half), d!, false),
          );
        },
        (inner) => inner.at(heads, [b!, h!, s!, d!]),
      ),
  });
}

function breakAt(width: number, size: number): readonly Index[] {
  return width < size ? [{ kind: 'constant', value: width }] : [];
}

function breaksOf(half: number, width: number, size: number): readonly Index[] {
  return [{ kind: 'constant', value: half }, ...breakAt(width, size)];
}

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  Attention: attention,
  RotaryEmbedding: rotaryEmbedding,
};

export const PREVIEW: Readonly<Record<string, Lowering>> = { FlexAttention: flexAttention };
