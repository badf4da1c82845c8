// The first order of rows after an edit: by the x that boxes and edges had before. New nodes take the
// mean of their neighbours'.

import type { Layers } from './layers.ts';

/** A position for every node: its hint, or the mean of the neighbours above, or of those below. */
export function fillHints(layers: Layers): Float64Array {
  const wanted = layers.hint.slice();
  fillFrom(layers, wanted, 'above');
  fillFrom(layers, wanted, 'below');
  for (let v = 0; v < layers.count; v++) if (Number.isNaN(wanted[v]!)) wanted[v] = 0;
  return wanted;
}

export function orderByHints(layers: Layers): void {
  const wanted = fillHints(layers);
  const { start, item } = layers.layers;
  for (let r = 0; r < layers.layerCount; r++) {
    if (start[r + 1]! - start[r]! < 2) continue;
    item.subarray(start[r]!, start[r + 1]!).sort((a, b) => wanted[a]! - wanted[b]! || a - b);
  }
}

/** Gives nodes without a wish the mean wish of their neighbours on one side, row by row. */
function fillFrom(layers: Layers, wanted: Float64Array, side: 'above' | 'below'): void {
  const { item } = layers.layers;
  const beside = side === 'above' ? layers.up : layers.down;
  const end = side === 'above' ? layers.from : layers.to;
  for (let i = 0; i < item.length; i++) {
    const v = item[side === 'above' ? i : item.length - 1 - i]!;
    if (!Number.isNaN(wanted[v]!)) continue;
    let sum = 0;
    let n = 0;
    for (let k = beside.start[v]!; k < beside.start[v + 1]!; k++) {
      const x = wanted[end[beside.item[k]!]!]!;
      if (Number.isNaN(x)) continue;
      sum += x;
      n++;
    }
    if (n > 0) wanted[v] = sum / n;
  }
}
