/**
 * Operators whose elements follow from the index: Range, EyeLike, ConstantOfShape, Trilu, Shape, Size.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, cast, compareIndex, indexValue, literal, select } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, equal, product } from '../loop/indexExpr.ts';
import { registerType } from '../loop/scalarType.ts';
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
  const [start, step] = [op.input(0), op.input(2)];
  const type = op.outputScalar();
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
