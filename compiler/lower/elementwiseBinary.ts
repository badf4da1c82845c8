/**
 * Elementwise operators of several tensors: arithmetic, comparisons, logic, selection.
 */
import type { BinaryOp, CompareOp, Expr } from '../loop/expr.ts';
import { binary, cast, compare, literal, select, unary } from '../loop/expr.ts';
import { isFloat, isInteger } from '../loop/scalarType.ts';
import { sigmoid } from './elementwiseUnary.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { pointwise } from './pointwise.ts';

function all(of: (operands: readonly Expr[], op: LowerOp) => Expr): Lowering {
  return (op) => [pointwise(op, op.inputs(), (operands) => of(operands, op))];
}

function arithmetic(name: BinaryOp): Lowering {
  return all((operands) => operands.reduce((a, b) => binary(name, a, b)));
}

function comparison(name: CompareOp): Lowering {
  return all(([a, b]) => compare(name, a!, b!));
}

/** The result has the type of the base; an exponent of another type is converted first. */
function power(base: Expr, exponent: Expr): Expr {
  if (isInteger(base.type) && isFloat(exponent.type)) {
    return cast(base.type, binary('pow', cast('f64', base), cast('f64', exponent)));
  }
  return binary('pow', base, cast(base.type, exponent));
}

function modulo(a: Expr, b: Expr, op: LowerOp): Expr {
  return binary(op.int('fmod', 0) !== 0 ? 'rem' : 'floorMod', a, b);
}

function clip([x, low, high]: readonly (Expr | undefined)[]): Expr {
  const raised = low === undefined ? x! : binary('max', x!, low);
  return high === undefined ? raised : binary('min', raised, high);
}

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  Add: arithmetic('add'),
  Sub: arithmetic('sub'),
  Mul: arithmetic('mul'),
  Div: arithmetic('div'),
  Sum: arithmetic('add'),
  Max: arithmetic('max'),
  Min: arithmetic('min'),
  Mean: all((operands) => {
    const sum = operands.reduce((a, b) => binary('add', a, b));
    return binary('div', sum, literal(sum.type, operands.length));
  }),
  Mod: all(([a, b], op) => modulo(a!, b!, op)),
  Pow: all(([base, exponent]) => power(base!, exponent!)),

  Equal: comparison('eq'),
  Greater: comparison('gt'),
  GreaterOrEqual: comparison('ge'),
  Less: comparison('lt'),
  LessOrEqual: comparison('le'),
  And: arithmetic('and'),
  Or: arithmetic('or'),
  Xor: arithmetic('xor'),
  BitwiseAnd: arithmetic('and'),
  BitwiseOr: arithmetic('or'),
  BitwiseXor: arithmetic('xor'),
  BitShift: all(([a, b], op) =>
    binary(op.string('direction', 'LEFT') === 'LEFT' ? 'shl' : 'shr', a!, b!),
  ),

  Where: all(([condition, a, b]) => select(condition!, a!, b!)),
  SwiGLU: all(([a, b], op) => {
    const gate = binary('mul', a!, literal(a!.type, op.float('alpha', 1)));
    return binary('mul', binary('mul', a!, sigmoid(gate)), b!);
  }),
  PRelu: all(([x, slope]) =>
    select(compare('lt', x!, literal(x!.type, 0)), binary('mul', x!, slope!), x!),
  ),
  Clip: (op) => {
    const [x, low, high] = [op.input(0), op.optional(1), op.optional(2)];
    const present = [x, low, high].filter((field) => field !== undefined);
    return [
      pointwise(op, present, (operands) => {
        const [value, ...limits] = operands;
        return clip([
          value,
          low === undefined ? undefined : limits.shift(),
          high === undefined ? undefined : limits.shift(),
        ]);
      }),
    ];
  },
  Identity: all(([x]) => x!),
  Dropout: (op) => {
    const ratio = op.has(1) ? op.known(1)?.data[0] : op.float('ratio', 0.5);
    if (op.known(2)?.data[0] === 1 && ratio !== 0) op.unsupported('training mode');
    if (op.has(2) && op.known(2) === undefined) op.unsupported('a mode known at run time only');
    const y = pointwise(op, [op.input(0)], ([x]) => x!);
    const mask = op.hasOutput(1)
      ? pointwise(op, [], () => literal('bool', 1), { slot: 1 })
      : undefined;
    return [y, mask];
  },
  BitwiseNot: all(([x]) => unary('bitNot', x!)),
};
