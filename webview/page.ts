/** Puts the views together: what stands where, which region the keyboard is in, what is saved of the view. */
import type { PageActions } from './actions.ts';
import type { Host } from './host.ts';
import type { LayoutClient } from './layoutClient.ts';
import type { Selection, ViewState } from '../compiler/protocol.ts';
import { installProbe } from './probe.ts';
import { operatorOf } from './state/carryOver.ts';
import { commandOfKey } from './state/keymap.ts';
import type { Focus } from './state/keymap.ts';
import { menuFor } from './state/menuItems.ts';
import { findEdge, resolveSelection } from './state/selectors.ts';
import type { Resolved } from './state/selectors.ts';
import type { State } from './state/state.ts';
import type { Store } from './store.ts';
import { element } from './ui/dom.ts';
import { createBesideView } from './views/besideView.ts';
import { createContextMenu } from './views/contextMenu.ts';
import { GraphView } from './views/graph/graphView.ts';
import type { PointerTarget } from './views/graph/pointer.ts';
import { onThemeChange, readTheme } from './views/graph/theme.ts';
import { createLegend } from './views/legend.ts';
import { createMinimapView } from './views/minimap.ts';
import {
  createBanner,
  createErrorPage,
  createLiveRegion,
  createMessages,
  createProgress,
  createRefusal,
} from './views/notices.ts';
import { createPanel } from './views/panel/panel.ts';
import { createSearchBox } from './views/searchBox.ts';
import { createToolbar } from './views/toolbar.ts';
import { createTextView } from './views/textView.ts';
import { createTooltip } from './views/tooltip.ts';
import './page.css';

export interface PageParts {
  readonly store: Store;
  readonly host: Host;
  readonly actions: PageActions;
  readonly layout: LayoutClient;
  /** Another one, started when a second graph is drawn. */
  readonly startLayout: () => LayoutClient;
  /** Told with the first picture, to see where the time went. */
  readonly milestones: { readonly began: number; readonly asked: number; readonly had: number };
}

export interface Page {
  /** Before the first document: where the user was. */
  restore(viewState: ViewState | null): void;
  goTo(selection: Selection): void;
}

/** A view that moves is saved when it rests, milliseconds. */
const SAVE_AFTER_MS = 250;

export function createPage(parts: PageParts): Page {
  const { store, host, actions, layout, startLayout, milestones } = parts;
  const graphBox = element('div', {
    class: 'graph',
    tabIndex: 0,
    role: 'application',
    aria: {
      label:
        'Graph of fusion blocks. Arrow keys walk, Enter expands, F fuses, X cuts, Shift+F10 opens a menu.',
      describedby: 'spoken',
    },
  });
  const toolbar = createToolbar(actions);
  const search = createSearchBox(actions);
  const panel = createPanel(actions);
  const tooltip = createTooltip(actions);
  const menu = createContextMenu(actions, () => graphBox.focus());
  const progress = createProgress(actions);
  const textView = createTextView(() => graphBox.focus());
  const legend = createLegend(() =>
    store.dispatch({ type: 'legend', open: !store.state.legendOpen }),
  );
  const minimap = createMinimapView((x, y) => graph.centreOn(x, y));
  const refusal = createRefusal((a, b) => graph.pairPlace(a, b));
  const errorPage = createErrorPage(actions);
  let besideLayout: LayoutClient | undefined;
  const beside = createBesideView({
    actions,
    edited: () => store.state.document,
    layout: (input, names, previous) =>
      (besideLayout ??= startLayout()).layout(input, names, previous),
    failed: (text) => store.dispatch({ type: 'message', severity: 'error', text }),
  });
  const banner = createBanner();
  const live = createLiveRegion();
  const messages = createMessages((id) => store.dispatch({ type: 'dismissMessage', id }));
  const views = [
    toolbar,
    banner,
    search,
    panel,
    legend,
    progress,
    messages,
    refusal,
    errorPage,
    live,
  ];

  const stage = element(
    'main',
    { class: 'stage' },
    graphBox,
    search.element,
    minimap.element,
    legend.element,
    progress.element,
    messages.element,
  );
  const frame = element(
    'div',
    { class: 'page' },
    toolbar.element,
    banner.element,
    element(
      'div',
      { class: 'body' },
      element('div', { class: 'graphs' }, stage, beside.element),
      panel.element,
    ),
  );
  document
    .getElementById('app')!
    .append(
      frame,
      errorPage.element,
      tooltip.element,
      refusal.element,
      menu.element,
      live.element,
      textView.element,
    );

  const graph = new GraphView({
    container: graphBox,
    actions,
    layout: async (input, names, previous) => {
      progress.layout(true);
      try {
        return await layout.layout(input, names, previous);
      } finally {
        progress.layout(false);
      }
    },
    hover: (target) => {
      const { document: shown } = store.state;
      if (target && shown) tooltip.show(shown, target);
      else tooltip.hide();
    },
    menu: (target, x, y) => openMenu(resolveTarget(store.state, target), x, y),
    moved: () => {
      minimap.frame(graph.view(), selectedBlock(store.state));
      refusal.follow();
      saveSoon();
    },
    covered: () =>
      [
        search.element,
        legend.element,
        minimap.element,
        ...(store.state.narrow ? [panel.element] : []),
      ]
        .map((view) => view.getBoundingClientRect())
        .filter(({ width }) => width > 0),
    painted: () => host.notify('page/painted', { ...milestones, ms: performance.now() }),
    failed: (text) => store.dispatch({ type: 'message', severity: 'error', text }),
  });

  const openMenu = (target: Resolved | null, x: number, y: number): void => {
    const { document: shown, expanded } = store.state;
    if (!shown) return;
    if (target?.kind === 'operator') {
      actions.select({ kind: 'operator', id: shown.graph.ids[target.operator]! });
    } else if (target?.kind === 'block') {
      actions.select({ kind: 'block', id: shown.plan.blockIds[target.block]! });
    }
    menu.open(menuFor(shown, target, expanded), x, y);
  };
  actions.attach({
    graph,
    openMenu: (items, at, title) => {
      const place = at ?? middleOf(graphBox);
      menu.open(items, place.x, place.y, title);
    },
    openSelectionMenu: () => {
      const place = graph.selectionPlace() ?? middleOf(graphBox);
      openMenu(resolveSelection(store.state), place.x, place.y);
    },
    focusSearch: () => search.focus(),
    focusGraph: () => graphBox.focus(),
    dismiss: () => {
      const menuClosed = menu.close();
      return tooltip.hide() || menuClosed;
    },
    cancelLayout: () => layout.cancel(),
    showText: (title, text) => textView.show(title, text),
  });

  const paintTheme = (): void => {
    const theme = readTheme();
    graph.restyle();
    beside.restyle();
    legend.restyle(theme);
    if (graph.picture) minimap.show(graph.picture, theme);
    minimap.frame(graph.view(), selectedBlock(store.state));
  };
  legend.restyle(readTheme());
  let repaint = 0;
  // Several attributes change for one theme.
  onThemeChange(() => {
    cancelAnimationFrame(repaint);
    repaint = requestAnimationFrame(paintTheme);
  });

  let drawn: typeof graph.picture = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const save = (): void => {
    timer = undefined;
    const { document: shown, expanded, selection, panelWanted } = store.state;
    if (!shown || !graph.picture) return;
    host.notify('page/viewState', {
      ...graph.savedViewport(),
      expandedBlocks: [...expanded],
      selection,
      panelOpen: panelWanted,
    });
  };
  const saveSoon = (): void => {
    if (graph.picture && graph.picture !== drawn) {
      drawn = graph.picture;
      minimap.show(drawn, readTheme());
      minimap.frame(graph.view(), selectedBlock(store.state));
    }
    clearTimeout(timer);
    timer = setTimeout(save, SAVE_AFTER_MS);
  };
  let previous: State | null = null;
  const update = (state: State): void => {
    for (const view of views) view.update(state, previous);
    frame.hidden = state.phase === 'failed';
    graph.update(state, previous);
    beside.update(state, previous);
    const moved =
      state.selection !== previous?.selection ||
      state.expanded !== previous.expanded ||
      state.panelWanted !== previous.panelWanted;
    previous = state;
    if (moved) saveSoon();
    minimap.frame(graph.view(), selectedBlock(state));
  };
  store.subscribe(update);
  update(store.state);

  // Hidden pages are thrown away by VS Code: nothing may wait for a timer then.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') save();
  });

  installProbe(graph, store);
  window.addEventListener('keydown', (event) => {
    const command = commandOfKey(event, focusOf(graphBox), store.state.capabilities.ownUndo);
    if (!command) return;
    event.preventDefault();
    actions.run(command);
  });
  graphBox.addEventListener('pointerdown', () => graphBox.focus({ preventScroll: true }));
  graphBox.addEventListener('contextmenu', (event) => event.preventDefault());

  return {
    restore(viewState) {
      if (viewState && !store.state.document) graph.restoreViewport(viewState);
    },
    goTo(selection) {
      const { document: shown } = store.state;
      if (!shown) return;
      if (selection.kind === 'edge') {
        const from = operatorOf(shown.graph, selection.from);
        const to = operatorOf(shown.graph, selection.to);
        if (from === undefined || to === undefined) return;
        const edge = findEdge(shown, from, to);
        if (edge >= 0) actions.goToEdge(edge);
        return;
      }
      const operator = operatorOf(shown.graph, selection.id);
      if (operator === undefined) return;
      if (selection.kind === 'block') actions.goToBlock(shown.plan.blockOf[operator]!);
      else actions.goToOperator(operator);
    },
  };
}

function focusOf(graphBox: HTMLElement): Focus {
  const active = document.activeElement;
  if (active === graphBox || active === document.body || active === null) return 'graph';
  return active.matches('input, textarea, vscode-text-field') ? 'text' : 'elsewhere';
}

function selectedBlock(state: State): number {
  const resolved = resolveSelection(state);
  if (!resolved || !state.document) return -1;
  return resolved.kind === 'edge' ? state.document.plan.blockOf[resolved.to]! : resolved.block;
}

function resolveTarget(state: State, target: PointerTarget | null): Resolved | null {
  const { document: shown } = state;
  if (!shown || !target) return null;
  const { graph, plan } = shown;
  switch (target.kind) {
    case 'operator':
      return {
        kind: 'operator',
        operator: target.operator,
        block: plan.blockOf[target.operator]!,
      };
    case 'block':
      return { kind: 'block', block: target.block };
    case 'edge': {
      const edge = target.edges[0]!;
      const from = graph.edges[2 * edge]!;
      const to = graph.edges[2 * edge + 1]!;
      return { kind: 'edge', edge, from, to, inside: target.inside };
    }
    case 'io':
    case 'port':
      return null;
  }
}

function middleOf(box: HTMLElement): { x: number; y: number } {
  const { left, top, width, height } = box.getBoundingClientRect();
  return { x: left + width / 2, y: top + height / 2 };
}
