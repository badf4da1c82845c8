/**
 * Elementwise operators of one tensor, as ONNX defines them: mathematics, activations, predicates.
 */
import type { Expr, UnaryOp } from '../loop/expr.ts';
import { binary, compare, literal, select, unary } from '../loop/expr.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { pointwise } from './pointwise.ts';
import type { Scope } from './scope.ts';

type Formula = (x: Expr, op: LowerOp) => Expr;

/** x alone, of its own type. */
function formula(of: Formula): Lowering {
  return (op) => [pointwise(op, [op.input(0)], ([x]) => of(x!, op))];
}

function intrinsic(name: UnaryOp): Lowering {
  return formula((x) => unary(name, x));
}

const lit = (x: Expr, value: number): Expr => literal(x.type, value);
const plus = (a: Expr, b: Expr): Expr => binary('add', a, b);
const minus = (a: Expr, b: Expr): Expr => binary('sub', a, b);
const times = (a: Expr, b: Expr): Expr => binary('mul', a, b);
const over = (a: Expr, b: Expr): Expr => binary('div', a, b);
const clamp01 = (x: Expr): Expr => binary('max', binary('min', x, lit(x, 1)), lit(x, 0));
const positive = (x: Expr): Expr => compare('gt', x, lit(x, 0));

export function sigmoid(x: Expr): Expr {
  return over(lit(x, 1), plus(lit(x, 1), unary('exp', unary('neg', x))));
}

/** log(1 + e^x) without overflow. */
export function softplus(x: Expr): Expr {
  const tail = unary('log1p', unary('exp', unary('neg', unary('abs', x))));
  return plus(binary('max', x, lit(x, 0)), tail);
}

/**
 * tanh(softplus(x)) = n / (n + 2) with n = e^x (e^x + 2); in terms of t = e^-|x| nothing overflows or cancels.
 */
function tanhOfSoftplus(x: Expr, scope: Scope): Expr {
  const t = scope.bind('t', unary('exp', unary('neg', unary('abs', x))));
  const above = compare('ge', x, lit(x, 0));
  const twice = plus(t, t);
  const n = scope.bind('n', select(above, plus(lit(x, 1), twice), plus(times(t, t), twice)));
  return over(n, plus(n, select(above, times(twice, t), lit(x, 2))));
}

const softplusOp: Lowering = (op) => {
  const input = op.input(0);
  const isRounded = input.storage !== 'f32' && input.storage !== 'f64';
  return [pointwise(op, [input], ([x]) => softplus(x!), isRounded ? {} : { softplusOf: input })];
};

const tanh: Lowering = (op) => {
  const input = op.input(0);
  const { softplusOf } = input;
  if (softplusOf === undefined) return [pointwise(op, [input], ([x]) => unary('tanh', x!))];
  return [pointwise(op, [softplusOf], ([x], scope) => tanhOfSoftplus(x!, scope))];
};

const mish: Lowering = (op) => [
  pointwise(op, [op.input(0)], ([x], scope) => times(x!, tanhOfSoftplus(x!, scope))),
];

export function gelu(x: Expr, approximate: boolean): Expr {
  const half = times(lit(x, 0.5), x);
  if (!approximate) {
    return times(half, plus(lit(x, 1), unary('erf', times(x, lit(x, Math.SQRT1_2)))));
  }
  const cubic = times(lit(x, 0.044715), times(x, times(x, x)));
  const inner = times(lit(x, Math.sqrt(2 / Math.PI)), plus(x, cubic));
  return times(half, plus(lit(x, 1), unary('tanh', inner)));
}

/** alpha * (e^x - 1) where x is not positive. */
export function elu(x: Expr, alpha: number): Expr {
  return select(positive(x), x, times(lit(x, alpha), unary('expm1', x)));
}

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  Abs: intrinsic('abs'),
  Neg: intrinsic('neg'),
  Sign: intrinsic('sign'),
  Ceil: intrinsic('ceil'),
  Floor: intrinsic('floor'),
  Round: intrinsic('round'),
  Reciprocal: formula((x) => over(lit(x, 1), x)),
  Sqrt: intrinsic('sqrt'),
  Exp: intrinsic('exp'),
  Log: intrinsic('log'),
  Erf: intrinsic('erf'),
  Sin: intrinsic('sin'),
  Cos: intrinsic('cos'),
  Tan: intrinsic('tan'),
  Asin: intrinsic('asin'),
  Acos: intrinsic('acos'),
  Atan: intrinsic('atan'),
  Sinh: intrinsic('sinh'),
  Cosh: intrinsic('cosh'),
  Tanh: tanh,
  Asinh: intrinsic('asinh'),
  Acosh: intrinsic('acosh'),
  Atanh: intrinsic('atanh'),

  Relu: formula((x) => binary('max', x, lit(x, 0))),
  LeakyRelu: formula((x, op) =>
    select(compare('lt', x, lit(x, 0)), times(x, lit(x, op.float('alpha', 0.01))), x),
  ),
  ThresholdedRelu: formula((x, op) =>
    select(compare('gt', x, lit(x, op.float('alpha', 1))), x, lit(x, 0)),
  ),
  Elu: formula((x, op) => elu(x, op.float('alpha', 1))),
  Selu: formula((x, op) => {
    const alpha = op.float('alpha', 1.6732632423543772);
    return times(lit(x, op.float('gamma', 1.0507009873554805)), elu(x, alpha));
  }),
  Celu: formula((x, op) => {
    const alpha = lit(x, op.float('alpha', 1));
    const tail = times(alpha, unary('expm1', over(x, alpha)));
    return plus(binary('max', x, lit(x, 0)), binary('min', lit(x, 0), tail));
  }),
  Sigmoid: formula(sigmoid),
  HardSigmoid: formula((x, op) =>
    clamp01(plus(times(x, lit(x, op.float('alpha', 0.2))), lit(x, op.float('beta', 0.5)))),
  ),
  HardSwish: formula((x) => times(x, clamp01(plus(times(x, lit(x, 1 / 6)), lit(x, 0.5))))),
  Swish: formula((x, op) => times(x, sigmoid(times(x, lit(x, op.float('alpha', 1)))))),
  Gelu: formula((x, op) => gelu(x, op.string('approximate', 'none') === 'tanh')),
  Mish: mish,
  Softplus: softplusOp,
  Softsign: formula((x) => over(x, plus(lit(x, 1), unary('abs', x)))),
  Shrink: formula((x, op) => {
    const [bias, edge] = [op.float('bias', 0), op.float('lambd', 0.5)];
    const low = compare('lt', x, lit(x, -edge));
    const high = compare('gt', x, lit(x, edge));
    return select(low, plus(x, lit(x, bias)), select(high, minus(x, lit(x, bias)), lit(x, 0)));
  }),

  IsNaN: intrinsic('isNaN'),
  IsInf: formula((x, op) => {
    const up = op.int('detect_positive', 1) !== 0;
    const down = op.int('detect_negative', 1) !== 0;
    const at = (sign: number): Expr => compare('eq', x, lit(x, sign * Infinity));
    if (up && down) return unary('isInfinite', x);
    return up ? at(1) : down ? at(-1) : literal('bool', 0);
  }),
  Not: intrinsic('not'),
  BitwiseNot: intrinsic('bitNot'),
};
