/**
 * The kernel of rows: the items of a group walk a row side by side, keep partial results, and combine them in group memory;
 * what follows reads the result from there, so that several reductions and the pass that uses them are one kernel.
 */
import type { Expr } from '../../loop/expr.ts';
import { binary, load } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import {
  add,
  ceilDiv,
  constant,
  equal,
  floorDiv,
  less,
  mod,
  product,
  ZERO,
} from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { accumulatorsOf } from '../transform/accumulation.ts';
import type { Loop, Place } from '../transform/place.ts';
import { insideOf, Refused } from '../transform/place.ts';
import { expectIndependentLoops, perfectNest } from '../transform/reorder.ts';
import { mapBody } from '../transform/rewrite.ts';
import { withoutUnused } from '../transform/shareCommon.ts';
import type { GpuDevice } from './device.ts';
import { expectRectangular } from './outputLoops.ts';
import type { PartialResult } from './partialResults.ts';
import { combinePartials, keepPartials, shareOfItem, startPartials } from './partialResults.ts';
import { RowMemory } from './rowMemory.ts';
import type { RowItems, RowShape } from './rowShape.ts';
import { itemsOfRows } from './rowShape.ts';
import type { Writer } from './writer.ts';
import { scaled } from './writer.ts';

interface Row {
  /** In the group. */
  readonly place: Index;
  readonly axes: ReadonlyMap<string, Index>;
}

/** Where the parts of the rows of a group are written. */
interface RowPart {
  readonly group: Writer;
  readonly first: Index;
  readonly count: Index;
}

interface Result extends PartialResult {
  readonly initial: Expr;
}

type Variable = Extract<Stmt, { readonly kind: 'variable' }>;

export class RowKernel {
  private readonly sizes: RowItems;
  private readonly count: Index;
  private readonly variables = new Map<string, Variable>();
  private readonly results = new Map<string, Result>();
  /** Values of the row that later parts may read; every item computes those that it needs. */
  private readonly bindings: Stmt[] = [];
  private readonly memory: RowMemory;

  /**
   * @param body what one row does: bindings, variables, loops over the row, stores.
   * @param loops over the rows; none: there is one.
   */
  constructor(
    private readonly body: readonly Stmt[],
    private readonly loops: readonly Loop[],
    private readonly shape: RowShape,
    device: GpuDevice,
    private readonly place: Place,
  ) {
    this.count = product(loops.map(({ extent }) => extent));
    const total = this.count.kind === 'constant' ? this.count.value : Infinity;
    this.sizes = itemsOfRows(shape, total, device);
    this.memory = new RowMemory(this.sizes.rows, device, place.names);
  }

  write(writer: Writer): void {
    const { rows } = this.sizes;
    const count = writer.simplify(this.count);
    writer.groups([ceilDiv(count, rows)], (group, [at]) => {
      const part: RowPart = { group, first: scaled(at!, rows, ZERO), count };
      for (const stmt of this.body) this.stmt(part, stmt);
    });
  }

  private stmt(part: RowPart, stmt: Stmt): void {
    switch (stmt.kind) {
      case 'comment':
        return;
      case 'let':
        this.memory.expectUnread(stmt);
        this.bindings.push(stmt);
        return;
      case 'variable':
        this.variables.set(stmt.name, stmt);
        return;
      case 'local':
        part.group.local(this.memory.share(stmt.buffer));
        return;
      case 'store':
        this.items(part, (item, row, own) => {
          item.when([equal(own, 0)], (inside) => this.copy(inside, [stmt], row));
        });
        return;
      case 'for':
        if (accumulatorsOf(stmt.body) === undefined) this.spread(part, stmt);
        else this.reduction(part, stmt);
        return;
      default:
        throw new Refused(`a ${stmt.kind} in a row`);
    }
  }

  /** All items of the group whose row exists. */
  private items(
    { group, first, count }: RowPart,
    write: (inside: Writer, row: Row, own: Index) => void,
    decode = true,
  ): void {
    const { across, rows } = this.sizes;
    group.loop('item', constant(across * rows), 'item', (item, at) => {
      const { beside } = this.shape;
      const place = item.index('r', beside ? mod(at, rows) : floorDiv(at, across));
      const own = item.index('t', beside ? floorDiv(at, rows) : mod(at, across));
      const row = add(first, place);
      item.when([less(row, count)], (inside) => {
        const axes = decode
          ? inside.decoded(inside.clamped('row', row, count), this.loops)
          : new Map<string, Index>();
        write(inside, { place, axes }, own);
      });
    });
  }

  /** Statements for one row, behind the values of the row that they need. */
  private copy(
    writer: Writer,
    body: readonly Stmt[],
    { place, axes }: Row,
    inner: ReadonlyMap<string, Index> = new Map(),
    reads: ReadonlyMap<string, Expr> = new Map(),
  ): void {
    const ordered: Stmt[] = [];
    const known = new Set<string>();
    for (const stmt of [...this.bindings, ...body]) {
      for (const [name, { op, memory, initial }] of this.results) {
        if (known.has(name) || !mentionsRead([stmt], name)) continue;
        known.add(name);
        const total = load(memory, [place, ZERO]);
        ordered.push({ kind: 'let', name, value: binary(op, initial, total) });
      }
      ordered.push(stmt);
    }
    const moved = this.memory.moved(withoutUnused(ordered), place);
    writer.copy(moved, { indices: new Map([...axes, ...inner]), reads });
  }

  /** Partial results of every item, then of fewer and fewer. */
  private reduction(part: RowPart, loop: Loop): void {
    const found = [...accumulatorsOf(loop.body)!];
    const { loops, body } = perfectNest(loop, this.insideRow());
    expectRectangular(loops);
    const results = found.map(([name, op]): Result => {
      const declared = this.variables.get(name);
      if (declared === undefined) throw new Refused(`${name} is declared elsewhere`);
      if (this.results.has(name)) throw new Refused(`${name} is accumulated twice`);
      const { initial } = declared;
      if (initial.lanes !== 1) throw new Refused(`${name} is a vector`);
      const shape = [constant(this.sizes.across)];
      const memory = this.memory.of(`${name}Parts`, initial.type, shape);
      return { name, op, type: initial.type, initial, memory };
    });
    for (const { memory } of results) part.group.local(memory);
    this.items(part, (item, row, own) => {
      const partials = startPartials(item, results);
      this.along(item, loops, own, (each, inner) => this.copy(each, body, row, inner, partials));
      keepPartials(item, results, partials, [row.place, own]);
    });
    combinePartials(this.sizes.across, results, (write) => {
      this.items(part, (item, { place }, own) => write(item, own, [place]), false);
    });
    for (const result of results) this.results.set(result.name, result);
  }

  /** Independent iterations, each by one item. */
  private spread(part: RowPart, loop: Loop): void {
    const inside = this.insideRow();
    const { loops, body } = perfectNest(loop, inside);
    expectRectangular(loops);
    expectIndependentLoops(loops, body, inside);
    this.items(part, (item, row, own) => {
      this.along(item, loops, own, (each, inner) => this.copy(each, body, row, inner));
    });
  }

  /** The place of a row's statements, as they stood in the nest. */
  private insideRow(): Place {
    return this.loops.reduce((place, loop) => insideOf(loop, place), this.place);
  }

  /** The iterations of some loops of the row that one of its items does. */
  private along(
    writer: Writer,
    loops: readonly Loop[],
    own: Index,
    write: (inside: Writer, inner: ReadonlyMap<string, Index>) => void,
  ): void {
    shareOfItem(writer, loops, this.sizes.across, own, ['j', 'k'], write);
  }
}

function mentionsRead(body: readonly Stmt[], name: string): boolean {
  let found = false;
  mapBody(body, {
    read: (expr) => {
      found ||= expr.name === name;
      return expr;
    },
  });
  return found;
}
