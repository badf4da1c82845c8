/**
 * Which elements of a picture meet a stretch of it. Drawings are far taller than wide, so one dimension is
 * enough: elements are listed per horizontal band. Pure.
 */
import type { EdgeSpec, Elements, NodeSpec } from './elements.ts';

/** Height of a band, model pixels: about ten rows. */
const BAND = 768;

export interface Rectangle {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

interface Band {
  readonly nodes: NodeSpec[];
  readonly edges: EdgeSpec[];
}

export class SpatialIndex {
  private readonly bands = new Map<number, Band>();

  constructor(private readonly elements: Elements) {
    for (const node of elements.nodes.values()) {
      this.put(node.y - node.h / 2, node.y + node.h / 2, (band) => band.nodes.push(node));
    }
    for (const edge of elements.edges.values()) {
      // Long edges that are drawn as stubs are asked for by name when they are to be seen.
      if (edge.tunnel) continue;
      const source = elements.nodes.get(edge.source)!;
      const target = elements.nodes.get(edge.target)!;
      const top = Math.min(source.y, target.y);
      this.put(top, Math.max(source.y, target.y), (band) => band.edges.push(edge));
    }
  }

  /**
   * Ids of all nodes and edges that meet the rectangle, with the ends of those edges wherever they are.
   * Edges are judged by height only.
   */
  meeting(view: Rectangle): { nodes: Set<string>; edges: Set<string> } {
    const nodes = new Set<string>();
    const edges = new Set<string>();
    for (let number = bandOf(view.y1); number <= bandOf(view.y2); number++) {
      const band = this.bands.get(number);
      if (!band) continue;
      for (const node of band.nodes) if (meets(node, view)) nodes.add(node.id);
      for (const edge of band.edges) this.addEdge(edge, view, nodes, edges);
    }
    return { nodes, edges };
  }

  private addEdge(edge: EdgeSpec, view: Rectangle, nodes: Set<string>, edges: Set<string>): void {
    const a = this.elements.nodes.get(edge.source)!;
    const b = this.elements.nodes.get(edge.target)!;
    if (Math.max(a.y, b.y) < view.y1 || Math.min(a.y, b.y) > view.y2) return;
    edges.add(edge.id);
    nodes.add(a.id);
    nodes.add(b.id);
  }

  private put(top: number, bottom: number, add: (band: Band) => void): void {
    for (let number = bandOf(top); number <= bandOf(bottom); number++) {
      let band = this.bands.get(number);
      if (!band) this.bands.set(number, (band = { nodes: [], edges: [] }));
      add(band);
    }
  }
}

export function meets(spec: NodeSpec, { x1, y1, x2, y2 }: Rectangle): boolean {
  return (
    spec.x + spec.w / 2 > x1 &&
    spec.x - spec.w / 2 < x2 &&
    spec.y + spec.h / 2 > y1 &&
    spec.y - spec.h / 2 < y2
  );
}

/** The rectangle with this many of its own widths and heights more on every side. */
export function grow({ x1, y1, x2, y2 }: Rectangle, times: number): Rectangle {
  const w = (x2 - x1) * times;
  const h = (y2 - y1) * times;
  return { x1: x1 - w, y1: y1 - h, x2: x2 + w, y2: y2 + h };
}

export function contains(outer: Rectangle, inner: Rectangle): boolean {
  return (
    outer.x1 <= inner.x1 && outer.y1 <= inner.y1 && outer.x2 >= inner.x2 && outer.y2 >= inner.y2
  );
}

function bandOf(y: number): number {
  return Math.floor(y / BAND);
}
