/**
 * TopK 11: one pass over each row with a heap of the best k so far, the worst of them on top, then the heap is
 * emptied from the worst to the best. Equal values rank by rising index.
 */
import type { Buffer, Expr } from '../loop/expr.ts';
import { binary, cast, compare, indexValue, literal, load, select } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { ONE, subtract } from '../loop/indexExpr.ts';
import { registerType } from '../loop/scalarType.ts';
import { axisIn } from '../ops/axes.ts';
import type { Lowering } from './lowerOp.ts';
import type { Mutable, Scope } from './scope.ts';
import { declare } from './sorting.ts';
import { rankedTopK } from './topKRanked.ts';

const i64 = (value: number): Expr => literal('i64', value);
const plus = (a: Expr, b: Expr): Expr => binary('add', a, b);

interface Heap {
  readonly values: Buffer;
  readonly places: Buffer;
  readonly capacity: Index;
  readonly largest: boolean;
  readonly operator: string;
}

interface Entry {
  readonly value: Expr;
  readonly place: Expr;
}

const topK: Lowering = (op) => {
  const input = op.input(0);
  const axis = axisIn(op.int('axis', -1), input.shape.length) ?? op.unsupported('its axis');
  const shape = op.outputDims();
  const largest = op.int('largest', 1) !== 0;
  const length = input.shape[axis]!;
  const count = shape[axis]!;
  if (op.known(1)?.data[0] === undefined) {
    const k = op.input(1);
    op.find(0, axis, (scope) =>
      scope.at(
        k,
        k.shape.map(() => ONE_BELOW),
      ),
    );
  }
  const slots = [0, 1].filter((slot) => op.hasOutput(slot));
  const outputs = slots.map(
    (slot) => ({ shape, storage: slot === 0 ? input.storage : 'i64' }) as const,
  );
  const fields = op.procedure(outputs, (scope, buffers) => {
    const [outValues, outPlaces] = [0, 1].map((slot) => buffers[slots.indexOf(slot)]);
    const enough = compare('le', indexValue(count), indexValue(length));
    scope.check(enough, op.id, 'k is larger than the axis');
    if (op.manyThreads) {
      rankedTopK(op, scope, { input, axis, count, largest, values: outValues, places: outPlaces });
      return;
    }
    const [capacity] = op.extents([count]) as [Index];
    const at = (index: readonly Index[], part: Index): Index[] =>
      index.map((old, place) => (place === axis ? part : old));
    const rows = input.shape.map((dim, place) => (place === axis ? ONE : dim));
    const eachRow = (row: Scope, index: readonly Index[]): void => {
      const heap: Heap = {
        values: declare(row, 'best', registerType(input.storage), [capacity]),
        places: declare(row, 'places', 'i64', [capacity]),
        capacity,
        largest,
        operator: op.id,
      };
      row.loops('k', [count], (fill, [k]) => {
        const first = fill.checkedIndex('s', indexValue(k!), length, op.id);
        const entry = { value: fill.at(input, at(index, first)), place: indexValue(k!) };
        siftUp(fill, heap, indexValue(k!), entry);
      });
      const rest = row.simplify(subtract(length, count));
      const size = indexValue(count);
      row.when(compare('lt', i64(0), size), (full) => {
        full.loops('s', [rest], (search, [s]) => {
          const position = plus(indexValue(s!), size);
          const place = search.checkedIndex('s', position, length, op.id);
          const value = search.at(input, at(index, place));
          const better = compare(largest ? 'gt' : 'lt', ...worst(search, heap, value));
          search.when(better, (replace) => {
            siftDown(replace, heap, size, { value, place: indexValue(place) });
          });
        });
      });
      row.loops('k', [count], (empty, [k]) => {
        // Of the entries left, the worst goes to the end.
        const last = empty.checkedIndex(
          'last',
          indexValue(subtract(subtract(count, 1), k!)),
          count,
          op.id,
        );
        const slot = empty.checkedIndex('slot', indexValue(last), capacity, op.id);
        const root = entryAt(empty, heap, i64(0));
        const moved = entryAt(empty, heap, indexValue(slot));
        siftDown(empty, heap, indexValue(last), moved);
        if (outValues) empty.store(outValues, at(index, last), root.value, op.id);
        if (outPlaces) empty.store(outPlaces, at(index, last), root.place, op.id);
      });
    };
    scope.loops('i', rows, eachRow, scope.isRoot ? 'parallel' : 'serial');
  });
  return [0, 1].map((slot) => fields[slots.indexOf(slot)]);
};

const ONE_BELOW: Index = { kind: 'constant', value: 0 };

/** The value and the worst one in the heap, as both sides of a comparison. */
function worst(scope: Scope, heap: Heap, value: Expr): readonly [Expr, Expr] {
  const { value: root } = entryAt(scope, heap, i64(0));
  return [comparable(value), comparable(root)];
}

function comparable(x: Expr): Expr {
  return x.type === 'bool' ? cast('u8', x) : x;
}

function entryAt(scope: Scope, { values, places, capacity, operator }: Heap, at: Expr): Entry {
  const slot = scope.checkedIndex('slot', at, capacity, operator);
  return {
    value: scope.bind('value', load(values, [slot])),
    place: scope.bind('place', load(places, [slot])),
  };
}

function put(scope: Scope, heap: Heap, at: Expr, { value, place }: Entry): void {
  const slot = scope.checkedIndex('slot', at, heap.capacity, heap.operator);
  scope.store(heap.values, [slot], value, heap.operator);
  scope.store(heap.places, [slot], place, heap.operator);
}

/** Whether `a` ranks behind `b`. */
function isWorse({ largest }: Heap, a: Entry, b: Entry): Expr {
  const [x, y] = [comparable(a.value), comparable(b.value)];
  const tie = binary('and', compare('eq', x, y), compare('gt', a.place, b.place));
  return binary('or', compare(largest ? 'lt' : 'gt', x, y), tie);
}

/** Places an entry at the free slot `at`, or above it where it is worse than what stands there. */
function siftUp(scope: Scope, heap: Heap, at: Expr, entry: Entry): void {
  const slot = scope.mutable('at', at);
  const moving = scope.mutable('moving', compare('gt', at, i64(0)));
  scope.repeat(moving.value, (step) => {
    const above = step.bind('above', binary('div', binary('sub', slot.value, i64(1)), i64(2)));
    const parent = entryAt(step, heap, above);
    step.either(
      isWorse(heap, entry, parent),
      (rise) => {
        put(rise, heap, slot.value, parent);
        slot.set(rise, above);
        moving.set(rise, compare('gt', above, i64(0)));
      },
      (stay) => moving.set(stay, literal('bool', 0)),
    );
  });
  // A statement list of its own: the slot has changed since it was last looked at.
  scope.when(literal('bool', 1), (end) => put(end, heap, slot.value, entry));
}

/** Places an entry at the root of a heap of `size` slots, or below it behind worse ones. */
function siftDown(scope: Scope, heap: Heap, size: Expr, entry: Entry): void {
  const slot = scope.mutable('at', i64(0));
  const child = scope.mutable('child', i64(1));
  const isMoving = scope.mutable('moving', compare('lt', i64(1), size));
  scope.repeat(isMoving.value, (step) => {
    pickWorseChild(step, heap, size, child);
    step.when(literal('bool', 1), (next) => {
      const below = entryAt(next, heap, child.value);
      next.either(
        isWorse(heap, below, entry),
        (sink) => {
          put(sink, heap, slot.value, below);
          slot.set(sink, child.value);
          child.set(sink, plus(plus(child.value, child.value), i64(1)));
          isMoving.set(sink, compare('lt', child.value, size));
        },
        (stay) => isMoving.set(stay, literal('bool', 0)),
      );
    });
  });
  scope.when(literal('bool', 1), (end) => put(end, heap, slot.value, entry));
}

/** Moves on to the right child where it exists and is the worse of the two. */
function pickWorseChild(scope: Scope, heap: Heap, size: Expr, child: Mutable): void {
  const right = scope.bind('right', plus(child.value, i64(1)));
  scope.when(compare('lt', right, size), (both) => {
    const [a, b] = [entryAt(both, heap, child.value), entryAt(both, heap, right)];
    child.set(both, select(isWorse(heap, b, a), right, child.value));
  });
}

export const LOWERINGS: Readonly<Record<string, Lowering>> = { TopK: topK };
