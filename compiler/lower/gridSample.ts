/**
 * GridSample 22 of any number of spatial axes and AffineGrid 20. Positions come from data: they are brought into
 * the input by the padding mode, and each neighbour is clamped or left out, so nothing is read outside.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, cast, compare, indexValue, literal, select, unary } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { constant } from '../loop/indexExpr.ts';
import type { ScalarType } from '../loop/scalarType.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import type { Scope } from './scope.ts';
import { cubicWeights } from './resizePosition.ts';
import { both, lit, minus, over, plus, times } from './terms.ts';

type Padding = 'zeros' | 'border' | 'reflection';

/** One neighbour along an axis. */
interface Tap {
  readonly at: Index;
  readonly weight: Expr | undefined;
  /** Undefined: always within the input. */
  readonly inside: Expr | undefined;
}

interface Sampling {
  readonly op: LowerOp;
  readonly type: ScalarType;
  readonly mode: 'nearest' | 'linear' | 'cubic';
  readonly padding: Padding;
  readonly alignCorners: boolean;
}

const MODES: Readonly<Record<string, Sampling['mode']>> = {
  nearest: 'nearest',
  linear: 'linear',
  bilinear: 'linear',
  cubic: 'cubic',
  bicubic: 'cubic',
};

const gridSample: Lowering = (op) => {
  const [x, grid] = [op.input(0), op.input(1)];
  const dims = x.shape.slice(2);
  const out = op.outputScalar();
  const type: ScalarType = out === 'f64' ? 'f64' : 'f32';
  const padding = op.string('padding_mode', 'zeros');
  if (padding !== 'zeros' && padding !== 'border' && padding !== 'reflection') {
    return op.unsupported('its padding mode');
  }
  const name = op.string('mode', 'linear');
  const mode = Object.hasOwn(MODES, name) ? MODES[name] : undefined;
  if (mode === undefined) return op.unsupported('its mode');
  const alignCorners = op.int('align_corners', 0) !== 0;
  const sampling: Sampling = { op, type, mode, padding, alignCorners };
  return [
    op.make({
      shape: op.outputDims(),
      storage: op.outputStorage(),
      cost: mode === 'nearest' ? 'light' : 'heavy',
      element: (scope, [n, c, ...place]) => {
        // The grid names the last axis first.
        const taps = dims.map((dim, axis) => {
          const column = constant(dims.length - 1 - axis);
          const given = cast(type, scope.at(grid, [n!, ...place, column]));
          return tapsAlong(sampling, scope, given, dim);
        });
        const value = combine(taps, (picked) => {
          const at = picked.map((tap) => tap.at);
          const read = cast(type, scope.at(x, [n!, c!, ...at]));
          const inside = picked.flatMap((tap) => tap.inside ?? []);
          const [first, ...rest] = inside;
          return first === undefined ? read : select(rest.reduce(both, first), read, lit(read, 0));
        });
        return cast(out, value);
      },
    }),
  ];
};

/** Sum over all choices of one tap per axis, weighted. */
function combine(
  taps: readonly (readonly Tap[])[],
  read: (picked: readonly Tap[]) => Expr,
  picked: readonly Tap[] = [],
): Expr {
  const [first, ...rest] = taps;
  if (first === undefined) return read(picked);
  return first
    .map((tap) => {
      const value = combine(rest, read, [...picked, tap]);
      return tap.weight === undefined ? value : times(tap.weight, value);
    })
    .reduce(plus);
}

function tapsAlong(sampling: Sampling, scope: Scope, given: Expr, dim: Index): readonly Tap[] {
  const { type, mode, alignCorners } = sampling;
  const size = cast(type, indexValue(dim));
  const one = literal(type, 1);
  const half = literal(type, 0.5);
  // [-1, 1] spans the centres of the outermost cells, or the outer edges of these cells.
  const raw = alignCorners
    ? times(times(plus(given, one), half), minus(size, one))
    : times(minus(times(plus(given, one), size), one), half);
  const rounded = mode === 'nearest' ? unary('round', raw) : raw;
  const x = scope.bind('x', paddedPosition(sampling, rounded, size));
  if (mode === 'nearest') return [tapAt(sampling, scope, x, dim, size, undefined)];
  const base = scope.bind('base', unary('floor', x));
  const t = scope.bind('t', minus(x, base));
  const offsets = mode === 'linear' ? [0, 1] : [-1, 0, 1, 2];
  const weights = mode === 'linear' ? [minus(one, t), t] : cubicWeights(t, -0.75);
  return offsets.map((offset, i) =>
    tapAt(sampling, scope, plus(base, literal(type, offset)), dim, size, weights[i]),
  );
}

function paddedPosition(sampling: Sampling, x: Expr, size: Expr): Expr {
  if (sampling.padding === 'border') return clamped(x, size);
  return sampling.padding === 'reflection' ? reflected(sampling, x, size) : x;
}

function clamped(x: Expr, size: Expr): Expr {
  return binary('max', binary('min', x, minus(size, lit(x, 1))), lit(x, 0));
}

/** Folded at the borders until it lies between them. */
function reflected({ alignCorners }: Sampling, x: Expr, size: Expr): Expr {
  const low = lit(x, alignCorners ? 0 : -0.5);
  const range = alignCorners ? minus(size, lit(x, 1)) : size;
  const period = binary('max', times(range, lit(x, 2)), lit(x, 1e-30));
  const turned = binary('floorMod', minus(x, low), period);
  const folded = select(compare('gt', turned, range), minus(period, turned), turned);
  return plus(folded, low);
}

function tapAt(
  sampling: Sampling,
  scope: Scope,
  position: Expr,
  dim: Index,
  size: Expr,
  weight: Expr | undefined,
): Tap {
  const { op, padding } = sampling;
  const brought =
    padding === 'reflection' ? unary('trunc', reflected(sampling, position, size)) : position;
  const place = cast('i64', clamped(brought, size));
  const at = scope.checkedIndex('at', place, dim, op.id);
  const last = minus(size, lit(position, 1));
  const inside =
    padding === 'zeros'
      ? scope.bind(
          'inside',
          both(compare('ge', position, lit(position, 0)), compare('le', position, last)),
        )
      : undefined;
  return { at, weight: weight && scope.bind('weight', weight), inside };
}

/** Rows of theta times (x, y[, z], 1) at the cells of an N x C x [D x] H x W tensor; x is the last axis. */
const affineGrid: Lowering = (op) => {
  const theta = op.input(0);
  const shape = op.outputDims();
  const dims = shape.slice(1, -1);
  const out = op.outputScalar();
  const type: ScalarType = out === 'f64' ? 'f64' : 'f32';
  const alignCorners = op.int('align_corners', 0) !== 0;
  const position = (at: Index, dim: Index): Expr => {
    const [i, size] = [cast(type, indexValue(at)), cast(type, indexValue(dim))];
    const one = literal(type, 1);
    const two = literal(type, 2);
    if (!alignCorners) return minus(over(plus(times(i, two), one), size), one);
    const span = binary('max', minus(size, one), one);
    return minus(over(times(i, two), span), one);
  };
  return [
    op.make({
      shape,
      storage: op.outputStorage(),
      cost: 'light',
      element: (scope, index) => {
        const [n, row] = [index[0]!, index.at(-1)!];
        const places = index.slice(1, -1);
        const matrix = (column: number): Expr =>
          cast(type, scope.at(theta, [n, row, constant(column)]));
        const sum = places
          .map((at, axis) => times(matrix(dims.length - 1 - axis), position(at, dims[axis]!)))
          .reduce(plus, matrix(dims.length));
        return cast(out, sum);
      },
    }),
  ];
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  GridSample: gridSample,
  AffineGrid: affineGrid,
};

/** A value between cells of the last two axes of `x`, 0 outside: bilinear sampling at (y, x) in cells. */
export function bilinearAt(
  op: LowerOp,
  scope: Scope,
  x: Field,
  lead: readonly Index[],
  position: readonly Expr[],
): Expr {
  const type = position[0]?.type ?? 'f32';
  const sampling: Sampling = {
    op,
    type,
    mode: 'linear',
    padding: 'zeros',
    alignCorners: true,
  };
  const dims = x.shape.slice(lead.length);
  const taps = dims.map((dim, axis) => {
    const size = cast(type, indexValue(dim));
    const base = scope.bind('base', unary('floor', position[axis]!));
    const t = scope.bind('t', minus(position[axis]!, base));
    const one = literal(type, 1);
    return [
      tapAt(sampling, scope, base, dim, size, minus(one, t)),
      tapAt(sampling, scope, plus(base, one), dim, size, t),
    ];
  });
  return combine(taps, (picked) => {
    const read = cast(type, scope.at(x, [...lead, ...picked.map((tap) => tap.at)]));
    const inside = picked.flatMap((tap) => tap.inside ?? []);
    const [first, ...rest] = inside;
    return first === undefined ? read : select(rest.reduce(both, first), read, lit(read, 0));
  });
}
