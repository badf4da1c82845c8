// Boxes without any edge (unused inputs, stray constants) do not belong to rows. They are set aside,
// the rest is solved, and they fill a grid at its right side.

import { solveLayered } from './layered.ts';
import { pinned } from './problem.ts';
import type { LayeredProblem, LayeredSolution } from './problem.ts';

/** `solveLayered` with a grid for unconnected boxes. */
export function* solveWithLooseBoxes(problem: LayeredProblem): Generator<void, LayeredSolution> {
  const { count, edgeCount, source, target, pin, width, height, spacing } = problem;
  const tied = new Uint8Array(count);
  for (let e = 0; e < edgeCount; e++) {
    if (source[e] !== target[e]) tied[source[e]!] = tied[target[e]!] = 1;
  }
  const loose: number[] = [];
  const kept: number[] = [];
  const place = new Int32Array(count);
  for (let v = 0; v < count; v++) {
    if (tied[v] === 1 || pin[v] !== pinned.free) {
      place[v] = kept.length;
      kept.push(v);
    } else loose.push(v);
  }
  if (loose.length === 0) return yield* solveLayered(problem);

  const rest = yield* solveLayered(withoutLooseBoxes(problem, kept, place));
  const x = new Float64Array(count);
  const y = new Float64Array(count);
  for (const v of kept) {
    x[v] = rest.x[place[v]!]!;
    y[v] = rest.y[place[v]!]!;
  }
  let left = kept.length > 0 ? rest.width + 2 * spacing.node : 0;
  let total = rest.width;
  let tallest = rest.height;
  // Rows as long as a square picture of the same area is wide.
  let area = 0;
  for (const v of loose) area += (width[v]! + spacing.node) * (height[v]! + spacing.rank);
  const limit = left + Math.sqrt(area);
  const start = left;
  let top = 0;
  let rowHeight = 0;
  for (const v of loose) {
    if (left > start && left + width[v]! > limit) {
      left = start;
      top += rowHeight + spacing.rank;
      rowHeight = 0;
    }
    x[v] = left + width[v]! / 2;
    y[v] = top + height[v]! / 2;
    left += width[v]! + spacing.node;
    rowHeight = Math.max(rowHeight, height[v]!);
    total = Math.max(total, x[v]! + width[v]! / 2);
    tallest = Math.max(tallest, top + rowHeight);
  }
  return { ...rest, x, y, width: total, height: tallest };
}

/** The same edges over fewer nodes; self loops of loose boxes are turned into self loops of node 0. */
function withoutLooseBoxes(
  problem: LayeredProblem,
  kept: number[],
  place: Int32Array,
): LayeredProblem {
  const size = kept.length;
  return {
    ...problem,
    count: size,
    width: Float32Array.from(kept, (v) => problem.width[v]!),
    height: Float32Array.from(kept, (v) => problem.height[v]!),
    pin: Uint8Array.from(kept, (v) => problem.pin[v]!),
    hint: Float32Array.from(kept, (v) => problem.hint[v]!),
    source: problem.source.map((v) => place[v]!),
    target: problem.target.map((v) => place[v]!),
  };
}
