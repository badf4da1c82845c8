/** Does what views ask for: events to the store, requests to the host, movements of the graph. */
import type {
  EditRequest,
  RewriteSketches,
  Selection,
  Variant,
  WhatIf,
} from '../compiler/protocol.ts';
import type { Host } from './host.ts';
import type { Actions, Command } from './state/actions.ts';
import { comparisonText } from './state/comparison.ts';
import type { ComparisonState } from './state/comparison.ts';
import { membersOf } from './state/graphIndex.ts';
import type { RunTarget } from '../compiler/run/runProtocol.ts';
import { pairMenu, targetMenu } from './state/menuItems.ts';
import type { Menu } from './state/menuItems.ts';
import { resolveSelection, searchHits, seedOverride } from './state/selectors.ts';
import type { State } from './state/state.ts';
import type { Store } from './store.ts';
import type { GraphView } from './views/graph/graphView.ts';
import { svgToPng } from './views/graph/svgToPng.ts';

/** What actions move on the page besides the state. */
export interface Stage {
  readonly graph: GraphView;
  openMenu(menu: Menu, at: { x: number; y: number } | null, title: string): void;
  openSelectionMenu(): void;
  focusSearch(): void;
  focusGraph(): void;
  /** Closes a tooltip, menu or search if one is open; true if so. */
  dismiss(): boolean;
  cancelLayout(): void;
  /** A long text over the page, for hosts that have no editor of their own. */
  showText(title: string, text: string): void;
}

export class PageActions implements Actions {
  private stage: Stage | undefined;
  private readonly sentences = new Map<string, Promise<string>>();
  private readonly outcomes = new Map<string, Promise<WhatIf>>();
  private planRevision: object | null = null;

  constructor(
    private readonly store: Store,
    private readonly host: Host,
  ) {}

  attach(stage: Stage): void {
    this.stage = stage;
  }

  select(selection: Selection | null): void {
    this.store.dispatch({ type: 'select', selection });
    this.host.notify('page/selection', this.state.selection);
  }

  goToOperator(operator: number): void {
    const { document } = this.state;
    const id = document?.graph.ids[operator];
    if (!document || id === undefined) return;
    const block = document.plan.blockOf[operator]!;
    if (membersOf(document.plan, block).length > 1) this.expand(block, true);
    this.select({ kind: 'operator', id });
    this.stage?.graph.reveal({ operator });
  }

  goToBlock(block: number): void {
    const id = this.state.document?.plan.blockIds[block];
    if (id === undefined) return;
    this.select({ kind: 'block', id });
    this.stage?.graph.reveal({ block });
  }

  goToEdge(edge: number): void {
    const graph = this.state.document?.graph;
    const from = graph?.edges[2 * edge];
    const to = graph?.edges[2 * edge + 1];
    if (!graph || from === undefined || to === undefined) return;
    this.select({ kind: 'edge', from: graph.ids[from]!, to: graph.ids[to]! });
    this.stage?.graph.reveal({ operator: to });
  }

  edit(request: EditRequest, anchor: number | null, pair?: { a: number; b: number }): void {
    const { document } = this.state;
    if (!document) return;
    if (document.readOnly !== null) {
      this.refused(`Read-only: ${document.readOnly}.`, pair);
      return;
    }
    this.store.dispatch({ type: 'editSent', anchor });
    this.host.request('page/edit', request).then(
      (result) => {
        if (result.ok) this.store.dispatch({ type: 'editDone', refusal: null });
        else this.refused(result.message, pair);
      },
      (error: unknown) => this.refused(messageOf(error), pair),
    );
  }

  toggleBlock(block: number): void {
    const { document, expanded } = this.state;
    const id = document?.plan.blockIds[block];
    if (id !== undefined) this.expand(block, !expanded.has(id));
  }

  explain(edge: number): Promise<string> {
    return this.remember(this.sentences, String(edge), () =>
      this.host.request('page/explain', { edge }),
    );
  }

  whatIf(a: number, b: number): Promise<WhatIf> {
    return this.remember(this.outcomes, `${a} ${b}`, () =>
      this.host.request('page/whatIf', { a, b }),
    );
  }

  showRewrite(id: string | null): void {
    const { document } = this.state;
    if (id === null || !document) {
      this.store.dispatch({ type: 'rewriteShown', rewrite: null });
      return;
    }
    const { applications, declined } = document.graph.rewrites;
    const operator = [...applications, ...declined].find((row) => row.id === id)?.operators[0];
    if (operator !== undefined) this.goToOperator(operator);
    const show = (sketches: RewriteSketches | null, failed: string | null): void =>
      this.store.dispatch({ type: 'rewriteShown', rewrite: { id, sketches, failed } });
    show(null, null);
    this.host.request('page/rewrite', { id }).then(
      (sketches) => {
        if (this.state.rewrite?.id !== id) return;
        show(sketches, sketches ? null : 'The graph has changed since.');
      },
      (error: unknown) => this.state.rewrite?.id === id && show(null, messageOf(error)),
    );
  }

  markRewrites(on: boolean): void {
    this.store.dispatch({ type: 'markRewrites', on });
  }

  askWeight(constant: number): void {
    if (this.state.weights.has(constant)) return;
    this.store.dispatch({ type: 'weight', constant, state: { kind: 'loading' } });
    this.host.request('page/weightStatistics', { constant }).then(
      (value) => this.store.dispatch({ type: 'weight', constant, state: { kind: 'ready', value } }),
      (error: unknown) =>
        this.store.dispatch({
          type: 'weight',
          constant,
          state: { kind: 'failed', message: messageOf(error) },
        }),
    );
  }

  pageAction(id: string): void {
    this.send(this.host.request('page/action', { id }));
  }

  search(query: string): void {
    this.store.dispatch({ type: 'searchQuery', query });
  }

  goToHit(position: number): void {
    const { hits } = searchHits(this.state);
    if (hits.length === 0) return;
    // Going back before the first jump means the last hit.
    const place = position < 0 ? hits.length - 1 : position % hits.length;
    this.store.dispatch({ type: 'searchMove', to: place });
    this.goToOperator(hits[place]!.operator);
  }

  cancelProgress(): void {
    this.stage?.cancelLayout();
  }

  showRun(run: number | null): void {
    this.send(this.host.request('page/showRun', { run }));
  }

  showKernel(block: number): void {
    this.host.request('page/showKernel', { block }).then(
      (kernel) => kernel && this.stage?.showText(kernel.name, kernel.text),
      (error: unknown) => this.failed(error),
    );
  }

  run(command: Command): void {
    const { graph } = this.stage ?? {};
    switch (command) {
      case 'search':
        this.store.dispatch({ type: 'searchOpen', open: true });
        return this.stage?.focusSearch();
      case 'fuse':
      case 'cut':
        return this.editPair(command);
      case 'toggleSeed':
        return this.toggleSeed('seed');
      case 'toggleNoSeed':
        return this.toggleSeed('noSeed');
      case 'togglePin':
        return this.togglePin();
      case 'toggleExpand':
      case 'expandSelection':
        return this.toggleSelected();
      case 'expandAll':
      case 'collapseAll':
        return this.store.dispatch({ type: 'expandAll', on: command === 'expandAll' });
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
        return this.store.dispatch({ type: 'panel', open: !this.state.panelOpen });
      case 'undo':
        return this.send(this.host.request('page/undo', null));
      case 'redo':
        return this.send(this.host.request('page/redo', null));
      case 'save':
        return this.save();
      case 'menu':
        return this.stage?.openSelectionMenu();
      case 'escape':
        return this.escape();
      case 'up':
      case 'down':
      case 'left':
      case 'right':
        return this.walk(command);
      case 'nextHit':
      case 'previousHit':
        return this.goToHit(this.state.search.current + (command === 'nextHit' ? 1 : -1));
      case 'run':
      case 'verify':
        return this.runModel(command === 'verify');
      case 'cancelRun':
        return this.send(this.host.request('page/cancelRun', null));
      case 'comparePlanners':
        return this.comparePlanners();
      case 'exportSvg':
      case 'exportPng':
        return this.exportPicture(command === 'exportSvg' ? 'svg' : 'png');
      case 'chooseTarget':
        return this.chooseTarget();
      case 'toggleTimes':
        return this.toggleTimes();
      case 'showKernel':
        return this.kernelOfSelection();
      case 'replanAll':
        return this.edit({ kind: 'replanAll' }, null);
    }
  }

  private get state(): State {
    return this.store.state;
  }

  private refused(message: string, pair?: { a: number; b: number }): void {
    if (pair) {
      this.store.dispatch({ type: 'editDone', refusal: { message, ...pair } });
    } else {
      this.store.dispatch({ type: 'editDone', refusal: null });
      this.store.dispatch({ type: 'message', severity: 'warning', text: message });
    }
  }

  private expand(block: number, on: boolean): void {
    const id = this.state.document?.plan.blockIds[block];
    if (id !== undefined) this.store.dispatch({ type: 'expand', block: id, on });
  }

  private editPair(kind: 'fuse' | 'cut'): void {
    const { document } = this.state;
    const resolved = resolveSelection(this.state);
    if (!document || !resolved) return this.speak('Select a block, operator or edge first.');
    const menu = pairMenu(document, resolved, kind);
    const items = menu[0] ?? [];
    const does = items[0]?.does;
    if (items.length === 1 && does?.kind === 'edit') {
      return this.edit(does.request, does.anchor, does.pair);
    }
    if (items.length > 1) {
      const title = kind === 'fuse' ? 'Fuse with' : 'Cut';
      return this.stage?.openMenu(menu, this.stage.graph.selectionPlace(), title);
    }
    if (kind === 'fuse') return this.speak('Nothing follows that is in another block.');
    if (resolved.kind !== 'block')
      return this.speak('No edge of this operator is inside its block.');
    this.expand(resolved.block, true);
    this.speak('Expanded. Select an operator or click an edge to cut.');
  }

  private toggleSeed(kind: 'seed' | 'noSeed'): void {
    const { document } = this.state;
    const resolved = resolveSelection(this.state);
    if (!document || resolved?.kind !== 'operator') return this.speak('Select an operator first.');
    const { operator } = resolved;
    const on = seedOverride(document, operator) !== kind;
    this.edit({ kind, operator, on }, operator);
  }

  private togglePin(): void {
    const { document } = this.state;
    const resolved = resolveSelection(this.state);
    if (!document || !resolved || resolved.kind === 'edge') {
      return this.speak('Select a block first.');
    }
    const { block } = resolved;
    const anchor = document.plan.blockOf.indexOf(block);
    this.edit({ kind: 'pin', block, on: document.plan.blockPinned[block] !== 1 }, anchor);
  }

  private toggleSelected(): void {
    const resolved = resolveSelection(this.state);
    if (!resolved || resolved.kind === 'edge') return this.speak('Select a block first.');
    const { document } = this.state;
    if (document && membersOf(document.plan, resolved.block).length < 2) {
      return this.speak('This block has one operator.');
    }
    this.toggleBlock(resolved.block);
  }

  private walk(direction: 'up' | 'down' | 'left' | 'right'): void {
    const graph = this.stage?.graph;
    const scene = graph?.picture?.scene;
    if (!graph || !scene) return;
    const node = scene.nodes[graph.neighbour(direction)];
    if (!node) return this.speak('No further.');
    if (node.kind === 'operator') {
      this.select({ kind: 'operator', id: scene.graph.ids[node.index]! });
      graph.reveal({ operator: node.index });
    } else if (node.kind === 'block') this.goToBlock(node.index);
    else this.speak(`${node.kind === 'input' ? 'Model input' : 'Model output'} ${node.title}`);
  }

  private escape(): void {
    if (this.stage?.dismiss()) return;
    if (this.state.refusal) this.store.dispatch({ type: 'dismissRefusal' });
    else if (this.state.search.open) this.store.dispatch({ type: 'searchOpen', open: false });
    else if (this.state.narrow && this.state.panelOpen) this.run('togglePanel');
    else this.select(null);
    this.stage?.focusGraph();
  }

  private save(): void {
    this.host.request('page/save', null).then(
      (result) => {
        if (result.ok) this.store.dispatch({ type: 'message', severity: 'info', text: 'Saved.' });
        else this.store.dispatch({ type: 'message', severity: 'error', text: result.message });
      },
      (error: unknown) => this.failed(error),
    );
  }

  private runModel(verify: boolean): void {
    if (this.state.runs.running) return this.speak('The model is running already.');
    this.host.request('page/run', { verify }).then(
      (result) => {
        if (result.ok) return;
        this.store.dispatch({ type: 'message', severity: 'error', text: result.message });
      },
      (error: unknown) => this.failed(error),
    );
  }

  private exportPicture(extension: 'svg' | 'png'): void {
    const svg = this.stage?.graph.toSvg();
    if (!svg) return this.speak('There is no graph yet.');
    const content =
      extension === 'png' ? svgToPng(svg) : Promise.resolve(new TextEncoder().encode(svg.text));
    content
      .then(async (bytes) => {
        const { document, capabilities } = this.state;
        // What has its own undo has no workbench around it either.
        if (capabilities.ownUndo) {
          return download(bytes, `${document?.graph.modelName ?? 'model'}.${extension}`);
        }
        const outcome = await this.host.request('page/saveFile', { extension, content: bytes });
        if (outcome === 'saved') this.speak('Saved.');
      })
      .catch((error: unknown) => this.failed(error));
  }

  private comparePlanners(): void {
    this.store.dispatch({ type: 'panel', open: true });
    const told = (comparison: Partial<ComparisonState>): void =>
      this.store.dispatch({ type: 'comparison', comparison });
    this.host.request('page/planners', null).then(
      (rows) => told({ rows, failed: null }),
      (error: unknown) => told({ failed: messageOf(error) }),
    );
  }

  showBeside(variant: Variant | null): void {
    if (!variant) {
      this.store.dispatch({ type: 'comparison', comparison: { beside: null } });
      return;
    }
    this.host.request('page/variant', variant).then(
      (found) => {
        // Half a window is for the graphs.
        this.store.dispatch({ type: 'legend', open: false });
        this.store.dispatch({ type: 'comparison', comparison: { beside: { ...found, variant } } });
      },
      (error: unknown) => this.failed(error),
    );
  }

  measurePlanners(): void {
    this.host.request('page/measurePlanners', null).then(
      (result) => {
        if (result.ok) return;
        this.store.dispatch({ type: 'message', severity: 'error', text: result.message });
      },
      (error: unknown) => this.failed(error),
    );
  }

  copyComparison(format: 'csv' | 'markdown'): void {
    const { comparison, runs } = this.state;
    if (!comparison.rows) return;
    navigator.clipboard.writeText(comparisonText(comparison.rows, runs, format)).then(
      () => this.store.dispatch({ type: 'message', severity: 'info', text: 'Copied.' }),
      (error: unknown) => this.failed(error),
    );
  }

  private chooseTarget(): void {
    this.host.request('page/chooseTarget', null).then(
      (choices) => {
        const { target } = this.state.runs.target;
        if (choices) this.stage?.openMenu(targetMenu(choices, target), null, 'Run on');
      },
      (error: unknown) => this.failed(error),
    );
  }

  setTarget(target: RunTarget): void {
    this.host.request('page/setTarget', { target }).then(
      (result) => {
        if (result.ok) return;
        this.store.dispatch({ type: 'message', severity: 'error', text: result.message });
      },
      (error: unknown) => this.failed(error),
    );
  }

  private toggleTimes(): void {
    const { shown, history } = this.state.runs;
    const [latest] = history;
    if (!latest) return this.speak('Nothing was measured yet.');
    this.showRun(shown ? null : latest.id);
  }

  private kernelOfSelection(): void {
    const resolved = resolveSelection(this.state);
    if (!resolved || resolved.kind === 'edge') return this.speak('Select a block first.');
    this.showKernel(resolved.block);
  }

  private speak(text: string): void {
    this.store.dispatch({ type: 'speak', text });
  }

  private send(request: Promise<unknown>): void {
    request.catch((error: unknown) => this.failed(error));
  }

  private failed(error: unknown): void {
    this.store.dispatch({ type: 'message', severity: 'error', text: messageOf(error) });
  }

  /** Answers about one plan are asked for once. */
  private remember<T>(
    known: Map<string, Promise<T>>,
    key: string,
    ask: () => Promise<T>,
  ): Promise<T> {
    const plan = this.state.document?.plan ?? null;
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

function download(content: Uint8Array, name: string): void {
  const url = URL.createObjectURL(new Blob([Uint8Array.from(content)]));
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  URL.revokeObjectURL(url);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
