/**
 * DeformConv 22: a convolution whose taps are moved by offsets from data and interpolated between cells, 0
 * outside of the input.
 */
import type { Expr } from '../loop/expr.ts';
import { cast, indexValue, literal } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, floorDiv, multiply } from '../loop/indexExpr.ts';
import type { ScalarType } from '../loop/scalarType.ts';
import { bilinearAt } from './gridSample.ts';
import type { Lowering } from './lowerOp.ts';
import { flatten } from './movement.ts';
import { plus, times } from './terms.ts';
import { tapPosition, windowOf } from './window.ts';

const deformConv: Lowering = (op) => {
  const [x, w, offset] = [op.input(0), op.input(1), op.input(2)];
  const [bias, mask] = [op.optional(3), op.optional(4)];
  const shape = op.outputDims();
  const kernel = w.shape.slice(2);
  const rank = kernel.length;
  const window = windowOf(op, x.shape.slice(2), shape.slice(2), kernel);
  const group = op.int('group', 1);
  const offsetGroup = op.int('offset_group', 1);
  if (group < 1 || offsetGroup < 1) op.unsupported('its groups');
  const out = op.outputScalar();
  const type: ScalarType = out === 'f64' ? 'f64' : 'f32';
  const perGroup = w.shape[1]!;
  const perOffset = floorDiv(x.shape[1]!, offsetGroup);
  const filters = floorDiv(w.shape[0]!, group);
  const taps = kernel.reduce((a, b) => multiply(a, b));
  const sum = op.make({
    shape,
    storage: type,
    cost: 'heavy',
    element: (scope, [n, m, ...place]) =>
      scope.fold('acc', literal(type, 0), [perGroup, ...kernel], (inner, [c, ...tap], soFar) => {
        const channel = add(multiply(floorDiv(m!, filters), perGroup), c!);
        const of = floorDiv(channel, perOffset);
        const slot = add(multiply(of, taps), flatten(tap, kernel));
        const position = window.map((axis, i): Expr => {
          const regular = cast(type, indexValue(tapPosition(axis, place[i]!, tap[i]!)));
          const row: Index = add(multiply(slot, rank), i);
          const moved = cast(type, inner.at(offset, [n!, row, ...place]));
          return inner.bind('position', plus(regular, moved));
        });
        const value = bilinearAt(op, inner, x, [n!, channel], position);
        const weighted = times(value, cast(type, inner.at(w, [m!, c!, ...tap])));
        const kept =
          mask === undefined
            ? weighted
            : times(weighted, cast(type, inner.at(mask, [n!, slot, ...place])));
        return plus(soFar, kept);
      }),
  });
  return [
    op.make({
      shape,
      storage: op.outputStorage(),
      cost: 'light',
      element: (scope, index) => {
        const total = scope.at(sum, index);
        if (bias === undefined) return cast(out, total);
        return cast(out, plus(total, cast(type, scope.at(bias, [index[1]!]))));
      },
    }),
  ];
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = { DeformConv: deformConv };
