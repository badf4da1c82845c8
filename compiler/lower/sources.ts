/**
 * Operators whose elements follow from the index: Range, EyeLike, ConstantOfShape, Trilu, Shape, Size.
 */
import type { Expr } from '../loop/expr.ts';
import {
  binary,
  cast,
  compare,
  compareIndex,
  indexValue,
  literal,
  select,
  unary,
} from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, equal, product } from '../loop/indexExpr.ts';
import { isFloat, registerType } from '../loop/scalarType.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';

function fromIndex(op: LowerOp, of: (index: readonly Index[]) => Expr): Field {
  const shape = op.outputDims();
  return op.make({
    shape,
    storage: op.outputStorage(),
    cost: 'light',
    element: (_, index) => of(index),
  });
}

const range: Lowering = (op) => {
  const [start, limit, step] = [op.input(0), op.input(1), op.input(2)];
  const type = op.outputScalar();
  if (op.finds(0, 0)) {
    op.find(0, 0, (scope) => {
      const [from, to, by] = [start, limit, step].map((field) => scope.at(field, [])) as [
        Expr,
        Expr,
        Expr,
      ];
      scope.check(compare('ne', by, literal(type, 0)), op.id, 'its step is 0');
      return scope.bind('length', rangeLength(from, to, by));
    });
  }
  return [
    op.make({
      shape: op.outputDims(),
      storage: op.outputStorage(),
      cost: 'light',
      element: (scope, [i]) =>
        binary(
          'add',
          scope.at(start, []),
          binary('mul', cast(type, indexValue(i!)), scope.at(step, [])),
        ),
    }),
  ];
};

/** ceil((to - from) / by), at least 0. */
function rangeLength(from: Expr, to: Expr, by: Expr): Expr {
  const { type } = by;
  const span = binary('sub', to, from);
  const zero = literal('i64', 0);
  if (isFloat(type)) {
    const steps = unary('ceil', binary('div', cast('f64', span), cast('f64', by)));
    return binary('max', cast('i64', steps), zero);
  }
  // Where the signs agree this rounds away from zero; where they differ the result is not positive.
  const toward = select(compare('lt', by, literal(type, 0)), literal(type, 1), literal(type, -1));
  const steps = binary('div', binary('add', binary('add', span, by), toward), by);
  return binary('max', cast('i64', steps), zero);
}

const eyeLike: Lowering = (op) => {
  const type = op.outputScalar();
  const k = op.int('k', 0);
  return [
    fromIndex(op, ([row, column]) =>
      select(
        compareIndex(equal(column!, add(row!, { kind: 'constant', value: k }))),
        literal(type, 1),
        literal(type, 0),
      ),
    ),
  ];
};

const constantOfShape: Lowering = (op) => {
  const attribute = op.attribute('value');
  const type = op.outputScalar();
  const known = attribute?.kind === 'tensor' ? attribute.known?.data[0] : 0;
  if (typeof known !== 'number') return op.unsupported('its value');
  op.outputDims().forEach((_, axis) => {
    if (!op.finds(0, axis)) return;
    op.find(0, axis, (scope) => scope.at(op.input(0), [{ kind: 'constant', value: axis }]));
  });
  return [fromIndex(op, () => literal(type, known))];
};

/** Keeps the upper or lower triangle of the last two axes. */
const trilu: Lowering = (op) => {
  const input = op.input(0);
  const upper = op.int('upper', 1) !== 0;
  const k = op.has(1) ? op.knownNumbers(1, 'its diagonal')[0]! : 0;
  const zero = literal(registerType(input.storage), 0);
  return [
    op.make({
      shape: input.shape,
      storage: input.storage,
      cost: 'light',
      element: (scope, index) => {
        const [row, column] = index.slice(-2) as [Index, Index];
        const diagonal = add(row, { kind: 'constant', value: k });
        const kept = upper
          ? ({ op: 'le', a: diagonal, b: column } as const)
          : ({ op: 'le', a: column, b: diagonal } as const);
        return select(compareIndex(kept), scope.at(input, index), zero);
      },
    }),
  ];
};

const shape: Lowering = (op) => {
  const dims = op.input(0).shape;
  const first = op.int('start', 0);
  const start = Math.max(0, first < 0 ? first + dims.length : Math.min(first, dims.length));
  return [
    fromIndex(op, ([at]) => {
      const sizes = dims.slice(start).map(indexValue);
      return sizes.reduceRight((rest, size, i) =>
        select(compareIndex(equal(at!, { kind: 'constant', value: i })), size, rest),
      );
    }),
  ];
};

const size: Lowering = (op) => {
  const { shape: dims } = op.input(0);
  return [
    fromIndex(op, () =>
      indexValue(dims.length === 0 ? { kind: 'constant', value: 1 } : product(dims)),
    ),
  ];
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  Range: range,
  EyeLike: eyeLike,
  ConstantOfShape: constantOfShape,
  Trilu: trilu,
  Shape: shape,
  Size: size,
};
