/**
 * What a product does with its sums: the statements of every point of an item's part of the tile, on the accumulators, in
 * vectors along the columns where rows of the output are whole vectors.
 */
import type { Expr } from '../../loop/expr.ts';
import { binary, compareIndex, load } from '../../loop/expr.ts';
import type { Index, IndexCondition } from '../../loop/indexExpr.ts';
import { add, floorDiv, less, multiply, variable, ZERO } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { branch } from '../../loop/ir.ts';
import { polyConstant } from '../../loop/polynomial.ts';
import { simplifyBody } from '../../loop/simplify.ts';
import { jam } from '../transform/jam.ts';
import { unlessRefused } from '../transform/place.ts';
import { mapBody } from '../transform/rewrite.ts';
import { withoutUnused } from '../transform/shareCommon.ts';
import type { Accumulators } from './accumulators.ts';
import type { ProductGroup, ProductItem, ProductPlan } from './productPlan.ts';
import { LANES } from './productPlan.ts';
import { scaled, Writer } from './writer.ts';

/** The statements of a point, given its sum. */
export type ProductPoint = (group: ProductGroup, sum: Expr) => readonly Stmt[];

export class ProductEpilogue {
  constructor(
    private readonly plan: ProductPlan,
    private readonly accumulators: Accumulators,
    private readonly point: ProductPoint,
  ) {}

  write(writer: Writer, group: ProductGroup, item: ProductItem): void {
    const wide = this.fitsLanes()
      ? unlessRefused(() => this.points(writer, group, item, true))
      : undefined;
    const body = wide ?? this.points(writer, group, item, false);
    for (const stmt of body) writer.emit(stmt);
  }

  private fitsLanes(): boolean {
    const last = this.plan.contraction.columns.axes.at(-1)!;
    return last.extent.kind === 'constant' && last.extent.value % LANES === 0;
  }

  /** For all of an item's accumulators, in vectors along the columns (`wide`) or one by one. */
  private points(
    writer: Writer,
    group: ProductGroup,
    item: ProductItem,
    wide: boolean,
  ): readonly Stmt[] {
    const { tile, contraction, extents } = this.plan;
    const { rows, columns } = contraction;
    const { flat: sums } = this.accumulators;
    const [y, x] = this.accumulators.position(writer, item);
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
    const guards: IndexCondition[] = [less(row, extents.rows)];
    const indices = new Map([
      ...group.batch,
      ...inside.decoded(inside.clamped('row', row, extents.rows), rows.axes),
    ]);
    if (wide) {
      // Vectors start at multiples of their lanes, and so does every row of the last axis.
      const last = columns.axes.at(-1)!.variable;
      const decoded = inside.decodedRun('column', start, extents.columns, columns.axes, LANES);
      for (const [name, index] of decoded) indices.set(name, index);
      indices.set(last, add(indices.get(last)!, variable(l)));
      const flat = inside.simplify(floorDiv(start, LANES));
      guards.push(less(flat, floorDiv(extents.columns, LANES)));
    } else {
      const column = add(start, at(l));
      const clamped = inside.clamped('column', column, extents.columns);
      for (const [name, index] of inside.decoded(clamped, columns.axes)) indices.set(name, index);
      guards.push(less(column, extents.columns));
    }
    const own = load(
      sums,
      [item.index, scaled(at(i1), LANES, at(i0)), scaled(at(j), LANES, at(l))],
      1,
    );
    inside.copy(withoutUnused(guarded(this.point(group, own), guards)), { indices });
    const place = { facts, names: writer.names };
    const prepared = simplifyBody(inside.body, facts);
    const lanes = wide ? { variable: l, lanes: LANES } : undefined;
    return mapBody(jam(prepared, points, lanes, place), {
      load: (expr) => (expr.buffer === sums ? this.accumulators.registerOf(expr) : expr),
    });
  }
}

/** Stores under conditions, everything else before them as it is: positions are kept in range. */
function guarded(body: readonly Stmt[], conditions: readonly IndexCondition[]): readonly Stmt[] {
  const condition = conditions
    .map((part): Expr => compareIndex(part))
    .reduce((a, b) => binary('and', a, b));
  return body.map((stmt) => (stmt.kind === 'store' ? branch(condition, [stmt]) : stmt));
}
