/**
 * Pools: windows and whole planes. Padding never takes part, except in averages that count it.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, cast, compare, indexValue, literal, select, unary } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, max, min, multiply, subtract, ZERO } from '../loop/indexExpr.ts';
import type { StorageType } from '../loop/scalarType.ts';
import { registerType } from '../loop/scalarType.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { flatten } from './movement.ts';
import { MAXIMUM, MEAN, reduceKept, smallest, SUM } from './reduction.ts';
import type { Scope } from './scope.ts';
import type { WindowAxis } from './window.ts';
import { insideInput, tapPosition, windowOf } from './window.ts';

type Step = (soFar: Expr, x: Expr) => Expr;

/** Folds the cells of a window that lie in the input. */
function foldWindow(
  scope: Scope,
  input: Field,
  window: readonly WindowAxis[],
  [n, c, ...spatial]: readonly Index[],
  start: Expr,
  step: Step,
): Expr {
  const extents = window.map(({ kernel }) => kernel);
  return scope.fold('acc', start, extents, (inner, taps, soFar) => {
    const at = window.map((axis, i) => tapPosition(axis, spatial[i]!, taps[i]!));
    return inner.choose(
      insideInput(at, window),
      (inside) => step(soFar, inside.at(input, [n!, c!, ...at])),
      () => soFar,
    );
  });
}

function pooled(op: LowerOp, element: (scope: Scope, index: readonly Index[]) => Expr): Field {
  const shape = op.outputDims();
  return op.make({ shape, storage: op.outputStorage(), cost: 'heavy', element });
}

function windows(op: LowerOp, input: Field): readonly WindowAxis[] {
  return windowOf(op, input.shape.slice(2), op.outputDims().slice(2));
}

/** Means of windows; padding counts where the operator says so. */
export function averageOf(
  op: LowerOp,
  input: Field,
  shape: readonly Index[],
  storage: StorageType,
): Field {
  const window = windowOf(op, input.shape.slice(2), shape.slice(2));
  const type = registerType(storage);
  const countsPadding = op.int('count_include_pad', 0) !== 0;
  return op.make({
    shape,
    storage,
    cost: 'heavy',
    element: (scope, index) => {
      const add2: Step = (sum, x) => binary('add', sum, x);
      const sum = foldWindow(scope, input, window, index, literal(type, 0), add2);
      const cells = window
        .map((axis, i) => cellsCounted(axis, index[i + 2]!, countsPadding))
        .reduce((a, b) => multiply(a, b), { kind: 'constant', value: 1 } as Index);
      return binary('div', sum, cast(type, indexValue(scope.simplify(cells))));
    },
  });
}

const averagePool: Lowering = (op) => [
  averageOf(op, op.input(0), op.outputDims(), op.outputStorage()),
];

/** Taps of a window within the input, or within the padded input. */
function cellsCounted(axis: WindowAxis, o: Index, countsPadding: boolean): Index {
  const { kernel, stride, dilation, before, after, input } = axis;
  const first = subtract(multiply(o, stride), before);
  const low = countsPadding ? subtract(ZERO, before) : ZERO;
  const high = countsPadding ? add(input, after) : input;
  // Taps k with low <= first + k * dilation < high.
  const from = max(ceilDivide(subtract(low, first), dilation), 0);
  const to = min(ceilDivide(subtract(high, first), dilation), kernel);
  return max(subtract(to, from), 0);
}

function ceilDivide(a: Index, b: number): Index {
  if (b === 1) return a;
  return { kind: 'floorDiv', a: add(a, b - 1), b: { kind: 'constant', value: b } };
}

const maxPool: Lowering = (op) => {
  const input = op.input(0);
  const window = windows(op, input);
  const type = op.outputScalar();
  const y = pooled(op, (scope, index) =>
    foldWindow(scope, input, window, index, smallest(type), (soFar, x) => binary('max', soFar, x)),
  );
  return [y, op.hasOutput(1) ? maxPositions(op, input, window) : undefined];
};

/** Row-major (or, with storage_order 1, column-major) position of the largest element of each window. */
function maxPositions(op: LowerOp, input: Field, window: readonly WindowAxis[]): Field {
  const columnMajor = op.int('storage_order', 0) !== 0;
  const type = op.outputScalar();
  return op.make({
    shape: op.outputDims(1),
    storage: 'i64',
    cost: 'heavy',
    element: (scope, [n, c, ...spatial]) => {
      const best = scope.mutable('best', smallest(type));
      const place = scope.mutable('place', literal('i64', 0));
      const extents = window.map(({ kernel }) => kernel);
      scope.loops('k', extents, (inner, taps) => {
        const at = window.map((axis, i) => tapPosition(axis, spatial[i]!, taps[i]!));
        inner.choose(
          insideInput(at, window),
          (inside) => {
            const x = inside.at(input, [n!, c!, ...at]);
            const wins = inside.bind('wins', compare('gt', x, best.value));
            const dims = input.shape.slice(2);
            const own = columnMajor
              ? flatten([...at].reverse(), [...dims].reverse())
              : flatten(at, dims);
            const plane = flatten([n!, c!], input.shape.slice(0, 2));
            const position = add(
              multiply(
                plane,
                dims.reduce((a, b) => multiply(a, b), { kind: 'constant', value: 1 }),
              ),
              own,
            );
            const value = indexValue(inside.simplify(position));
            place.set(inside, select(wins, value, place.value));
            best.set(inside, select(wins, x, best.value));
            return literal('bool', 1);
          },
          () => literal('bool', 0),
        );
      });
      return place.value;
    },
  });
}

const lpPool: Lowering = (op) => {
  const input = op.input(0);
  const window = windows(op, input);
  const type = op.outputScalar();
  const p = op.int('p', 2);
  return [
    pooled(op, (scope, index) => {
      const sum = foldWindow(scope, input, window, index, literal(type, 0), (soFar, x) =>
        binary('add', soFar, powered(x, p)),
      );
      return rooted(sum, p);
    }),
  ];
};

function powered(x: Expr, p: number): Expr {
  if (p === 1) return unary('abs', x);
  return p === 2 ? binary('mul', x, x) : binary('pow', unary('abs', x), literal(x.type, p));
}

function rooted(sum: Expr, p: number): Expr {
  if (p === 1) return sum;
  return p === 2 ? unary('sqrt', sum) : binary('pow', sum, literal(sum.type, 1 / p));
}

const planeAxes = (input: Field): number[] => input.shape.map((_, axis) => axis).slice(2);

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  AveragePool: averagePool,
  MaxPool: maxPool,
  LpPool: lpPool,
  GlobalAveragePool: (op) => [reduceKept(op, op.input(0), planeAxes(op.input(0)), MEAN)],
  GlobalMaxPool: (op) => [reduceKept(op, op.input(0), planeAxes(op.input(0)), MAXIMUM)],
  GlobalLpPool: (op) => {
    const p = op.int('p', 2);
    const folding = { ...SUM, finish: (sum: Expr) => rooted(sum, p) };
    return [reduceKept(op, op.input(0), planeAxes(op.input(0)), folding, (x) => powered(x, p))];
  },
};
