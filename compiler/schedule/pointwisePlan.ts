/**
 * Element by element: the axis along which most accesses are adjacent becomes vectors, some of them side by side,
 * the other loops stay in memory order. Also what only moves data.
 */
import { storageBytes } from '../loop/scalarType.ts';
import { laneStrides, strideOf } from './affine.ts';
import type { Access, Axis, Nest } from './nest.ts';
import { laneShape, lanesFor } from './operands.ts';
import type { TileContext, TilePlan } from './tilePlan.ts';
import { ENOUGH_TILES, GATHER, powerBelow } from './tilePlan.ts';

/** Vectors in flight: enough to keep memory busy, few enough for inlined functions. */
const VECTORS = 4;
const HEAVY_VECTORS = 2;
/** Operations per element from which on a nest computes more than it moves. */
const HEAVY_WORK = 12;
/** Bytes moved by one core in 20 us, or operations done. */
const PARALLEL_BYTES = 200_000;
const PARALLEL_WORK = 800_000;

export function planPointwise(nest: Nest, { target }: TileContext): TilePlan | undefined {
  const none: ReadonlySet<string> = new Set();
  let best: { readonly columns: Axis; readonly lanes: number; readonly cost: number } | undefined;
  for (const columns of nest.axes) {
    const { extent } = columns;
    if (extent === undefined || extent < 2) continue;
    const lanes = Math.min(lanesFor(nest, target, [columns]), powerBelow(extent));
    let cost = 1 / lanes + 1 / extent;
    for (const access of nest.accesses) {
      const shape = laneShape(access, columns, lanes, none);
      // Lanes of one store go to one place: this is no output axis of it.
      if (shape === 'scalar' && access.kind === 'store') cost = Infinity;
      cost += shape === 'gathered' ? GATHER : 1 / lanes;
    }
    if (cost < Infinity && (best === undefined || cost <= best.cost))
      best = { columns, lanes, cost };
  }
  if (best === undefined) return undefined;
  const { columns, lanes } = best;
  const points = pointsOf(nest);
  const vectors = (nest.work ?? 0) > HEAVY_WORK * points ? HEAVY_VECTORS : VECTORS;
  const rows = runAfter(nest, columns, lanes);
  const order = [...nest.axes.filter((axis) => axis !== rows && axis !== columns), columns];
  if (rows !== undefined) order.push(rows);
  const whole = Math.max(1, Math.floor((columns.extent ?? 1) / lanes));
  const axes = order.map((axis) => {
    const { variable } = axis;
    if (axis === columns) {
      return { variable, lanes, points: rows === undefined ? Math.min(vectors, whole) : 1 };
    }
    return axis === rows ? { variable, points: Math.min(vectors, rows.extent ?? 1) } : { variable };
  });
  return {
    request: { axes, parallel: parallelOf(nest, order, points, lanes * vectors) },
    packs: new Map(),
    turns: [],
    cycles: best.cost * points,
  };
}

function pointsOf({ axes }: Nest): number {
  return axes.reduce((product, { extent }) => product * (extent ?? 64), 1);
}

/**
 * In layouts that divide the vector's axis, neighbours of a vector lie along another axis: that one runs
 * innermost.
 */
function runAfter(nest: Nest, columns: Axis, lanes: number): Axis | undefined {
  const [store] = nest.accesses.filter(({ kind }) => kind === 'store');
  if (store === undefined || columns.extent === undefined) return undefined;
  const [, step] = laneStrides(
    store.position,
    columns.variable,
    columns.extent,
    lanes,
    store.facts,
  );
  // Panels as wide as what is done at once are as good as rows.
  const wide = lanes * VECTORS;
  const [along] = laneStrides(store.position, columns.variable, columns.extent, wide, store.facts);
  if (along === 1 && columns.extent >= wide) return gatheredAlong(nest, columns, lanes);
  const stride = (axis: Axis): number => absolute(store, axis);
  const next = nest.axes
    .filter((axis) => axis !== columns && stride(axis) > 0)
    .sort((a, b) => stride(a) - stride(b))[0];
  if (next === undefined) return undefined;
  const blocked = step === 'irregular' || Math.abs(step) > stride(next);
  return blocked || columns.extent <= lanes ? next : undefined;
}

/**
 * What is read across the vectors (a transposition) is read line by line: the axis along which it is adjacent runs
 * innermost, so that the lines are still in the first cache.
 */
function gatheredAlong({ accesses, axes }: Nest, columns: Axis, lanes: number): Axis | undefined {
  const none: ReadonlySet<string> = new Set();
  const gathered = accesses.find(
    (access) => access.kind === 'load' && laneShape(access, columns, lanes, none) === 'gathered',
  );
  return (
    gathered &&
    axes.find((axis) => {
      return axis !== columns && absolute(gathered, axis) === 1;
    })
  );
}

function absolute({ position, facts }: Access, { variable }: Axis): number {
  const stride = strideOf(position, variable, facts);
  return stride === 'irregular' ? 0 : Math.abs(stride);
}

function parallelOf(
  { accesses, work = Infinity }: Nest,
  order: readonly Axis[],
  points: number,
  step: number,
): number {
  const bytes = accesses.reduce((sum, { buffer }) => sum + storageBytes(buffer.storage), 0);
  if (bytes * points < PARALLEL_BYTES && work < PARALLEL_WORK) return 0;
  let tiles = 1;
  for (const [at, { extent }] of order.entries()) {
    tiles *= at === order.length - 1 ? Math.ceil((extent ?? 64) / step) : (extent ?? 64);
    if (tiles >= ENOUGH_TILES) return at + 1;
  }
  return order.length;
}
