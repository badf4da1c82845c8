/**
 * Reductions with a group per row (softmax, normalisations, means, whole planes): the items of a group walk the row side
 * by side, keep partial results, and add them up in group memory; what follows reads the result from there, so that
 * several reductions and the pass that uses them are one kernel. Several short rows share a group.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import { binary, literal, load, read } from '../../loop/expr.ts';
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
import { bodiesOf, store } from '../../loop/ir.ts';
import { mentionsIndex } from '../../loop/mentions.ts';
import type { ScalarType } from '../../loop/scalarType.ts';
import { integerRange, isFloat, storageBytes } from '../../loop/scalarType.ts';
import { strideOf } from '../affine.ts';
import type { Access, Nest } from '../nest.ts';
import { dependsOn, productOf } from '../nest.ts';
import type { Accumulating } from '../transform/accumulation.ts';
import { accumulatorsOf } from '../transform/accumulation.ts';
import { visitLoads, visitStores } from '../transform/independence.ts';
import { visitBound } from '../transform/names.ts';
import type { Loop, Place } from '../transform/place.ts';
import { insideOf, Refused } from '../transform/place.ts';
import { expectIndependentLoops, perfectNest } from '../transform/reorder.ts';
import { mapBody } from '../transform/rewrite.ts';
import { withoutUnused } from '../transform/shareCommon.ts';
import type { GpuDevice } from './device.ts';
import { withIndicesInline } from './inlineIndices.ts';
import { outputLoops } from './outputLoops.ts';
import { scaled, Writer } from './writer.ts';

/** Shortest row that is worth a group's barriers. */
const LEAST_ROW = 24;
/** Elements of a row per item, where the row is long enough: hides latency. */
const ELEMENTS = 4;
/** Least items of a group, where there are rows enough. */
const LEAST_ITEMS = 64;
/** Neighbouring rows in a group, where those are neighbours in memory. */
const BESIDE = 32;
/** Partial results that one item adds up at a time. */
const RADIX = 4;

/** Statements in place of the nest. Refuses what is no row, or short. */
export function scheduleRowGroups(
  loop: Loop,
  nest: Nest,
  place: Place,
  device: GpuDevice,
): readonly Stmt[] {
  const { loops, body } = outputLoops(loop, place, nest.axes.length);
  const length = longestRow(nest);
  if (length < LEAST_ROW) throw new Refused(`rows of ${length} elements`);
  const beside = nest.kind === 'window' && !runsAlongRows(nest);
  return place.names.replacing([loop], () =>
    rowGroups(body, loops, { length, beside }, place, device),
  );
}

/** The largest operand lies along the reduction: neighbouring steps are neighbours in memory. */
export function runsAlongRows({ accesses, axes, inner }: Nest): boolean {
  const own = [...axes, ...inner];
  const loads = accesses.filter((access) => access.kind === 'load' && access.inner.length > 0);
  const breadth = (access: Access): number =>
    own.filter(({ variable }) => dependsOn(access, variable)).length;
  const [largest] = [...loads].sort((a, b) => breadth(b) - breadth(a));
  const last = largest?.inner.at(-1);
  return (
    largest !== undefined &&
    last !== undefined &&
    strideOf(largest.position, last.variable, largest.facts) === 1
  );
}

/** How a row's items walk it. */
export interface RowShape {
  /** Elements of the longest walk along the row. */
  readonly length: number;
  /** Neighbouring rows are neighbours in memory, steps along the row are not. */
  readonly beside: boolean;
}

/**
 * @param body what one row does: bindings, variables, loops over the row, stores.
 * @param loops over the rows; none: there is one.
 */
export function rowGroups(
  body: readonly Stmt[],
  loops: readonly Loop[],
  shape: RowShape,
  place: Place,
  device: GpuDevice,
): readonly Stmt[] {
  const inline = withIndicesInline(body);
  expectNoReadBack(inline);
  const writer = new Writer(place);
  new RowKernel(inline, loops, shape, device, place).write(writer);
  return writer.body;
}

/** Elements of the longest walk along a row. */
export function longestRow(nest: Nest): number {
  return Math.max(0, ...nest.accesses.map(({ inner }) => productOf(inner) ?? 256));
}

/** What one part of a row writes, another may only read in memory of the group. */
function expectNoReadBack(body: readonly Stmt[]): void {
  const own = new Set<string>();
  visitBound(body, (name) => own.add(name));
  const written = new Set<string>();
  visitStores(body, ({ buffer }) => own.has(buffer.name) || written.add(buffer.name));
  visitLoads(body, ({ name }) => {
    if (written.has(name)) throw new Refused(`${name} is written and read`);
  });
}

interface Row {
  /** In the group. */
  readonly place: Index;
  readonly axes: ReadonlyMap<string, Index>;
}

interface Result {
  readonly op: Accumulating;
  readonly type: ScalarType;
  readonly initial: Expr;
  /** Partial results per row of the group, the total first at last. */
  readonly memory: Buffer;
}

type Variable = Extract<Stmt, { readonly kind: 'variable' }>;

class RowKernel {
  /** Items along a row, and rows in a group. */
  private readonly across: number;
  private readonly rows: number;
  private readonly count: Index;
  private readonly variables = new Map<string, Variable>();
  private readonly results = new Map<string, Result>();
  /** Values of the row that later parts may read; every item computes those that it needs. */
  private readonly bindings: Stmt[] = [];
  /** Memory of the row, which the group shares. */
  private readonly shared = new Map<string, Buffer>();
  private bytes = 0;

  constructor(
    private readonly body: readonly Stmt[],
    private readonly loops: readonly Loop[],
    private readonly shape: RowShape,
    private readonly device: GpuDevice,
    private readonly place: Place,
  ) {
    const { groupSize } = device;
    this.count = product(loops.map(({ extent }) => extent));
    const total = this.count.kind === 'constant' ? this.count.value : Infinity;
    let rows = 1;
    let across = Math.min(shape.beside ? Math.max(1, groupSize / BESIDE) : 32, groupSize);
    if (shape.beside) rows = Math.min(BESIDE, groupSize);
    else {
      while (across < groupSize && across * ELEMENTS < shape.length) across *= 2;
      while (rows * across < Math.min(LEAST_ITEMS, groupSize) && rows < total) rows *= 2;
    }
    this.across = across;
    this.rows = rows;
  }

  write(writer: Writer): void {
    const count = writer.simplify(this.count);
    writer.groups([ceilDiv(count, this.rows)], (group, [at]) => {
      const first = scaled(at!, this.rows, ZERO);
      const part = new RowPart(group, first, count);
      for (const stmt of this.body) this.stmt(part, stmt);
    });
  }

  private stmt(part: RowPart, stmt: Stmt): void {
    switch (stmt.kind) {
      case 'comment':
        return;
      case 'let':
        this.expectUnwritten(stmt);
        this.bindings.push(stmt);
        return;
      case 'variable':
        this.variables.set(stmt.name, stmt);
        return;
      case 'local':
        this.share(part, stmt.buffer);
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

  /** A value of the whole row is read again later: memory that the row's parts write may have changed by then. */
  private expectUnwritten(stmt: Stmt): void {
    visitLoads([stmt], ({ name }) => {
      if (this.shared.has(name)) throw new Refused(`a value of ${name}, which the row writes`);
    });
  }

  private share({ group }: RowPart, buffer: Buffer): void {
    if (buffer.space !== 'local' || buffer.lanes !== 1) throw new Refused('a register tile');
    const own = this.memory(buffer.name, buffer.storage, buffer.shape);
    this.shared.set(buffer.name, own);
    group.local(own);
  }

  /** Memory of the group for each of its rows. */
  private memory(hint: string, storage: Buffer['storage'], shape: readonly Index[]): Buffer {
    const elements = shape.reduce(
      (size, dim) => size * (dim.kind === 'constant' ? dim.value : Infinity),
      this.rows,
    );
    this.bytes += elements * storageBytes(storage);
    if (this.bytes > this.device.localBytes) throw new Refused('rows too long for group memory');
    const name = this.place.names.fresh(hint);
    return { name, storage, shape: [constant(this.rows), ...shape], lanes: 1, space: 'group' };
  }

  /** All items of the group whose row exists. */
  private items(
    { group, first, count }: RowPart,
    write: (inside: Writer, row: Row, own: Index) => void,
    decode = true,
  ): void {
    const { across, rows } = this;
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
    const moved = this.inGroupMemory(withoutUnused(ordered), place);
    writer.copy(moved, { indices: new Map([...axes, ...inner]), reads });
  }

  private inGroupMemory(body: readonly Stmt[], place: Index): readonly Stmt[] {
    if (this.shared.size === 0) return body;
    const stores = (stmts: readonly Stmt[]): readonly Stmt[] =>
      stmts.map((stmt): Stmt => {
        if (stmt.kind === 'store') {
          const own = this.shared.get(stmt.buffer.name);
          return own ? { ...stmt, buffer: own, indices: [place, ...stmt.indices] } : stmt;
        }
        if (stmt.kind === 'if') {
          return { ...stmt, then: stores(stmt.then), otherwise: stores(stmt.otherwise) };
        }
        const [inner] = bodiesOf(stmt);
        if (inner === undefined) return stmt;
        return { ...stmt, body: stores(inner) } as Stmt;
      });
    return stores(
      mapBody(body, {
        load: (expr) => {
          const own = this.shared.get(expr.buffer.name);
          return own ? load(own, [place, ...expr.indices], expr.lanes) : expr;
        },
      }),
    );
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
      const memory = this.memory(`${name}Parts`, initial.type, [constant(this.across)]);
      return { op, type: initial.type, initial, memory };
    });
    for (const { memory } of results) part.group.local(memory);
    this.items(part, (item, row, own) => {
      const partial = new Map(
        found.map(([name], i): [string, Expr] => {
          const { op, type } = results[i]!;
          const fresh = item.names.fresh(name);
          item.emit({ kind: 'variable', name: fresh, initial: identity(op, type) });
          return [name, read(fresh, type)];
        }),
      );
      this.along(item, loops, own, (each, inner) => this.copy(each, body, row, inner, partial));
      results.forEach(({ memory }, i) => {
        item.emit(store(memory, [row.place, own], partial.get(found[i]![0])!));
      });
    });
    this.combine(part, results);
    found.forEach(([name], i) => this.results.set(name, results[i]!));
  }

  private combine(part: RowPart, results: readonly Result[]): void {
    for (let left = this.across; left > 1;) {
      const next = Math.max(1, left / RADIX);
      const ways = left / next;
      const write = (item: Writer, { place }: Row, own: Index): void =>
        item.when([less(own, next)], (inside) => {
          for (const { memory, op } of results) {
            const parts = Array.from({ length: ways }, (_, i) =>
              load(memory, [place, add(own, i * next)]),
            );
            inside.copy([
              store(
                memory,
                [place, own],
                parts.reduce((a, b) => binary(op, a, b)),
              ),
            ]);
          }
        });
      this.items(part, write, false);
      left = next;
    }
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
    const total = writer.simplify(product(loops.map(({ extent }) => extent)));
    writer.loop('j', ceilDiv(total, this.across), 'serial', (inside, j) => {
      const flat = scaled(j, this.across, own);
      inside.when([less(flat, total)], (open) => {
        write(open, open.decoded(open.clamped('k', flat, total), loops));
      });
    });
  }
}

/** Where the parts of the rows of a group are written. */
class RowPart {
  constructor(
    readonly group: Writer,
    readonly first: Index,
    readonly count: Index,
  ) {}
}

function expectRectangular(loops: readonly Loop[]): void {
  for (const { variable } of loops) {
    for (const { extent } of loops) {
      if (mentionsIndex([{ kind: 'letIndex', name: '', value: extent }], variable)) {
        throw new Refused('the extent of a loop depends on another');
      }
    }
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

/** What leaves the other operand as it is. */
export function identity(op: Accumulating, type: ScalarType): Expr {
  if (op === 'add') return literal(type, 0);
  if (op === 'mul') return literal(type, 1);
  if (isFloat(type)) return literal(type, op === 'max' ? -Infinity : Infinity);
  const [least, most] = integerRange(type);
  return literal(type, op === 'max' ? least : most);
}
