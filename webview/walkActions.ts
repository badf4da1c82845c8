/** Selecting and walking: what is selected is brought into view, and its block opened where that is needed to see it. */
import type { Selection } from '../compiler/protocol.ts';
import type { ActionContext } from './actionContext.ts';
import { membersOf } from './state/graphIndex.ts';
import { resolveSelection, searchHits } from './state/selectors.ts';

export class WalkActions {
  constructor(private readonly context: ActionContext) {}

  select(selection: Selection | null): void {
    const { store, host } = this.context;
    store.dispatch({ type: 'select', selection });
    host.notify('page/selection', store.state.selection);
  }

  goToOperator(operator: number): void {
    const { document } = this.context.state;
    const id = document?.graph.ids[operator];
    if (!document || id === undefined) return;
    const block = document.plan.blockOf[operator]!;
    if (membersOf(document.plan, block).length > 1) this.expand(block, true);
    this.select({ kind: 'operator', id });
    this.context.stage?.graph.reveal({ operator });
  }

  goToBlock(block: number): void {
    const id = this.context.state.document?.plan.blockIds[block];
    if (id === undefined) return;
    this.select({ kind: 'block', id });
    this.context.stage?.graph.reveal({ block });
  }

  goToEdge(edge: number): void {
    const graph = this.context.state.document?.graph;
    const from = graph?.edges[2 * edge];
    const to = graph?.edges[2 * edge + 1];
    if (!graph || from === undefined || to === undefined) return;
    this.select({ kind: 'edge', from: graph.ids[from]!, to: graph.ids[to]! });
    this.context.stage?.graph.reveal({ operator: to });
  }

  expand(block: number, on: boolean): void {
    const { state, store } = this.context;
    const id = state.document?.plan.blockIds[block];
    if (id !== undefined) store.dispatch({ type: 'expand', block: id, on });
  }

  toggleBlock(block: number): void {
    const { document, expanded } = this.context.state;
    const id = document?.plan.blockIds[block];
    if (id !== undefined) this.expand(block, !expanded.has(id));
  }

  toggleSelected(): void {
    const { context } = this;
    const resolved = resolveSelection(context.state);
    if (!resolved || resolved.kind === 'edge') return context.hint('Select a block first.');
    const { document } = context.state;
    if (document && membersOf(document.plan, resolved.block).length < 2) {
      return context.hint('This block has one operator.');
    }
    this.toggleBlock(resolved.block);
  }

  walk(direction: 'up' | 'down' | 'left' | 'right'): void {
    const { context } = this;
    const graph = context.stage?.graph;
    const scene = graph?.picture?.scene;
    if (!graph || !scene) return;
    const node = scene.nodes[graph.neighbour(direction)];
    if (!node) return context.speak('No further.');
    if (node.kind === 'operator') {
      this.select({ kind: 'operator', id: scene.graph.ids[node.index]! });
      graph.reveal({ operator: node.index });
    } else if (node.kind === 'block') this.goToBlock(node.index);
    else context.speak(`${node.kind === 'input' ? 'Model input' : 'Model output'} ${node.title}`);
  }

  goToHit(position: number): void {
    const { hits } = searchHits(this.context.state);
    if (hits.length === 0) return;
    // Going back before the first jump means the last hit.
    const place = position < 0 ? hits.length - 1 : position % hits.length;
    this.context.store.dispatch({ type: 'searchMove', to: place });
    this.goToOperator(hits[place]!.operator);
  }
}
