/**
 * Operators whose result is as long as the data says: NonZero 13, Compress 11, Unique 11. Memory is laid out for
 * the most there can be; what was found is counted.
 */
import type { Buffer, Expr } from '../loop/expr.ts';
import { binary, cast, compare, indexValue, literal, load } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import {
  add,
  ceilDiv,
  constant,
  min,
  multiply,
  ONE,
  product,
  subtract,
  ZERO,
} from '../loop/indexExpr.ts';
import { registerType } from '../loop/scalarType.ts';
import { axisIn } from '../ops/axes.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { flatten, unflatten } from './movement.ts';
import { sideBySide } from './ranking.ts';
import type { Mutable, Scope } from './scope.ts';
import { declare, element, sortedPositions } from './sorting.ts';

const i64 = (value: number): Expr => literal('i64', value);

function increment(scope: Scope, counter: Mutable): void {
  counter.set(scope, binary('add', counter.value, i64(1)));
}

function isNonZero(x: Expr): Expr {
  return x.type === 'bool' ? x : compare('ne', x, literal(x.type, 0));
}

/** Coordinates of the elements that are not 0, row-major, one column each. */
const nonZero: Lowering = (op) => {
  const input = op.input(0);
  const rank = input.shape.length;
  return op.procedure([{ shape: op.outputDims(), storage: 'i64' }], (scope, [out]) => {
    if (op.manyThreads) {
      const found = countedByChunks(op, scope, input, (taken, index, place) => {
        const column = taken.checkedIndex('column', place, out!.shape[1]!, op.id);
        index.forEach((at, axis) =>
          taken.store(out!, [constant(axis), column], indexValue(at), op.id),
        );
      });
      op.found(scope, 0, 1, found);
      return;
    }
    const count = scope.mutable('count', i64(0));
    scope.loops('i', input.shape, (inner, index) => {
      inner.when(isNonZero(inner.at(input, index)), (found) => {
        const column = found.checkedIndex('column', count.value, out!.shape[1]!, op.id);
        for (let axis = 0; axis < rank; axis++) {
          found.store(out!, [constant(axis), column], indexValue(index[axis]!), op.id);
        }
        increment(found, count);
      });
    });
    op.found(scope, 0, 1, count.value);
  });
};

/** Elements that one thread counts. */
const CHUNK = 128;

/**
 * For many threads: every chunk is counted, then starts behind the sum of those before it. `visit` gets each element that is
 * not 0 and how many stand before it. @returns how many there are.
 */
function countedByChunks(
  op: LowerOp,
  scope: Scope,
  input: Field,
  visit: (scope: Scope, index: readonly Index[], place: Expr) => void,
): Expr {
  const total = product(input.shape);
  const chunks = scope.simplify(ceilDiv(total, CHUNK));
  const counts = declare(scope, 'counts', 'i64', op.extents([chunks]));
  const inChunk = (each: Scope, chunk: Index, counter: Mutable, taken: typeof visit): void => {
    const start = multiply(chunk, CHUNK);
    each.loops('j', [min(constant(CHUNK), subtract(total, start))], (inner, [j]) => {
      const index = unflatten(add(start, j!), input.shape).map((part) => inner.simplify(part));
      inner.when(isNonZero(inner.at(input, index)), (found) => {
        taken(found, index, counter.value);
        increment(found, counter);
      });
    });
  };
  sideBySide(scope, 'c', [chunks], (each, [chunk]) => {
    const count = each.mutable('count', i64(0));
    inChunk(each, chunk!, count, () => undefined);
    each.store(counts, [chunk!], count.value, op.id);
  });
  sideBySide(scope, 'c', [chunks], (each, [chunk]) => {
    const place = each.mutable('place', i64(0));
    each.loops('b', [chunk!], (earlier, [b]) => {
      place.set(earlier, binary('add', place.value, load(counts, [b!])));
    });
    inChunk(each, chunk!, place, visit);
  });
  return scope.fold('count', i64(0), [chunks], (_, [c], soFar) =>
    binary('add', soFar, load(counts, [c!])),
  );
}

/** Slices along an axis (or elements in row-major order) where the condition holds. */
const compress: Lowering = (op) => {
  const [input, condition] = [op.input(0), op.input(1)];
  const rank = input.shape.length;
  const flat = op.attribute('axis') === undefined;
  const axis = flat ? 0 : (axisIn(op.int('axis', 0), rank) ?? op.unsupported('its axis'));
  const outputs = [{ shape: op.outputDims(), storage: input.storage }] as const;
  const length = condition.shape[0] ?? op.unsupported('its condition is no vector');
  return op.procedure(outputs, (scope, [out]) => {
    const count = scope.mutable('count', i64(0));
    const kept = (taken: Scope): Index =>
      taken.checkedIndex('to', count.value, out!.shape[axis]!, op.id);
    if (flat) {
      scope.loops('i', input.shape, (inner, index) => {
        // The condition may be shorter than the data: what it does not reach is left out.
        const at = flatten(index, input.shape);
        const holds = inner.choose(
          [{ op: 'lt', a: at, b: length }],
          (reached) => reached.at(condition, [at]),
          () => literal('bool', 0),
        );
        inner.when(holds, (taken) => {
          const to = kept(taken);
          taken.store(out!, [to], taken.at(input, index), op.id);
          increment(taken, count);
        });
      });
    } else {
      scope.loops('c', [length], (inner, [at]) => {
        inner.when(inner.at(condition, [at!]), (taken) => {
          const from = taken.checkedIndex('from', indexValue(at!), input.shape[axis]!, op.id);
          const to = kept(taken);
          const put = (index: readonly Index[], part: Index): Index[] =>
            index.map((old, place) => (place === axis ? part : old));
          const slice = input.shape.map((dim, place) => (place === axis ? ONE : dim));
          taken.loops('k', slice, (copy, index) => {
            copy.store(out!, put(index, to), copy.at(input, put(index, from)), op.id);
          });
          increment(taken, count);
        });
      });
    }
    op.found(scope, 0, axis, count.value);
  });
};

/** What Unique compares: `length` keys of `width` elements each, in memory of their own. */
interface Keys {
  readonly buffer: Buffer;
  readonly length: Index;
  readonly width: Index;
}

const unique: Lowering = (op) => {
  const input = op.input(0);
  const rank = input.shape.length;
  const flat = op.attribute('axis') === undefined;
  const axis = flat ? 0 : (axisIn(op.int('axis', 0), rank) ?? op.unsupported('its axis'));
  const sorted = op.int('sorted', 1) !== 0;
  const storages = [input.storage, 'i64', 'i64', 'i64'] as const;
  const slots = storages.flatMap((_, slot) => (op.hasOutput(slot) ? [slot] : []));
  const outputs = slots.map((slot) => ({
    shape: op.outputDims(slot),
    storage: storages[slot]!,
  }));
  const fields = op.procedure(outputs, (scope, buffers) => {
    const out = storages.map((_, slot) => buffers[slots.indexOf(slot)]);
    const keys = keysOf(op, scope, input, flat ? undefined : axis);
    const { length, buffer } = keys;
    const capacity = buffer.shape[0]!;
    const order = sortedPositions(scope, {
      length: indexValue(length),
      capacity,
      before: (inner, a, b) => compareKeys(inner, keys, a, b),
      operator: op.id,
    });
    // The first of the equal keys stands for them all; `rank` is its place in the result.
    const first = declare(scope, 'first', 'i64', [capacity]);
    const rankOf = declare(scope, 'rank', 'i64', [capacity]);
    const times = declare(scope, 'times', 'i64', [capacity]);
    const count = scope.mutable('count', i64(0));
    const leader = scope.mutable('leader', i64(0));
    scope.loops('i', [length], (inner, [i]) => {
      const at = element(inner, order, indexValue(i!), capacity, op.id);
      inner.store(times, [at], i64(0), op.id);
      const isNew = inner.mutable('isNew', literal('bool', 1));
      inner.when(compare('lt', i64(0), indexValue(i!)), (later) => {
        const before = later.checkedIndex('before', leader.value, capacity, op.id);
        isNew.set(later, compareKeys(later, keys, before, at));
      });
      inner.when(isNew.value, (fresh) => {
        leader.set(fresh, indexValue(at));
        if (sorted) fresh.store(rankOf, [at], count.value, op.id);
        if (sorted) increment(fresh, count);
      });
      inner.store(first, [at], leader.value, op.id);
      const own = inner.checkedIndex('leader', leader.value, capacity, op.id);
      inner.store(times, [own], binary('add', load(times, [own]), i64(1)), op.id);
    });
    scope.loops('i', [length], (inner, [i]) => {
      const isFirst = compare('eq', load(first, [i!]), indexValue(i!));
      inner.when(isFirst, (fresh) => {
        if (!sorted) {
          fresh.store(rankOf, [i!], count.value, op.id);
          increment(fresh, count);
        }
        const most = out[0]!.shape[axis]!;
        const place = fresh.bind('rank', load(rankOf, [i!]));
        const to = fresh.checkedIndex('to', place, most, op.id);
        copyKey(fresh, op, input, out[0]!, flat ? undefined : axis, keys, i!, to);
        if (out[1]) fresh.store(out[1], [to], indexValue(i!), op.id);
        if (out[3]) fresh.store(out[3], [to], load(times, [i!]), op.id);
      });
    });
    if (out[2]) {
      scope.loops('i', [length], (inner, [i]) => {
        const leading = inner.bind('leader', load(first, [i!]));
        const own = inner.checkedIndex('own', leading, capacity, op.id);
        inner.store(out[2]!, [i!], load(rankOf, [own]), op.id);
      });
    }
    op.found(scope, 0, axis, count.value);
  });
  return storages.map((_, slot) => fields[slots.indexOf(slot)]);
};

/** Keys as rows: elements one by one, or slices along an axis. */
function keysOf(op: LowerOp, scope: Scope, input: Field, axis: number | undefined): Keys {
  const { shape } = input;
  const length = axis === undefined ? product(shape) : shape[axis]!;
  const others = axis === undefined ? [] : shape.filter((_, place) => place !== axis);
  const width = product(others);
  const extents = op.extents(axis === undefined ? shape : others);
  const rows = axis === undefined ? product(extents) : op.extents([length])[0]!;
  const columns = axis === undefined ? ONE : product(extents);
  const buffer = declare(scope, 'keys', registerType(input.storage), [rows, columns]);
  scope.loops('i', shape, (inner, index) => {
    const row = axis === undefined ? flatten(index, shape) : index[axis]!;
    const rest = index.filter((_, place) => place !== axis);
    const column = axis === undefined ? ZERO : flatten(rest, others);
    inner.store(buffer, [row, column], inner.at(input, index), op.id);
  });
  return { buffer, length, width };
}

/** Whether key `a` comes before key `b`, element by element. */
function compareKeys(scope: Scope, { buffer, width }: Keys, a: Index, b: Index): Expr {
  const isLess = scope.mutable('isLess', literal('bool', 0));
  const k = scope.mutable('k', i64(0));
  const open = scope.mutable('open', literal('bool', 1));
  const more = binary('and', open.value, compare('lt', k.value, indexValue(width)));
  scope.repeat(more, (inner) => {
    const at = inner.checkedIndex('at', k.value, buffer.shape[1]!, buffer.name);
    const [x, y] = [a, b].map((row) => inner.bind('x', ordered(load(buffer, [row, at]))));
    isLess.set(inner, compare('lt', x!, y!));
    open.set(inner, compare('eq', x!, y!));
    increment(inner, k);
  });
  return isLess.value;
}

/** Booleans order as 0 and 1. */
function ordered(x: Expr): Expr {
  return x.type === 'bool' ? cast('u8', x) : x;
}

function copyKey(
  scope: Scope,
  op: LowerOp,
  input: Field,
  out: Buffer,
  axis: number | undefined,
  { buffer }: Keys,
  from: Index,
  to: Index,
): void {
  if (axis === undefined) return scope.store(out, [to], load(buffer, [from, ZERO]), op.id);
  const slice = input.shape.map((dim, place) => (place === axis ? ONE : dim));
  const put = (index: readonly Index[], part: Index): Index[] =>
    index.map((old, place) => (place === axis ? part : old));
  scope.loops('k', slice, (copy, index) => {
    copy.store(out, put(index, to), copy.at(input, put(index, from)), op.id);
  });
}

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  NonZero: nonZero,
  Compress: compress,
  Unique: unique,
};
