/**
 * Products of matrices and dense convolutions: a group computes a tile of the output. In steps along the reduction all
 * items copy a slice of both operands into the group's memory (index maps, padding and prologues applied on the way),
 * then each adds the products of its own rows and columns to accumulators in registers. The next slice is on its way
 * in registers meanwhile. The epilogue runs on the accumulators.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import { binary, broadcast, compareIndex, lane, literal, load, read } from '../../loop/expr.ts';
import type { Index, IndexCondition } from '../../loop/indexExpr.ts';
import {
  add,
  ceilDiv,
  constant,
  floorDiv,
  less,
  mod,
  multiply,
  product,
  substitute,
  variable,
  ZERO,
} from '../../loop/indexExpr.ts';
import type { Facts } from '../../loop/facts.ts';
import type { Stmt } from '../../loop/ir.ts';
import { branch, localBuffer, loop as loopOf, store } from '../../loop/ir.ts';
import { polyConstant } from '../../loop/polynomial.ts';
import { simplifyBody } from '../../loop/simplify.ts';
import type { Layout } from '../../loop/layout.ts';
import type { Nest } from '../nest.ts';
import { analyseNest } from '../nest.ts';
import { jam } from '../transform/jam.ts';
import type { Loop, Place } from '../transform/place.ts';
import { Refused, unlessRefused } from '../transform/place.ts';
import { copyBody, mapBody } from '../transform/rewrite.ts';
import { withoutUnused } from '../transform/shareCommon.ts';
import type { Contraction, Operand } from './contraction.ts';
import { contractionOf } from './contraction.ts';
import type { DepthPlan } from './depthPlan.ts';
import { planDepth } from './depthPlan.ts';
import type { GpuDevice } from './device.ts';
import { packsOf } from './packs.ts';
import { schedulePerItem } from './perItem.ts';
import type { ProductTile } from './productTile.ts';
import { chooseProductTile, itemsOf, ROW_PADDING } from './productTile.ts';
import { rangeOf } from './ranges.ts';
import type { Extent } from './writer.ts';
import { scaled, Writer } from './writer.ts';

/** Elements of a vector of accumulators, and of one access to group memory. */
const LANES = 4;
/** Extents that only a run knows, for the choice of tiles. */
const UNKNOWN_EXTENT = 256;

/** Statements in place of the nest. Refuses what is no sum of products. */
export function scheduleProduct(
  loop: Loop,
  nest: Nest,
  place: Place,
  device: GpuDevice,
): readonly Stmt[] {
  const contraction = contractionOf(loop, nest, place);
  const tile = tileOf(contraction, device);
  return place.names.replacing([loop], () => {
    const kernel = new ProductKernel(contraction, nest, tile, place);
    return tile.parts === 1 ? kernel.whole() : inParts(contraction, kernel, place, device);
  });
}

/** Layouts in which the product wants its constants; none for what is no product. */
export function productPacks(
  loop: Loop,
  nest: Nest,
  place: Place,
  device: GpuDevice,
  constants: ReadonlySet<string>,
): ReadonlyMap<string, Layout> {
  const contraction = unlessRefused(() => contractionOf(loop, nest, place));
  if (contraction === undefined) return new Map();
  const { order } = planDepth(contraction.depth, tileOf(contraction, device));
  return packsOf(contraction, order, nest, constants);
}

function tileOf({ rows, columns, depth, batch }: Contraction, device: GpuDevice): ProductTile {
  const extents = {
    batch: sizeOf(batch),
    rows: sizeOf(rows.axes),
    columns: sizeOf(columns.axes),
    depth: sizeOf(depth),
  };
  return chooseProductTile(extents, device);
}

function sizeOf(loops: readonly Loop[]): number {
  return loops.reduce(
    (size, { extent }) => size * (extent.kind === 'constant' ? extent.value : UNKNOWN_EXTENT),
    1,
  );
}

/** Sums of parts of the reduction in memory, then a second kernel that adds them up. */
function inParts(
  { rows, columns, batch, sum, point }: Contraction,
  kernel: ProductKernel,
  place: Place,
  device: GpuDevice,
): readonly Stmt[] {
  const { names } = place;
  const axes = [...batch, ...rows.axes, ...columns.axes];
  const { parts } = kernel.tile;
  // Of an extent that only a run knows, at its most: positions are limited to that.
  const shape = [constant(parts), ...axes.map(({ extent }) => mostOf(extent, place.facts))];
  const partial = localBuffer(names.fresh('partial'), sum.type, shape);
  const own = axes.map(({ variable: name }) => variable(name));
  const written = kernel.parts(partial);
  const total = Array.from({ length: parts }, (_, part): Expr =>
    load(partial, [constant(part), ...own]),
  ).reduce((a, b) => binary('add', a, b), sum.initial);
  const name = names.fresh(sum.name);
  const merged = [
    { kind: 'let', name, value: total } as const,
    ...mapBody(point, {
      read: (expr) => (expr.name === sum.name ? read(name, sum.type) : expr),
    }),
  ];
  const nest = axes.reduceRight<readonly Stmt[]>(
    (body, { variable: of, extent }) => [loopOf(of, extent, body, 'parallel')],
    merged,
  );
  const [merge] = copyBody(nest, names) as readonly [Loop];
  const second = schedulePerItem(merge, analyseNest(merge, place.facts), place, device);
  return [{ kind: 'local', buffer: partial }, ...written, ...second];
}

function mostOf(extent: Index, facts: Facts): Index {
  const [, most] = rangeOf(extent, facts);
  return Number.isFinite(most) ? constant(most) : extent;
}

/** Where an item's copies of one operand come from and go to. */
interface Slice {
  readonly operand: Operand;
  readonly buffer: Buffer;
  /** Registers for the next slice. */
  readonly ahead: Buffer;
  /** First row or column of the group's tile. */
  readonly base: Index;
  readonly extent: Index;
  /** Rows or columns of a tile. */
  readonly size: number;
  /** Neighbouring items copy neighbours along the operand's own axes, or along the reduction. */
  readonly along: 'own' | 'depth';
}

/** Elements that are copied under the same conditions. */
interface Copies {
  readonly guards: readonly IndexCondition[];
  readonly copies: {
    readonly place: readonly Index[];
    readonly indices: ReadonlyMap<string, Index>;
  }[];
}

interface Group {
  readonly batch: ReadonlyMap<string, Index>;
  readonly part: Index;
  readonly row: Index;
  readonly column: Index;
}

class ProductKernel {
  private readonly items: number;
  private readonly depth: DepthPlan;
  private readonly acc: Buffer;
  private readonly extents: { readonly rows: Index; readonly columns: Index };

  constructor(
    private readonly contraction: Contraction,
    private readonly nest: Nest,
    readonly tile: ProductTile,
    private readonly place: Place,
  ) {
    const { rows, columns, depth, sum } = contraction;
    this.items = itemsOf(tile);
    this.depth = planDepth(depth, tile);
    this.extents = { rows: extentOf(rows.axes), columns: extentOf(columns.axes) };
    this.acc = {
      name: place.names.fresh('sums'),
      storage: sum.type,
      shape: [this.items, tile.itemRows, tile.itemColumns / LANES].map(constant),
      lanes: LANES,
      space: 'item',
    };
  }

  /** The kernel with the nest's own epilogue. */
  whole(): readonly Stmt[] {
    const { sum, point } = this.contraction;
    const startsAtZero = sum.initial.kind === 'literal' && Number(sum.initial.value) === 0;
    return this.write((_, acc) => {
      const total = startsAtZero ? acc : binary('add', sum.initial, acc);
      return mapBody(point, { read: (expr) => (expr.name === sum.name ? total : expr) });
    });
  }

  /** Sums of the parts into `partial`. */
  parts(partial: Buffer): readonly Stmt[] {
    const { batch, rows, columns } = this.contraction;
    const axes = [...batch, ...rows.axes, ...columns.axes].map(({ variable: name }) =>
      variable(name),
    );
    return this.write(({ part }, acc) => [store(partial, [part, ...axes], acc)]);
  }

  private write(point: (group: Group, acc: Expr) => readonly Stmt[]): readonly Stmt[] {
    const { tile } = this;
    const writer = new Writer(this.place);
    const { batch } = this.contraction;
    const parts: readonly Extent[] = [
      ...batch,
      ...(tile.parts > 1 ? [{ variable: 'part', extent: constant(tile.parts) }] : []),
    ];
    const tiles = [
      ceilDiv(this.extents.rows, tile.rows),
      ceilDiv(this.extents.columns, tile.columns),
    ];
    const outer = parts.length === 0 ? [] : [product(parts.map(({ extent }) => extent))];
    writer.groups([...outer, ...tiles], (group, at) => {
      const [row, column] = at.slice(-2);
      const decoded = new Map(parts.length === 0 ? [] : group.decoded(at[0]!, parts));
      const own: Group = {
        batch: decoded,
        part: decoded.get('part') ?? ZERO,
        row: multiply(row!, tile.rows),
        column: multiply(column!, tile.columns),
      };
      this.group(group, own, point);
    });
    return writer.body;
  }

  private group(
    writer: Writer,
    group: Group,
    point: (group: Group, acc: Expr) => readonly Stmt[],
  ): void {
    const { tile, depth } = this;
    const { rows, columns } = this.contraction;
    const slices = [
      this.slice('rows', rows, group.row, this.extents.rows, tile.rows),
      this.slice('columns', columns, group.column, this.extents.columns, tile.columns),
    ];
    for (const { buffer, ahead } of slices) {
      writer.local(buffer);
      writer.local(ahead);
    }
    writer.local(this.acc);
    const steps = Math.ceil(depth.steps / tile.parts);
    const stepAt = (step: Index): Index => add(multiply(group.part, steps), step);
    const item = (at: Writer, write: (inside: Writer, own: Index) => void): void =>
      at.loop('item', constant(this.items), 'item', write);
    item(writer, (inside, own) => {
      this.clear(inside, own);
      for (const slice of slices) this.fetch(inside, slice, own, stepAt(ZERO), group);
    });
    writer.loop('step', constant(steps), 'serial', (inside, step) => {
      item(inside, (phase, own) => {
        for (const slice of slices) this.keep(phase, slice, own);
      });
      item(inside, (phase, own) => {
        const next = add(step, 1);
        phase.when([less(next, steps)], (more) => {
          for (const slice of slices) this.fetch(more, slice, own, stepAt(next), group);
        });
        this.multiply(phase, slices, own);
      });
    });
    item(writer, (inside, own) => this.finish(inside, group, own, point));
  }

  private slice(hint: string, operand: Operand, base: Index, extent: Index, size: number): Slice {
    const { tile, items } = this;
    const { names } = this.place;
    const { type } = this.contraction.sum;
    const each = (size * tile.depth) / items;
    return {
      operand,
      base,
      extent,
      size,
      along: this.depth.alongDepth(operand, this.nest) ? 'depth' : 'own',
      buffer: {
        name: names.fresh(`${hint}Slice`),
        storage: type,
        shape: [constant(tile.depth), constant(size + ROW_PADDING)],
        lanes: 1,
        space: 'group',
      },
      ahead: {
        name: names.fresh(`${hint}Ahead`),
        storage: type,
        shape: [constant(items), constant(each)],
        lanes: 1,
        space: 'item',
      },
    };
  }

  private clear(writer: Writer, item: Index): void {
    const { tile, acc } = this;
    const nought = broadcast(literal(this.contraction.sum.type, 0), LANES);
    for (let i = 0; i < tile.itemRows; i++) {
      for (let j = 0; j < tile.itemColumns / LANES; j++) {
        writer.emit(store(acc, [item, constant(i), constant(j)], nought));
      }
    }
  }

  /** Places in a slice that an item copies: [step of the reduction, row or column] per copy. */
  private places(
    writer: Writer,
    { size, along }: Slice,
    item: Index,
  ): readonly (readonly [depth: Index, own: Index])[] {
    const { tile, items } = this;
    const count = (size * tile.depth) / items;
    const copies = Array.from({ length: count }, (_, copy) => copy);
    if (along === 'depth') {
      const k = writer.index('k', mod(item, tile.depth));
      const own = writer.index('s', floorDiv(item, tile.depth));
      return copies.map((copy) => [k, add(own, (copy * items) / tile.depth)]);
    }
    if (size >= items) {
      const perStep = size / items;
      return copies.map((copy) => [
        constant(Math.floor(copy / perStep)),
        add(item, (copy % perStep) * items),
      ]);
    }
    const own = writer.index('s', mod(item, size));
    const k = writer.index('k', floorDiv(item, size));
    return copies.map((copy) => [add(k, (copy * items) / size), own]);
  }

  /** A slice of an operand into registers; zero outside of its guards and beyond the reduction. */
  private fetch(writer: Writer, slice: Slice, item: Index, step: Index, group: Group): void {
    const { operand, ahead, base, extent } = slice;
    const { sum, bindings } = this.contraction;
    const nought = literal(sum.type, 0);
    const value = operand.factors.reduce((a, b) => binary('mul', a, b));
    const around = this.depth.around(writer, step);
    const known = new Map<string, ReadonlyMap<string, Index>>();
    let pending: Copies | undefined;
    const flush = (): void => {
      if (pending === undefined) return;
      const { guards, copies } = pending;
      const open = guards.length > 0;
      if (open) for (const { place } of copies) writer.emit(store(ahead, place, nought));
      writer.when(guards, (inside) => {
        for (const { place, indices } of copies) {
          const assign: Stmt = { kind: 'store', buffer: ahead, indices: place, value };
          inside.copy(withoutUnused([...bindings, assign]), { indices });
        }
      });
      pending = undefined;
    };
    this.places(writer, slice, item).forEach(([depth, own], copy) => {
      const key = JSON.stringify(own);
      let axes = known.get(key);
      if (axes === undefined) {
        flush();
        axes = writer.decoded(writer.clamped('at', add(base, own), extent), operand.axes);
        known.set(key, axes);
      }
      const inner = this.depth.inside(writer, step, depth, around);
      const indices = new Map([...group.batch, ...axes, ...inner.indices]);
      const guards = writer.open([
        ...inner.guards,
        ...operand.guards.map((guard) => replaced(guard, indices)),
      ]);
      const place = [item, constant(copy)];
      if (guards === undefined) {
        writer.emit(store(ahead, place, nought));
        return;
      }
      if (pending !== undefined && !sameConditions(pending.guards, guards)) flush();
      pending ??= { guards, copies: [] };
      pending.copies.push({ place, indices });
    });
    flush();
  }

  private keep(writer: Writer, slice: Slice, item: Index): void {
    const { buffer, ahead } = slice;
    this.places(writer, slice, item).forEach(([depth, own], copy) => {
      const place = [writer.simplify(depth), writer.simplify(own)];
      writer.emit(store(buffer, place, load(ahead, [item, constant(copy)])));
    });
  }

  private multiply(writer: Writer, [rows, columns]: readonly Slice[], item: Index): void {
    const { tile, acc } = this;
    const { type } = this.contraction.sum;
    const [y, x] = this.position(writer, item);
    writer.loop('d', constant(tile.depth), 'serial', (inside, d) => {
      const vectors = (slice: Slice, own: Index, count: number, step: number): readonly Expr[] =>
        Array.from({ length: count / LANES }, (_, i) => {
          const name = inside.names.fresh('part');
          const at = [d, inside.simplify(scaled(own, LANES, constant(i * step * LANES)))];
          inside.emit({ kind: 'let', name, value: load(slice.buffer, at, LANES) });
          return read(name, type, LANES);
        });
      const a = vectors(rows!, y, tile.itemRows, tile.rows / tile.itemRows);
      const b = vectors(columns!, x, tile.itemColumns, tile.columns / tile.itemColumns);
      for (let i = 0; i < tile.itemRows; i++) {
        const factor = broadcast(lane(a[Math.floor(i / LANES)]!, i % LANES), LANES);
        b.forEach((own, j) => {
          const at = [item, constant(i), constant(j)];
          inside.emit(store(acc, at, binary('add', load(acc, at), binary('mul', factor, own))));
        });
      }
    });
  }

  /** Row and column of an item in its group. */
  private position(writer: Writer, item: Index): readonly [Index, Index] {
    const across = this.tile.columns / this.tile.itemColumns;
    return [writer.index('y', floorDiv(item, across)), writer.index('x', mod(item, across))];
  }

  private finish(
    writer: Writer,
    group: Group,
    item: Index,
    point: (group: Group, acc: Expr) => readonly Stmt[],
  ): void {
    const wide = this.fitsLanes()
      ? unlessRefused(() => this.epilogue(writer, group, item, point, true))
      : undefined;
    const body = wide ?? this.epilogue(writer, group, item, point, false);
    for (const stmt of body) writer.emit(stmt);
  }

  private fitsLanes(): boolean {
    const last = this.contraction.columns.axes.at(-1)!;
    return last.extent.kind === 'constant' && last.extent.value % LANES === 0;
  }

  /** The point's statements for all of an item's accumulators, in vectors along the columns or one by one. */
  private epilogue(
    writer: Writer,
    group: Group,
    item: Index,
    point: (group: Group, acc: Expr) => readonly Stmt[],
    wide: boolean,
  ): readonly Stmt[] {
    const { tile } = this;
    const { rows, columns } = this.contraction;
    const [y, x] = this.position(writer, item);
    const [i1, i0, j, l] = ['row.vector', 'row.lane', 'column.vector', 'column.lane'];
    const points = [
      { variable: i1, extent: tile.itemRows / LANES },
      { variable: i0, extent: LANES },
      { variable: j, extent: tile.itemColumns / LANES },
      ...(wide ? [] : [{ variable: l, extent: LANES }]),
    ].filter(({ extent }) => extent > 1);
    const at = (name: string): Index =>
      wide && name === l
        ? variable(l)
        : points.some((axis) => axis.variable === name)
          ? variable(name)
          : ZERO;
    const facts = [...points, ...(wide ? [{ variable: l, extent: LANES }] : [])].reduce(
      (known, axis) => known.within(axis.variable, polyConstant(axis.extent)),
      writer.facts,
    );
    const inside = new Writer({ facts, names: writer.names });
    const down = tile.rows / tile.itemRows;
    const across = tile.columns / tile.itemColumns;
    const row = add(group.row, add(scaled(at(i1), down * LANES, multiply(y, LANES)), at(i0)));
    const start = add(group.column, scaled(at(j), across * LANES, multiply(x, LANES)));
    const guards: IndexCondition[] = [less(row, this.extents.rows)];
    const indices = new Map([
      ...group.batch,
      ...inside.decoded(inside.clamped('row', row, this.extents.rows), rows.axes),
    ]);
    if (wide) {
      // Vectors start at multiples of their lanes, and so does every row of the last axis.
      const last = columns.axes.at(-1)!;
      const vectors = columns.axes.map((axis): Extent =>
        axis === last ? { ...axis, extent: floorDiv(axis.extent, LANES) } : axis,
      );
      const count = floorDiv(this.extents.columns, LANES);
      const flat = inside.simplify(floorDiv(start, LANES));
      const decoded = inside.decoded(inside.clamped('column', flat, count), vectors);
      for (const [name, index] of decoded) indices.set(name, index);
      indices.set(last.variable, scaled(indices.get(last.variable)!, LANES, variable(l)));
      guards.push(less(flat, count));
    } else {
      const column = add(start, at(l));
      const decoded = inside.decoded(
        inside.clamped('column', column, this.extents.columns),
        columns.axes,
      );
      for (const [name, index] of decoded) indices.set(name, index);
      guards.push(less(column, this.extents.columns));
    }
    const flat = this.flatSums();
    const own = load(flat, [item, scaled(at(i1), LANES, at(i0)), scaled(at(j), LANES, at(l))], 1);
    const body = withoutUnused(guarded(point(group, own), guards));
    inside.copy(body, { indices });
    const place = { facts, names: writer.names };
    const prepared = simplifyBody(inside.body, facts);
    const lanes = wide ? { variable: l, lanes: LANES } : undefined;
    const written = jam(prepared, points, lanes, place);
    return mapBody(written, {
      load: (expr) => (expr.buffer === flat ? this.sumOf(expr) : expr),
    });
  }

  /** The accumulators as if they were single elements. */
  private flatSums(): Buffer {
    const { tile, acc } = this;
    const shape = [this.items, tile.itemRows, tile.itemColumns].map(constant);
    return { ...acc, shape, lanes: 1 };
  }

  private sumOf(expr: Extract<Expr, { readonly kind: 'load' }>): Expr {
    const [item, row, column] = expr.indices as readonly [Index, Index, Index];
    if (column.kind !== 'constant') throw new Refused('an accumulator is not known');
    const vector = load(this.acc, [item, row, constant(Math.floor(column.value / LANES))]);
    return expr.lanes === LANES ? vector : lane(vector, column.value % LANES);
  }
}

function extentOf(loops: readonly Loop[]): Index {
  return product(loops.map(({ extent }) => extent));
}

function replaced(
  { op, a, b }: IndexCondition,
  indices: ReadonlyMap<string, Index>,
): IndexCondition {
  const at = (index: Index): Index => substitute(index, (name) => indices.get(name));
  return { op, a: at(a), b: at(b) };
}

function sameConditions(a: readonly IndexCondition[], b: readonly IndexCondition[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Stores under conditions, everything else before them as it is: positions are kept in range. */
function guarded(body: readonly Stmt[], conditions: readonly IndexCondition[]): readonly Stmt[] {
  const condition = conditions
    .map((part): Expr => compareIndex(part))
    .reduce((a, b) => binary('and', a, b));
  return body.map((stmt) => (stmt.kind === 'store' ? branch(condition, [stmt]) : stmt));
}
