/**
 * Convolutions, direct: Conv, ConvTranspose (as a gather), ConvInteger. Groups, strides, dilations and padding
 * of any number of spatial axes. The generic form of what the convolution schedules tile.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, cast, literal } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, equal, floorDiv, mod, multiply, subtract, ZERO } from '../loop/indexExpr.ts';
import type { ScalarType, StorageType } from '../loop/scalarType.ts';
import { registerType } from '../loop/scalarType.ts';
import type { Field } from './field.ts';
import { integerOperands, scaledSum } from './integerProduct.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import type { Scope } from './scope.ts';
import { insideInput, tapPosition, windowOf } from './window.ts';

type Read = (scope: Scope, index: readonly Index[]) => Expr;

/** Sum of products without bias. Reads are made by the caller (zero points, types). */
export function convolutionSum(
  op: LowerOp,
  x: Field,
  w: Field,
  shape: readonly Index[],
  storage: StorageType,
  [readX, readW]: readonly [Read, Read],
): Field {
  const type: ScalarType = registerType(storage);
  const window = windowOf(op, x.shape.slice(2), shape.slice(2), w.shape.slice(2));
  const group = op.int('group', 1);
  const perGroup = w.shape[1]!;
  return op.make({
    shape,
    storage,
    cost: 'heavy',
    element: (scope, [n, m, ...spatial]) => {
      const filters = floorDiv(w.shape[0]!, group);
      const first = group === 1 ? ZERO : multiply(floorDiv(m!, filters), perGroup);
      const extents = [perGroup, ...window.map(({ kernel }) => kernel)];
      return scope.fold('acc', literal(type, 0), extents, (inner, [c, ...taps], sum) => {
        const at = window.map((axis, i) => tapPosition(axis, spatial[i]!, taps[i]!));
        const product = inner.choose(
          insideInput(at, window),
          (inside) => {
            const a = readX(inside, [n!, add(first, c!), ...at]);
            const b = readW(inside, [m!, c!, ...taps]);
            return binary('mul', cast(type, a), cast(type, b));
          },
          () => literal(type, 0),
        );
        return binary('add', sum, product);
      });
    },
  });
}

export const reading =
  (field: Field): Read =>
  (scope, index) =>
    scope.at(field, index);

/** Adds a bias per channel where there is one. */
function withBias(op: LowerOp, sum: Field, bias: Field | undefined): Field {
  if (bias === undefined) return sum;
  return op.make({
    shape: sum.shape,
    storage: sum.storage,
    cost: 'light',
    element: (scope, index) => binary('add', scope.at(sum, index), scope.at(bias, [index[1]!])),
  });
}

const conv: Lowering = (op) => {
  const [x, w, bias] = [op.input(0), op.input(1), op.optional(2)];
  const sum = integerSum(op, x, w) ?? floatSum(op, x, w);
  return [withBias(op, sum, bias)];
};

function floatSum(op: LowerOp, x: Field, w: Field): Field {
  return convolutionSum(op, x, w, op.outputDims(), op.outputScalar(), [reading(x), reading(w)]);
}

/** Of dequantised operands: the sum of integers, scaled per output channel. */
function integerSum(op: LowerOp, x: Field, w: Field): Field | undefined {
  const type = op.outputScalar();
  const operands = integerOperands(x, w, 0, w.shape.slice(1));
  if (operands === undefined || (type !== 'f32' && type !== 'f64')) return undefined;
  const reads = [operands[0].read, operands[1].read] as const;
  const sum = convolutionSum(op, x, w, op.outputDims(), 'i32', reads);
  return op.make({
    shape: sum.shape,
    storage: type,
    cost: 'light',
    element: (scope, index) => scaledSum(scope, scope.at(sum, index), operands, index[1]!, type),
  });
}

/** Each output gathers the taps that would have scattered to it. */
const convTranspose: Lowering = (op) => {
  const [x, w, bias] = [op.input(0), op.input(1), op.optional(2)];
  const shape = op.outputDims();
  const type = op.outputScalar();
  const group = op.int('group', 1);
  const spatialRank = x.shape.length - 2;
  const list = (name: string, fallback: number): readonly number[] =>
    op.ints(name) ?? new Array<number>(spatialRank).fill(fallback);
  const [strides, dilations] = [list('strides', 1), list('dilations', 1)];
  const pads = transposedPads(op, x, w, shape, strides, dilations);
  const perGroup = w.shape[1]!;
  const inputsPerGroup = floorDiv(x.shape[1]!, group);
  const sum = op.make({
    shape,
    storage: type,
    cost: 'heavy',
    element: (scope, [n, m, ...spatial]) => {
      const g = group === 1 ? ZERO : floorDiv(m!, perGroup);
      const own = group === 1 ? m! : mod(m!, perGroup);
      const extents = [inputsPerGroup, ...w.shape.slice(2)];
      return scope.fold('acc', literal(type, 0), extents, (inner, [c, ...taps], soFar) => {
        const reach = spatial.map((o, i) =>
          subtract(add(o, pads[i]!), multiply(taps[i]!, dilations[i]!)),
        );
        const at = reach.map((r, i) => floorDiv(r, strides[i]!));
        const conditions = [
          ...reach.flatMap((r, i) => (strides[i] === 1 ? [] : [equal(mod(r, strides[i]!), 0)])),
          ...at.flatMap((p, i) => [
            { op: 'le', a: ZERO, b: p } as const,
            { op: 'lt', a: p, b: x.shape[i + 2]! } as const,
          ]),
        ];
        const channel = add(multiply(g, inputsPerGroup), c!);
        const product = inner.choose(
          conditions,
          (inside) =>
            binary(
              'mul',
              inside.at(x, [n!, channel, ...at]),
              inside.at(w, [channel, own, ...taps]),
            ),
          () => literal(type, 0),
        );
        return binary('add', soFar, product);
      });
    },
  });
  return [withBias(op, sum, bias)];
};

/** Padding before each axis; `output_shape` and SAME distribute what is left over. */
function transposedPads(
  op: LowerOp,
  x: Field,
  w: Field,
  shape: readonly Index[],
  strides: readonly number[],
  dilations: readonly number[],
): readonly Index[] {
  const autoPad = op.string('auto_pad', 'NOTSET') || 'NOTSET';
  const stated = op.ints('output_shape');
  const explicit = op.ints('pads');
  return strides.map((stride, i) => {
    if (autoPad === 'VALID') return ZERO;
    if (autoPad === 'NOTSET' && (stated === undefined || stated.length === 0)) {
      return { kind: 'constant', value: explicit?.[i] ?? 0 };
    }
    const reach = add(multiply(subtract(w.shape[i + 2]!, 1), dilations[i]!), 1);
    const full = add(multiply(subtract(x.shape[i + 2]!, 1), stride), reach);
    const extra = op.ints('output_padding')?.[i] ?? 0;
    const total = subtract(add(full, extra), shape[i + 2]!);
    // The specification: SAME_UPPER puts the larger part at the end of the padding.
    return autoPad === 'SAME_UPPER' ? floorDiv(total, 2) : subtract(total, floorDiv(total, 2));
  });
}

/** Zero points are subtracted before the product; sums are i32. */
const convInteger: Lowering = (op) => {
  const [x, w] = [op.input(0), op.input(1)];
  const [zeroX, zeroW] = [op.optional(2), op.optional(3)];
  const shifted = (field: Field, zero: Field | undefined): Read => {
    return (scope, index) => {
      const value = cast('i32', scope.at(field, index));
      if (zero === undefined) return value;
      const at = zero.shape.length === 0 ? [] : [field === w && !isOne(zero) ? index[0]! : ZERO];
      return binary('sub', value, cast('i32', scope.at(zero, at)));
    };
  };
  const reads = [shifted(x, zeroX), shifted(w, zeroW)] as const;
  return [convolutionSum(op, x, w, op.outputDims(), 'i32', reads)];
};

export function isOne({ shape }: Field): boolean {
  return shape.every((dim) => dim.kind === 'constant' && dim.value === 1);
}

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  ConvInteger: convInteger,
};
