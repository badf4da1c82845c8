/**
 * Signals: DFT 20, STFT 17, the window functions 17 and MelWeightMatrix 17. A transform is a sum over the signal
 * with factors of a table of one turn: exact for every length.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, cast, compare, indexValue, literal, select, unary } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, constant, equal, mod, multiply, ZERO } from '../loop/indexExpr.ts';
import type { ScalarType } from '../loop/scalarType.ts';
import { axisIn } from '../ops/axes.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import type { Scope } from './scope.ts';
import { minus, over, plus, times } from './terms.ts';

const TURN = 2 * Math.PI;

/** cos or sin of i turns / length, for i below length. */
function turnTable(op: LowerOp, name: 'cos' | 'sin', length: Index, type: ScalarType): Field {
  return op.make({
    hint: name,
    shape: [length],
    storage: type,
    cost: 'heavy',
    element: (_, [i]) => {
      const angle = over(
        times(literal('f64', TURN), cast('f64', indexValue(i!))),
        cast('f64', indexValue(length)),
      );
      return cast(type, unary(name, angle));
    },
  });
}

interface Transform {
  readonly op: LowerOp;
  readonly type: ScalarType;
  /** Length of the transform, and how many samples of it there are (the rest is 0). */
  readonly length: Index;
  readonly samples: Index;
  readonly inverse: boolean;
}

type Sample = (scope: Scope, k: Index) => { readonly re: Expr; readonly im: Expr | undefined };

/** Real and imaginary part of one bin, as a function of `part` (0 or 1). */
function binOf({ op, type, length, samples, inverse }: Transform) {
  const cos = turnTable(op, 'cos', length, type);
  const sin = turnTable(op, 'sin', length, type);
  return (scope: Scope, bin: Index, part: Index, sample: Sample): Expr => {
    const sumOf = (imaginary: boolean) => (inner: Scope) =>
      inner.fold('acc', literal(type, 0), [samples], (step, [k], soFar) => {
        const angle = [mod(multiply(bin, k!), length)];
        const { re, im } = sample(step, k!);
        const [c, s] = [step.at(cos, angle), step.at(sin, angle)];
        // e^(-i angle) forwards, e^(i angle) backwards.
        if (imaginary) {
          const turned = times(re, s);
          const own = im === undefined ? undefined : times(im, c);
          const signed = inverse ? turned : unary('neg', turned);
          return plus(soFar, own === undefined ? signed : plus(own, signed));
        }
        const straight = times(re, c);
        if (im === undefined) return plus(soFar, straight);
        const crossed = times(im, s);
        return plus(soFar, inverse ? minus(straight, crossed) : plus(straight, crossed));
      });
    const sum = scope.choose([equal(part, ZERO)], sumOf(false), sumOf(true));
    return inverse ? over(sum, cast(type, indexValue(length))) : sum;
  };
}

const dft: Lowering = (op) => {
  const x = op.input(0);
  const rank = x.shape.length;
  const stated = op.has(2)
    ? op.knownNumbers(2, 'its axis')[0]!
    : op.int('axis', op.opset < 20 ? 1 : -2);
  const axis = axisIn(stated, rank) ?? op.unsupported('its axis');
  if (axis === rank - 1) op.unsupported('its axis');
  const inverse = op.int('inverse', 0) !== 0;
  if (inverse && op.int('onesided', 0) !== 0) op.unsupported('the inverse of one side');
  const own = x.shape[axis]!;
  const length = op.has(1) ? constant(op.knownNumbers(1, 'its length')[0]!) : own;
  if (length.kind === 'constant' && length.value < 1) op.unsupported('its length');
  const samples =
    length.kind === 'constant' && own.kind === 'constant'
      ? constant(Math.min(length.value, own.value))
      : own;
  const type = op.outputScalar();
  const bin = binOf({ op, type, length, samples, inverse });
  const isComplex = isTwo(op, x.shape.at(-1)!);
  return [
    op.make({
      shape: op.outputDims(),
      storage: op.outputStorage(),
      cost: 'heavy',
      element: (scope, index) =>
        bin(scope, index[axis]!, index.at(-1)!, (step, k) => {
          const at = (part: number): Index[] =>
            index.map((old, place) =>
              place === axis ? k : place === rank - 1 ? constant(part) : old,
            );
          return { re: step.at(x, at(0)), im: isComplex ? step.at(x, at(1)) : undefined };
        }),
    }),
  ];
};

/** Whether the last axis holds complex numbers. */
function isTwo(op: LowerOp, dim: Index): boolean {
  if (dim.kind === 'constant' && (dim.value === 1 || dim.value === 2)) return dim.value === 2;
  return op.unsupported('a last axis that is neither 1 nor 2');
}

const stft: Lowering = (op) => {
  const signal = op.input(0);
  const step = op.knownNumbers(1, 'the step between frames')[0]!;
  const window = op.optional(2);
  const length = op.has(3)
    ? constant(op.knownNumbers(3, 'the length of a frame')[0]!)
    : (window?.shape[0] ?? op.unsupported('the length of a frame is missing'));
  if (step < 1) op.unsupported('the step between frames');
  const type = op.outputScalar();
  const bin = binOf({ op, type, length, samples: length, inverse: false });
  const packed = signal.shape.length === 3;
  const isComplex = packed && isTwo(op, signal.shape[2]!);
  return [
    op.make({
      shape: op.outputDims(),
      storage: op.outputStorage(),
      cost: 'heavy',
      element: (scope, [b, frame, at, part]) =>
        bin(scope, at!, part!, (inner, k) => {
          const place = add(multiply(frame!, step), k);
          const weight = window && inner.at(window, [k]);
          const read = (which: number): Expr => {
            const value = inner.at(signal, packed ? [b!, place, constant(which)] : [b!, place]);
            return weight === undefined ? value : times(value, cast(value.type, weight));
          };
          return { re: read(0), im: isComplex ? read(1) : undefined };
        }),
    }),
  ];
};

/** a + b cos(turn) + c cos(2 turns); a periodic window of n is a symmetric one of n + 1 without its last cell. */
const window =
  (a: number, b: number, c: number): Lowering =>
  (op) => {
    const shape = op.outputDims();
    const count = shape[0]!;
    const type = op.outputScalar();
    const period = op.int('periodic', 1) !== 0 ? count : add(count, -1);
    const d = (value: number): Expr => literal('f64', value);
    return [
      op.make({
        shape,
        storage: op.outputStorage(),
        cost: 'light',
        element: (_, [i]) => {
          const turns = over(cast('f64', indexValue(i!)), cast('f64', indexValue(period)));
          const angle = times(d(TURN), turns);
          const first = plus(d(a), times(d(b), unary('cos', angle)));
          return cast(type, plus(first, times(d(c), unary('cos', times(d(2), angle)))));
        },
      }),
    ];
  };

/** Triangles between three neighbouring edges of the mel scale, in bins of the spectrum. */
const melWeightMatrix: Lowering = (op) => {
  const [mels, length, rate, low, high] = [0, 1, 2, 3, 4].map(
    (slot) => op.knownNumbers(slot, 'one of its inputs')[0]!,
  ) as [number, number, number, number, number];
  const toMel = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);
  const start = toMel(low);
  const step = (toMel(high) - start) / (mels + 2);
  const d = (value: number): Expr => literal('f64', value);
  const type = op.outputScalar();
  /** Bin of edge i, a whole number. */
  const edge = (scope: Scope, i: Index): Expr => {
    const mel = plus(times(cast('f64', indexValue(i)), d(step)), d(start));
    const hertz = times(d(700), minus(binary('pow', d(10), over(mel, d(2595))), d(1)));
    return scope.bind('edge', unary('floor', over(times(d(length + 1), hertz), d(rate))));
  };
  return [
    op.make({
      shape: op.outputDims(),
      storage: op.outputStorage(),
      cost: 'light',
      element: (scope, [bin, mel]) => {
        const at = cast('f64', indexValue(bin!));
        const [left, centre, right] = [0, 1, 2].map((i) => edge(scope, add(mel!, i))) as [
          Expr,
          Expr,
          Expr,
        ];
        const rising = over(minus(at, left), minus(centre, left));
        const falling = over(minus(right, at), minus(right, centre));
        const isBefore = (a: Expr, b: Expr): Expr => compare('lt', a, b);
        const behind = select(isBefore(at, right), falling, d(0));
        const beyond = select(isBefore(centre, at), behind, d(1));
        const ahead = select(isBefore(at, left), d(0), rising);
        return cast(type, select(isBefore(at, centre), ahead, beyond));
      },
    }),
  ];
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  DFT: dft,
  STFT: stft,
  HannWindow: window(0.5, -0.5, 0),
  HammingWindow: window(25 / 46, -21 / 46, 0),
  BlackmanWindow: window(0.42, -0.5, 0.08),
  MelWeightMatrix: melWeightMatrix,
};
