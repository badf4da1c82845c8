// Judges of a drawing that know nothing of how it was made: overlaps, edges through boxes, crossings.

import type { LayoutInput, LayoutResult } from '../../../webview/layout/types.ts';

export interface Box {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

export function nodeBox(input: LayoutInput, { x, y }: LayoutResult, v: number): Box {
  const w = input.width[v]! / 2;
  const h = input.height[v]! / 2;
  return { x1: x[v]! - w, y1: y[v]! - h, x2: x[v]! + w, y2: y[v]! + h };
}

export function groupBox({ groupBox: g }: LayoutResult, k: number): Box {
  return { x1: g[4 * k]!, y1: g[4 * k + 1]!, x2: g[4 * k + 2]!, y2: g[4 * k + 3]! };
}

/** Full polyline of an edge as the renderer draws it. */
export function polyline(input: LayoutInput, result: LayoutResult, e: number): [number, number][] {
  const u = input.edges[2 * e]!;
  const v = input.edges[2 * e + 1]!;
  const points: [number, number][] = [[result.x[u]!, result.y[u]! + input.height[u]! / 2]];
  for (let k = result.edgeOffset[e]!; k < result.edgeOffset[e + 1]!; k += 2) {
    points.push([result.edgePoints[k]!, result.edgePoints[k + 1]!]);
  }
  points.push([result.x[v]!, result.y[v]! - input.height[v]! / 2]);
  return points;
}

/** What is wrong with a drawing, in words; empty when nothing is. Quadratic: for small graphs. */
export function faults(input: LayoutInput, result: LayoutResult): string[] {
  const found: string[] = [];
  const n = input.nodeCount;
  const boxes = Array.from({ length: n }, (_, v) => nodeBox(input, result, v));
  const groups = Array.from({ length: input.groupCount }, (_, g) => groupBox(result, g));
  const numbers = [...result.x, ...result.y, ...result.groupBox, ...result.edgePoints];
  if (!numbers.every(Number.isFinite)) found.push('a coordinate is not finite');
  for (let a = 0; a < n; a++) {
    const { x1, y1, x2, y2 } = boxes[a]!;
    if (x1 < -0.1 || y1 < -0.1 || x2 > result.width + 0.1 || y2 > result.height + 0.1) {
      found.push(`node ${a} is outside the picture`);
    }
    for (let b = a + 1; b < n; b++) {
      if (overlap(boxes[a]!, boxes[b]!)) found.push(`nodes ${a} and ${b} overlap`);
    }
    for (let g = 0; g < groups.length; g++) {
      if (input.group[a] === g) {
        if (!within(boxes[a]!, groups[g]!, input)) found.push(`node ${a} sticks out of group ${g}`);
      } else if (overlap(boxes[a]!, groups[g]!)) found.push(`node ${a} overlaps group ${g}`);
    }
  }
  for (let g = 0; g < groups.length; g++) {
    for (let h = g + 1; h < groups.length; h++) {
      if (overlap(groups[g]!, groups[h]!)) found.push(`groups ${g} and ${h} overlap`);
    }
  }
  for (let e = 0; 2 * e < input.edges.length; e++) {
    if (result.edgeTunnel[e] === 1) {
      if (result.edgeOffset[e] !== result.edgeOffset[e + 1]) found.push(`tunnel ${e} has bends`);
      continue;
    }
    const u = input.edges[2 * e]!;
    const v = input.edges[2 * e + 1]!;
    const points = polyline(input, result, e);
    for (let k = 1; k < points.length; k++) {
      if (points[k]![1] < points[k - 1]![1] - 0.1) found.push(`edge ${e} goes up`);
      for (let w = 0; w < n; w++) {
        if (w !== u && w !== v && cuts(points[k - 1]!, points[k]!, boxes[w]!)) {
          found.push(`edge ${e} (${u} to ${v}) passes through node ${w}`);
        }
      }
      for (let g = 0; g < groups.length; g++) {
        if (input.group[u] === g || input.group[v] === g) continue;
        if (cuts(points[k - 1]!, points[k]!, groups[g]!)) {
          found.push(`edge ${e} (${u} to ${v}) passes through group ${g}`);
        }
      }
    }
  }
  return found;
}

function overlap(a: Box, b: Box): boolean {
  const slack = 0.1;
  return a.x1 < b.x2 - slack && b.x1 < a.x2 - slack && a.y1 < b.y2 - slack && b.y1 < a.y2 - slack;
}

function within(inner: Box, outer: Box, { groupHeader }: LayoutInput): boolean {
  const slack = 0.1;
  return (
    inner.x1 >= outer.x1 - slack &&
    inner.x2 <= outer.x2 + slack &&
    inner.y1 >= outer.y1 + groupHeader - slack &&
    inner.y2 <= outer.y2 + slack
  );
}

/** Does a segment enter the inside of a box (Liang-Barsky clipping)? */
function cuts([ax, ay]: [number, number], [bx, by]: [number, number], box: Box): boolean {
  const slack = 0.2;
  if (box.x2 - box.x1 <= 2 * slack || box.y2 - box.y1 <= 2 * slack) return false;
  let from = 0;
  let to = 1;
  const clip = (delta: number, low: number, high: number): boolean => {
    if (Math.abs(delta) < 1e-9) return low < 0 && high > 0;
    const t1 = low / delta;
    const t2 = high / delta;
    from = Math.max(from, Math.min(t1, t2));
    to = Math.min(to, Math.max(t1, t2));
    return from < to;
  };
  return (
    clip(bx - ax, box.x1 + slack - ax, box.x2 - slack - ax) &&
    clip(by - ay, box.y1 + slack - ay, box.y2 - slack - ay)
  );
}

export type Line = [number, number][];

/** Pairs of lines that cross properly, and the total length; ends that meet are no crossing. */
export function measureLines(lines: Line[]): { crossings: number; length: number } {
  const segments: { a: [number, number]; b: [number, number]; line: number }[] = [];
  let length = 0;
  lines.forEach((line, i) => {
    for (let k = 1; k < line.length; k++) {
      const a = line[k - 1]!;
      const b = line[k]!;
      length += Math.hypot(b[0] - a[0], b[1] - a[1]);
      segments.push({ a, b, line: i });
    }
  });
  const top = (s: (typeof segments)[number]): number => Math.min(s.a[1], s.b[1]);
  const bottom = (s: (typeof segments)[number]): number => Math.max(s.a[1], s.b[1]);
  segments.sort((p, q) => top(p) - top(q));
  let crossings = 0;
  let active: typeof segments = [];
  for (const s of segments) {
    active = active.filter((t) => bottom(t) > top(s));
    for (const t of active) if (t.line !== s.line && crosses(s.a, s.b, t.a, t.b)) crossings++;
    active.push(s);
  }
  return { crossings, length };
}

function crosses(
  a: [number, number],
  b: [number, number],
  c: [number, number],
  d: [number, number],
): boolean {
  const side = (p: [number, number], q: [number, number], r: [number, number]): number =>
    (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
  const tiny = 1e-3;
  const s1 = side(a, b, c);
  const s2 = side(a, b, d);
  const s3 = side(c, d, a);
  const s4 = side(c, d, b);
  if ([s1, s2, s3, s4].some((s) => Math.abs(s) < tiny)) return false;
  return s1 > 0 !== s2 > 0 && s3 > 0 !== s4 > 0;
}
