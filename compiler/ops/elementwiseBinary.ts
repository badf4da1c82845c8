/**
 * Elementwise arithmetic, comparison and logic over inputs that broadcast together. One-to-One until a
 * runtime input broadcasts. `Sum`, `Mean`, `Max` and `Min` take any number of inputs.
 */
import type { Dim } from '../graph/dim.ts';
import { dimAdd, dimFloorDiv, dimMod, dimMul, dimSub, divideExactly } from '../graph/dim.ts';
import type { DataType } from '../graph/types.ts';
import { DATA_TYPES } from '../graph/types.ts';
import type { DimRule, NumberRule } from './arithmetic.ts';
import { evaluateElementwise, isInteger } from './arithmetic.ts';
import type { Mapping, OperatorEntry, OpView, Property } from './define.ts';
import { largerDim, lowerBound, possibleSigns, smallerDim } from './dimBounds.ts';
import type { OperatorSpec } from './entry.ts';
import { operator, VARIADIC } from './entry.ts';
import { elementCount, perOutputElement } from './flops.ts';
import { broadcastInputs } from './inferRules.ts';
import type { KnownElement } from './known.ts';
import { outputDtype } from './known.ts';
import { elementwiseMapping, opaqueMapping } from './mappingRules.ts';

interface BinaryRule {
  readonly numbers: NumberRule;
  readonly dims?: DimRule;
  readonly dtype?: DataType;
}

function binary(
  name: string,
  since: readonly number[],
  properties: readonly Property[],
  rule: BinaryRule,
  spec: Partial<OperatorSpec> = {},
): OperatorEntry {
  return operator(name, {
    since,
    properties,
    inputs: [2, 2],
    mapping: (op) => elementwiseMapping(op),
    infer: broadcastInputs(rule.dtype),
    flops: perOutputElement(1),
    evaluate: (op) => evaluateElementwise(op, rule.numbers, rule.dims),
    ...spec,
  });
}

/** n-ary: one operation less than inputs per element. */
function variadic(
  name: string,
  since: readonly number[],
  properties: readonly Property[],
  rule: BinaryRule,
): OperatorEntry {
  return binary(name, since, properties, rule, {
    inputs: [1, VARIADIC],
    flops: (op) => dimMul(elementCount(op.outputShape(0)), Math.max(op.inputCount - 1, 1)),
  });
}

const COMMUTES: readonly Property[] = ['associative', 'commutative'];

const ARITHMETIC: readonly OperatorEntry[] = [
  binary('Add', [1, 6, 7, 13, 14], [...COMMUTES, 'linear', 'distributive'], {
    numbers: (a, b) => (a as number) + (b as number),
    dims: (a, b) => dimAdd(a as Dim, b as Dim),
  }),
  binary('Sub', [1, 6, 7, 13, 14], ['linear', 'distributive'], {
    numbers: (a, b) => (a as number) - (b as number),
    dims: (a, b) => dimSub(a as Dim, b as Dim),
  }),
  binary('Mul', [1, 6, 7, 13, 14], [...COMMUTES, 'distributive', 'bilinear'], {
    numbers: (a, b) => (a as number) * (b as number),
    dims: (a, b) => dimMul(a as Dim, b as Dim),
  }),
  binary(
    'Div',
    [1, 6, 7, 13, 14],
    ['distributive'],
    { numbers: divideNumbers },
    {
      evaluate: evaluateDiv,
    },
  ),
  binary('Mod', [10, 13], [], { numbers: floorMod }, { evaluate: evaluateMod }),
  binary(
    'Pow',
    [1, 7, 12, 13, 15],
    [],
    { numbers: (a, b) => (a as number) ** (b as number) },
    {
      infer: (op) => broadcastInputs(op.dtype(0))(op),
      evaluate: (op) =>
        evaluateElementwise(op, (a, b) => (a as number) ** (b as number), powerOfDim),
    },
  ),
  variadic('Sum', [1, 6, 8, 13], [...COMMUTES, 'linear', 'distributive'], {
    numbers: (...values) => values.reduce((sum, value) => sum + value),
    dims: (...values) => values.reduce(dimAdd),
  }),
  variadic('Mean', [1, 6, 8, 13], ['commutative', 'linear'], {
    numbers: (...values) => values.reduce((sum, value) => sum + value) / values.length,
  }),
  variadic(
    'Max',
    [1, 6, 8, 12, 13],
    [...COMMUTES, 'distributive', 'idempotent', 'monotone-increasing', 'exact'],
    { numbers: Math.max, dims: (...values) => values.reduce(largerDim) },
  ),
  variadic(
    'Min',
    [1, 6, 8, 12, 13],
    [...COMMUTES, 'distributive', 'idempotent', 'monotone-increasing', 'exact'],
    { numbers: Math.min, dims: (...values) => values.reduce(smallerDim) },
  ),
];

function comparison(
  name: string,
  since: readonly number[],
  holds: (a: number, b: number) => boolean,
  spec: Partial<OperatorSpec> = {},
): OperatorEntry {
  const numbers: NumberRule = (a, b) => (holds(a as number, b as number) ? 1 : 0);
  const dims: DimRule = (a, b) => {
    const signs = possibleSigns(a as Dim, b as Dim);
    if (signs.every((sign) => holds(sign, 0))) return 1;
    return signs.some((sign) => holds(sign, 0)) ? undefined : 0;
  };
  return binary(name, since, ['exact'], { numbers, dims, dtype: 'bool' }, spec);
}

const COMPARISONS: readonly OperatorEntry[] = [
  comparison('Equal', [1, 7, 11, 13, 19], (a, b) => a === b, {
    properties: ['commutative', 'exact'],
    mapping: equalMapping,
  }),
  comparison('Greater', [1, 7, 9, 13], (a, b) => a > b),
  comparison('GreaterOrEqual', [12, 16], (a, b) => a >= b),
  comparison('Less', [1, 7, 9, 13], (a, b) => a < b),
  comparison('LessOrEqual', [12, 16], (a, b) => a <= b),
];

const LATTICE: readonly Property[] = [...COMMUTES, 'distributive', 'idempotent', 'exact'];
const logic = { dtype: 'bool' } as const;

const LOGIC: readonly OperatorEntry[] = [
  binary('And', [1, 7], LATTICE, { ...logic, numbers: (a, b) => (a && b ? 1 : 0) }),
  binary('Or', [1, 7], LATTICE, { ...logic, numbers: (a, b) => (a || b ? 1 : 0) }),
  binary('Xor', [1, 7], [...COMMUTES, 'exact'], {
    ...logic,
    numbers: (a, b) => (!a === !b ? 0 : 1),
  }),
  binary('BitwiseAnd', [18], LATTICE, { numbers: onBits((a, b) => a & b) }),
  binary('BitwiseOr', [18], LATTICE, { numbers: onBits((a, b) => a | b) }),
  binary('BitwiseXor', [18], [...COMMUTES, 'exact'], { numbers: onBits((a, b) => a ^ b) }),
  binary('BitShift', [11], ['exact'], { numbers: (a) => a as number }, { evaluate: evaluateShift }),
];

export const FAMILY: readonly OperatorEntry[] = [...ARITHMETIC, ...COMPARISONS, ...LOGIC];

function divideNumbers(a?: number, b?: number): number {
  return (a as number) / (b as number);
}

/** Integer division truncates towards zero (`storeAs` does); sizes divide as whole numbers. */
function evaluateDiv(op: OpView): ReturnType<typeof evaluateElementwise> {
  const whole = isInteger(outputDtype(op));
  return evaluateElementwise(op, divideNumbers, (a, b) => {
    if (b === 0) return undefined;
    const exact = divideExactly(a as Dim, b as Dim);
    if (exact !== undefined || !whole) return exact;
    const floors = lowerBound(a as Dim) >= 0 && lowerBound(b as Dim) >= 0;
    return floors ? dimFloorDiv(a as Dim, b as Dim) : undefined;
  });
}

function floorMod(a?: number, b?: number): number {
  const [x, y] = [a as number, b as number];
  const remainder = x % y;
  return remainder !== 0 && remainder < 0 !== y < 0 ? remainder + y : remainder;
}

/** fmod = 1 keeps the sign of the dividend (C), else that of the divisor (Python). */
function evaluateMod(op: OpView): ReturnType<typeof evaluateElementwise> {
  const truncates = op.int('fmod', 0) !== 0;
  const numbers: NumberRule = truncates ? (a, b) => (a as number) % (b as number) : floorMod;
  return evaluateElementwise(op, numbers, (a, b) => {
    if (b === 0 || !(lowerBound(b as Dim) >= 0)) return undefined;
    if (truncates && !(lowerBound(a as Dim) >= 0)) return undefined;
    return dimMod(a as Dim, b as Dim);
  });
}

function powerOfDim(base?: Dim, exponent?: Dim): KnownElement {
  if (exponent === 1) return base;
  return exponent === 2 ? dimMul(base as Dim, base as Dim) : undefined;
}

function equalMapping(op: OpView): Mapping {
  const strings = op.dtype(0) === 'string';
  return strings ? opaqueMapping(op, 'compares strings') : elementwiseMapping(op);
}

/** Bit operations through BigInt: operands of 64 bits stay exact. */
function onBits(rule: (a: bigint, b: bigint) => bigint): NumberRule {
  return (a, b) => {
    if (!Number.isInteger(a) || !Number.isInteger(b)) return Number.NaN;
    return Number(rule(BigInt(a as number), BigInt(b as number)));
  };
}

/** Shifts outside the width are left to the run: the specification does not say what they give. */
function evaluateShift(op: OpView): ReturnType<typeof evaluateElementwise> {
  const left = op.string('direction', 'LEFT') === 'LEFT';
  const { bits } = DATA_TYPES[outputDtype(op)];
  return evaluateElementwise(op, (a, b) => {
    if (!((b as number) >= 0 && (b as number) < bits)) return Number.NaN;
    const factor = 2 ** (b as number);
    return left ? (a as number) * factor : Math.floor((a as number) / factor);
  });
}
