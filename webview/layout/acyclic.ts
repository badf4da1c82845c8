// A topological order of a graph that should be acyclic, and the edges to leave out where it is not.
// Plans are verified acyclic, but the view must not hang on one that is not: edges that close a cycle
// (and self loops) are marked and later drawn as tunnels.

import { groupByKey } from './adjacency.ts';

export interface AcyclicOrder {
  /** All nodes, sources first. */
  order: Int32Array;
  /** 1 for self loops and edges that close a cycle. */
  back: Uint8Array;
}

/** Depth-first, without recursion: linear in nodes and edges. */
export function breakCycles(
  count: number,
  edgeCount: number,
  source: Int32Array,
  target: Int32Array,
): AcyclicOrder {
  const back = new Uint8Array(edgeCount);
  const incoming = new Int32Array(count);
  for (let e = 0; e < edgeCount; e++) {
    if (source[e] === target[e]) back[e] = 1;
    else incoming[target[e]!]!++;
  }
  const out = groupByKey(count, source, edgeCount, back);
  const next = out.start.slice(0, count);
  const state = new Uint8Array(count); // 0 new, 1 on the stack, 2 done
  const stack = new Int32Array(count);
  const order = new Int32Array(count);
  let place = count;

  const visit = (root: number): void => {
    let depth = 0;
    stack[depth++] = root;
    state[root] = 1;
    while (depth > 0) {
      const v = stack[depth - 1]!;
      if (next[v]! < out.start[v + 1]!) {
        const e = out.item[next[v]!++]!;
        const w = target[e]!;
        if (state[w] === 1) back[e] = 1;
        else if (state[w] === 0) {
          state[w] = 1;
          stack[depth++] = w;
        }
      } else {
        state[v] = 2;
        order[--place] = v;
        depth--;
      }
    }
  };

  // Sources first (last to first, as the order is filled from its end), then whatever only cycles reach.
  for (let v = count - 1; v >= 0; v--) if (incoming[v] === 0) visit(v);
  for (let v = 0; v < count; v++) if (state[v] === 0) visit(v);
  return { order, back };
}
