/**
 * A slice of one operand of a product on its way into group memory: every item reads some elements into registers (index
 * maps, padding and prologues applied on the way), and puts them into the group's memory a step later.
 */
import type { Buffer } from '../../loop/expr.ts';
import { binary, literal, load } from '../../loop/expr.ts';
import type { Index, IndexCondition } from '../../loop/indexExpr.ts';
import { add, constant, floorDiv, mod, substitute } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { store } from '../../loop/ir.ts';
import type { Names } from '../transform/names.ts';
import { withoutUnused } from '../transform/shareCommon.ts';
import type { Operand } from './contraction.ts';
import type { ProductGroup, ProductPlan } from './productPlan.ts';
import { ROW_PADDING } from './productTile.ts';
import type { Writer } from './writer.ts';

/** Elements that are copied under the same conditions. */
interface Copies {
  readonly guards: readonly IndexCondition[];
  readonly copies: {
    readonly place: readonly Index[];
    readonly indices: ReadonlyMap<string, Index>;
  }[];
}

export class ProductSlice {
  /** Of the group: step of the reduction, row or column. */
  readonly buffer: Buffer;
  /** Registers for the next slice. */
  readonly ahead: Buffer;
  private readonly operand: Operand;
  private readonly extent: Index;
  /** Rows or columns of a tile. */
  private readonly size: number;
  /** Neighbouring items copy neighbours along the operand's own axes, or along the reduction. */
  private readonly along: 'own' | 'depth';

  /** @param base first row or column of the group's tile. */
  constructor(
    private readonly plan: ProductPlan,
    side: 'rows' | 'columns',
    private readonly base: Index,
    names: Names,
  ) {
    const { tile, items, contraction, depth, extents, nest } = plan;
    this.operand = contraction[side];
    this.extent = extents[side];
    this.size = tile[side];
    this.along = depth.alongDepth(this.operand, nest) ? 'depth' : 'own';
    this.buffer = {
      name: names.fresh(`${side}Slice`),
      storage: contraction.sum.type,
      shape: [constant(tile.depth), constant(this.size + ROW_PADDING)],
      lanes: 1,
      space: 'group',
    };
    this.ahead = {
      name: names.fresh(`${side}Ahead`),
      storage: contraction.sum.type,
      shape: [constant(items), constant(this.copies)],
      lanes: 1,
      space: 'item',
    };
  }

  /** Elements that one item copies. */
  private get copies(): number {
    const { tile, items } = this.plan;
    return (this.size * tile.depth) / items;
  }

  /** Into registers; zero outside of the operand's guards and beyond the reduction. */
  fetch(writer: Writer, item: Index, step: Index, group: ProductGroup): void {
    const { operand, ahead, base, extent } = this;
    const { contraction, depth: walk } = this.plan;
    const { sum, bindings } = contraction;
    const nought = literal(sum.type, 0);
    const value = operand.factors.reduce((a, b) => binary('mul', a, b));
    const around = walk.around(writer, step);
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
    this.places(writer, item).forEach(([depth, own], copy) => {
      const key = JSON.stringify(own);
      let axes = known.get(key);
      if (axes === undefined) {
        flush();
        axes = writer.decoded(writer.clamped('at', add(base, own), extent), operand.axes);
        known.set(key, axes);
      }
      const inner = walk.inside(writer, step, depth, around);
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

  /** From registers into the group's memory. */
  keep(writer: Writer, item: Index): void {
    const { buffer, ahead } = this;
    this.places(writer, item).forEach(([depth, own], copy) => {
      const place = [writer.simplify(depth), writer.simplify(own)];
      writer.emit(store(buffer, place, load(ahead, [item, constant(copy)])));
    });
  }

  /** Places in the slice that an item copies: [step of the reduction, row or column] per copy. */
  private places(writer: Writer, item: Index): readonly (readonly [depth: Index, own: Index])[] {
    const { size, along } = this;
    const { tile, items } = this.plan;
    const copies = Array.from({ length: this.copies }, (_, copy) => copy);
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
