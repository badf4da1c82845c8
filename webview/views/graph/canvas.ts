/**
 * Keeps on the canvas what is on the screen and about one screen around it, and only that: the library's
 * cost of a frame, a click and a new style grows with the elements it holds, wherever they are. What is in
 * view is drawn at once, the surroundings in idle slices, and what is far away is dropped again. From one
 * picture to the next only differences are touched.
 */
import type { Core, EdgeDefinition, ElementDefinition, NodeDefinition } from 'cytoscape';
import { EMPTY_ELEMENTS } from './elements.ts';
import type { EdgeSpec, Elements, NodeSpec } from './elements.ts';
import { SpatialIndex, contains, grow, meets } from './spatialIndex.ts';
import type { Rectangle } from './spatialIndex.ts';

/** Elements added in one idle slice. */
const SLICE = 120;
/** Elements added without waiting; when more are in view, text is unreadable and the rest may follow. */
const AT_ONCE = 700;
/** Screens around the view that are kept ready. */
const RING = 1;
/** Elements beyond this many, and this many screens away, are dropped. */
const KEEP = 1500;
const KEEP_RING = 4;
/** Above this many moved nodes in view an animation costs more than it explains. */
const MAX_ANIMATED = 120;

type Wanted = ReturnType<SpatialIndex['meeting']>;

export class Canvas {
  private picture: Elements = EMPTY_ELEMENTS;
  private index = new SpatialIndex(EMPTY_ELEMENTS);
  private readonly nodes = new Map<string, NodeSpec>();
  private readonly edges = new Map<string, EdgeSpec>();
  /** Long edges that are shown on demand. */
  private shownTunnels: readonly string[] = [];
  /** Everything in here is on the canvas. */
  private filled: Rectangle | null = null;
  private idle = false;

  constructor(
    private readonly cy: Core,
    private readonly view: () => Rectangle,
    /** Called when elements were added that carry no transient classes yet. */
    private readonly added: () => void,
  ) {}

  /** What is in view and around it is on the canvas. */
  get complete(): boolean {
    return this.filled !== null && contains(this.filled, this.view());
  }

  get size(): number {
    return this.nodes.size + this.edges.size;
  }

  /** Another picture. `animate`: milliseconds, 0 for none. */
  show(next: Elements, animate: number): void {
    this.picture = next;
    this.index = new SpatialIndex(next);
    this.filled = null;
    const view = this.view();
    const around = grow(view, RING / 2);
    const wanted = this.index.meeting(around);
    const moved: [NodeSpec, NodeSpec][] = [];
    this.cy.batch(() => {
      this.removeOthers(wanted);
      this.updateNodes(moved);
      this.updateEdges();
      this.add(wanted, AT_ONCE);
    });
    if (animate > 0) this.animate(moved, view, animate);
    this.added();
    this.fillLater();
  }

  /** The view moved. */
  look(): void {
    if (this.complete) return;
    const wanted = this.index.meeting(this.view());
    let count = 0;
    this.cy.batch(() => {
      count = this.add(wanted, AT_ONCE);
    });
    if (count > 0) this.added();
    this.fillLater();
  }

  /** Long edges to be drawn in full, wherever their ends are. */
  showTunnels(ids: readonly string[]): void {
    this.shownTunnels = ids.filter((id) => this.picture.edges.get(id)?.tunnel === true);
    if (this.shownTunnels.length === 0) return;
    this.cy.batch(() => this.add({ nodes: new Set(), edges: new Set() }, AT_ONCE));
  }

  private fillLater(): void {
    if (this.idle) return;
    this.idle = true;
    whenIdle(() => {
      this.idle = false;
      const ring = grow(this.view(), RING);
      let count = 0;
      this.cy.batch(() => {
        count = this.add(this.index.meeting(ring), SLICE);
      });
      if (count > 0) {
        this.added();
        this.fillLater();
      } else {
        this.filled = ring;
        this.dropFar();
      }
    });
  }

  private dropFar(): void {
    if (this.size <= KEEP) return;
    const near = this.index.meeting(grow(this.view(), KEEP_RING));
    if (near.nodes.size + near.edges.size >= this.size) return;
    this.cy.batch(() => this.removeOthers(near));
  }

  private removeOthers(wanted: Wanted): void {
    const tunnels = new Set(this.shownTunnels);
    const ends = new Set<string>();
    for (const id of tunnels) {
      const edge = this.picture.edges.get(id);
      if (edge) ends.add(edge.source).add(edge.target);
    }
    const gone = this.cy.collection();
    for (const id of this.edges.keys()) {
      if (wanted.edges.has(id) || (tunnels.has(id) && this.picture.edges.has(id))) continue;
      gone.merge(this.cy.getElementById(id));
      this.edges.delete(id);
    }
    for (const id of this.nodes.keys()) {
      if (wanted.nodes.has(id) || ends.has(id)) continue;
      gone.merge(this.cy.getElementById(id));
      this.nodes.delete(id);
    }
    gone.remove();
  }

  private updateNodes(moved: [NodeSpec, NodeSpec][]): void {
    for (const [id, old] of this.nodes) {
      const spec = this.picture.nodes.get(id)!;
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

  private updateEdges(): void {
    for (const [id, old] of this.edges) {
      const spec = this.picture.edges.get(id)!;
      const bends = !same(spec.weights, old.weights) || !same(spec.distances, old.distances);
      const element = this.cy.getElementById(id);
      const label =
        spec.label !== old.label || spec.labelX !== old.labelX || spec.labelY !== old.labelY;
      if (bends || label) element.data(edgeData(spec));
      if (spec.classes !== old.classes) element.classes(spec.classes);
      this.edges.set(id, spec);
    }
  }

  /** Adds what is wanted and missing, at most about `limit` elements. Answers how many. */
  private add(wanted: Wanted, limit: number): number {
    const batch: ElementDefinition[] = [];
    const addNode = (id: string): void => {
      const spec = this.picture.nodes.get(id);
      if (!spec || this.nodes.has(id)) return;
      batch.push(nodeDefinition(spec));
      this.nodes.set(id, spec);
    };
    const addEdge = (id: string): void => {
      const spec = this.picture.edges.get(id);
      if (!spec || this.edges.has(id)) return;
      addNode(spec.source);
      addNode(spec.target);
      batch.push(edgeDefinition(spec));
      this.edges.set(id, spec);
    };
    for (const id of this.shownTunnels) addEdge(id);
    for (const id of wanted.nodes) {
      if (batch.length >= limit) break;
      addNode(id);
    }
    for (const id of wanted.edges) {
      if (batch.length >= limit) break;
      addEdge(id);
    }
    if (batch.length > 0) this.cy.add(batch);
    return batch.length;
  }

  private animate(moved: readonly [NodeSpec, NodeSpec][], view: Rectangle, ms: number): void {
    const seen = moved.filter(([from, to]) => meets(from, view) && meets(to, view));
    if (seen.length === 0 || seen.length > MAX_ANIMATED) return;
    for (const [from, to] of seen) {
      const element = this.cy.getElementById(to.id);
      element.stop(true, true);
      element.position({ x: from.x, y: from.y });
      element.animate({ position: { x: to.x, y: to.y } }, { duration: ms, easing: 'ease-out' });
    }
  }
}

function nodeDefinition({ id, x, y, w, h, label, classes }: NodeSpec): NodeDefinition {
  return { group: 'nodes', data: { id, w, h, label }, position: { x, y }, classes };
}

function edgeDefinition(spec: EdgeSpec): EdgeDefinition {
  const { id, source, target, classes } = spec;
  return { group: 'edges', data: { id, source, target, ...edgeData(spec) }, classes };
}

function edgeData(spec: EdgeSpec): Record<string, unknown> {
  const { label, labelX, labelY } = spec;
  const [weights, distances] = [spec.weights.join(' '), spec.distances.join(' ')];
  return { label, labelX, labelY, weights, distances };
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

function whenIdle(work: () => void): void {
  if ('requestIdleCallback' in window) window.requestIdleCallback(work, { timeout: 200 });
  else setTimeout(work, 16);
}
