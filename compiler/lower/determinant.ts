/**
 * Det 22: elimination with the largest pivot of each column; a column without one makes the determinant 0.
 */
import type { Expr } from '../loop/expr.ts';
import { cast, compare, indexValue, literal, load, select, unary } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, subtract } from '../loop/indexExpr.ts';
import { localBuffer } from '../loop/ir.ts';
import type { ScalarType } from '../loop/scalarType.ts';
import type { Lowering } from './lowerOp.ts';
import { minus, negative, over, times } from './terms.ts';

const det: Lowering = (op) => {
  const x = op.input(0);
  const size = x.shape.at(-1) ?? op.unsupported('its rank');
  const out = op.outputScalar();
  const type: ScalarType = out === 'f64' ? 'f64' : 'f32';
  const batch = x.shape.slice(0, -2);
  const shape = op.outputDims();
  return op.procedure([{ shape, storage: op.outputStorage() }], (scope, [y]) => {
    const one = (inner: typeof scope, index: readonly Index[]): void => {
      const a = localBuffer(inner.fresh('matrix'), type, [size, size]);
      inner.emit({ kind: 'local', buffer: a });
      inner.loops('i', [size, size], (cell, [i, j]) => {
        cell.store(a, [i!, j!], cast(type, cell.at(x, [...index, i!, j!])));
      });
      const result = inner.mutable('det', literal(type, 1));
      inner.loops('c', [size], (column, [c]) => {
        const best = column.mutable('best', literal('i64', 0));
        const most = column.mutable('most', literal(type, -1));
        const below = subtract(size, c!);
        column.loops('r', [below], (row, [r]) => {
          const at = add(c!, r!);
          const found = row.bind('found', unary('abs', load(a, [at, c!])));
          const wins = row.bind('wins', compare('gt', found, most.value));
          best.set(row, select(wins, indexValue(at), best.value));
          most.set(row, select(wins, found, most.value));
        });
        const pivotRow = column.checkedIndex('pivot', best.value, size, op.id);
        column.when(compare('ne', best.value, indexValue(c!)), (swap) => {
          swap.loops('k', [size], (cell, [k]) => {
            const upper = cell.bind('upper', load(a, [c!, k!]));
            cell.store(a, [c!, k!], load(a, [pivotRow, k!]));
            cell.store(a, [pivotRow, k!], upper);
          });
          result.set(swap, negative(result.value));
        });
        const pivot = column.bind('head', load(a, [c!, c!]));
        result.set(column, times(result.value, pivot));
        const isZero = compare('eq', pivot, literal(type, 0));
        const divisor = column.bind('divisor', select(isZero, literal(type, 1), pivot));
        column.loops('r', [subtract(below, 1)], (row, [r]) => {
          const at = add(add(c!, 1), r!);
          const factor = row.bind('factor', over(load(a, [at, c!]), divisor));
          row.loops('k', [size], (cell, [k]) => {
            const value: Expr = minus(load(a, [at, k!]), times(factor, load(a, [c!, k!])));
            cell.store(a, [at, k!], value);
          });
        });
      });
      inner.store(y!, index, cast(out, result.value));
    };
    if (batch.length === 0) one(scope, []);
    else scope.loops('n', batch, one);
  });
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = { Det: det };
