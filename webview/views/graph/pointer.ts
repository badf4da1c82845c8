/** From pointer events of the canvas to actions: what was hit, what a click does, when a tooltip shows. */
import type { Core, EventObject, EventObjectNode } from 'cytoscape';
import type { Actions } from '../../state/actions.ts';
import { METRICS } from '../../state/scene.ts';
import type { Meaning, Picture } from './elements.ts';

/** Below this zoom a line is too thin to mean one: a click selects instead of editing. */
const EDIT_ZOOM = 0.35;
/** Rest of the pointer before a tooltip, milliseconds. */
const HOVER_MS = 140;

export type PointerTarget =
  | { readonly kind: 'operator'; readonly operator: number; readonly at: Point }
  | { readonly kind: 'block'; readonly block: number; readonly at: Point }
  | {
      readonly kind: 'edge';
      readonly id: string;
      /** ECG edges behind the line, at least one. */
      readonly edges: readonly number[];
      readonly inside: boolean;
      readonly at: Point;
    }
  | { readonly kind: 'io'; readonly input: boolean; readonly index: number; readonly at: Point }
  /** `edges` are the scene's; `far` is the scene's node at the other end, -1 for several. */
  | {
      readonly kind: 'port';
      readonly edges: readonly number[];
      readonly far: number;
      readonly at: Point;
    };

/** Window coordinates. */
interface Point {
  readonly x: number;
  readonly y: number;
}

export interface PointerOptions {
  readonly meaning: (id: string) => Meaning | undefined;
  readonly picture: () => Picture | null;
  readonly actions: Actions;
  readonly hover: (target: PointerTarget | null) => void;
  readonly menu: (target: PointerTarget | null, x: number, y: number) => void;
}

export function connectPointer(cy: Core, options: PointerOptions): void {
  const { actions } = options;
  const container = cy.container();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const targetOf = (event: EventObject): PointerTarget | null => {
    const picture = options.picture();
    if (event.target === cy || !picture) return null;
    const meaning = options.meaning((event as EventObjectNode).target.id());
    return meaning ? interpret(picture, meaning, placeOf(event)) : null;
  };
  const placeOf = (event: EventObject): Point => {
    const mouse = event.originalEvent;
    return { x: mouse?.clientX ?? 0, y: mouse?.clientY ?? 0 };
  };
  const leave = (): void => {
    clearTimeout(timer);
    options.hover(null);
    if (container) container.style.cursor = '';
  };

  cy.on('mouseover', 'node, edge', (event) => {
    const target = targetOf(event);
    clearTimeout(timer);
    if (!target) return leave();
    if (container) container.style.cursor = 'pointer';
    timer = setTimeout(() => options.hover(target), HOVER_MS);
  });
  cy.on('mouseout', 'node, edge', leave);
  cy.on('viewport', leave);
  cy.on('tap', (event) => {
    leave();
    if (event.target === cy) return actions.select(null);
    const target = targetOf(event);
    if (target) tap(target, event);
  });
  cy.on('dbltap', 'node', (event) => {
    const target = targetOf(event);
    const block = target && blockOf(target, options.picture());
    if (block !== null && block !== undefined) actions.toggleBlock(block);
  });
  cy.on('cxttap', (event) => {
    leave();
    const { x, y } = placeOf(event);
    options.menu(targetOf(event), x, y);
  });

  const tap = (target: PointerTarget, event: EventObject): void => {
    const picture = options.picture();
    if (!picture) return;
    const { graph } = picture.scene;
    switch (target.kind) {
      case 'operator':
        return actions.select({ kind: 'operator', id: graph.ids[target.operator]! });
      case 'block':
        actions.select({ kind: 'block', id: picture.scene.plan.blockIds[target.block]! });
        if (onBadge(event as EventObjectNode)) actions.toggleBlock(target.block);
        return;
      case 'edge': {
        const edge = target.edges[0]!;
        const a = graph.edges[2 * edge]!;
        const b = graph.edges[2 * edge + 1]!;
        if (cy.zoom() < EDIT_ZOOM) {
          return actions.select({ kind: 'edge', from: graph.ids[a]!, to: graph.ids[b]! });
        }
        return actions.edit({ kind: target.inside ? 'cut' : 'fuse', a, b }, a, { a, b });
      }
      case 'port':
        return goToNode(picture, target.far, actions);
      case 'io':
        return actions.select(null);
    }
  };
}

function interpret(picture: Picture, meaning: Meaning, at: Point): PointerTarget | null {
  const { scene } = picture;
  switch (meaning.kind) {
    case 'group':
      return { kind: 'block', block: scene.groups[meaning.group]!.block, at };
    case 'node': {
      const node = scene.nodes[meaning.node]!;
      if (node.kind === 'block') return { kind: 'block', block: node.index, at };
      if (node.kind === 'operator') return { kind: 'operator', operator: node.index, at };
      return { kind: 'io', input: node.kind === 'input', index: node.index, at };
    }
    case 'edge': {
      const edge = scene.edges[meaning.edge]!;
      if (edge.ecgEdges.length === 0) return null;
      const inside = edge.relation === 'inside';
      return { kind: 'edge', id: edge.key, edges: edge.ecgEdges, inside, at };
    }
    case 'port': {
      const [first] = meaning.edges;
      const line = meaning.edges.length === 1 ? scene.edges[first!] : undefined;
      const far = line ? (meaning.outgoing ? line.target : line.source) : -1;
      return { kind: 'port', edges: meaning.edges, far, at };
    }
  }
}

function goToNode(picture: Picture, index: number, actions: Actions): void {
  const node = picture.scene.nodes[index];
  if (node?.kind === 'operator') actions.goToOperator(node.index);
  else if (node?.kind === 'block') actions.goToBlock(node.index);
}

function blockOf(target: PointerTarget, picture: Picture | null): number | null {
  if (target.kind === 'block') return target.block;
  if (target.kind === 'operator') return picture?.scene.plan.blockOf[target.operator] ?? null;
  return null;
}

/** The left end of a block's box and of an expanded block's header opens and closes it. */
function onBadge(event: EventObjectNode): boolean {
  const node = event.target;
  const left = node.position().x - node.width() / 2;
  return event.position.x - left < METRICS.badge;
}
