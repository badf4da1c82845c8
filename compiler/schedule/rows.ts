/**
 * Kernels over rows (softmax, normalisations): one parallel loop over the rows; inside, every loop over the row is
 * vectorised along it, reductions with several partial results. The row stays in the first cache between the loops.
 */
import type { LoopProgram, Stmt } from '../loop/ir.ts';
import type { Nest } from './nest.ts';
import { productOf } from './nest.ts';
import { lanesFor } from './operands.ts';
import { strideOf } from './affine.ts';
import type { TileContext } from './tilePlan.ts';
import { PARALLEL_WORK } from './tilePlan.ts';
import type { Loop, Place } from './transform/place.ts';
import { rewriteLoop, unlessRefused } from './transform/place.ts';
import { tile } from './transform/tile.ts';
import { vectorise } from './transform/unrollAndJam.ts';
import { vectoriseReduction } from './transform/vectoriseReduction.ts';

/** Partial results: hides the latency of the sums without using many registers. */
const ACCUMULATORS = 4;

/** A reduction of everything to one value: vectors of partial results, by one thread. Throws Refused. */
export function scheduleTotal(program: LoopProgram, nest: Nest, context: TileContext): LoopProgram {
  const lanes = lanesFor(nest, context.target, nest.axes);
  const { variable } = nest.loop;
  return rewriteLoop(program, variable, (loop, place) =>
    vectoriseReduction(loop, lanes, place, ACCUMULATORS),
  );
}

/** Cycles of a nest whose innermost loops are vectorised, by one core; `undefined` where they cannot be. */
export function rowCycles(nest: Nest, { target }: TileContext): number | undefined {
  const last = nest.inner.at(-1);
  const all = productOf([...nest.axes, ...nest.inner]);
  if (last?.extent === undefined || all === undefined || !isAlongRow(nest)) return undefined;
  const lanes = lanesFor(nest, target, nest.inner);
  if (last.extent < lanes) return undefined;
  const rows = productOf(nest.axes) ?? 1;
  const loads = nest.accesses.filter(({ kind }) => kind === 'load').length;
  // Each row ends with sums across lanes.
  return (all / last.extent) * Math.ceil(last.extent / lanes) * Math.max(1, loads / 2) + rows * 12;
}

/** `undefined` where the loops over the row do not run along adjacent elements. */
export function scheduleRows(
  program: LoopProgram,
  nest: Nest,
  context: TileContext,
): LoopProgram | undefined {
  if (!isAlongRow(nest)) return undefined;
  const lanes = lanesFor(nest, context.target, nest.inner);
  let current = program;
  for (const { variable, extent } of nest.inner) {
    if (extent === undefined || extent < lanes) continue;
    const next = unlessRefused(() =>
      rewriteLoop(current, variable, (loop, place) => vectorLoop(loop, extent, lanes, place)),
    );
    if (next !== undefined) current = next;
  }
  const worth = nest.work === undefined || nest.work >= PARALLEL_WORK;
  const parallel = worth ? nest.axes.length : 0;
  const request = { axes: nest.axes.map(({ variable }) => ({ variable })), parallel };
  const tiled = unlessRefused(() =>
    rewriteLoop(current, nest.loop.variable, (loop, place) => tile(loop, request, place)),
  );
  return tiled ?? current;
}

function vectorLoop(loop: Loop, extent: number, lanes: number, place: Place): readonly Stmt[] {
  const accumulators = Math.min(ACCUMULATORS, Math.floor(extent / lanes));
  const reduced = unlessRefused(() => vectoriseReduction(loop, lanes, place, accumulators));
  return reduced ?? vectorise(loop, lanes, place);
}

/** The innermost loops move along adjacent elements, as far as they move at all. */
export function isAlongRow({ accesses }: Nest): boolean {
  return accesses.every(({ inner, position, facts }) => {
    const last = inner.at(-1);
    if (last === undefined) return true;
    const stride = strideOf(position, last.variable, facts);
    return stride === 0 || stride === 1;
  });
}
