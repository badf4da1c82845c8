/**
 * MaxRoiPool 22: the largest element of each cell of each region; regions are rounded to whole elements, cells
 * overlap where they do not divide evenly, and an empty cell gives 0.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, cast, compare, indexValue, literal, select, unary } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, constant } from '../loop/indexExpr.ts';
import { registerType } from '../loop/scalarType.ts';
import type { Lowering } from './lowerOp.ts';
import { smallest } from './reduction.ts';
import type { Scope } from './scope.ts';
import { minus, over, plus, times } from './terms.ts';

const f = (value: number): Expr => literal('f32', value);

const maxRoiPool: Lowering = (op) => {
  const [x, regions] = [op.input(0), op.input(1)];
  const cells = op.ints('pooled_shape') ?? op.unsupported('pooled_shape is missing');
  const scale = op.float('spatial_scale', 1);
  const type = registerType(x.storage);
  /** First element of a cell along an axis, and how many there are. */
  const span = (scope: Scope, r: Index, slot: number, cell: Index): [Index, Index] => {
    const extent = x.shape[slot + 2]!;
    // Columns of a region: batch, x1, y1, x2, y2.
    const edge = (column: number): Expr => {
      const scaled = times(cast('f32', scope.at(regions, [r, constant(column)])), f(scale));
      const up = unary('floor', plus(scaled, f(0.5)));
      return select(compare('ge', scaled, f(0)), up, unary('ceil', minus(scaled, f(0.5))));
    };
    const [from, to] = [edge(slot === 0 ? 2 : 1), edge(slot === 0 ? 4 : 3)];
    const size = binary('max', plus(minus(to, from), f(1)), f(1));
    const bin = over(size, f(cells[slot]!));
    const at = cast('f32', indexValue(cell));
    const low = plus(unary('floor', times(at, bin)), from);
    const high = plus(unary('ceil', times(plus(at, f(1)), bin)), from);
    const limit = cast('f32', indexValue(extent));
    const clamped = (value: Expr): Expr => binary('max', binary('min', value, limit), f(0));
    const first = scope.bind('first', clamped(low));
    const count = binary('max', minus(clamped(high), first), f(0));
    const within = add(extent, 1);
    return [
      scope.checkedIndex('first', cast('i64', first), within, op.id),
      scope.checkedIndex('count', cast('i64', count), within, op.id),
    ];
  };
  return [
    op.make({
      shape: op.outputDims(),
      storage: op.outputStorage(),
      cost: 'heavy',
      element: (scope, [r, c, y, z]) => {
        const batch = cast('i64', scope.at(regions, [r!, constant(0)]));
        const n = scope.checkedIndex('batch', batch, x.shape[0]!, op.id);
        const [top, rows] = span(scope, r!, 0, y!);
        const [left, columns] = span(scope, r!, 1, z!);
        const most = scope.fold('most', smallest(type), [rows, columns], (inner, [i, j], soFar) =>
          binary('max', soFar, inner.at(x, [n, c!, add(top, i!), add(left, j!)])),
        );
        const isEmpty = compare(
          'eq',
          times(cast('f32', indexValue(rows)), cast('f32', indexValue(columns))),
          f(0),
        );
        return select(isEmpty, literal(type, 0), most);
      },
    }),
  ];
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = { MaxRoiPool: maxRoiPool };
