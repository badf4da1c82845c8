/**
 * Activations of RNN, GRU and LSTM by name, with the scaling values that the attributes give to those that take
 * some, in order; defaults are those of the operators of the same names.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, compare, literal, select, unary } from '../loop/expr.ts';
import { elu, sigmoid, softplus } from './elementwiseUnary.ts';
import type { LowerOp } from './lowerOp.ts';
import { lit, over, plus, times } from './terms.ts';

export type Activation = (x: Expr) => Expr;

interface Rule {
  readonly alpha?: number;
  readonly beta?: number;
  readonly of: (x: Expr, alpha: number, beta: number) => Expr;
}

/** By lower-case name. */
const RULES: Readonly<Record<string, Rule>> = {
  relu: { of: (x) => binary('max', x, lit(x, 0)) },
  tanh: { of: (x) => unary('tanh', x) },
  sigmoid: { of: (x) => sigmoid(x) },
  affine: { alpha: 1, beta: 0, of: (x, a, b) => plus(times(lit(x, a), x), lit(x, b)) },
  leakyrelu: {
    alpha: 0.01,
    of: (x, a) => select(compare('ge', x, lit(x, 0)), x, times(lit(x, a), x)),
  },
  thresholdedrelu: {
    alpha: 1,
    of: (x, a) => select(compare('gt', x, lit(x, a)), x, lit(x, 0)),
  },
  scaledtanh: {
    alpha: 1,
    beta: 1,
    of: (x, a, b) => times(lit(x, a), unary('tanh', times(lit(x, b), x))),
  },
  hardsigmoid: {
    alpha: 0.2,
    beta: 0.5,
    of: (x, a, b) => {
      const line = plus(times(lit(x, a), x), lit(x, b));
      return binary('min', binary('max', line, lit(x, 0)), lit(x, 1));
    },
  },
  elu: { alpha: 1, of: (x, a) => elu(x, a) },
  softsign: { of: (x) => over(x, plus(lit(x, 1), unary('abs', x))) },
  softplus: { of: (x) => softplus(x) },
};

/** `count` activations for each direction. */
export function activationsOf(
  op: LowerOp,
  defaults: readonly string[],
  directions: number,
): readonly (readonly Activation[])[] {
  const stated = op.attribute('activations');
  const names =
    stated?.kind === 'strings' && stated.value.length > 0
      ? stated.value
      : Array.from({ length: directions }, () => defaults).flat();
  if (names.length !== defaults.length * directions) op.unsupported('its activations');
  const alphas = [...floatsOf(op, 'activation_alpha')];
  const betas = [...floatsOf(op, 'activation_beta')];
  const all = names.map((name): Activation => {
    const key = name.toLowerCase();
    const rule = Object.hasOwn(RULES, key) ? RULES[key] : undefined;
    if (rule === undefined) return op.unsupported('one of its activations');
    const alpha = rule.alpha === undefined ? 0 : (alphas.shift() ?? rule.alpha);
    const beta = rule.beta === undefined ? 0 : (betas.shift() ?? rule.beta);
    return (x) => rule.of(x, alpha, beta);
  });
  return Array.from({ length: directions }, (_, d) =>
    all.slice(d * defaults.length, (d + 1) * defaults.length),
  );
}

function floatsOf(op: LowerOp, name: string): readonly number[] {
  const attribute = op.attribute(name);
  return attribute?.kind === 'floats' ? attribute.value : [];
}

/** Limits the input of activations to [-clip, clip]. */
export function clipOf(op: LowerOp): (x: Expr) => Expr {
  if (op.attribute('clip') === undefined) return (x) => x;
  const limit = op.float('clip', 0);
  return (x) => binary('max', binary('min', x, literal(x.type, limit)), literal(x.type, -limit));
}
