/**
 * Reductions that the items of a group share: every item accumulates a part of its own and leaves it in the group's
 * memory, where fewer and fewer items combine the parts of several.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import { binary, literal, load, read } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { add, ceilDiv, less, product } from '../../loop/indexExpr.ts';
import { store } from '../../loop/ir.ts';
import type { ScalarType } from '../../loop/scalarType.ts';
import { integerRange, isFloat } from '../../loop/scalarType.ts';
import type { Accumulating } from '../transform/accumulation.ts';
import type { Loop } from '../transform/place.ts';
import type { Writer } from './writer.ts';
import { scaled } from './writer.ts';

/** Partial results that one item combines at a time. */
const RADIX = 4;

export interface PartialResult {
  /** The variable that the nest accumulates in. */
  readonly name: string;
  readonly op: Accumulating;
  readonly type: ScalarType;
  /** An element for each item, behind the axes of what else the group shares. Combined, the first is the total. */
  readonly memory: Buffer;
}

/** What an item accumulates, from nothing; read by the names of the nest. */
export function startPartials(
  item: Writer,
  results: readonly PartialResult[],
): ReadonlyMap<string, Expr> {
  return new Map(
    results.map(({ name, op, type }): [string, Expr] => {
      const fresh = item.names.fresh(name);
      item.emit({ kind: 'variable', name: fresh, initial: identity(op, type) });
      return [name, read(fresh, type)];
    }),
  );
}

/** @param at the item's element of the memory. */
export function keepPartials(
  item: Writer,
  results: readonly PartialResult[],
  partials: ReadonlyMap<string, Expr>,
  at: readonly Index[],
): void {
  for (const { name, memory } of results) item.emit(store(memory, at, partials.get(name)!));
}

/**
 * @param items how many have partial results: a power of two.
 * @param eachItem what every item does between two barriers: it gives its number, and where its results lie in memory.
 */
export function combinePartials(
  items: number,
  results: readonly PartialResult[],
  eachItem: (write: (item: Writer, own: Index, outer: readonly Index[]) => void) => void,
): void {
  for (let left = items; left > 1;) {
    const next = Math.max(1, Math.floor(left / RADIX));
    const ways = left / next;
    eachItem((item, own, outer) =>
      item.when([less(own, next)], (some) => {
        for (const { memory, op } of results) {
          const parts = Array.from({ length: ways }, (_, i) =>
            load(memory, [...outer, add(own, i * next)]),
          );
          const total = parts.reduce<Expr | undefined>(
            (a, b) => (a ? binary(op, a, b) : b),
            undefined,
          );
          some.copy([store(memory, [...outer, own], total!)]);
        }
      }),
    );
    left = next;
  }
}

/**
 * The iterations of some loops that one of `items` items does: every so manieth.
 * @param hints names of the round and of the iteration.
 */
export function shareOfItem(
  writer: Writer,
  loops: readonly Loop[],
  items: number,
  own: Index,
  [round, at]: readonly [round: string, at: string],
  write: (inside: Writer, indices: ReadonlyMap<string, Index>) => void,
): void {
  const total = writer.simplify(product(loops.map(({ extent }) => extent)));
  writer.loop(round, ceilDiv(total, items), 'serial', (inside, current) => {
    const flat = scaled(current, items, own);
    inside.when([less(flat, total)], (open) => {
      write(open, open.decoded(open.clamped(at, flat, total), loops));
    });
  });
}

/** What leaves the other operand as it is. */
function identity(op: Accumulating, type: ScalarType): Expr {
  if (op === 'add') return literal(type, 0);
  if (op === 'mul') return literal(type, 1);
  if (isFloat(type)) return literal(type, op === 'max' ? -Infinity : Infinity);
  const [least, most] = integerRange(type);
  return literal(type, op === 'max' ? least : most);
}
