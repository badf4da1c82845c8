// Solves one flat layered problem: the list of stages.

import { breakCycles } from './acyclic.ts';
import { alignColumns } from './align.ts';
import { assignX } from './coordinates.ts';
import { buildLayers } from './layers.ts';
import { orderLayers } from './order.ts';
import type { LayeredProblem, LayeredSolution } from './problem.ts';
import { assignRanks } from './ranks.ts';
import { routeEdges } from './routes.ts';

/** Yields now and then, so that a worker can look for a cancellation. */
export function* solveLayered(problem: LayeredProblem): Generator<void, LayeredSolution> {
  const { count, edgeCount, source, target, keepOrder } = problem;
  const acyclic = breakCycles(count, edgeCount, source, target);
  const ranks = assignRanks(problem, acyclic);
  const layers = buildLayers(problem, ranks, acyclic.back);
  yield;
  const crossings = yield* orderLayers(layers, keepOrder);
  const columns = alignColumns(
    layers,
    positions(layers.layers.start, layers.layers.item),
    keepOrder,
  );
  const { x, width } = yield* assignX(layers, columns, problem.spacing, keepOrder);
  return routeEdges(problem, layers, x, width, crossings);
}

function positions(start: Int32Array, item: Int32Array): Int32Array {
  const position = new Int32Array(item.length);
  for (let r = 0; r + 1 < start.length; r++) {
    for (let i = start[r]!; i < start[r + 1]!; i++) position[item[i]!] = i - start[r]!;
  }
  return position;
}
