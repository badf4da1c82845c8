// Layout after an edit of the plan (fuse, unfuse, expand, collapse): what survives keeps its order, its
// side and about its x, and the clicked box stays where it was on the page.

import { usableSize } from './boxes.ts';
import { finish, layoutSteps } from './layout.ts';
import type { LayoutInput, LayoutResult } from './types.ts';

/** Stable names: of blocks and operators, the same before and after. */
export type Key = string | number;

/** A layout and the names of its nodes and groups. */
export interface KeyedLayout {
  input: LayoutInput;
  result: LayoutResult;
  keys: readonly Key[];
  groupKeys?: readonly Key[];
}

export interface NextKeys {
  keys: readonly Key[];
  groupKeys?: readonly Key[];
  /** The box that must not move: a node or a group, before or after. */
  anchorKey?: Key;
}

interface Spot {
  x: number;
  top: number;
  /** Half the width of a group, 0 for a node. */
  half: number;
}

/**
 * Lays out `next`. The result is shifted so that the anchor stays; its picture may therefore start at
 * any (x, y), not at (0, 0). A node that becomes a group, or a group that becomes a node, keeps its top;
 * sideways it may move within the group's width, so that the rest of the picture stands still. Without
 * an anchor that is in both layouts the median survivor stays.
 */
export function relayout(previous: KeyedLayout, next: LayoutInput, names: NextKeys): LayoutResult {
  return finish(relayoutSteps(previous, next, names));
}

/** The same in steps, like `layoutSteps`. */
export function* relayoutSteps(
  previous: KeyedLayout,
  next: LayoutInput,
  names: NextKeys,
): Generator<void, LayoutResult> {
  const before = spotsOf(previous);
  const result = yield* layoutSteps(withHints(previous, before, next, names));
  const after = spotsOf({ input: next, result, ...names });
  const move = anchorMove(before, after, names.anchorKey);
  shift(result, move.x, move.top);
  return result;
}

/** The next input with the positions that its nodes, groups and edges had before. */
function withHints(
  previous: KeyedLayout,
  before: ReadonlyMap<Key, Spot>,
  next: LayoutInput,
  { keys, groupKeys }: NextKeys,
): LayoutInput {
  const orderHint = new Float32Array(next.nodeCount).fill(NaN);
  const groupHint = new Float32Array(next.groupCount).fill(NaN);
  for (let g = 0; g < next.groupCount; g++) {
    const spot = groupKeys && before.get(groupKeys[g]!);
    if (spot) groupHint[g] = spot.x;
  }
  const sum = new Float64Array(next.groupCount);
  const seen = new Int32Array(next.groupCount);
  for (let v = 0; v < next.nodeCount; v++) {
    const spot = before.get(keys[v]!);
    if (!spot) continue;
    orderHint[v] = spot.x;
    const g = next.group[v]!;
    if (g < 0 || g >= next.groupCount) continue;
    sum[g]! += spot.x;
    seen[g]!++;
  }
  for (let g = 0; g < next.groupCount; g++) {
    if (Number.isNaN(groupHint[g]!) && seen[g]! > 0) groupHint[g] = sum[g]! / seen[g]!;
  }
  const trails = trailsOf(previous, next, keys);
  return { ...next, orderHint, groupHint, keepOrder: true, trails };
}

function spotsOf({ input, result, keys, groupKeys }: KeyedLayout): Map<Key, Spot> {
  const spots = new Map<Key, Spot>();
  for (let v = 0; v < input.nodeCount; v++) {
    spots.set(keys[v]!, {
      x: result.x[v]!,
      top: result.y[v]! - usableSize(input.height[v]!) / 2,
      half: 0,
    });
  }
  for (let g = 0; groupKeys && g < input.groupCount; g++) {
    const [x1, y1, x2] = result.groupBox.subarray(4 * g, 4 * g + 4);
    if (x2! > x1!)
      spots.set(groupKeys[g]!, { x: (x1! + x2!) / 2, top: y1!, half: (x2! - x1!) / 2 });
  }
  return spots;
}

/** Earlier polylines of the edges that exist in both, ends included. */
function trailsOf(
  { input, result, keys: oldKeys }: KeyedLayout,
  next: LayoutInput,
  keys: readonly Key[],
): NonNullable<LayoutInput['trails']> {
  const numberOf = new Map<Key, number>();
  oldKeys.forEach((key, v) => numberOf.set(key, v));
  const edgeOf = new Map<number, number>();
  for (let e = 0; 2 * e < input.edges.length; e++) {
    if (result.edgeTunnel[e] === 1) continue;
    edgeOf.set(input.edges[2 * e]! * input.nodeCount + input.edges[2 * e + 1]!, e);
  }
  const count = next.edges.length >> 1;
  const offset = new Int32Array(count + 1);
  const points: number[] = [];
  for (let e = 0; e < count; e++) {
    const u = numberOf.get(keys[next.edges[2 * e]!]!);
    const v = numberOf.get(keys[next.edges[2 * e + 1]!]!);
    const old =
      u === undefined || v === undefined ? undefined : edgeOf.get(u * input.nodeCount + v);
    if (old !== undefined) {
      points.push(result.x[u!]!, result.y[u!]!);
      for (let k = result.edgeOffset[old]!; k < result.edgeOffset[old + 1]!; k++) {
        points.push(result.edgePoints[k]!);
      }
      points.push(result.x[v!]!, result.y[v!]!);
    }
    offset[e + 1] = points.length;
  }
  return { offset, points: Float32Array.from(points) };
}

function anchorMove(
  before: ReadonlyMap<Key, Spot>,
  after: ReadonlyMap<Key, Spot>,
  anchor: Key | undefined,
): { x: number; top: number } {
  const from = anchor === undefined ? undefined : before.get(anchor);
  const to = anchor === undefined ? undefined : after.get(anchor);
  if (from && to && from.half === 0 && to.half === 0) {
    return { x: from.x - to.x, top: from.top - to.top };
  }
  const x: number[] = [];
  const top: number[] = [];
  for (const [key, spot] of before) {
    const now = after.get(key);
    if (!now || now.half > 0 || spot.half > 0) continue;
    x.push(spot.x - now.x);
    top.push(spot.top - now.top);
  }
  const most = { x: median(x), top: median(top) };
  if (!from || !to) return most;
  const give = Math.max(from.half, to.half);
  const exact = from.x - to.x;
  return {
    x: Math.min(exact + give, Math.max(exact - give, most.x)),
    top: from.top - to.top,
  };
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

function shift(result: LayoutResult, dx: number, dy: number): void {
  for (let v = 0; v < result.x.length; v++) {
    result.x[v]! += dx;
    result.y[v]! += dy;
  }
  for (const list of [result.groupBox, result.edgePoints]) {
    for (let k = 0; k + 1 < list.length; k += 2) {
      list[k]! += dx;
      list[k + 1]! += dy;
    }
  }
}
