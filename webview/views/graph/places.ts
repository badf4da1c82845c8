/** Where things are in a picture, in model coordinates. Pure. */
import type { Elements, Picture } from './elements.ts';
import type { Rectangle } from './spatialIndex.ts';

/** What can be brought into view. */
export type Place = { readonly operator: number } | { readonly block: number };

/** The box of an operator or block, or of the closed block that shows it; null when it is not drawn. */
export function boxOf({ scene, layout }: Picture, target: Place): Rectangle | null {
  if ('block' in target) {
    const group = scene.groups.findIndex(({ block }) => block === target.block);
    if (group >= 0) {
      const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = layout.groupBox.subarray(4 * group, 4 * group + 4);
      return { x1, y1, x2, y2 };
    }
  }
  const operator = 'block' in target ? scene.plan.blockOf.indexOf(target.block) : target.operator;
  const index = scene.nodeOfOperator[operator] ?? -1;
  const node = scene.nodes[index];
  if (!node) return null;
  const x = layout.x[index]!;
  const y = layout.y[index]!;
  const { width, height } = node;
  return { x1: x - width / 2, y1: y - height / 2, x2: x + width / 2, y2: y + height / 2 };
}

/** The box around everything; null for a picture of nothing. */
export function boundsOf({ nodes }: Elements): Rectangle | null {
  if (nodes.size === 0) return null;
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y, w, h } of nodes.values()) {
    x1 = Math.min(x1, x - w / 2);
    x2 = Math.max(x2, x + w / 2);
    y1 = Math.min(y1, y - h / 2);
    y2 = Math.max(y2, y + h / 2);
  }
  return { x1, y1, x2, y2 };
}

/** Where a walk begins: inputs and outputs of the model cannot be selected, so the first block can. */
export function topmostBlock({ scene, layout }: Picture): number {
  let first = -1;
  scene.nodes.forEach(({ kind }, node) => {
    if (kind === 'input' || kind === 'output') return;
    if (first < 0 || layout.y[node]! < layout.y[first]!) first = node;
  });
  return first;
}

/** The upper edge of the topmost node, and its middle. */
export function topOf({ scene, layout: { x, y } }: Picture): { x: number; y: number } | null {
  let top = 0;
  for (let v = 1; v < y.length; v++) if (y[v]! < y[top]!) top = v;
  const node = scene.nodes[top];
  return node ? { x: x[top]!, y: y[top]! - node.height / 2 } : null;
}

/** The middle of some node is in view. */
export function anythingSeen({ nodes }: Elements, view: Rectangle): boolean {
  for (const { x, y } of nodes.values()) {
    if (x > view.x1 && x < view.x2 && y > view.y1 && y < view.y2) return true;
  }
  return false;
}

/** Middle of what is at the height of the view, wherever sideways; null when nothing is. */
export function middleOfRows({ nodes }: Elements, view: Rectangle): number | null {
  let [x1, x2] = [Infinity, -Infinity];
  for (const { x, y, w, h } of nodes.values()) {
    if (y + h / 2 < view.y1 || y - h / 2 > view.y2) continue;
    x1 = Math.min(x1, x - w / 2);
    x2 = Math.max(x2, x + w / 2);
  }
  return x1 > x2 ? null : (x1 + x2) / 2;
}

export function overlaps(a: Rectangle, b: Rectangle): boolean {
  return a.x1 < b.x2 && a.x2 > b.x1 && a.y1 < b.y2 && a.y2 > b.y1;
}
