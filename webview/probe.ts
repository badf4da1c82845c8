/**
 * What measurements and end-to-end tests may ask the page: where things are and when it has repainted. A
 * canvas has no elements to look for. Reads only; present in every build, so that what is measured is what
 * is shipped.
 */
import type { GraphView } from './views/graph/graphView.ts';
import type { Store } from './store.ts';

export interface Probe {
  /** Everything of the current picture is on the canvas. */
  complete(): boolean;
  zoomTo(level: number): void;
  /** Window coordinates of the middle of the nth visible edge between blocks. */
  borderEdge(nth: number): { x: number; y: number } | null;
  /** Window coordinates of the node that shows an operator, by its id. */
  operator(id: string): { x: number; y: number } | null;
  /** What is drawn, for assertions. */
  facts(): { nodes: number; edges: number; blocks: number; selection: string | null };
  /** Starts waiting for the next picture; `repainted` resolves with milliseconds from the next input on. */
  watchRepaint(): void;
  repainted(): Promise<number>;
  /** The same for the next frame after an input. */
  watchFrame(): void;
  framed(): Promise<number>;
}

declare global {
  interface Window {
    fusionStudio?: Probe;
  }
}

export function installProbe(graph: GraphView, store: Store): void {
  let input = 0;
  let pictures: (() => void)[] = [];
  let waiting: Promise<number> = Promise.resolve(0);
  const stamp = (): void => {
    input = performance.now();
  };
  for (const name of ['pointerdown', 'keydown']) window.addEventListener(name, stamp, true);
  graph.onPicture = () => {
    const resolvers = pictures;
    pictures = [];
    for (const resolve of resolvers) resolve();
  };
  const nextFrame = (): Promise<void> =>
    new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve())));

  window.fusionStudio = {
    complete: () => graph.complete,
    zoomTo(level) {
      graph.core.zoom(level);
    },
    borderEdge: (nth) => graph.visibleBorderEdge(nth),
    operator: (id) => {
      const operator = store.state.document?.graph.ids.indexOf(id) ?? -1;
      return operator < 0 ? null : graph.pairPlace(operator, operator);
    },
    facts: () => ({
      nodes: graph.core.nodes().length,
      edges: graph.core.edges().length,
      blocks: store.state.document?.plan.summary.blocks ?? 0,
      selection: store.state.selection ? JSON.stringify(store.state.selection) : null,
    }),
    watchRepaint() {
      waiting = new Promise<void>((resolve) => pictures.push(resolve))
        .then(nextFrame)
        .then(() => performance.now() - input);
    },
    repainted: () => waiting,
    watchFrame() {
      waiting = new Promise<void>((resolve) =>
        window.addEventListener('keydown', () => resolve(), { once: true, capture: true }),
      )
        .then(nextFrame)
        .then(() => performance.now() - input);
    },
    framed: () => waiting,
  };
}
