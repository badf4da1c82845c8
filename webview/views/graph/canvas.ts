/**
 * Keeps the canvas equal to a picture: adds, changes and removes only what differs. What lies within two
 * screens is drawn at once, the rest in idle slices, so that the first frame does not wait for it.
 */
import type { Core, EdgeDefinition, ElementDefinition, NodeDefinition } from 'cytoscape';
import { EMPTY_ELEMENTS } from './elements.ts';
import type { EdgeSpec, Elements, NodeSpec } from './elements.ts';

/** Elements added in one idle slice. */
const SLICE = 250;

/** Above this many moved nodes in view an animation costs more than it explains. */
const MAX_ANIMATED = 120;

export interface Rectangle {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

export interface Transition {
  /** Model coordinates drawn first (and animated). */
  readonly near: Rectangle;
  /** Milliseconds; 0 for no animation. */
  readonly animate: number;
}

export class Canvas {
  private drawn: Elements = EMPTY_ELEMENTS;
  private readonly nodes = new Map<string, NodeSpec>();
  private readonly edges = new Map<string, EdgeSpec>();
  private generation = 0;

  constructor(
    private readonly cy: Core,
    /** Called when elements were added that carry no transient classes yet. */
    private readonly added: () => void,
  ) {}

  /** Everything of the last picture is on the canvas. */
  get complete(): boolean {
    return this.nodes.size === this.drawn.nodes.size && this.edges.size === this.drawn.edges.size;
  }

  show(next: Elements, { near, animate }: Transition): void {
    this.drawn = next;
    const generation = ++this.generation;
    const moved: [NodeSpec, NodeSpec][] = [];
    this.cy.batch(() => {
      this.removeAbsent(next);
      this.updateNodes(next, moved);
      this.updateEdges(next);
      this.addMissing(next, (spec) => inside(spec, near), Number.POSITIVE_INFINITY);
    });
    if (animate > 0) this.animate(moved, near, animate);
    this.added();
    this.continueLater(next, generation);
  }

  /** Draws what is still missing now: a jump to a far place must not show holes. */
  finish(): void {
    this.generation++;
    this.cy.batch(() => this.addMissing(this.drawn, () => true, Number.POSITIVE_INFINITY));
    this.added();
  }

  private continueLater(next: Elements, generation: number): void {
    if (this.complete) return;
    whenIdle(() => {
      if (generation !== this.generation) return;
      this.cy.batch(() => this.addMissing(next, () => true, SLICE));
      this.added();
      this.continueLater(next, generation);
    });
  }

  private removeAbsent(next: Elements): void {
    const gone: string[] = [];
    for (const id of this.edges.keys()) if (!next.edges.has(id)) gone.push(id);
    for (const id of this.nodes.keys()) if (!next.nodes.has(id)) gone.push(id);
    if (gone.length === 0) return;
    const elements = this.cy.collection();
    for (const id of gone) {
      elements.merge(this.cy.getElementById(id));
      this.edges.delete(id);
      this.nodes.delete(id);
    }
    // Edges go with their nodes; those whose other end stays are added again below.
    for (const edge of elements.connectedEdges().toArray()) this.edges.delete(edge.id());
    elements.remove();
  }

  private updateNodes(next: Elements, moved: [NodeSpec, NodeSpec][]): void {
    for (const [id, old] of this.nodes) {
      const spec = next.nodes.get(id)!;
      const element = this.cy.getElementById(id);
      if (spec.x !== old.x || spec.y !== old.y) {
        element.position({ x: spec.x, y: spec.y });
        moved.push([old, spec]);
      }
      if (spec.w !== old.w || spec.h !== old.h || spec.label !== old.label) {
        element.data({ w: spec.w, h: spec.h, label: spec.label });
      }
      if (spec.classes !== old.classes) element.classes(spec.classes);
      this.nodes.set(id, spec);
    }
  }

  private updateEdges(next: Elements): void {
    for (const [id, old] of this.edges) {
      const spec = next.edges.get(id)!;
      const bends = !same(spec.weights, old.weights) || !same(spec.distances, old.distances);
      const element = this.cy.getElementById(id);
      if (bends || spec.label !== old.label) element.data(edgeData(spec));
      if (spec.classes !== old.classes) element.classes(spec.classes);
      this.edges.set(id, spec);
    }
  }

  private addMissing(next: Elements, wanted: (spec: NodeSpec) => boolean, limit: number): void {
    const batch: ElementDefinition[] = [];
    for (const spec of next.nodes.values()) {
      if (batch.length >= limit) break;
      if (this.nodes.has(spec.id) || !wanted(spec)) continue;
      batch.push(nodeDefinition(spec));
      this.nodes.set(spec.id, spec);
    }
    for (const spec of next.edges.values()) {
      if (batch.length >= limit) break;
      if (this.edges.has(spec.id)) continue;
      if (!this.nodes.has(spec.source) || !this.nodes.has(spec.target)) continue;
      batch.push(edgeDefinition(spec));
      this.edges.set(spec.id, spec);
    }
    if (batch.length > 0) this.cy.add(batch);
  }

  private animate(moved: readonly [NodeSpec, NodeSpec][], near: Rectangle, ms: number): void {
    const seen = moved.filter(([from, to]) => inside(from, near) && inside(to, near));
    if (seen.length === 0 || seen.length > MAX_ANIMATED) return;
    for (const [from, to] of seen) {
      const element = this.cy.getElementById(to.id);
      element.stop(true, true);
      element.position({ x: from.x, y: from.y });
      element.animate({ position: { x: to.x, y: to.y } }, { duration: ms, easing: 'ease-out' });
    }
  }
}

function inside(spec: NodeSpec, { x1, y1, x2, y2 }: Rectangle): boolean {
  return (
    spec.x + spec.w / 2 > x1 &&
    spec.x - spec.w / 2 < x2 &&
    spec.y + spec.h / 2 > y1 &&
    spec.y - spec.h / 2 < y2
  );
}

function nodeDefinition({ id, x, y, w, h, label, classes }: NodeSpec): NodeDefinition {
  return { group: 'nodes', data: { id, w, h, label }, position: { x, y }, classes };
}

function edgeDefinition(spec: EdgeSpec): EdgeDefinition {
  const { id, source, target, classes } = spec;
  return { group: 'edges', data: { id, source, target, ...edgeData(spec) }, classes };
}

function edgeData({ label, weights, distances }: EdgeSpec): Record<string, unknown> {
  return {
    label,
    weights: weights.join(' '),
    distances: distances.join(' '),
  };
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

function whenIdle(work: () => void): void {
  if ('requestIdleCallback' in window) window.requestIdleCallback(work, { timeout: 200 });
  else setTimeout(work, 16);
}
