// Edge crossings between two neighbouring rows, counted in n log n with a Fenwick tree. Edges that
// leave or enter a box through different ports have different places.

import type { Adjacency } from './adjacency.ts';
import type { Layers } from './layers.ts';

/** Ports of one box are told apart up to this many. */
const finest = 64;

/** Where nodes stand in their rows and where segments end there. */
export interface Places {
  /** Index of each node in its row. */
  position: Int32Array;
  /** Places per node: 1 without ports. */
  resolution: number;
  /** Per segment: which place of its upper and lower node it uses. */
  upperSlot: Uint8Array;
  lowerSlot: Uint8Array;
}

export function createPlaces(layers: Layers): Places {
  const upperSlot = new Uint8Array(layers.segmentCount);
  const lowerSlot = new Uint8Array(layers.segmentCount);
  const resolution = Math.max(
    numberSlots(layers.down, layers.fromPort, upperSlot),
    numberSlots(layers.up, layers.toPort, lowerSlot),
  );
  const places = { position: new Int32Array(layers.count), resolution, upperSlot, lowerSlot };
  for (let r = 0; r < layers.layerCount; r++) updatePositions(layers, places, r);
  return places;
}

export function updatePositions({ layers }: Layers, { position }: Places, row: number): void {
  const first = layers.start[row]!;
  for (let i = first; i < layers.start[row + 1]!; i++) position[layers.item[i]!] = i - first;
}

/** Place of a segment's upper end in its row, as an integer that grows from left to right. */
export function upperPlace(layers: Layers, places: Places, segment: number): number {
  return places.position[layers.from[segment]!]! * places.resolution + places.upperSlot[segment]!;
}

export function lowerPlace(layers: Layers, places: Places, segment: number): number {
  return places.position[layers.to[segment]!]! * places.resolution + places.lowerSlot[segment]!;
}

/** Counts crossings between row r and row r+1; one counter serves all rows of a graph. */
export function createCrossingCounter(layers: Layers): (places: Places, row: number) => number {
  let widest = 0;
  for (let r = 0; r < layers.layerCount; r++) {
    widest = Math.max(widest, layers.layers.start[r + 1]! - layers.layers.start[r]!);
  }
  const lower = new Int32Array(layers.segmentCount);
  let tree = new Int32Array(0);

  return (places, row) => {
    const { start, item } = layers.layers;
    if (start[row + 1]! - start[row]! < 2 && places.resolution === 1) return 0;
    let n = 0;
    for (let i = start[row]!; i < start[row + 1]!; i++) {
      const v = item[i]!;
      let run = n;
      for (let k = layers.down.start[v]!; k < layers.down.start[v + 1]!; k++) {
        const s = layers.down.item[k]!;
        if (k > layers.down.start[v]!) {
          const before = layers.down.item[k - 1]!;
          if (places.upperSlot[before] !== places.upperSlot[s]) {
            sortRun(lower, run, n);
            run = n;
          }
        }
        lower[n++] = lowerPlace(layers, places, s);
      }
      sortRun(lower, run, n);
    }
    if (n < 2) return 0;
    if (n <= 24) return countSmall(lower, n);
    const size = (start[row + 2]! - start[row + 1]!) * places.resolution;
    if (tree.length <= size) tree = new Int32Array(Math.max(size, widest) + 1);
    return countLarge(lower, n, tree, size);
  };
}

/** Edges that start at one place cannot cross: their ends are taken in order. */
function sortRun(values: Int32Array, from: number, to: number): void {
  if (to - from > 24) {
    values.subarray(from, to).sort();
    return;
  }
  for (let i = from + 1; i < to; i++) {
    const value = values[i]!;
    let k = i - 1;
    for (; k >= from && values[k]! > value; k--) values[k + 1] = values[k]!;
    values[k + 1] = value;
  }
}

function countSmall(values: Int32Array, n: number): number {
  let crossings = 0;
  for (let i = 1; i < n; i++) {
    const value = values[i]!;
    for (let k = 0; k < i; k++) if (values[k]! > value) crossings++;
  }
  return crossings;
}

function countLarge(values: Int32Array, n: number, tree: Int32Array, size: number): number {
  tree.fill(0, 0, size + 1);
  let crossings = 0;
  for (let i = 0; i < n; i++) {
    let notAbove = 0;
    for (let k = values[i]! + 1; k > 0; k -= k & -k) notAbove += tree[k]!;
    crossings += i - notAbove;
    for (let k = values[i]! + 1; k <= size; k += k & -k) tree[k]!++;
  }
  return crossings;
}

/** Numbers the distinct ports of each node from the left; returns the places a node may need. */
function numberSlots(segments: Adjacency, port: Float32Array, slot: Uint8Array): number {
  let most = 1;
  for (let v = 0; v + 1 < segments.start.length; v++) {
    let current = 0;
    for (let k = segments.start[v]! + 1; k < segments.start[v + 1]!; k++) {
      const s = segments.item[k]!;
      if (port[s]! > port[segments.item[k - 1]!]! && current + 1 < finest) current++;
      slot[s] = current;
    }
    most = Math.max(most, current + 1);
  }
  return most;
}
