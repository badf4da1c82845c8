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

export interface OrderOptions {
  /** Boxes (not dummies) with hints keep the hints' order. */
  keepOrder: boolean;
}

/** Permutes `layers.layers.item`; returns the crossings left. Yields between sweeps. */
export function* orderLayers(layers: Layers, { keepOrder }: OrderOptions): Generator<void, number> {
  if (layers.count === layers.layerCount) return 0; // one node per row
  if (keepOrder) orderByHints(layers);
  else depthFirstOrder(layers, 'down');
  const search = new OrderSearch(layers, keepOrder);
  yield* search.improve();
  // A second start from below finds better orders of graphs that join more than they fork.
  if (!keepOrder && search.best > 0 && layers.count <= 3000) {
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

  constructor(
    private readonly layers: Layers,
    private readonly keepOrder: boolean,
  ) {
    this.places = createPlaces(layers);
    this.count = createCrossingCounter(layers);
    this.centre = new Float64Array(layers.count);
  }

  restart(): void {
    this.best = Infinity;
    for (let r = 0; r < this.layers.layerCount; r++) updatePositions(this.layers, this.places, r);
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
      if (small || sweep >= 2) exchangeNeighbours(this.layers, this.places, this.keepOrder, 2);
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
      exchangeNeighbours(this.layers, this.places, this.keepOrder, 20);
      this.best = this.crossings();
    }
  }

  private crossings(): number {
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
    if (this.keepOrder) keepHinted(layers, first, end);
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

/** Puts the hinted boxes of a row back into their own order, within the places they hold. */
function keepHinted({ layers, real, hint }: Layers, first: number, end: number): void {
  const held: number[] = [];
  for (let i = first; i < end; i++) {
    const v = layers.item[i]!;
    if (v < real && !Number.isNaN(hint[v]!)) held.push(v);
  }
  held.sort((a, b) => hint[a]! - hint[b]! || a - b);
  let next = 0;
  for (let i = first; i < end; i++) {
    const v = layers.item[i]!;
    if (v < real && !Number.isNaN(hint[v]!)) layers.item[i] = held[next++]!;
  }
}
