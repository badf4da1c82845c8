/**
 * TopK for many threads: every element counts the elements before it in its chunk, which sorts the chunk, then searches
 * its place in the other chunks. Whose rank is below k writes itself out.
 */
import type { Buffer, Expr } from '../loop/expr.ts';
import {
  binary,
  compare,
  compareIndex,
  indexValue,
  literal,
  load,
  select,
  unary,
} from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import {
  add,
  ceilDiv,
  constant,
  equal,
  floorDiv,
  less,
  min,
  mod,
  multiply,
  subtract,
} from '../loop/indexExpr.ts';
import { cast } from '../loop/expr.ts';
import { registerType } from '../loop/scalarType.ts';
import type { Field } from './field.ts';
import type { LowerOp } from './lowerOp.ts';
import { countBefore, ranksBefore, sideBySide } from './ranking.ts';
import type { Scope } from './scope.ts';
import { declare } from './sorting.ts';

/**
 * Elements that one element is compared with, one after the other. A prime number: where the length is a multiple of it,
 * schedules would split the loop over elements into chunks and elements of a chunk, and spread the chunks only.
 */
const CHUNK = 251;

export interface RankedTopK {
  readonly input: Field;
  readonly axis: number;
  readonly count: Index;
  readonly largest: boolean;
  readonly values: Buffer | undefined;
  readonly places: Buffer | undefined;
}

export function rankedTopK(op: LowerOp, scope: Scope, request: RankedTopK): void {
  const { input, axis, count, largest } = request;
  const length = input.shape[axis]!;
  const chunks = scope.simplify(ceilDiv(length, CHUNK));
  const isOne = chunks.kind === 'constant' && chunks.value <= 1;
  const type = registerType(input.storage);
  const comparable = (value: Expr): Expr => (value.type === 'bool' ? cast('u8', value) : value);
  const before = (a: Expr, b: Expr): Expr => ranksBefore(comparable(a), comparable(b), largest);
  const at = (index: readonly Index[], part: Index): Index[] =>
    index.map((old, place) => (place === axis ? part : old));
  const write = (inner: Scope, index: readonly Index[], rank: Expr, value: Expr, place: Expr) =>
    inner.when(compare('lt', rank, indexValue(count)), (taken) => {
      const to = taken.checkedIndex('rank', rank, count, op.id);
      if (request.values) taken.store(request.values, at(index, to), value, op.id);
      if (request.places) taken.store(request.places, at(index, to), place, op.id);
    });
  const extents = isOne ? [] : op.extents(input.shape);
  const sorted = isOne ? undefined : declare(scope, 'sorted', type, extents);
  const origins = isOne ? undefined : declare(scope, 'origins', 'i64', extents);
  sideBySide(scope, 'i', input.shape, (each, index) => {
    const own = index[axis]!;
    const start = each.simplify(multiply(floorDiv(own, CHUNK), CHUNK));
    const value = each.bind('value', each.at(input, index));
    const rank = each.mutable('place', literal('i32', 0));
    each.loops('j', [min(constant(CHUNK), subtract(length, start))], (inner, [j]) => {
      const place = add(start, j!);
      const other = inner.bind('other', inner.at(input, at(index, place)));
      const isBefore = select(
        compareIndex(less(place, own)),
        unary('not', before(value, other)),
        before(other, value),
      );
      const one = select(isBefore, literal('i32', 1), literal('i32', 0));
      rank.set(inner, binary('add', rank.value, one));
    });
    const slot = binary('add', indexValue(start), cast('i64', rank.value));
    if (sorted === undefined || origins === undefined) {
      write(each, index, slot, value, indexValue(own));
      return;
    }
    const to = each.checkedIndex('slot', slot, length, op.id);
    each.store(sorted, at(index, to), value, op.id);
    each.store(origins, at(index, to), indexValue(own), op.id);
  });
  if (sorted === undefined || origins === undefined) return;
  sideBySide(scope, 'i', input.shape, (each, index) => {
    const own = index[axis]!;
    const value = each.bind('value', load(sorted, index));
    const chunk = floorDiv(own, CHUNK);
    const rank = each.mutable('place', indexValue(mod(own, CHUNK)));
    each.loops('c', [chunks], (inner, [c]) => {
      const isOther = unary('not', compareIndex(equal(c!, chunk)));
      const isOpen = compare('lt', rank.value, indexValue(count));
      inner.when(binary('and', isOther, isOpen), (search) => {
        const start = multiply(c!, CHUNK);
        const stretch = [start, min(add(start, CHUNK), length)].map(indexValue) as [Expr, Expr];
        const earlier = search.bind('earlier', compareIndex(less(c!, chunk)));
        const found = countBefore(search, stretch, (step, position) => {
          const place = step.checkedIndex('at', position, length, op.id);
          const other = step.bind('other', load(sorted, at(index, place)));
          return select(earlier, unary('not', before(value, other)), before(other, value));
        });
        rank.set(search, binary('add', rank.value, found));
      });
    });
    write(each, index, rank.value, value, load(origins, index));
  });
}
