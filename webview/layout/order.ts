// The left-to-right order of every row: a depth-first start, then barycentre sweeps with neighbour
// exchanges, keeping the order with the fewest crossings. After an edit the surviving boxes keep their
// order and only new boxes and edges look for a place.

import {
  createCrossingCounter,
  createPlaces,
  lowerPlace,
  updatePositions,
  upperPlace,
} from './crossings.ts';
import type { Places } from './crossings.ts';
import { depthFirstOrder } from './depthFirst.ts';
import { exchangeNeighbours } from './exchange.ts';
import { orderByHints } from './hints.ts';
import type { Layers } from './layers.ts';

/**
 * Permutes `layers.layers.item`; returns the crossings left. `fromHints`: start from where nodes were.
 * Held nodes keep their order in either case. Yields between sweeps.
 */
export function* orderLayers(layers: Layers, fromHints: boolean): Generator<void, number> {
  if (fromHints) orderByHints(layers);
  else depthFirstOrder(layers, 'down');
  const search = new OrderSearch(layers);
  if (layers.count === layers.layerCount) return search.crossings(); // one node per row
  yield* search.improve();
  // A second start from below finds better orders of graphs that join more than they fork.
  if (!fromHints && search.best > 0 && layers.count <= 3000) {
    const best = search.best;
    const kept = layers.layers.item.slice();
    depthFirstOrder(layers, 'up');
    search.restart();
    yield* search.improve();
    if (search.best >= best) {
      layers.layers.item.set(kept);
      return best;
    }
  }
  return search.best;
}

class OrderSearch {
  best = Infinity;
  private readonly places: Places;
  private readonly count: (places: Places, row: number) => number;
  private readonly centre: Float64Array;
  private scratch: number[] = [];

  constructor(private readonly layers: Layers) {
    this.places = createPlaces(layers);
    this.count = createCrossingCounter(layers);
    this.centre = new Float64Array(layers.count);
    this.restart();
  }

  /** Takes over an order that was made elsewhere. */
  restart(): void {
    const { layers, places } = this;
    for (let r = 0; r < layers.layerCount; r++) {
      keepHeld(layers, layers.layers.start[r]!, layers.layers.start[r + 1]!);
      updatePositions(layers, places, r);
    }
  }

  *improve(): Generator<void, void> {
    const { item } = this.layers.layers;
    this.best = this.crossings();
    let best = item.slice();
    const small = this.layers.count <= 3000;
    const most = small ? 24 : 8;
    const patience = small ? 6 : 3;
    for (let sweep = 0, idle = 0; sweep < most && idle < patience && this.best > 0; sweep++) {
      this.sweep(sweep % 2 === 0, sweep % 4 >= 2);
      if (small || sweep >= 2) exchangeNeighbours(this.layers, this.places, 2);
      const now = this.crossings();
      idle++;
      if (now < this.best) {
        this.best = now;
        best = item.slice();
        idle = 0;
      }
      yield;
    }
    item.set(best);
    for (let r = 0; r < this.layers.layerCount; r++) updatePositions(this.layers, this.places, r);
    if (this.best > 0) {
      exchangeNeighbours(this.layers, this.places, 20);
      this.best = this.crossings();
    }
  }

  crossings(): number {
    let total = 0;
    for (let r = 0; r + 1 < this.layers.layerCount; r++) total += this.count(this.places, r);
    return total;
  }

  private sweep(downwards: boolean, mirrorTies: boolean): void {
    const rows = this.layers.layerCount;
    for (let i = 1; i < rows; i++)
      this.sortRow(downwards ? i : rows - 1 - i, downwards, mirrorTies);
  }

  /** Sorts one row by the mean place of its neighbours above (or below); nodes without stay put. */
  private sortRow(row: number, downwards: boolean, mirrorTies: boolean): void {
    const { layers, places, centre, scratch } = this;
    const first = layers.layers.start[row]!;
    const end = layers.layers.start[row + 1]!;
    if (end - first < 2) return;
    const { item } = layers.layers;
    const beside = downwards ? layers.up : layers.down;
    scratch.length = 0;
    for (let i = first; i < end; i++) {
      const v = item[i]!;
      const from = beside.start[v]!;
      const to = beside.start[v + 1]!;
      if (from === to) {
        centre[v] = -1;
        continue;
      }
      let sum = 0;
      for (let k = from; k < to; k++) {
        const s = beside.item[k]!;
        sum += downwards ? upperPlace(layers, places, s) : lowerPlace(layers, places, s);
      }
      centre[v] = sum / (to - from);
      scratch.push(v);
    }
    if (mirrorTies) scratch.reverse();
    stableSort(scratch, centre);
    let next = 0;
    for (let i = first; i < end; i++) if (centre[item[i]!]! >= 0) item[i] = scratch[next++]!;
    keepHeld(layers, first, end);
    updatePositions(layers, places, row);
  }
}

function stableSort(values: number[], key: Float64Array): void {
  if (values.length > 24) {
    values.sort((a, b) => key[a]! - key[b]!);
    return;
  }
  for (let i = 1; i < values.length; i++) {
    const v = values[i]!;
    const wanted = key[v]!;
    let k = i - 1;
    for (; k >= 0 && key[values[k]!]! > wanted; k--) values[k + 1] = values[k]!;
    values[k + 1] = v;
  }
}

/** Puts the held nodes of a row back into their own order, within the places they have. */
function keepHeld({ layers, held, hint }: Layers, first: number, end: number): void {
  const kept: number[] = [];
  for (let i = first; i < end; i++) if (held[layers.item[i]!] === 1) kept.push(layers.item[i]!);
  if (kept.length < 2) return;
  kept.sort((a, b) => hint[a]! - hint[b]! || a - b);
  let next = 0;
  for (let i = first; i < end; i++) {
    if (held[layers.item[i]!] === 1) layers.item[i] = kept[next++]!;
  }
}
