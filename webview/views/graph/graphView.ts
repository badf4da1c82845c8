/**
 * The graph: scene -> layout worker -> canvas, and back from pointer to actions. Holds what is transient
 * (canvas, camera, hover); everything else comes from the state.
 */
import cytoscape from 'cytoscape';
import type { Core } from 'cytoscape';
import type { KeyedLayout, NextKeys } from '../../layout/relayout.ts';
import { createNavigator } from '../../layout/navigate.ts';
import type { Direction, Navigator } from '../../layout/navigate.ts';
import type { LayoutInput, LayoutResult } from '../../layout/types.ts';
import type { Actions } from '../../state/actions.ts';
import { buildScene, layoutInput } from '../../state/scene.ts';
import type { Scene } from '../../state/scene.ts';
import type { State } from '../../state/state.ts';
import { anchorKey } from './anchor.ts';
import { Camera } from './camera.ts';
import { Canvas } from './canvas.ts';
import { buildPicture } from './elements.ts';
import type { FitText, Picture } from './elements.ts';
import { Marks } from './marks.ts';
import { OnScreen } from './onScreen.ts';
import { anythingSeen, boundsOf, boxOf, middleOfRows, topOf, topmostBlock } from './places.ts';
import type { Place } from './places.ts';
import { pictureSvg } from './pictureSvg.ts';
import type { SvgPicture } from './pictureSvg.ts';
import { connectPointer } from './pointer.ts';
import type { PointerTarget } from './pointer.ts';
import { adaptToSize } from './renderSettings.ts';
import { selectedNode } from './selected.ts';
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

interface Viewport {
  readonly zoom: number;
  readonly pan: { readonly x: number; readonly y: number };
}

export class GraphView {
  private readonly cy: Core;
  private readonly camera: Camera;
  private readonly canvas: Canvas;
  private readonly marks: Marks;
  private readonly onScreen: OnScreen;
  private readonly measure = createMeasure();
  private readonly fit: FitText = (texts, width) =>
    texts.find((text) => this.measure(text) <= width) ?? texts.at(-1) ?? '';
  private theme = readTheme();
  private scene: Scene | null = null;
  private shown: KeyedLayout | null = null;
  private navigator: Navigator | null = null;
  private state: State | null = null;
  private near = true;
  private looking = false;
  private pendingReveal: Place | null = null;
  private restored: Viewport | null = null;
  private usedAnchor: State['anchor'] = null;
  private first = true;
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
    this.marks = new Marks(this.cy, this.canvas);
    this.onScreen = new OnScreen(this.cy, options.container);
    connectPointer(this.cy, {
      meaning: (id) => this.picture?.meaning.get(id),
      picture: () => this.picture,
      actions: options.actions,
      hover: (target) => {
        this.marks.showHover(this.picture, this.state, target);
        options.hover(target);
      },
      menu: options.menu,
    });
    this.cy.on('viewport', () => this.viewportMoved());
    new ResizeObserver(() => {
      this.camera.resized(this.bounds()?.y1 ?? null);
      this.viewportMoved();
    }).observe(options.container);
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
    else if (state.runs.shown !== previous?.runs.shown && this.scene === this.picture?.scene) {
      this.redraw();
    } else this.mark();
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
    const top = this.picture && topOf(this.picture);
    if (!top) return;
    const zoom = Math.max(LEAST_READABLE, Math.min(READABLE, this.cy.zoom()));
    this.camera.goTop(top.x, top.y, zoom);
  }

  /** Brings an operator or block into view, now or as soon as its layout is here. */
  reveal(target: Place): void {
    this.pendingReveal = target;
    if (this.scene && this.scene === this.picture?.scene) this.revealPending();
  }

  /** Next node in a direction from the selection, as a node of the scene; -1 at the end. */
  neighbour(direction: Direction): number {
    const from = this.selectedNode();
    if (from < 0) return this.picture ? topmostBlock(this.picture) : -1;
    return this.navigator?.next(from, direction) ?? -1;
  }

  /** Window coordinates of the selection's lower middle, for the menu key. */
  selectionPlace(): { x: number; y: number } | null {
    const picture = this.picture;
    const node = this.selectedNode();
    if (!picture || node < 0) return null;
    return this.onScreen.below(picture, node);
  }

  /** Window coordinates of the line (or node) that shows the pair. */
  pairPlace(a: number, b: number): { x: number; y: number } | null {
    return this.picture && this.onScreen.pair(this.picture, a, b);
  }

  /** Everything of the picture is on the canvas. */
  get complete(): boolean {
    return this.picture !== null && this.canvas.complete;
  }

  /** Window coordinates of the middle of the nth straight edge between blocks that is on the screen. */
  visibleBorderEdge(nth: number): { x: number; y: number } | null {
    return this.picture && this.onScreen.borderEdge(this.picture, nth);
  }

  /** Part of the drawing on the screen, model coordinates. */
  view(): Rectangle {
    return this.camera.view();
  }

  /**
   * Zoom and pan as they are saved: of the picture's own top left corner, from the middle of the window's
   * upper edge, so that a window of another width shows the same.
   */
  savedViewport(): Viewport {
    const zoom = this.cy.zoom();
    const pan = this.cy.pan();
    const origin = this.bounds() ?? { x1: 0, y1: 0 };
    const middle = this.options.container.clientWidth / 2;
    return { zoom, pan: { x: pan.x + origin.x1 * zoom - middle, y: pan.y + origin.y1 * zoom } };
  }

  /** Used for the first picture instead of its top. */
  restoreViewport(saved: Viewport): void {
    this.restored = saved;
  }

  centreOn(x: number, y: number): void {
    if (this.cy.zoom() < LEAST_READABLE) this.cy.zoom(LEAST_READABLE);
    this.camera.centre(x, y);
  }

  /** All of it, on the screen or not; null before the first picture. */
  toSvg(): SvgPicture | null {
    return this.picture && pictureSvg(this.picture, this.theme);
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
      ...this.anchor(scene, state),
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
    this.redraw();
  }

  /** The scene where it was laid out, with what is written in the boxes and their colours as of now. */
  private redraw(): void {
    const { scene, shown, state } = this;
    if (!scene || !shown) return;
    const run = state?.runs.shown ?? null;
    const times = run && { run, fit: this.fit };
    this.show(buildPicture(scene, shown.result, times));
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
    if (this.restored && bounds && this.picture) {
      const { zoom, pan } = this.restored;
      const middle = this.options.container.clientWidth / 2;
      this.camera.place(zoom, {
        x: pan.x - bounds.x1 * zoom + middle,
        y: pan.y - bounds.y1 * zoom,
      });
      if (anythingSeen(this.picture, this.camera.view())) return;
      // The picture is another one than was saved.
      const x = middleOfRows(this.picture, this.camera.view());
      if (x !== null) {
        this.camera.centreAcross(x);
        return;
      }
    }
    this.cy.zoom(READABLE);
    this.goToTop();
  }

  private anchor(scene: Scene, state: State): { anchorKey?: string } {
    if (!this.picture) return {};
    const fresh = state.anchor !== this.usedAnchor ? state.anchor : null;
    this.usedAnchor = state.anchor;
    const key = anchorKey(this.picture, scene, state, this.camera.view(), fresh);
    return key === null ? {} : { anchorKey: key };
  }

  private selectedNode(): number {
    const { picture, state } = this;
    return picture && state ? selectedNode(picture.scene, state) : -1;
  }

  private revealPending(): void {
    const target = this.pendingReveal;
    const picture = this.picture;
    if (!target || !picture) return;
    this.pendingReveal = null;
    const box = boxOf(picture, target);
    if (box) this.camera.reveal(box, LEAST_READABLE, this.options.covered());
  }

  private bounds(): Rectangle | null {
    return this.picture && boundsOf(this.picture);
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

  private mark(): void {
    if (this.picture && this.state) this.marks.show(this.picture, this.state);
  }
}
