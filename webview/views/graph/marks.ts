/**
 * Transient classes of what is on the canvas: selection, its neighbourhood, search hits, hover. Each class is
 * set and taken away by difference.
 */
import type { Core } from 'cytoscape';
import type { Scene } from '../../state/scene.ts';
import { resolveSelection, searchHits } from '../../state/selectors.ts';
import type { State } from '../../state/state.ts';
import type { Canvas } from './canvas.ts';
import type { Picture } from './elements.ts';
import type { PointerTarget } from './pointer.ts';
import { selectedNode, selectedOperator } from './selected.ts';

export class Marks {
  /** Elements that carry a class, by class. */
  private readonly marked = new Map<string, readonly string[]>();

  constructor(
    private readonly cy: Core,
    private readonly canvas: Canvas,
  ) {}

  /** Puts the classes where the state wants them; again for elements that were added since. */
  show(picture: Picture, state: State): void {
    const selected = selectedIds(picture, state);
    const near = nearSelection(picture, state);
    const hits = new Set<string>();
    for (const operator of searchHits(state).operators) {
      const key = keyOf(picture.scene, operator);
      if (key !== undefined) hits.add(key);
    }
    const rewritten = rewrittenNodes(picture, state);
    this.canvas.showTunnels(near);
    this.cy.batch(() => {
      this.set('rewritten', rewritten);
      this.set('selected', selected);
      this.set('near', near);
      this.set('shown', near);
      this.set('hit', [...hits]);
    });
  }

  /** What the pointer is on; the selection's own long edges stay. */
  showHover(picture: Picture | null, state: State | null, target: PointerTarget | null): void {
    const edges = target?.kind === 'port' ? target.edges : [];
    const tunnels = edges.map((edge) => picture?.scene.edges[edge]?.key ?? '');
    const near = picture && state ? nearSelection(picture, state) : [];
    const shown = [...tunnels, ...near];
    this.canvas.showTunnels(shown);
    this.cy.batch(() => {
      this.set('hover', target?.kind === 'edge' ? [target.id] : []);
      this.set('shown', shown);
    });
  }

  private set(name: string, ids: readonly string[]): void {
    const before = this.marked.get(name) ?? [];
    const wanted = new Set(ids);
    for (const id of before) if (!wanted.has(id)) this.cy.getElementById(id).removeClass(name);
    // Elements that were redrawn lost the class: it is set again, which costs nothing where it is there.
    for (const id of wanted) this.cy.getElementById(id).addClass(name);
    this.marked.set(name, [...wanted]);
  }
}

function selectedIds({ scene }: Picture, state: State): string[] {
  const resolved = resolveSelection(state);
  if (!resolved) return [];
  if (resolved.kind === 'edge') {
    return [`${keyOf(scene, resolved.from)}\n${keyOf(scene, resolved.to)}`];
  }
  const group =
    resolved.kind === 'block'
      ? scene.groups.find(({ block }) => block === resolved.block)
      : undefined;
  if (group) return [group.key];
  const operator = selectedOperator(scene, state);
  const key = operator === null ? undefined : keyOf(scene, operator);
  return key === undefined ? [] : [key];
}

/** What the application looked at made; everything that rewriting made where that is to stand out. */
function rewrittenNodes({ scene }: Picture, state: State): string[] {
  const rewrites = state.document?.graph.rewrites;
  if (!rewrites) return [];
  const { applications, declined } = rewrites;
  const rows = [...applications, ...declined].filter(({ id }) => id === state.rewrite?.id);
  const shown = state.rewritesMarked ? [...applications, ...rows] : rows;
  const keys = shown.flatMap(({ operators }) => operators.map((one) => keyOf(scene, one) ?? ''));
  return [...new Set(keys)].filter((key) => key !== '');
}

/** Lines at the selected node. */
function nearSelection({ scene }: Picture, state: State): string[] {
  const node = state.selection ? selectedNode(scene, state) : -1;
  if (node < 0) return [];
  return scene.edges
    .filter((edge) => edge.source === node || edge.target === node)
    .map((edge) => edge.key);
}

function keyOf(scene: Scene, operator: number): string | undefined {
  return scene.nodes[scene.nodeOfOperator[operator] ?? -1]?.key;
}
