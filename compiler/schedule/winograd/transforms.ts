/**
 * Winograd's minimal filtering F(m x m, 3 x 3) (Lavin and Gray, CVPR 2016): an output tile of m x m is
 * A'[(G g G') . (B' d B)]A. One dimension at a time, as straight code over expressions; filters as numbers.
 */
import type { Expr } from '../../loop/expr.ts';
import { binary, literal } from '../../loop/expr.ts';

/** Output points of a tile along one axis. */
export type TileSize = 2 | 4;

/** Taps of a filter along one axis. */
export const TAPS = 3;

/** Input points of a tile along one axis, and points of the transformed domain. */
export function domainOf(tile: TileSize): number {
  return tile + TAPS - 1;
}

/** Gives a value a name, so that it is computed once. */
export type Bind = (value: Expr) => Expr;

const plus = (a: Expr, b: Expr): Expr => binary('add', a, b);
const minus = (a: Expr, b: Expr): Expr => binary('sub', a, b);
const times = (factor: number, a: Expr): Expr => binary('mul', literal('f32', factor), a);

/** B' d: the points of the domain from as many input points. */
export function inputTransform(tile: TileSize, d: readonly Expr[], bind: Bind): readonly Expr[] {
  const [d0, d1, d2, d3, d4, d5] = d as [Expr, Expr, Expr, Expr, Expr, Expr];
  if (tile === 2) return [minus(d0, d2), plus(d1, d2), minus(d2, d1), minus(d1, d3)].map(bind);
  const even = bind(minus(d4, times(4, d2)));
  const odd = bind(minus(d3, times(4, d1)));
  const outer = bind(minus(d4, d2));
  const inner = bind(times(2, minus(d3, d1)));
  return [
    plus(minus(times(4, d0), times(5, d2)), d4),
    plus(even, odd),
    minus(even, odd),
    plus(outer, inner),
    minus(outer, inner),
    plus(minus(times(4, d1), times(5, d3)), d5),
  ].map(bind);
}

/** A' m: the output points from the points of the domain. */
export function outputTransform(tile: TileSize, m: readonly Expr[], bind: Bind): readonly Expr[] {
  const [m0, m1, m2, m3, m4, m5] = m as [Expr, Expr, Expr, Expr, Expr, Expr];
  if (tile === 2) return [plus(plus(m0, m1), m2), minus(minus(m1, m2), m3)].map(bind);
  const [sum, difference] = [bind(plus(m1, m2)), bind(minus(m1, m2))];
  const [wide, wideDifference] = [bind(plus(m3, m4)), bind(minus(m3, m4))];
  return [
    plus(plus(m0, sum), wide),
    plus(difference, times(2, wideDifference)),
    plus(sum, times(4, wide)),
    plus(plus(difference, times(8, wideDifference)), m5),
  ].map(bind);
}

const G: Readonly<Record<TileSize, readonly (readonly [number, number, number])[]>> = {
  2: [
    [1, 0, 0],
    [1 / 2, 1 / 2, 1 / 2],
    [1 / 2, -1 / 2, 1 / 2],
    [0, 0, 1],
  ],
  4: [
    [1 / 4, 0, 0],
    [-1 / 6, -1 / 6, -1 / 6],
    [-1 / 6, 1 / 6, -1 / 6],
    [1 / 24, 1 / 12, 1 / 6],
    [1 / 24, -1 / 12, 1 / 6],
    [0, 0, 1],
  ],
};

/**
 * G g G' of every filter: [..., 3, 3] row-major gives [..., domain, domain]. In double precision, rounded once.
 */
export function transformFilters(filters: Float32Array, tile: TileSize): Float32Array {
  const [matrix, domain, size] = [G[tile], domainOf(tile), TAPS * TAPS];
  const count = filters.length / size;
  const out = new Float32Array(count * domain * domain);
  const half = new Float64Array(domain * TAPS);
  for (let filter = 0; filter < count; filter++) {
    const from = filter * size;
    for (let i = 0; i < domain; i++) {
      const [a, b, c] = matrix[i]!;
      for (let j = 0; j < TAPS; j++) {
        const at = from + j;
        half[i * TAPS + j] =
          a * filters[at]! + b * filters[at + TAPS]! + c * filters[at + 2 * TAPS]!;
      }
    }
    let to = filter * domain * domain;
    for (let i = 0; i < domain; i++) {
      const row = i * TAPS;
      for (const [a, b, c] of matrix) {
        out[to++] = a * half[row]! + b * half[row + 1]! + c * half[row + 2]!;
      }
    }
  }
  return out;
}
