/**
 * The sums that an item of a product's kernel keeps in registers, in vectors along the columns of its part of the tile.
 * The rows and columns of an item lie in vectors that are apart by as many items as share the tile.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import { binary, broadcast, lane, literal, load, read } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { constant, floorDiv, mod } from '../../loop/indexExpr.ts';
import { store } from '../../loop/ir.ts';
import type { Names } from '../transform/names.ts';
import { Refused } from '../transform/place.ts';
import type { ProductItem, ProductPlan } from './productPlan.ts';
import { LANES } from './productPlan.ts';
import type { ProductSlice } from './productSlice.ts';
import type { Writer } from './writer.ts';
import { scaled } from './writer.ts';

export class Accumulators {
  readonly buffer: Buffer;
  /** The same as if they were single elements. */
  readonly flat: Buffer;

  constructor(
    private readonly plan: ProductPlan,
    names: Names,
  ) {
    const { contraction, tile } = plan;
    const items = plan.items * tile.teams;
    this.buffer = {
      name: names.fresh('sums'),
      storage: contraction.sum.type,
      shape: [items, tile.itemRows, tile.itemColumns / LANES].map(constant),
      lanes: LANES,
      space: 'item',
    };
    const shape = [items, tile.itemRows, tile.itemColumns].map(constant);
    this.flat = { ...this.buffer, shape, lanes: 1 };
  }

  clear(writer: Writer, { index }: ProductItem): void {
    const { tile, contraction } = this.plan;
    const nought = broadcast(literal(contraction.sum.type, 0), LANES);
    for (let i = 0; i < tile.itemRows; i++) {
      for (let j = 0; j < tile.itemColumns / LANES; j++) {
        writer.emit(store(this.buffer, [index, constant(i), constant(j)], nought));
      }
    }
  }

  /** Row and column of an item in its team's tile, in vectors. */
  position(writer: Writer, { own }: ProductItem): readonly [Index, Index] {
    const { tile } = this.plan;
    const across = tile.columns / tile.itemColumns;
    return [writer.index('y', floorDiv(own, across)), writer.index('x', mod(own, across))];
  }

  /** Adds the products of the item's rows and columns of two slices in group memory. */
  addProducts(writer: Writer, rows: ProductSlice, columns: ProductSlice, item: ProductItem): void {
    const { buffer: acc } = this;
    const { tile, contraction } = this.plan;
    const { type } = contraction.sum;
    const [y, x] = this.position(writer, item);
    writer.loop('d', constant(tile.depth), 'serial', (inside, d) => {
      const vectors = (
        { buffer }: ProductSlice,
        own: Index,
        count: number,
        step: number,
      ): readonly Expr[] =>
        Array.from({ length: count / LANES }, (_, i) => {
          const name = inside.names.fresh('part');
          const along = inside.simplify(scaled(own, LANES, constant(i * step * LANES)));
          const at = [item.team, d, along];
          inside.emit({ kind: 'let', name, value: load(buffer, at, LANES) });
          return read(name, type, LANES);
        });
      const a = vectors(rows, y, tile.itemRows, tile.rows / tile.itemRows);
      const b = vectors(columns, x, tile.itemColumns, tile.columns / tile.itemColumns);
      for (let i = 0; i < tile.itemRows; i++) {
        const factor = broadcast(lane(a[Math.floor(i / LANES)]!, i % LANES), LANES);
        b.forEach((own, j) => {
          const at = [item.index, constant(i), constant(j)];
          inside.emit(store(acc, at, binary('add', load(acc, at), binary('mul', factor, own))));
        });
      }
    });
  }

  /** The registers that hold what is read of `flat`. */
  registerOf(expr: Extract<Expr, { readonly kind: 'load' }>): Expr {
    const [item, row, column] = expr.indices as readonly [Index, Index, Index];
    if (column.kind !== 'constant') throw new Refused('an accumulator is not known');
    const vector = load(this.buffer, [item, row, constant(Math.floor(column.value / LANES))]);
    return expr.lanes === LANES ? vector : lane(vector, column.value % LANES);
  }
}
