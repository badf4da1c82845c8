/**
 * NegativeLogLikelihoodLoss 22 and SoftmaxCrossEntropyLoss 13: the score of each target's class, weighted, and
 * its sum or weighted mean. Targets are checked against the number of classes unless they are ignored.
 */
import type { Expr } from '../loop/expr.ts';
import { cast, compare, literal } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import type { Scope } from './scope.ts';
import { logSoftmaxOf } from './softmax.ts';
import { negative, over, plus, times } from './terms.ts';

/** One entry per target: its weight, and its weighted loss. */
interface Entries {
  readonly weight: Field | undefined;
  readonly loss: Field;
}

function entriesOf(op: LowerOp, logProbabilities: Field): Entries {
  const [targets, weights] = [op.input(1), op.optional(2)];
  const classes = logProbabilities.shape[1] ?? op.unsupported('its scores have no classes');
  const ignored = op.attribute('ignore_index') && op.int('ignore_index', 0);
  const type = op.outputScalar();
  const shape = targets.shape;
  const isKept = (target: Expr): Expr | undefined =>
    ignored === undefined ? undefined : compare('ne', target, literal('i64', ignored));
  /** Runs `of` with the class of a target, or gives 0 for one that is ignored. */
  const ofClass = (
    scope: Scope,
    index: readonly Index[],
    of: (scope: Scope, at: Index) => Expr,
  ): Expr => {
    const target = cast('i64', scope.at(targets, index));
    const checked = (inner: Scope): Expr =>
      of(inner, inner.checkedIndex('class', target, classes, op.id));
    const kept = isKept(target);
    return kept === undefined
      ? checked(scope)
      : scope.chooseBy(kept, checked, () => literal(type, 0));
  };
  const make = (of: (scope: Scope, index: readonly Index[], at: Index) => Expr): Field =>
    op.make({
      shape,
      storage: type,
      cost: 'light',
      element: (scope, index) =>
        ofClass(scope, index, (inner, at) => cast(type, of(inner, index, at))),
    });
  const weightAt = (scope: Scope, at: Index): Expr =>
    weights === undefined ? literal(type, 1) : cast(type, scope.at(weights, [at]));
  const isWeighted = weights !== undefined || ignored !== undefined;
  return {
    weight: isWeighted ? make((scope, _, at) => weightAt(scope, at)) : undefined,
    loss: make((scope, [n, ...rest], at) => {
      const score = negative(cast(type, scope.at(logProbabilities, [n!, at, ...rest])));
      return weights === undefined ? score : times(score, weightAt(scope, at));
    }),
  };
}

function sumOf(op: LowerOp, field: Field): Field {
  const type = op.outputScalar();
  return op.make({
    shape: [],
    storage: type,
    cost: 'heavy',
    element: (scope) =>
      scope.fold('acc', literal(type, 0), field.shape, (inner, index, soFar) =>
        plus(soFar, inner.at(field, index)),
      ),
  });
}

function reduced(op: LowerOp, { weight, loss }: Entries): Field {
  const reduction = op.string('reduction', 'mean');
  const type = op.outputScalar();
  const storage = op.outputStorage();
  if (reduction === 'none') {
    return op.make({
      shape: loss.shape,
      storage,
      cost: 'light',
      element: (scope, index) => scope.at(loss, index),
    });
  }
  if (reduction !== 'mean' && reduction !== 'sum') return op.unsupported('its reduction');
  const total = sumOf(op, loss);
  const ones = op.make({
    shape: loss.shape,
    storage: type,
    cost: 'free',
    element: () => literal(type, 1),
  });
  const divisor = reduction === 'mean' ? sumOf(op, weight ?? ones) : undefined;
  return op.make({
    shape: [],
    storage,
    cost: 'light',
    element: (scope) => {
      const sum = scope.at(total, []);
      return divisor === undefined ? sum : over(sum, scope.at(divisor, []));
    },
  });
}

const negativeLogLikelihood: Lowering = (op) => [reduced(op, entriesOf(op, op.input(0)))];

const softmaxCrossEntropy: Lowering = (op) => {
  const logProbabilities = logSoftmaxOf(op, op.input(0), [1]);
  const loss = reduced(op, entriesOf(op, logProbabilities));
  return [loss, op.hasOutput(1) ? logProbabilities : undefined];
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  NegativeLogLikelihoodLoss: negativeLogLikelihood,
  SoftmaxCrossEntropyLoss: softmaxCrossEntropy,
};
