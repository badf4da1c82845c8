/**
 * Reductions over axes: one loop per result, started where the row's index is known, so that everything that
 * reads the result in the same row shares it.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, cast, compare, indexValue, literal, select, unary } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { constant, product, ZERO } from '../loop/indexExpr.ts';
import type { ScalarType } from '../loop/scalarType.ts';
import { integerRange, isFloat, registerType } from '../loop/scalarType.ts';
import { axesIn, axisIn, readAxes } from '../ops/axes.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';

export interface Folding {
  readonly start: (type: ScalarType) => Expr;
  readonly step: (soFar: Expr, x: Expr) => Expr;
  readonly finish?: (result: Expr, count: Expr) => Expr;
}

export const smallest = (type: ScalarType): Expr =>
  literal(type, isFloat(type) ? -Infinity : integerRange(type)[0]);
export const largest = (type: ScalarType): Expr =>
  literal(type, isFloat(type) ? Infinity : integerRange(type)[1]);
const zero = (type: ScalarType): Expr => literal(type, 0);
const plus = (a: Expr, b: Expr): Expr => binary('add', a, b);
const square = (x: Expr): Expr => binary('mul', x, x);
const abs = (x: Expr): Expr => (isSigned(x) ? unary('abs', x) : x);
/** Booleans order as 0 and 1. */
const atMostOf = (a: Expr, b: Expr): Expr => binary(a.type === 'bool' ? 'or' : 'max', a, b);
const atLeastOf = (a: Expr, b: Expr): Expr => binary(a.type === 'bool' ? 'and' : 'min', a, b);

export const SUM: Folding = { start: zero, step: plus };
export const MEAN: Folding = {
  start: zero,
  step: plus,
  finish: (sum, count) => binary('div', sum, count),
};
export const MAXIMUM: Folding = { start: smallest, step: atMostOf };

const FOLDINGS: Readonly<Record<string, Folding>> = {
  ReduceSum: SUM,
  ReduceMean: MEAN,
  ReduceMax: MAXIMUM,
  ReduceMin: { start: largest, step: atLeastOf },
  ReduceProd: { start: (type) => literal(type, 1), step: (a, x) => binary('mul', a, x) },
  ReduceL1: { start: zero, step: (a, x) => plus(a, abs(x)) },
  ReduceL2: { start: zero, step: (a, x) => plus(a, square(x)), finish: (sum) => root(sum) },
  ReduceLogSum: { start: zero, step: plus, finish: (sum) => logarithm(sum) },
  ReduceSumSquare: { start: zero, step: (a, x) => plus(a, square(x)) },
};

function isSigned({ type }: Expr): boolean {
  return isFloat(type) || type.startsWith('i');
}

/** Functions of floats, also for integer tensors. */
function root(x: Expr): Expr {
  return isFloat(x.type) ? unary('sqrt', x) : cast(x.type, unary('sqrt', cast('f64', x)));
}
function logarithm(x: Expr): Expr {
  return isFloat(x.type) ? unary('log', x) : cast(x.type, unary('log', cast('f64', x)));
}

/** The results of a reduction, axes kept with size 1. */
export function reduceKept(
  op: LowerOp,
  input: Field,
  axes: readonly number[],
  { start, step, finish }: Folding,
  map: (x: Expr, scope: Parameters<Field['element']>[0], index: readonly Index[]) => Expr = (x) =>
    x,
  type: ScalarType = registerType(input.storage),
): Field {
  const extents = axes.map((axis) => input.shape[axis]!);
  return op.make({
    shape: input.shape.map((dim, axis) => (axes.includes(axis) ? constant(1) : dim)),
    storage: type,
    cost: 'heavy',
    element: (scope, index) => {
      const total = scope.fold('acc', start(type), extents, (inner, at, soFar) => {
        const place = index.map((part, axis) =>
          axes.includes(axis) ? at[axes.indexOf(axis)]! : part,
        );
        return step(soFar, map(inner.at(input, place), inner, place));
      });
      const count = cast(type, indexValue(scope.simplify(product(extents))));
      return finish === undefined ? total : finish(total, simpleCount(count));
    },
  });
}

/** A constant count as a literal of its type. */
function simpleCount(count: Expr): Expr {
  const index = count.kind === 'cast' && count.a.kind === 'indexValue' ? count.a.index : undefined;
  return index?.kind === 'constant' ? literal(count.type, index.value) : count;
}

/** The same with reduced axes dropped or of another storage type. */
export function reducedView(
  op: LowerOp,
  kept: Field,
  axes: readonly number[],
  keepDims: boolean,
  storage = kept.storage,
): Field {
  const places = kept.shape
    .map((_, axis) => axis)
    .filter((axis) => keepDims || !axes.includes(axis));
  return op.make({
    shape: places.map((axis) => kept.shape[axis]!),
    storage,
    // Another storage type may round.
    cost: storage === kept.storage ? 'free' : 'light',
    element: (scope, index) =>
      scope.at(
        kept,
        kept.shape.map((_, axis) => (places.includes(axis) ? index[places.indexOf(axis)]! : ZERO)),
      ),
  });
}

/** Axes of a Reduce operator; all of them when none are stated. `undefined`: the operator is a copy. */
function reducedAxes(op: LowerOp, rank: number): readonly number[] | undefined {
  const { axes, runtime } = readAxes(op, 1);
  if (runtime) return op.unsupported('axes are known at run time only');
  if (axes === undefined || axes.length === 0) {
    if (op.int('noop_with_empty_axes', 0) !== 0) return undefined;
    return Array.from({ length: rank }, (_, axis) => axis);
  }
  return [...(axesIn(axes, rank) ?? op.unsupported('its axes'))].sort((a, b) => a - b);
}

function reduce(folding: Folding): Lowering {
  return (op) => {
    const input = op.input(0);
    const axes = reducedAxes(op, input.shape.length);
    if (axes === undefined) {
      // No axes and noop: every element is a row of its own.
      return [reduceKeptOrMapped(op, input, folding)];
    }
    const kept = reduceKept(op, input, axes, folding);
    return [reducedView(op, kept, axes, op.int('keepdims', 1) !== 0, op.outputStorage())];
  };
}

function reduceKeptOrMapped(op: LowerOp, input: Field, folding: Folding): Field {
  return reducedView(op, reduceKept(op, input, [], folding), [], true, op.outputStorage());
}

/** log(sum(exp(x - max))) + max, which does not overflow. */
const logSumExp: Lowering = (op) => {
  const input = op.input(0);
  const axes = reducedAxes(op, input.shape.length) ?? [];
  const most = reduceKept(op, input, axes, MAXIMUM);
  const rowOf = (index: readonly Index[]): Index[] =>
    index.map((at, axis) => (axes.includes(axis) ? ZERO : at));
  const finite = (x: Expr): Expr => select(unary('isInfinite', x), literal(x.type, 0), x);
  const sum = reduceKept(op, input, axes, SUM, (x, scope, index) =>
    unary('exp', binary('sub', x, finite(scope.at(most, rowOf(index))))),
  );
  const result = op.make({
    shape: sum.shape,
    storage: sum.storage,
    cost: 'light',
    element: (scope, index) =>
      plus(unary('log', scope.at(sum, index)), finite(scope.at(most, index))),
  });
  return [reducedView(op, result, axes, op.int('keepdims', 1) !== 0, op.outputStorage())];
};

function argExtreme(better: 'gt' | 'lt'): Lowering {
  return (op) => {
    const input = op.input(0);
    const axis = axisIn(op.int('axis', 0), input.shape.length) ?? op.unsupported('its axis');
    const last = op.int('select_last_index', 0) !== 0;
    const beats = last ? (better === 'gt' ? 'ge' : 'le') : better;
    const kept = op.make({
      shape: input.shape.map((dim, place) => (place === axis ? constant(1) : dim)),
      storage: 'i64',
      cost: 'heavy',
      element: (scope, index) => {
        const at = (k: Index): Index[] => index.map((part, place) => (place === axis ? k : part));
        const type = registerType(input.storage);
        const best = scope.mutable('best', better === 'gt' ? smallest(type) : largest(type));
        const place = scope.mutable('place', literal('i64', 0));
        scope.loops('k', [input.shape[axis]!], (inner, [k]) => {
          const x = inner.at(input, at(k!));
          const wins = inner.bind('wins', compare(beats, x, best.value));
          place.set(inner, select(wins, indexValue(k!), place.value));
          best.set(inner, select(wins, x, best.value));
        });
        return place.value;
      },
    });
    return [reducedView(op, kept, [axis], op.int('keepdims', 1) !== 0)];
  };
}

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  ...Object.fromEntries(Object.entries(FOLDINGS).map(([name, folding]) => [name, reduce(folding)])),
  ReduceLogSumExp: logSumExp,
  ArgMax: argExtreme('gt'),
  ArgMin: argExtreme('lt'),
};
