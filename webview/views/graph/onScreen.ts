/** Where things of the picture are in the window: for menus, notices, and what asks the page from outside. */
import type { Core } from 'cytoscape';
import type { Picture } from './elements.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** How far from the border an edge must be to be seen, screen pixels. */
const BORDER = 20;

export class OnScreen {
  constructor(
    private readonly cy: Core,
    private readonly container: HTMLElement,
  ) {}

  /** Lower middle of a node. */
  below({ scene, layout }: Picture, node: number): Point {
    return this.inWindow(layout.x[node]!, layout.y[node]! + scene.nodes[node]!.height / 2);
  }

  /** The line (or node) that shows a pair of operators, or null when one of them is not drawn. */
  pair({ scene, layout }: Picture, a: number, b: number): Point | null {
    const source = scene.nodeOfOperator[a] ?? -1;
    const target = scene.nodeOfOperator[b] ?? -1;
    if (source < 0 || target < 0) return null;
    const line = this.cy.getElementById(`${scene.nodes[source]!.key}\n${scene.nodes[target]!.key}`);
    if (line.nonempty() && line.visible()) {
      const box = this.container.getBoundingClientRect();
      const middle = line.renderedMidpoint();
      return { x: box.left + middle.x, y: box.top + middle.y };
    }
    const { x, y } = layout;
    return this.inWindow((x[source]! + x[target]!) / 2, (y[source]! + y[target]!) / 2);
  }

  /** The middle of the nth straight edge between blocks that is on the screen. */
  borderEdge({ scene, layout }: Picture, nth: number): Point | null {
    const box = this.container.getBoundingClientRect();
    const seen = scene.edges.flatMap((edge, index) => {
      if (edge.relation !== 'border' || layout.edgeTunnel[index] === 1) return [];
      const element = this.cy.getElementById(edge.key);
      if (element.empty() || element.hasClass('bent')) return [];
      const { x, y } = element.renderedMidpoint();
      const inside = x > BORDER && y > BORDER && x < box.width - BORDER && y < box.height - BORDER;
      return inside ? [{ x: box.left + x, y: box.top + y }] : [];
    });
    return seen[nth % Math.max(1, seen.length)] ?? null;
  }

  private inWindow(x: number, y: number): Point {
    const box = this.container.getBoundingClientRect();
    const zoom = this.cy.zoom();
    const pan = this.cy.pan();
    return { x: box.left + x * zoom + pan.x, y: box.top + y * zoom + pan.y };
  }
}
