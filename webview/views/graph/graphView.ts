/**
 * The graph: scene -> layout worker -> canvas, and back from pointer to actions. Holds what is transient
 * (canvas, camera, hover); everything else comes from the state.
 */
import cytoscape from 'cytoscape';
import type { Core, SingularElementReturnValue } from 'cytoscape';
import type { KeyedLayout, NextKeys } from '../../layout/relayout.ts';
import { createNavigator } from '../../layout/navigate.ts';
import type { Direction, Navigator } from '../../layout/navigate.ts';
import type { LayoutInput, LayoutResult } from '../../layout/types.ts';
import type { Actions } from '../../state/actions.ts';
import { buildScene, layoutInput } from '../../state/scene.ts';
import type { Scene } from '../../state/scene.ts';
import { resolveSelection, searchHits } from '../../state/selectors.ts';
import type { State } from '../../state/state.ts';
import { Camera } from './camera.ts';
import { Canvas } from './canvas.ts';
import { buildPicture } from './elements.ts';
import type { Picture } from './elements.ts';
import { connectPointer } from './pointer.ts';
import type { PointerTarget } from './pointer.ts';
import { adaptToSize } from './renderSettings.ts';
import { NEAR_ZOOM, stylesheet } from './stylesheet.ts';
import { createMeasure } from './measure.ts';
import type { Rectangle } from './spatialIndex.ts';
import { readTheme } from './theme.ts';
import './graphView.css';

/** Zoom at which labels read well; where the page opens. */
const READABLE = 1;
/** Jumps never leave the user with smaller text than this. */
const LEAST_READABLE = 0.55;
const ANIMATION_MS = 110;

export interface GraphViewOptions {
  readonly container: HTMLElement;
  readonly actions: Actions;
  readonly layout: (
    input: LayoutInput,
    names: NextKeys,
    previous: KeyedLayout | null,
  ) => Promise<LayoutResult | null>;
  readonly hover: (target: PointerTarget | null) => void;
  readonly menu: (target: PointerTarget | null, x: number, y: number) => void;
  /** A new picture or another part of it is on the screen. */
  readonly moved: () => void;
  /** Parts of the graph that other views cover, window coordinates. */
  readonly covered: () => readonly DOMRect[];
  /** The first picture is painted. */
  readonly painted: () => void;
  readonly failed: (message: string) => void;
}

export class GraphView {
  private readonly cy: Core;
  private readonly camera: Camera;
  private readonly canvas: Canvas;
  private readonly measure = createMeasure();
  private theme = readTheme();
  private scene: Scene | null = null;
  private shown: KeyedLayout | null = null;
  private navigator: Navigator | null = null;
  private state: State | null = null;
  private near = true;
  private looking = false;
  private pendingReveal: { operator: number } | { block: number } | null = null;
  private restored = false;
  private usedAnchor: State['anchor'] = null;
  private first = true;
  /** Elements that carry a transient class, by class. */
  private readonly marked = new Map<string, readonly string[]>();
  picture: Picture | null = null;
  /** Told when a new picture is on the canvas (measurements). */
  onPicture: (() => void) | null = null;

  constructor(private readonly options: GraphViewOptions) {
    this.cy = cytoscape({
      container: options.container,
      style: stylesheet(this.theme, true),
      autoungrabify: true,
      autounselectify: true,
      boxSelectionEnabled: false,
      userZoomingEnabled: false,
      pixelRatio: 'auto',
      hideLabelsOnViewport: false,
    });
    this.camera = new Camera(this.cy, options.container);
    this.canvas = new Canvas(
      this.cy,
      () => this.camera.view(),
      () => {
        adaptToSize(this.cy, this.canvas.size);
        this.mark();
      },
    );
    connectPointer(this.cy, {
      meaning: (id) => this.picture?.meaning.get(id),
      picture: () => this.picture,
      actions: options.actions,
      hover: (target) => {
        this.showHover(target);
        options.hover(target);
      },
      menu: options.menu,
    });
    this.cy.on('viewport', () => this.viewportMoved());
    new ResizeObserver(() => this.cy.resize()).observe(options.container);
  }

  /** Draws what the state says; lays out again only when blocks or expansion changed. */
  update(state: State, previous: State | null): void {
    this.state = state;
    const { document } = state;
    if (!document) return;
    const changed =
      previous?.document?.graph !== document.graph ||
      previous.document.plan !== document.plan ||
      previous.expanded !== state.expanded;
    if (changed) void this.rebuild(state);
    else this.mark();
  }

  restyle(): void {
    this.theme = readTheme();
    this.cy.style(stylesheet(this.theme, this.near));
  }

  zoom(how: 'in' | 'out' | 'reset' | 'fit'): void {
    if (how === 'fit') {
      const bounds = this.bounds();
      if (bounds) this.camera.fit(bounds);
    } else if (how === 'reset') this.camera.zoomTo(1);
    else this.camera.zoomBy(how === 'in' ? 1 : -1);
  }

  goToTop(): void {
    const picture = this.picture;
    if (!picture) return;
    const { x, y } = picture.layout;
    let top = 0;
    for (let v = 1; v < y.length; v++) if (y[v]! < y[top]!) top = v;
    const node = picture.scene.nodes[top];
    if (!node) return;
    const zoom = Math.max(LEAST_READABLE, Math.min(READABLE, this.cy.zoom()));
    this.camera.goTop(x[top]!, y[top]! - node.height / 2, zoom);
  }

  /** Brings an operator or block into view, now or as soon as its layout is here. */
  reveal(target: { operator: number } | { block: number }): void {
    this.pendingReveal = target;
    if (this.scene && this.scene === this.picture?.scene) this.revealPending();
  }

  /** Next node in a direction from the selection, as a node of the scene; -1 at the end. */
  neighbour(direction: Direction): number {
    const from = this.selectedNode();
    if (from < 0) return this.topmost();
    return this.navigator?.next(from, direction) ?? -1;
  }

  /** Where a walk begins: inputs and outputs of the model cannot be selected, so the first block can. */
  private topmost(): number {
    const { picture } = this;
    if (!picture) return -1;
    let first = -1;
    picture.scene.nodes.forEach(({ kind }, node) => {
      if (kind === 'input' || kind === 'output') return;
      if (first < 0 || picture.layout.y[node]! < picture.layout.y[first]!) first = node;
    });
    return first;
  }

  /** Window coordinates of the selection's lower middle, for the menu key. */
  selectionPlace(): { x: number; y: number } | null {
    const picture = this.picture;
    const node = this.selectedNode();
    if (!picture || node < 0) return null;
    const box = this.options.container.getBoundingClientRect();
    const zoom = this.cy.zoom();
    const pan = this.cy.pan();
    return {
      x: box.left + picture.layout.x[node]! * zoom + pan.x,
      y: box.top + (picture.layout.y[node]! + picture.scene.nodes[node]!.height / 2) * zoom + pan.y,
    };
  }

  /** Window coordinates of the line (or node) that shows the pair. */
  pairPlace(a: number, b: number): { x: number; y: number } | null {
    const picture = this.picture;
    const source = picture?.scene.nodeOfOperator[a] ?? -1;
    const target = picture?.scene.nodeOfOperator[b] ?? -1;
    if (!picture || source < 0 || target < 0) return null;
    const box = this.options.container.getBoundingClientRect();
    const key = `${picture.scene.nodes[source]!.key}\n${picture.scene.nodes[target]!.key}`;
    const line = this.element(key);
    if (line.nonempty() && line.visible()) {
      const middle = line.renderedMidpoint();
      return { x: box.left + middle.x, y: box.top + middle.y };
    }
    const zoom = this.cy.zoom();
    const pan = this.cy.pan();
    const { x, y } = picture.layout;
    return {
      x: box.left + ((x[source]! + x[target]!) / 2) * zoom + pan.x,
      y: box.top + ((y[source]! + y[target]!) / 2) * zoom + pan.y,
    };
  }

  /** Everything of the picture is on the canvas. */
  get complete(): boolean {
    return this.picture !== null && this.canvas.complete;
  }

  /** Window coordinates of the middle of the nth straight edge between blocks that is on the screen. */
  visibleBorderEdge(nth: number): { x: number; y: number } | null {
    const picture = this.picture;
    if (!picture) return null;
    const box = this.options.container.getBoundingClientRect();
    const seen = picture.scene.edges.flatMap((edge, index) => {
      if (edge.relation !== 'border' || picture.layout.edgeTunnel[index] === 1) return [];
      const element = this.cy.getElementById(edge.key);
      if (element.empty() || element.hasClass('bent')) return [];
      const { x, y } = element.renderedMidpoint();
      const inside = x > 20 && y > 20 && x < box.width - 20 && y < box.height - 20;
      return inside ? [{ x: box.left + x, y: box.top + y }] : [];
    });
    return seen[nth % Math.max(1, seen.length)] ?? null;
  }

  /** Part of the drawing on the screen, model coordinates. */
  view(): Rectangle {
    return this.camera.view();
  }

  /** Zoom and pan as they are saved: relative to the picture's own top left corner. */
  savedViewport(): { zoom: number; pan: { x: number; y: number } } {
    const zoom = this.cy.zoom();
    const pan = this.cy.pan();
    const origin = this.bounds() ?? { x1: 0, y1: 0 };
    return { zoom, pan: { x: pan.x + origin.x1 * zoom, y: pan.y + origin.y1 * zoom } };
  }

  /** Used for the first picture instead of its top. */
  restoreViewport(saved: { zoom: number; pan: { x: number; y: number } }): void {
    this.restored = true;
    this.cy.viewport({ zoom: saved.zoom, pan: { ...saved.pan } });
  }

  centreOn(x: number, y: number): void {
    if (this.cy.zoom() < LEAST_READABLE) this.cy.zoom(LEAST_READABLE);
    this.camera.centre(x, y);
  }

  /** The library's own object, for measurements. */
  get core(): Core {
    return this.cy;
  }

  private async rebuild(state: State): Promise<void> {
    const { document } = state;
    if (!document) return;
    const scene = buildScene(document.graph, document.plan, state.expanded, this.measure);
    this.scene = scene;
    const input = layoutInput(scene);
    const names: NextKeys = {
      keys: scene.nodes.map((node) => node.key),
      // A block keeps its name when it opens or closes, so that the layout can keep its place.
      groupKeys: scene.groups.map((group) => group.nodeKey),
      ...this.anchorKey(scene, state),
    };
    const previous = this.shown;
    let result;
    try {
      result = await this.options.layout(input, names, previous);
    } catch (error) {
      this.options.failed(error instanceof Error ? error.message : String(error));
      return;
    }
    if (!result || this.scene !== scene) return;
    this.shown = { input, result, ...names };
    this.navigator = createNavigator(input, result);
    this.show(buildPicture(scene, result));
  }

  private show(picture: Picture): void {
    const first = this.first;
    this.picture = picture;
    if (first) this.placeFirst();
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.canvas.show(picture, first || calm ? 0 : ANIMATION_MS);
    this.revealPending();
    this.options.moved();
    this.onPicture?.();
    if (first) {
      this.first = false;
      requestAnimationFrame(() => requestAnimationFrame(() => this.options.painted()));
    }
  }

  private placeFirst(): void {
    const bounds = this.bounds();
    if (this.restored && bounds) return;
    this.cy.zoom(READABLE);
    this.goToTop();
  }

  /** What holds still: what the event was about, else the selection if it is seen, else the middle. */
  private anchorKey(scene: Scene, state: State): { anchorKey?: string } {
    const old = this.picture?.scene;
    if (!old) return {};
    const fresh = state.anchor !== this.usedAnchor ? state.anchor : null;
    this.usedAnchor = state.anchor;
    const operator = fresh?.operator ?? this.selectedInView(scene) ?? this.operatorInMiddle();
    if (operator === null) return {};
    const now = anchorKeys(scene, operator);
    const key = anchorKeys(old, operator).find((candidate) => now.includes(candidate));
    return key === undefined ? {} : { anchorKey: key };
  }

  private selectedInView(scene: Scene): number | null {
    const operator = this.selectedOperator(scene);
    const box = operator === null || !this.picture ? null : this.boxOf(this.picture, { operator });
    return box && overlaps(box, this.camera.view()) ? operator : null;
  }

  /** An operator of the node nearest to the middle of the screen. */
  private operatorInMiddle(): number | null {
    const picture = this.picture;
    if (!picture) return null;
    const { scene, layout } = picture;
    const { x1, y1, x2, y2 } = this.camera.view();
    let best = -1;
    let least = Infinity;
    scene.nodes.forEach(({ block }, v) => {
      const distance = Math.hypot(layout.x[v]! - (x1 + x2) / 2, layout.y[v]! - (y1 + y2) / 2);
      if (block >= 0 && distance < least) [best, least] = [v, distance];
    });
    const operator = best < 0 ? -1 : scene.nodeOfOperator.indexOf(best);
    return operator < 0 ? null : operator;
  }

  private keyOf(scene: Scene | undefined, operator: number): string | undefined {
    return scene?.nodes[scene.nodeOfOperator[operator] ?? -1]?.key;
  }

  private selectedOperator(scene: Scene): number | null {
    const resolved = this.state && resolveSelection(this.state);
    if (!resolved) return null;
    if (resolved.kind === 'operator') return resolved.operator;
    if (resolved.kind === 'edge') return resolved.from;
    const operator = scene.plan.blockOf.indexOf(resolved.block);
    return operator < 0 ? null : operator;
  }

  private selectedNode(): number {
    const scene = this.picture?.scene;
    if (!scene) return -1;
    const operator = this.selectedOperator(scene);
    return operator === null ? -1 : (scene.nodeOfOperator[operator] ?? -1);
  }

  private revealPending(): void {
    const target = this.pendingReveal;
    const picture = this.picture;
    if (!target || !picture) return;
    this.pendingReveal = null;
    const box = this.boxOf(picture, target);
    if (box) this.camera.reveal(box, LEAST_READABLE, this.options.covered());
  }

  private boxOf(
    picture: Picture,
    target: { operator: number } | { block: number },
  ): Rectangle | null {
    const { scene, layout } = picture;
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

  private bounds(): Rectangle | null {
    const picture = this.picture;
    if (!picture || picture.nodes.size === 0) return null;
    let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const { x, y, w, h } of picture.nodes.values()) {
      x1 = Math.min(x1, x - w / 2);
      x2 = Math.max(x2, x + w / 2);
      y1 = Math.min(y1, y - h / 2);
      y2 = Math.max(y2, y + h / 2);
    }
    return { x1, y1, x2, y2 };
  }

  private viewportMoved(): void {
    const near = this.cy.zoom() >= NEAR_ZOOM;
    if (near !== this.near) {
      this.near = near;
      this.cy.style(stylesheet(this.theme, near));
    }
    if (!this.looking) {
      this.looking = true;
      requestAnimationFrame(() => {
        this.looking = false;
        this.canvas.look();
        this.options.moved();
      });
    }
  }

  /** Puts the transient classes where the state wants them: selection, neighbourhood, search hits. */
  private mark(): void {
    const { picture, state } = this;
    if (!picture || !state) return;
    const selected = this.selectedIds(picture, state);
    const node = this.selectedNode();
    const near = state.selection && node >= 0 ? neighbourhood(picture, node) : [];
    const hits = new Set<string>();
    for (const operator of searchHits(state).operators) {
      const key = this.keyOf(picture.scene, operator);
      if (key !== undefined) hits.add(key);
    }
    this.canvas.showTunnels(near);
    this.cy.batch(() => {
      this.setMarked('selected', selected);
      this.setMarked('near', near);
      this.setMarked('shown', near);
      this.setMarked('hit', [...hits]);
    });
  }

  private selectedIds(picture: Picture, state: State): string[] {
    const resolved = resolveSelection(state);
    const { scene } = picture;
    if (!resolved) return [];
    if (resolved.kind === 'edge') {
      const a = this.keyOf(scene, resolved.from);
      const b = this.keyOf(scene, resolved.to);
      return [`${a}\n${b}`];
    }
    const group =
      resolved.kind === 'block'
        ? scene.groups.find(({ block }) => block === resolved.block)
        : undefined;
    if (group) return [group.key];
    const operator = this.selectedOperator(scene);
    const key = operator === null ? undefined : this.keyOf(scene, operator);
    return key === undefined ? [] : [key];
  }

  private setMarked(name: string, ids: readonly string[]): void {
    const before = this.marked.get(name) ?? [];
    const wanted = new Set(ids);
    for (const id of before) if (!wanted.has(id)) this.element(id).removeClass(name);
    // Elements that were redrawn lost the class: it is set again, which costs nothing where it is there.
    for (const id of wanted) this.element(id).addClass(name);
    this.marked.set(name, [...wanted]);
  }

  private element(id: string): SingularElementReturnValue {
    return this.cy.getElementById(id);
  }

  private showHover(target: PointerTarget | null): void {
    const tunnels = target?.kind === 'port' ? target.edges.map((e) => this.edgeKey(e)) : [];
    const node = this.selectedNode();
    const near = this.picture && this.state?.selection && node >= 0;
    const shown =
      near && this.picture ? [...tunnels, ...neighbourhood(this.picture, node)] : tunnels;
    this.canvas.showTunnels(shown);
    this.cy.batch(() => {
      this.setMarked('hover', target?.kind === 'edge' ? [target.id] : []);
      this.setMarked('shown', shown);
    });
  }

  private edgeKey(edge: number): string {
    return this.picture?.scene.edges[edge]?.key ?? '';
  }
}

/** Names under which an operator's place can be found again: its own, then its block's. */
function anchorKeys(scene: Scene, operator: number): string[] {
  const node = scene.nodes[scene.nodeOfOperator[operator] ?? -1];
  const group = node ? scene.groups[node.group] : undefined;
  return [node?.key, group?.nodeKey].filter((key) => key !== undefined);
}

function overlaps(a: Rectangle, b: Rectangle): boolean {
  return a.x1 < b.x2 && a.x2 > b.x1 && a.y1 < b.y2 && a.y2 > b.y1;
}

/** Lines at a node. */
function neighbourhood({ scene }: Picture, node: number): string[] {
  return scene.edges
    .filter((edge) => edge.source === node || edge.target === node)
    .map((edge) => edge.key);
}
