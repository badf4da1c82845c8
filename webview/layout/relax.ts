// Relaxation of column positions: each column moves towards its neighbours' mean as far as the least
// distances allow, pushing the columns it touches when all of them together gain by it.

import type { Columns } from './align.ts';
import { room } from './constraints.ts';
import type { Constraints } from './constraints.ts';
import type { Layers } from './layers.ts';

/** At most this many columns move together. */
const largestPush = 200;
/** Pull of segments of long edges, next to 1 for a segment between two boxes. */
const longEdgePull = 0.05;

/** The segments between columns, seen from each column. */
interface Pulls {
  start: Int32Array;
  other: Int32Array;
  /** x[column] + apart = x[other] when the segment is vertical. */
  apart: Float64Array;
  weight: Float64Array;
}

/** Places that columns are drawn back to, next to the pull of their neighbours. */
export interface Homes {
  x: Float64Array;
  weight: Float64Array;
}

export class Relaxation {
  private readonly pulls: Pulls;
  private readonly byTop: Int32Array;
  private readonly stamp: Int32Array;
  private readonly moving = new Int32Array(largestPush);
  private time = 0;
  private pull = 0;
  private weight = 0;
  /** Looks at neighbours that are still allowed: dense graphs would push the same heaps for long. */
  private budget: number;

  /** Moves the columns at `x` in place; `x` must keep all distances. */
  constructor(
    layers: Layers,
    columns: Columns,
    private readonly constraints: Constraints,
    private readonly x: Float64Array,
    private readonly homes?: Homes,
  ) {
    this.pulls = collectPulls(layers, columns);
    this.byTop = Int32Array.from({ length: columns.count }, (_, c) => c).sort(
      (a, b) => columns.top[a]! - columns.top[b]! || a - b,
    );
    this.stamp = new Int32Array(columns.count);
    this.budget = 50_000 + 40 * (this.pulls.other.length + constraints.toRight.item.length);
  }

  /** Moves every column once, from the top or from the bottom; returns the longest move. */
  round(fromTop: boolean): number {
    const n = this.byTop.length;
    let longest = 0;
    for (let i = 0; i < n && this.budget > 0; i++) {
      longest = Math.max(longest, this.move(this.byTop[fromTop ? i : n - 1 - i]!));
    }
    return longest;
  }

  private move(column: number): number {
    this.pull = 0;
    this.weight = 0;
    this.addPull(column);
    if (Math.abs(this.pull) <= 0.1 * this.weight) return 0;
    const { constraints, x, stamp, moving } = this;
    const way = Math.sign(this.pull);
    const links = way > 0 ? constraints.toRight : constraints.toLeft;
    const end = way > 0 ? constraints.right : constraints.left;
    const time = ++this.time;
    moving[0] = column;
    stamp[column] = time;
    let size = 1;
    for (let i = 0; i < size; i++) {
      const c = moving[i]!;
      this.budget -= links.start[c + 1]! - links.start[c]!;
      for (let k = links.start[c]!; k < links.start[c + 1]!; k++) {
        const link = links.item[k]!;
        const d = end[link]!;
        if (stamp[d] === time || room(constraints, x, link) > 0.01) continue;
        if (size === largestPush) return 0;
        stamp[d] = time;
        moving[size++] = d;
        this.addPull(d);
        if (this.pull * way <= 0) return 0;
      }
    }
    let step = Math.abs(this.pull) / this.weight;
    for (let i = 0; i < size; i++) {
      const c = moving[i]!;
      for (let k = links.start[c]!; k < links.start[c + 1]!; k++) {
        const link = links.item[k]!;
        if (stamp[end[link]!] !== time) step = Math.min(step, room(constraints, x, link));
      }
    }
    for (let i = 0; i < size; i++) x[moving[i]!]! += step * way;
    return step;
  }

  private addPull(column: number): void {
    const { start, other, apart, weight } = this.pulls;
    const { x, homes } = this;
    if (homes) {
      this.pull += homes.weight[column]! * (homes.x[column]! - x[column]!);
      this.weight += homes.weight[column]!;
    }
    this.budget -= start[column + 1]! - start[column]!;
    for (let k = start[column]!; k < start[column + 1]!; k++) {
      this.pull += weight[k]! * (x[other[k]!]! - apart[k]! - x[column]!);
      this.weight += weight[k]!;
    }
  }
}

function collectPulls(layers: Layers, { of, offset, count }: Columns): Pulls {
  const { segmentCount, from, to, fromPort, toPort, real } = layers;
  const start = new Int32Array(count + 1);
  for (let s = 0; s < segmentCount; s++) {
    const a = of[from[s]!]!;
    const b = of[to[s]!]!;
    if (a === b) continue;
    start[a + 1]!++;
    start[b + 1]!++;
  }
  for (let c = 0; c < count; c++) start[c + 1]! += start[c]!;
  const total = start[count]!;
  const pulls: Pulls = {
    start,
    other: new Int32Array(total),
    apart: new Float64Array(total),
    weight: new Float64Array(total),
  };
  const fill = start.slice();
  const add = (column: number, other: number, apart: number, weight: number): void => {
    const k = fill[column]!++;
    pulls.other[k] = other;
    pulls.apart[k] = apart;
    pulls.weight[k] = weight;
  };
  for (let s = 0; s < segmentCount; s++) {
    const u = from[s]!;
    const v = to[s]!;
    if (of[u] === of[v]) continue;
    const apart = offset[u]! + fromPort[s]! - offset[v]! - toPort[s]!;
    const weight = u < real && v < real ? 1 : longEdgePull;
    add(of[u]!, of[v]!, apart, weight);
    add(of[v]!, of[u]!, -apart, weight);
  }
  return pulls;
}
