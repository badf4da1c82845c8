// Exchanges of neighbours in a row: two nodes change places when that removes crossings with the rows
// above and below. A local search that repairs what barycentres leave.

import { lowerPlace, upperPlace } from './crossings.ts';
import type { Places } from './crossings.ts';
import type { Layers } from './layers.ts';

/** Pairs whose degrees multiply to more than this are left alone: two hubs side by side. */
const mostPairs = 1 << 14;

/** At most `rounds` passes over all rows; ends early when a pass changes nothing. */
export function exchangeNeighbours(layers: Layers, places: Places, rounds: number): void {
  const { start, item } = layers.layers;
  // A row is looked at again only when it or a neighbouring row changed.
  let stale = new Uint8Array(layers.layerCount + 2).fill(1);
  for (let round = 0; round < rounds; round++) {
    const next = new Uint8Array(layers.layerCount + 2);
    let changed = false;
    for (let r = 0; r < layers.layerCount; r++) {
      if (stale[r + 1] === 0 || start[r + 1]! - start[r]! < 2) continue;
      for (let i = start[r]!; i + 1 < start[r + 1]!; i++) {
        const left = item[i]!;
        const right = item[i + 1]!;
        if (layers.held[left]! + layers.held[right]! === 2) continue;
        if (gain(layers, places, left, right) <= 0) continue;
        item[i] = right;
        item[i + 1] = left;
        places.position[right] = i - start[r]!;
        places.position[left] = i + 1 - start[r]!;
        changed = true;
        next[r] = next[r + 1] = next[r + 2] = 1;
        stale[r + 2] = 1;
      }
    }
    if (!changed) return;
    stale = next;
  }
}

/** Crossings removed by exchanging two neighbours (left stands before right). */
function gain(layers: Layers, places: Places, left: number, right: number): number {
  const { up, down } = layers;
  let total = 0;
  if (pairs(up.start, left, right)) {
    for (let i = up.start[left]!; i < up.start[left + 1]!; i++) {
      const a = upperPlace(layers, places, up.item[i]!);
      for (let k = up.start[right]!; k < up.start[right + 1]!; k++) {
        total += Math.sign(a - upperPlace(layers, places, up.item[k]!));
      }
    }
  }
  if (pairs(down.start, left, right)) {
    for (let i = down.start[left]!; i < down.start[left + 1]!; i++) {
      const a = lowerPlace(layers, places, down.item[i]!);
      for (let k = down.start[right]!; k < down.start[right + 1]!; k++) {
        total += Math.sign(a - lowerPlace(layers, places, down.item[k]!));
      }
    }
  }
  return total;
}

function pairs(start: Int32Array, left: number, right: number): boolean {
  const n = (start[left + 1]! - start[left]!) * (start[right + 1]! - start[right]!);
  return n > 0 && n <= mostPairs;
}
