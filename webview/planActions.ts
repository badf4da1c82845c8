/** Edits of the plan: fusing, cutting, seeds and pins of what is selected, and what the planner says of an edge. */
import type { EditRequest, WhatIf } from '../compiler/protocol.ts';
import type { ActionContext } from './actionContext.ts';
import { messageOf } from './actionContext.ts';
import { pairMenu } from './state/menuItems.ts';
import { resolveSelection, seedOverride } from './state/selectors.ts';

export class PlanActions {
  private readonly sentences = new Map<string, Promise<string>>();
  private readonly outcomes = new Map<string, Promise<WhatIf>>();
  private planRevision: object | null = null;

  constructor(
    private readonly context: ActionContext,
    private readonly expand: (block: number) => void,
  ) {}

  edit(request: EditRequest, anchor: number | null, pair?: { a: number; b: number }): void {
    const { state, store, host } = this.context;
    if (!state.document) return;
    if (state.document.readOnly !== null) {
      this.refused(`Read-only: ${state.document.readOnly}.`, pair);
      return;
    }
    store.dispatch({ type: 'editSent', anchor });
    host.request('page/edit', request).then(
      (result) => {
        if (result.ok) store.dispatch({ type: 'editDone', refusal: null });
        else this.refused(result.message, pair);
      },
      (error: unknown) => this.refused(messageOf(error), pair),
    );
  }

  explain(edge: number): Promise<string> {
    return this.remember(this.sentences, String(edge), () =>
      this.context.host.request('page/explain', { edge }),
    );
  }

  whatIf(a: number, b: number): Promise<WhatIf> {
    return this.remember(this.outcomes, `${a} ${b}`, () =>
      this.context.host.request('page/whatIf', { a, b }),
    );
  }

  /** With the one neighbour that there is, or with the one that the user picks. */
  editPair(kind: 'fuse' | 'cut'): void {
    const { context } = this;
    const { document } = context.state;
    const resolved = resolveSelection(context.state);
    if (!document || !resolved) return context.hint('Select a block, operator or edge first.');
    const menu = pairMenu(document, resolved, kind);
    const items = menu[0] ?? [];
    const does = items[0]?.does;
    if (items.length === 1 && does?.kind === 'edit') {
      return this.edit(does.request, does.anchor, does.pair);
    }
    if (items.length > 1) {
      const title = kind === 'fuse' ? 'Fuse with' : 'Cut';
      return context.stage?.openMenu(menu, context.stage.graph.selectionPlace(), title);
    }
    if (kind === 'fuse') return context.hint('Nothing follows that is in another block.');
    if (resolved.kind !== 'block') {
      return context.hint('No edge of this operator is inside its block.');
    }
    this.expand(resolved.block);
    context.speak('Expanded. Select an operator or click an edge to cut.');
  }

  toggleSeed(kind: 'seed' | 'noSeed'): void {
    const { context } = this;
    const { document } = context.state;
    const resolved = resolveSelection(context.state);
    if (!document || resolved?.kind !== 'operator') {
      return context.hint('Select an operator first.');
    }
    const { operator } = resolved;
    const on = seedOverride(document, operator) !== kind;
    this.edit({ kind, operator, on }, operator);
  }

  togglePin(): void {
    const { context } = this;
    const { document } = context.state;
    const resolved = resolveSelection(context.state);
    if (!document || !resolved || resolved.kind === 'edge') {
      return context.hint('Select a block first.');
    }
    const { block } = resolved;
    const anchor = document.plan.blockOf.indexOf(block);
    this.edit({ kind: 'pin', block, on: document.plan.blockPinned[block] !== 1 }, anchor);
  }

  private refused(message: string, pair?: { a: number; b: number }): void {
    const { store } = this.context;
    store.dispatch({ type: 'editDone', refusal: pair ? { message, ...pair } : null });
    if (!pair) this.context.tell('warning', message);
  }

  /** Answers about one plan are asked for once. */
  private remember<T>(
    known: Map<string, Promise<T>>,
    key: string,
    ask: () => Promise<T>,
  ): Promise<T> {
    const plan = this.context.state.document?.plan ?? null;
    if (plan !== this.planRevision) {
      this.planRevision = plan;
      this.sentences.clear();
      this.outcomes.clear();
    }
    let answer = known.get(key);
    if (!answer) {
      answer = ask();
      known.set(key, answer);
      answer.catch(() => known.delete(key));
    }
    return answer;
  }
}
