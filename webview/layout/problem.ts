// One flat layered drawing problem: either the inside of a group or the graph of blocks. The two-level
// layout (layout.ts) makes these, the stages (acyclic, ranks, layers, order, align, coordinates,
// routes) solve them.

import type { Spacing } from './types.ts';

/** Where a node must stand: anywhere, in the first row, or in the last (ports of a group's border). */
export const pinned = { free: 0, top: 1, bottom: 2 } as const;

export interface LayeredProblem {
  count: number;
  width: Float32Array;
  height: Float32Array;
  edgeCount: number;
  source: Int32Array;
  target: Int32Array;
  /** Where the edge leaves and enters, as distance from the box's centre (0 except for groups). */
  sourcePort: Float32Array;
  targetPort: Float32Array;
  /** Edges with the same number (same source and port) run together until they part. */
  bundle: Int32Array;
  bundleCount: number;
  /** Per node a value of `pinned`. */
  pin: Uint8Array;
  /** Per node preferred order or earlier x, NaN where none. */
  hint: Float32Array;
  keepOrder: boolean;
  /** Earlier x of edge e at fraction t of its way down (0..1), NaN where unknown. */
  trail: ((edge: number, t: number) => number) | undefined;
  spacing: Spacing;
  /** Row distance next to rows of ports. */
  portGap: number;
}

export interface LayeredSolution {
  /** Centres; the picture's top left corner is (0, 0). */
  x: Float64Array;
  y: Float64Array;
  width: number;
  height: number;
  /** Complete polylines: first point at the source's bottom port, last at the target's top port. */
  pathOffset: Int32Array;
  path: Float64Array;
  tunnel: Uint8Array;
  crossings: number;
}
