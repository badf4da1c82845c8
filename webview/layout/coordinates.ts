// x coordinates of all nodes. Columns (align.ts) are packed at least distances from both sides and
// averaged, or start where they stood before an edit; then they are relaxed (relax.ts).

import type { Columns } from './align.ts';
import { createConstraints, pushLeft, pushRight, room } from './constraints.ts';
import type { Constraints } from './constraints.ts';
import { fillHints } from './hints.ts';
import type { Layers } from './layers.ts';
import { Relaxation } from './relax.ts';
import type { Homes } from './relax.ts';
import type { Spacing } from './types.ts';

/** How much each box and dummy holds its column where it stood before an edit. */
const boxStay = 0.3;
const dummyStay = 0.02;

/** Returns the x of every node, the leftmost box side at 0. Yields between relaxation rounds. */
export function* assignX(
  layers: Layers,
  columns: Columns,
  spacing: Spacing,
  fromHints: boolean,
): Generator<void, { x: Float64Array; width: number }> {
  const constraints = createConstraints(layers, columns, spacing);
  const home = fromHints ? homesOf(layers, columns) : undefined;
  const x = home ? packAround(constraints, home.x) : packBothSides(constraints);
  const relaxation = new Relaxation(layers, columns, constraints, x, home);
  const rounds = fromHints ? 6 : 16;
  for (let round = 0; round < rounds; round++) {
    if (relaxation.round(round % 2 === 0) < 0.5) break;
    yield;
  }
  if (!fromHints) closeUpParts(layers, columns, constraints, x);

  const nodes = new Float64Array(layers.count);
  let least = Infinity;
  let most = -Infinity;
  for (let v = 0; v < layers.count; v++) {
    nodes[v] = x[columns.of[v]!]! + columns.offset[v]!;
    least = Math.min(least, nodes[v]! - layers.width[v]! / 2);
    most = Math.max(most, nodes[v]! + layers.width[v]! / 2);
  }
  for (let v = 0; v < layers.count; v++) nodes[v]! -= least;
  return { x: nodes, width: layers.count === 0 ? 0 : most - least };
}

/** Mean of the leftmost and the rightmost packing: symmetric, and legal because both are. */
function packBothSides(constraints: Constraints): Float64Array {
  const left = new Float64Array(constraints.count);
  pushRight(constraints, left);
  let most = 0;
  for (const value of left) most = Math.max(most, value);
  const right = new Float64Array(constraints.count).fill(most);
  pushLeft(constraints, right);
  return left.map((value, c) => (value + right[c]!) / 2);
}

/** Every column as near to a wanted place as pushing evenly from both sides gives. */
function packAround(constraints: Constraints, wanted: Float64Array): Float64Array {
  const left = wanted.slice();
  const right = wanted.slice();
  pushRight(constraints, right);
  pushLeft(constraints, left);
  return left.map((value, c) => (value + right[c]!) / 2);
}

/** Where columns stood before an edit: by their boxes, else by their dummies, else by neighbours. */
function homesOf(layers: Layers, columns: Columns): Homes {
  const position = fillHints(layers);
  const x = new Float64Array(columns.count);
  const weight = new Float64Array(columns.count);
  const seen = new Int32Array(columns.count);
  const take = (from: number, to: number, hinted: boolean, stay: number): void => {
    const decided = seen.slice();
    for (let v = from; v < to; v++) {
      const c = columns.of[v]!;
      if (decided[c]! > 0 || (hinted && Number.isNaN(layers.hint[v]!))) continue;
      x[c]! += position[v]! - columns.offset[v]!;
      weight[c]! += stay;
      seen[c]!++;
    }
  };
  take(0, layers.real, true, boxStay);
  take(layers.real, layers.count, true, dummyStay);
  take(0, layers.count, false, 0);
  for (let c = 0; c < columns.count; c++) x[c]! /= seen[c]!;
  return { x, weight };
}

/** Unconnected parts do not pull each other: move each left until it touches the parts before it. */
function closeUpParts(
  layers: Layers,
  columns: Columns,
  constraints: Constraints,
  x: Float64Array,
): void {
  const part = connectedParts(layers, columns);
  const first: number[] = [];
  const members: number[][] = [];
  for (const c of constraints.order) {
    const p = part[c]!;
    if (!members[p]) {
      members[p] = [];
      first.push(p);
    }
    members[p].push(c);
  }
  if (first.length < 2) return;
  for (const p of first) {
    let free = Infinity;
    for (const c of members[p]!) {
      for (let k = constraints.toLeft.start[c]!; k < constraints.toLeft.start[c + 1]!; k++) {
        const link = constraints.toLeft.item[k]!;
        if (part[constraints.left[link]!] === p) continue;
        free = Math.min(free, room(constraints, x, link));
      }
    }
    if (free > 0 && free < Infinity) for (const c of members[p]!) x[c]! -= free;
  }
}

/** The number of a representative column for every column. */
function connectedParts(layers: Layers, { of, count }: Columns): Int32Array {
  const parent = Int32Array.from({ length: count }, (_, c) => c);
  const find = (c: number): number => {
    while (parent[c] !== c) {
      parent[c] = parent[parent[c]!]!;
      c = parent[c]!;
    }
    return c;
  };
  for (let s = 0; s < layers.segmentCount; s++) {
    parent[find(of[layers.to[s]!]!)] = find(of[layers.from[s]!]!);
  }
  return parent.map((_, c) => find(c));
}
