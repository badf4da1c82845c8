/**
 * NonMaxSuppression 11: per batch and class the boxes by falling score, equal scores by rising index, each kept
 * unless it overlaps one that was kept before by more than the threshold. Order, ties and the treatment of empty
 * boxes are ONNX Runtime's.
 */
import type { Buffer, Expr } from '../loop/expr.ts';
import { binary, compare, indexValue, literal, load, select } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, constant, ONE, subtract, ZERO } from '../loop/indexExpr.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { rankedPositions, sideBySide } from './ranking.ts';
import type { Mutable, Scope } from './scope.ts';
import { counted, declare, element, sortedPositions } from './sorting.ts';

const i64 = (value: number): Expr => literal('i64', value);
const f32 = (value: number): Expr => literal('f32', value);
const increased = (counter: Mutable): Expr => binary('add', counter.value, i64(1));

const nonMaxSuppression: Lowering = (op) => {
  const [boxes, scores] = [op.input(0), op.input(1)];
  const [batches, classes, count] = scores.shape as [Index, Index, Index];
  const shape = op.outputDims();
  return op.procedure([{ shape, storage: 'i64' }], (scope, [out]) => {
    const most = parameter(op, scope, 2, i64(0));
    const overlap = parameter(op, scope, 3, f32(0));
    const threshold = op.has(4) ? parameter(op, scope, 4, f32(0)) : undefined;
    const inRange = binary('and', compare('le', f32(0), overlap), compare('le', overlap, f32(1)));
    scope.check(inRange, op.id, 'the overlap threshold is not between 0 and 1');
    const [capacity] = op.extents([count]) as [Index];
    const selected = scope.mutable('selected', i64(0));
    scope.loops('b', [batches, classes], (group, [batch, kind]) => {
      if (op.manyThreads) {
        suppressSideBySide(op, group, {
          boxes,
          scoreOf: (inner, box) => inner.at(scores, [batch!, kind!, box]),
          batch: batch!,
          count,
          capacity,
          threshold,
          overlap,
          most,
          keep: (kept, box) => emit(op, kept, out!, selected, [batch!, kind!, box]),
        });
        return;
      }
      const candidates = declare(group, 'candidates', 'i64', [capacity]);
      const found = group.mutable('found', i64(0));
      group.loops('i', [count], (inner, [i]) => {
        const score = inner.at(scores, [batch!, kind!, i!]);
        const passes = threshold ? compare('gt', score, threshold) : literal('bool', 1);
        inner.when(passes, (kept) => {
          const at = kept.checkedIndex('at', found.value, capacity, op.id);
          kept.store(candidates, [at], indexValue(i!), op.id);
          found.set(kept, increased(found));
        });
      });
      const boxOf = (inner: Scope, place: Index): Index =>
        inner.checkedIndex('box', load(candidates, [place]), count, op.id);
      const order = sortedPositions(group, {
        length: found.value,
        capacity,
        before: (inner, a, b) => {
          const [x, y] = [a, b].map((place) =>
            inner.at(scores, [batch!, kind!, boxOf(inner, place)]),
          );
          return compare('gt', x!, y!);
        },
        operator: op.id,
      });
      const kept = declare(group, 'kept', 'i64', [capacity]);
      const keptCount = group.mutable('keptCount', i64(0));
      const place = group.mutable('place', i64(0));
      const more = binary(
        'and',
        compare('lt', place.value, found.value),
        compare('lt', keptCount.value, most),
      );
      group.repeat(more, (step) => {
        const box = boxOf(step, element(step, order, place.value, capacity, op.id));
        const own = corners(op, step, boxes, batch!, box);
        const isFree = step.mutable('isFree', literal('bool', 1));
        counted(step, keptCount.value, capacity, op.id, (inner, k) => {
          inner.when(isFree.value, (open) => {
            const other = open.checkedIndex('other', load(kept, [k]), count, op.id);
            const its = corners(op, open, boxes, batch!, other);
            whereOverlapping(open, own, its, overlap, (hit) => {
              isFree.set(hit, literal('bool', 0));
            });
          });
        });
        step.when(isFree.value, (taken) => {
          const to = taken.checkedIndex('to', keptCount.value, capacity, op.id);
          taken.store(kept, [to], indexValue(box), op.id);
          keptCount.set(taken, increased(keptCount));
          emit(op, taken, out!, selected, [batch!, kind!, box]);
        });
        place.set(step, increased(place));
      });
    });
    op.found(scope, 0, 0, selected.value);
  });
};

interface SideBySide {
  readonly boxes: Field;
  readonly scoreOf: (scope: Scope, box: Index) => Expr;
  readonly batch: Index;
  readonly count: Index;
  readonly capacity: Index;
  readonly threshold: Expr | undefined;
  readonly overlap: Expr;
  readonly most: Expr;
  readonly keep: (scope: Scope, box: Index) => void;
}

/** For many threads: all boxes are sorted, then each that is kept takes out those behind it that it overlaps. */
function suppressSideBySide(op: LowerOp, group: Scope, request: SideBySide): void {
  const { boxes, scoreOf, batch, count, capacity, threshold, overlap, most, keep } = request;
  const keys = declare(group, 'keys', 'f32', [capacity]);
  const found = group.mutable('found', threshold ? i64(0) : indexValue(count));
  const passes = (score: Expr): Expr =>
    threshold ? compare('gt', score, threshold) : literal('bool', 1);
  sideBySide(group, 'i', [count], (inner, [i]) => {
    const score = scoreOf(inner, i!);
    // What does not pass is sorted to the end.
    const key = threshold ? select(passes(score), score, f32(NaN)) : score;
    inner.store(keys, [i!], key, op.id);
  });
  if (threshold) {
    group.loops('i', [count], (inner, [i]) => {
      const one = select(passes(scoreOf(inner, i!)), i64(1), i64(0));
      found.set(inner, binary('add', found.value, one));
    });
  }
  const order = rankedPositions(group, { keys, count, capacity, operator: op.id });
  const sorted = declare(group, 'sorted', 'f32', [capacity, constant(4)]);
  const isFree = declare(group, 'isFree', 'i32', [capacity]);
  const boxAt = (inner: Scope, place: Index): Index =>
    inner.checkedIndex('box', inner.bind('position', load(order, [place])), count, op.id);
  sideBySide(group, 'i', [count], (inner, [place]) => {
    const { low, high } = corners(op, inner, boxes, batch, boxAt(inner, place!));
    [...low, ...high].forEach((corner, i) =>
      inner.store(sorted, [place!, constant(i)], corner, op.id),
    );
    inner.store(isFree, [place!], literal('i32', 1), op.id);
  });
  const sortedAt = (inner: Scope, place: Index): Corners => {
    const [a, b, c, d] = [0, 1, 2, 3].map((i) =>
      inner.bind('corner', load(sorted, [place, constant(i)])),
    ) as [Expr, Expr, Expr, Expr];
    return { low: [a, b], high: [c, d] };
  };
  const free = (inner: Scope, place: Index): Expr =>
    inner.bind('free', compare('ne', load(isFree, [place]), literal('i32', 0)));
  const keptCount = group.mutable('keptCount', i64(0));
  const last = group.checkedIndex('last', found.value, add(count, 1), op.id);
  group.loops('p', [last], (step, [p]) => {
    const isOpen = binary('and', free(step, p!), compare('lt', keptCount.value, most));
    step.when(isOpen, (kept) => {
      keep(kept, boxAt(kept, p!));
      keptCount.set(kept, increased(keptCount));
      const own = sortedAt(kept, p!);
      const next = kept.simplify(add(p!, 1));
      sideBySide(kept, 'q', [subtract(last, next)], (inner, [q]) => {
        const place = inner.checkedIndex('later', indexValue(add(next, q!)), capacity, op.id);
        inner.when(free(inner, place), (open) => {
          whereOverlapping(open, own, sortedAt(open, place), overlap, (hit) => {
            hit.store(isFree, [place], literal('i32', 0), op.id);
          });
        });
      });
    });
  });
}

/** A scalar input, or its default; ONNX allows a vector of one element as well. */
function parameter(op: LowerOp, scope: Scope, slot: number, fallback: Expr): Expr {
  const field = op.optional(slot);
  if (field === undefined) return fallback;
  return scope.bind(
    'limit',
    scope.at(
      field,
      field.shape.map(() => ZERO),
    ),
  );
}

function emit(
  op: LowerOp,
  scope: Scope,
  out: Buffer,
  selected: Mutable,
  row: readonly Index[],
): void {
  const to = scope.checkedIndex('row', selected.value, out.shape[0]!, op.id);
  row.forEach((part, i) => scope.store(out, [to, constant(i)], indexValue(part), op.id));
  selected.set(scope, increased(selected));
}

interface Corners {
  readonly low: readonly [x: Expr, y: Expr];
  readonly high: readonly [x: Expr, y: Expr];
}

/** [y1, x1, y2, x2] with corners in any order, or [x centre, y centre, width, height]. */
function corners(op: LowerOp, scope: Scope, boxes: Field, batch: Index, box: Index): Corners {
  const [a, b, c, d] = [ZERO, ONE, constant(2), constant(3)].map((part) =>
    scope.at(boxes, [batch, box, part]),
  ) as [Expr, Expr, Expr, Expr];
  if (op.int('center_point_box', 0) === 0) {
    const end = (of: 'min' | 'max'): [Expr, Expr] => [
      scope.bind('x', binary(of, b, d)),
      scope.bind('y', binary(of, a, c)),
    ];
    return { low: end('min'), high: end('max') };
  }
  const half = (size: Expr): Expr => scope.bind('half', binary('div', size, f32(2)));
  const [width, height] = [half(c), half(d)];
  const end = (of: 'add' | 'sub'): [Expr, Expr] => [
    scope.bind('x', binary(of, a, width)),
    scope.bind('y', binary(of, b, height)),
  ];
  return { low: end('sub'), high: end('add') };
}

/** Runs `then` where the boxes overlap by more than the threshold; empty boxes overlap nothing. */
function whereOverlapping(
  scope: Scope,
  a: Corners,
  b: Corners,
  overlap: Expr,
  then: (scope: Scope) => void,
): void {
  const side = (axis: 0 | 1): Expr =>
    scope.bind(
      'side',
      binary(
        'sub',
        binary('min', a.high[axis], b.high[axis]),
        binary('max', a.low[axis], b.low[axis]),
      ),
    );
  const area = ({ low, high }: Corners): Expr =>
    scope.bind(
      'area',
      binary('mul', binary('sub', high[0], low[0]), binary('sub', high[1], low[1])),
    );
  const sides = [side(0), side(1)] as const;
  const isPositive = (x: Expr): Expr => compare('gt', x, f32(0));
  scope.when(binary('and', isPositive(sides[0]), isPositive(sides[1])), (meeting) => {
    const shared = meeting.bind('shared', binary('mul', sides[0], sides[1]));
    const areas = [area(a), area(b)] as const;
    const union = meeting.bind('union_', binary('sub', binary('add', areas[0], areas[1]), shared));
    const sound = [shared, ...areas, union].map(isPositive).reduce((x, y) => binary('and', x, y));
    const exceeds = compare('gt', binary('div', shared, union), overlap);
    meeting.when(binary('and', sound, exceeds), then);
  });
}

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  NonMaxSuppression: nonMaxSuppression,
};
