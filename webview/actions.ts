/**
 * Does what views ask for: commands of the keyboard and the toolbar, details, rewrites, pictures. Edits, walking and
 * running are in `planActions.ts`, `walkActions.ts` and `runActions.ts`.
 */
import type {
  EditRequest,
  RewriteSketches,
  Selection,
  Variant,
  WhatIf,
} from '../compiler/protocol.ts';
import type { RunTarget } from '../compiler/run/runProtocol.ts';
import { ActionContext, messageOf } from './actionContext.ts';
import type { Stage } from './actionContext.ts';
import type { Host } from './host.ts';
import { PlanActions } from './planActions.ts';
import { RunActions } from './runActions.ts';
import type { Actions, Command } from './state/actions.ts';
import { resolveSelection } from './state/selectors.ts';
import type { WeightState } from './state/state.ts';
import type { Store } from './store.ts';
import { svgToPng } from './views/graph/svgToPng.ts';
import { WalkActions } from './walkActions.ts';

export class PageActions implements Actions {
  private readonly context: ActionContext;
  private readonly walk: WalkActions;
  private readonly plan: PlanActions;
  private readonly runs: RunActions;

  constructor(store: Store, host: Host) {
    this.context = new ActionContext(store, host);
    this.walk = new WalkActions(this.context);
    this.plan = new PlanActions(this.context, (block) => this.walk.expand(block, true));
    this.runs = new RunActions(this.context);
  }

  attach(stage: Stage): void {
    this.context.stage = stage;
  }

  select(selection: Selection | null): void {
    this.walk.select(selection);
  }

  goToOperator(operator: number): void {
    this.walk.goToOperator(operator);
  }

  goToBlock(block: number): void {
    this.walk.goToBlock(block);
  }

  goToEdge(edge: number): void {
    this.walk.goToEdge(edge);
  }

  goToHit(position: number): void {
    this.walk.goToHit(position);
  }

  toggleBlock(block: number): void {
    this.walk.toggleBlock(block);
  }

  edit(request: EditRequest, anchor: number | null, pair?: { a: number; b: number }): void {
    this.plan.edit(request, anchor, pair);
  }

  explain(edge: number): Promise<string> {
    return this.plan.explain(edge);
  }

  whatIf(a: number, b: number): Promise<WhatIf> {
    return this.plan.whatIf(a, b);
  }

  showRun(run: number | null): void {
    this.runs.showRun(run);
  }

  setTarget(target: RunTarget): void {
    this.runs.setTarget(target);
  }

  showBeside(variant: Variant | null): void {
    this.runs.showBeside(variant);
  }

  measurePlanners(): void {
    this.runs.measurePlanners();
  }

  copyComparison(format: 'csv' | 'markdown'): void {
    this.runs.copyComparison(format);
  }

  showRewrite(id: string | null): void {
    const { state, store, host } = this.context;
    if (id === null || !state.document) {
      store.dispatch({ type: 'rewriteShown', rewrite: null });
      return;
    }
    const { applications, declined } = state.document.graph.rewrites;
    const operator = [...applications, ...declined].find((row) => row.id === id)?.operators[0];
    if (operator !== undefined) this.goToOperator(operator);
    const show = (sketches: RewriteSketches | null, failed: string | null): void =>
      store.dispatch({ type: 'rewriteShown', rewrite: { id, sketches, failed } });
    show(null, null);
    host.request('page/rewrite', { id }).then(
      (sketches) => {
        if (store.state.rewrite?.id !== id) return;
        show(sketches, sketches ? null : 'The graph has changed since.');
      },
      (error: unknown) => store.state.rewrite?.id === id && show(null, messageOf(error)),
    );
  }

  markRewrites(on: boolean): void {
    this.context.store.dispatch({ type: 'markRewrites', on });
  }

  askWeight(constant: number): void {
    const { state, store, host } = this.context;
    if (state.weights.has(constant)) return;
    const tell = (weight: WeightState): void =>
      store.dispatch({ type: 'weight', constant, state: weight });
    tell({ kind: 'loading' });
    host.request('page/weightStatistics', { constant }).then(
      (value) => tell({ kind: 'ready', value }),
      (error: unknown) => tell({ kind: 'failed', message: messageOf(error) }),
    );
  }

  pageAction(id: string): void {
    this.context.send(this.context.host.request('page/action', { id }));
  }

  search(query: string): void {
    this.context.store.dispatch({ type: 'searchQuery', query });
  }

  cancelProgress(): void {
    this.context.stage?.cancelLayout();
  }

  showKernel(block: number): void {
    this.context.host.request('page/showKernel', { block }).then(
      (kernel) => kernel && this.context.stage?.showText(kernel.name, kernel.text),
      (error: unknown) => this.context.failed(error),
    );
  }

  run(command: Command): void {
    const { context, walk, plan, runs } = this;
    const { state, store, host } = context;
    const { graph } = context.stage ?? {};
    switch (command) {
      case 'search':
        store.dispatch({ type: 'searchOpen', open: true });
        return context.stage?.focusSearch();
      case 'fuse':
      case 'cut':
        return plan.editPair(command);
      case 'toggleSeed':
        return plan.toggleSeed('seed');
      case 'toggleNoSeed':
        return plan.toggleSeed('noSeed');
      case 'togglePin':
        return plan.togglePin();
      case 'toggleExpand':
      case 'expandSelection':
        return walk.toggleSelected();
      case 'expandAll':
      case 'collapseAll':
        return store.dispatch({ type: 'expandAll', on: command === 'expandAll' });
      case 'zoomIn':
        return graph?.zoom('in');
      case 'zoomOut':
        return graph?.zoom('out');
      case 'zoomReset':
        return graph?.zoom('reset');
      case 'fit':
        return graph?.zoom('fit');
      case 'goToTop':
        return graph?.goToTop();
      case 'togglePanel':
        return store.dispatch({ type: 'panel', open: !state.panelOpen });
      case 'undo':
        return context.send(host.request('page/undo', null));
      case 'redo':
        return context.send(host.request('page/redo', null));
      case 'save':
        return context.expectDone(host.request('page/save', null), () =>
          context.tell('info', 'Saved.'),
        );
      case 'menu':
        return context.stage?.openSelectionMenu();
      case 'escape':
        return this.escape();
      case 'up':
      case 'down':
      case 'left':
      case 'right':
        return walk.walk(command);
      case 'nextHit':
      case 'previousHit':
        return walk.goToHit(state.search.current + (command === 'nextHit' ? 1 : -1));
      case 'run':
      case 'verify':
        return runs.run(command === 'verify');
      case 'cancelRun':
        return runs.cancel();
      case 'comparePlanners':
        return runs.comparePlanners();
      case 'exportSvg':
      case 'exportPng':
        return this.exportPicture(command === 'exportSvg' ? 'svg' : 'png');
      case 'chooseTarget':
        return runs.chooseTarget();
      case 'toggleTimes':
        return runs.toggleTimes();
      case 'showKernel':
        return this.kernelOfSelection();
      case 'replanAll':
        return plan.edit({ kind: 'replanAll' }, null);
    }
  }

  /** One thing at a time, the innermost first. */
  private escape(): void {
    const { stage, state, store } = this.context;
    if (stage?.dismiss()) return;
    if (state.refusal) store.dispatch({ type: 'dismissRefusal' });
    else if (state.search.open) store.dispatch({ type: 'searchOpen', open: false });
    else if (state.narrow && state.panelOpen) this.run('togglePanel');
    else this.select(null);
    stage?.focusGraph();
  }

  private exportPicture(extension: 'svg' | 'png'): void {
    const { context } = this;
    const svg = context.stage?.graph.toSvg();
    if (!svg) return context.hint('There is no graph yet.');
    const content =
      extension === 'png' ? svgToPng(svg) : Promise.resolve(new TextEncoder().encode(svg.text));
    content
      .then(async (bytes) => {
        const { document, capabilities } = context.state;
        // What has its own undo has no workbench around it either.
        if (capabilities.ownUndo) {
          return download(bytes, `${document?.graph.modelName ?? 'model'}.${extension}`);
        }
        const outcome = await context.host.request('page/saveFile', { extension, content: bytes });
        if (outcome === 'saved') context.tell('info', 'The picture is saved.');
      })
      .catch((error: unknown) => context.failed(error));
  }

  private kernelOfSelection(): void {
    const resolved = resolveSelection(this.context.state);
    if (!resolved || resolved.kind === 'edge') return this.context.hint('Select a block first.');
    this.showKernel(resolved.block);
  }
}

function download(content: Uint8Array, name: string): void {
  const url = URL.createObjectURL(new Blob([Uint8Array.from(content)]));
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  URL.revokeObjectURL(url);
}
