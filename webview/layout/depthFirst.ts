// First order of the rows: nodes in the order of a depth-first walk, so that a branch stays together
// from its fork to its join. Boxes are visited before edges that pass by, which puts skips on the right.

import type { Layers } from './layers.ts';

/** Up to this many children an edge that passes by them runs at their right, else among them. */
const fewChildren = 8;

export function depthFirstOrder(layers: Layers, direction: 'down' | 'up'): void {
  const { count, real, hint } = layers;
  const { start, item } = layers.layers;
  const forward = direction === 'down' ? layers.down : layers.up;
  const backward = direction === 'down' ? layers.up : layers.down;
  const end = direction === 'down' ? layers.to : layers.from;
  const seen = new Uint8Array(count);
  const fill = start.slice(0, layers.layerCount);
  const placed = new Int32Array(count);
  const stack: number[] = [];

  // Children by hint, then boxes before dummies, then number.
  const before = (a: number, b: number): number => {
    const byHint = hint[a]! - hint[b]!;
    if (byHint < 0 || byHint > 0) return byHint;
    const dummyFirst = Number(a >= real) - Number(b >= real);
    return dummyFirst || a - b;
  };
  const visit = (root: number): void => {
    stack.push(root);
    while (stack.length > 0) {
      const v = stack.pop()!;
      if (seen[v] === 1) continue;
      seen[v] = 1;
      placed[fill[layers.rank[v]!]!++] = v;
      const from = stack.length;
      for (let k = forward.start[v]!; k < forward.start[v + 1]!; k++) {
        const w = end[forward.item[k]!]!;
        if (seen[w] === 0) stack.push(w);
      }
      if (stack.length - from > 1) {
        const children = stack.splice(from).sort(before);
        if (children.length > fewChildren) centreDummies(children, real);
        for (let i = children.length - 1; i >= 0; i--) stack.push(children[i]!);
      }
    }
  };

  const roots: number[] = [];
  for (let v = 0; v < real; v++) if (backward.start[v] === backward.start[v + 1]) roots.push(v);
  if (direction === 'up') roots.reverse();
  roots.sort((a, b) => {
    const byHint = hint[a]! - hint[b]!;
    return byHint < 0 || byHint > 0 ? byHint : 0;
  });
  for (const root of roots) visit(root);
  for (let v = 0; v < count; v++) visit(v);
  item.set(placed);
}

function centreDummies(children: number[], real: number): void {
  const boxes = children.filter((v) => v < real);
  const dummies = children.filter((v) => v >= real);
  const half = boxes.length >> 1;
  children.splice(0, children.length, ...boxes.slice(0, half), ...dummies, ...boxes.slice(half));
}
