/**
 * A slice of one operand of a product on its way into group memory: every item reads some elements into registers (index
 * maps, padding and prologues applied on the way), and puts them into the group's memory a step later.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import { binary, broadcast, lane, literal, load } from '../../loop/expr.ts';
import type { Index, IndexCondition } from '../../loop/indexExpr.ts';
import { add, constant, substitute, variable } from '../../loop/indexExpr.ts';
import { store } from '../../loop/ir.ts';
import { polyConstant } from '../../loop/polynomial.ts';
import { jam } from '../transform/jam.ts';
import type { Names } from '../transform/names.ts';
import { withoutUnused } from '../transform/shareCommon.ts';
import type { Operand } from './contraction.ts';
import type { ProductGroup, ProductItem, ProductPlan } from './productPlan.ts';
import { LANES } from './productPlan.ts';
import { ROW_PADDING } from './productTile.ts';
import type { SliceShape } from './slicePlaces.ts';
import { runsOf, slicePlaces } from './slicePlaces.ts';
import { Writer } from './writer.ts';

/** Runs that are copied under the same conditions. */
interface Copies {
  readonly guards: readonly IndexCondition[];
  readonly copies: {
    readonly run: number;
    readonly indices: ReadonlyMap<string, Index>;
  }[];
}

export class ProductSlice {
  /** Of the group: team, step of the reduction, row or column. */
  readonly buffer: Buffer;
  /** Registers for the next slice: runs of an item. */
  readonly ahead: Buffer;
  private readonly operand: Operand;
  private readonly extent: Index;
  private readonly shape: SliceShape;

  /**
   * @param base first row or column of the group's tile.
   * @param width elements that are read at a time, in the direction in which they are neighbours in memory.
   */
  private constructor(
    private readonly plan: ProductPlan,
    private readonly side: 'rows' | 'columns',
    private readonly base: Index,
    private readonly names: {
      readonly buffer: string;
      readonly ahead: string;
      readonly lane: string;
    },
    width: number,
  ) {
    const { tile, items, contraction, depth, extents, nest } = plan;
    this.operand = contraction[side];
    this.extent = extents[side];
    const along = depth.contiguous(this.operand, nest) ?? 'own';
    this.shape = { depth: tile.depth, size: tile[side], items, along, width };
    this.buffer = {
      name: names.buffer,
      storage: contraction.sum.type,
      shape: [tile.teams, tile.depth, tile[side] + ROW_PADDING].map(constant),
      lanes: 1,
      space: 'group',
    };
    this.ahead = {
      name: names.ahead,
      storage: contraction.sum.type,
      shape: [items * tile.teams, runsOf(this.shape)].map(constant),
      lanes: width,
      space: 'item',
    };
  }

  /** Element by element. */
  static of(plan: ProductPlan, side: 'rows' | 'columns', base: Index, names: Names): ProductSlice {
    const [buffer, ahead] = [names.fresh(`${side}Slice`), names.fresh(`${side}Ahead`)];
    return new ProductSlice(plan, side, base, { buffer, ahead, lane: names.fresh('lane') }, 1);
  }

  /** The same in vectors; undefined where the operand's memory has none. Fetching may still refuse. */
  inVectors(): ProductSlice | undefined {
    const { plan, side, base, names, operand } = this;
    const along = plan.depth.contiguous(operand, plan.nest);
    const { extent } = along === 'own' ? operand.axes.at(-1)! : plan.depth.order.at(-1)!;
    const fits = extent.kind === 'constant' && extent.value % LANES === 0;
    return along !== undefined && fits
      ? new ProductSlice(plan, side, base, names, LANES)
      : undefined;
  }

  /** Into registers; zero outside of the operand's guards and beyond the reduction. */
  fetch(writer: Writer, item: ProductItem, step: Index, group: ProductGroup): void {
    const { operand, shape } = this;
    const { depth: walk } = this.plan;
    const around = walk.around(writer, step);
    const known = new Map<string, ReadonlyMap<string, Index>>();
    let pending: Copies | undefined;
    const flush = (): void => {
      if (pending === undefined) return;
      const { guards, copies } = pending;
      if (guards.length > 0) for (const { run } of copies) this.clear(writer, item, run);
      writer.when(guards, (where) => {
        for (const { run, indices } of copies) this.read(where, item, run, indices);
      });
      pending = undefined;
    };
    slicePlaces(writer, item.own, shape).forEach(({ depth, own, inside }, run) => {
      const key = JSON.stringify(own);
      let axes = known.get(key);
      if (axes === undefined) {
        flush();
        axes = this.axesAt(writer, own);
        known.set(key, axes);
      }
      const inner = walk.inside(
        writer,
        step,
        depth,
        around,
        shape.along === 'depth' ? shape.width : 1,
      );
      const indices = new Map([...group.batch, ...axes, ...inner.indices]);
      const guards = writer.open([
        ...inside,
        ...inner.guards,
        ...operand.guards.map((guard) => replaced(guard, indices)),
      ]);
      if (guards === undefined) {
        this.clear(writer, item, run);
        return;
      }
      if (pending !== undefined && !sameConditions(pending.guards, guards)) flush();
      pending ??= { guards, copies: [] };
      pending.copies.push({ run, indices });
    });
    flush();
  }

  /** Indices of the operand's axes at a row or column of the tile, of a run's first element. */
  private axesAt(writer: Writer, own: Index): ReadonlyMap<string, Index> {
    const { operand, base, extent } = this;
    const { along, width } = this.shape;
    const taken = along === 'own' ? width : 1;
    return writer.decodedRun('at', add(base, own), extent, operand.axes, taken);
  }

  private clear(writer: Writer, { index }: ProductItem, run: number): void {
    const nought = literal(this.plan.contraction.sum.type, 0);
    const { width } = this.shape;
    const value = width === 1 ? nought : broadcast(nought, width);
    writer.emit(store(this.ahead, [index, constant(run)], value));
  }

  private read(
    writer: Writer,
    { index }: ProductItem,
    run: number,
    indices: ReadonlyMap<string, Index>,
  ): void {
    const { operand, ahead } = this;
    const { lane: name } = this.names;
    const { bindings } = this.plan.contraction;
    const { along, width } = this.shape;
    const value = operand.factors.reduce((a, b) => binary('mul', a, b));
    const place = [index, constant(run)];
    if (width === 1) {
      const assign = store(ahead, place, value);
      writer.copy(withoutUnused([...bindings, assign]), { indices });
      return;
    }
    const facts = writer.facts.within(name, polyConstant(width));
    const inside = new Writer({ facts, names: writer.names });
    const single: Buffer = { ...ahead, shape: [...ahead.shape, constant(width)], lanes: 1 };
    const assign = store(single, [...place, variable(name)], value);
    const moving = along === 'own' ? operand.axes.at(-1)! : this.plan.depth.order.at(-1)!;
    const own = new Map(indices);
    own.set(moving.variable, add(indices.get(moving.variable)!, variable(name)));
    inside.copy(withoutUnused([...bindings, assign]), { indices: own });
    const body = jam(inside.body, [], { variable: name, lanes: width }, { ...inside.place, facts });
    for (const stmt of body) {
      const isLast = stmt.kind === 'store' && stmt.buffer === single;
      writer.emit(isLast ? store(ahead, place, stmt.value) : stmt);
    }
  }

  /** From registers into the group's memory. */
  keep(writer: Writer, item: ProductItem): void {
    const { buffer, ahead, shape } = this;
    slicePlaces(writer, item.own, shape).forEach(({ depth, own, inside }, run) => {
      writer.when(inside, (where) => {
        const value = load(ahead, [item.index, constant(run)]);
        const put = (step: Index, of: Expr): void => {
          const place = [item.team, where.simplify(step), where.simplify(own)];
          where.emit(store(buffer, place, of));
        };
        if (shape.width === 1 || shape.along === 'own') {
          put(depth, value);
          return;
        }
        for (let at = 0; at < shape.width; at++) put(add(depth, at), lane(value, at));
      });
    });
  }
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
