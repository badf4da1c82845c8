/**
 * A second graph beside the first: another plan of the same model. What is selected in one is shown in the other; it
 * cannot be edited.
 */
import { button } from '../ui/controls.ts';
import { ICONS, element, icon } from '../ui/dom.ts';
import type { DocumentState } from '../../compiler/protocol.ts';
import type { Actions } from '../state/actions.ts';
import { operatorMap, variantName } from '../state/comparison.ts';
import type { ComparisonState } from '../state/comparison.ts';
import { plural } from '../state/format.ts';
import { resolveSelection } from '../state/selectors.ts';
import { initialState } from '../state/state.ts';
import type { State } from '../state/state.ts';
import { GraphView } from './graph/graphView.ts';
import type { GraphViewOptions } from './graph/graphView.ts';
import './besideView.css';

type Beside = NonNullable<ComparisonState['beside']>;

export interface BesideView {
  readonly element: HTMLElement;
  update(state: State, previous: State | null): void;
  restyle(): void;
}

export interface BesideOptions {
  readonly actions: Actions;
  /** The one that is edited. */
  readonly edited: () => DocumentState | null;
  /** Of a layout worker of its own: the newest request of one drops the older ones. */
  readonly layout: GraphViewOptions['layout'];
  readonly failed: (text: string) => void;
}

export function createBesideView({ actions, edited, layout, failed }: BesideOptions): BesideView {
  const title = element('h2', {});
  const summary = element('span', { class: 'muted' });
  const close = button(
    {
      appearance: 'icon',
      label: 'Close the graph beside',
      onClick: () => actions.showBeside(null),
    },
    icon(ICONS.close),
  );
  const box = element('div', {
    class: 'graph',
    role: 'application',
    tabIndex: 0,
    aria: { label: 'The same model under another plan, to compare. Arrow keys do nothing here.' },
  });
  const pane = element(
    'section',
    { class: 'beside', hidden: true, aria: { label: 'Another plan beside' } },
    element('header', {}, title, summary, close),
    box,
  );
  let graph: GraphView | undefined;
  let shown: State = initialState;
  /** What the user clicks here stays marked, not the block of the other graph that holds it. */
  let clicked: State['selection'] = null;

  const view = (): GraphView =>
    (graph ??= new GraphView({
      container: box,
      actions: besideActions(
        actions,
        edited,
        () => shown,
        (expanded) => show({ ...shown, expanded }),
        (selection, block) => {
          clicked = selection;
          actions.goToBlock(block);
          clicked = null;
        },
      ),
      layout,
      hover: () => undefined,
      menu: () => undefined,
      moved: () => undefined,
      covered: () => [],
      painted: () => undefined,
      failed,
    }));
  const show = (next: State): void => {
    const before = shown;
    shown = next;
    view().update(next, before.document ? before : null);
  };

  return {
    element: pane,
    restyle: () => graph?.restyle(),
    update(state, previous) {
      const { beside } = state.comparison;
      pane.hidden = !beside || !state.document;
      if (!beside || !state.document) return;
      const same = beside === previous?.comparison.beside;
      if (same && state.selection === previous.selection) return;
      if (!same) {
        title.textContent = variantName(beside.variant);
        const { blocks, operators } = beside.plan.summary;
        summary.textContent = `${plural(blocks, 'block')}, ${plural(operators, 'operator')}`;
        show(stateOf(beside, state));
      }
      const selection = clicked ?? selectionThere(beside, state);
      show({ ...shown, selection });
      if (selection && !clicked) view().reveal(placeOf(selection, beside));
    },
  };
}

function stateOf({ graph, plan }: Beside, { document }: State): State {
  const { edits, diagnostics, timings } = document!;
  return {
    ...initialState,
    phase: 'ready',
    document: { graph, plan, edits, diagnostics, timings, readOnly: 'shown to compare' },
  };
}

/** The block that holds what is selected in the graph that is edited. */
function selectionThere({ graph, plan }: Beside, state: State): State['selection'] {
  const resolved = resolveSelection(state);
  if (!resolved || !state.document) return null;
  const operator =
    resolved.kind === 'operator'
      ? resolved.operator
      : resolved.kind === 'edge'
        ? resolved.to
        : state.document.plan.blockOf.indexOf(resolved.block);
  const there = operatorMap(state.document.graph, graph)(operator);
  const id = plan.blockIds[plan.blockOf[there] ?? -1];
  return id === undefined ? null : { kind: 'block', id };
}

function placeOf(selection: NonNullable<State['selection']>, { plan }: Beside): { block: number } {
  return { block: plan.blockIds.indexOf('id' in selection ? selection.id : selection.to) };
}

/** A click here selects the same operators there; edges do nothing. */
function besideActions(
  actions: Actions,
  edited: BesideOptions['edited'],
  state: () => State,
  expand: (expanded: ReadonlySet<string>) => void,
  goTo: (selection: State['selection'], block: number) => void,
): Actions {
  const select = (operator: number, selection: State['selection']): void => {
    const { document: here } = state();
    const there = edited();
    if (!here || !there) return;
    const found = operatorMap(here.graph, there.graph)(operator);
    const block = there.plan.blockOf[found];
    if (block !== undefined) goTo(selection, block);
  };
  return Object.assign(Object.create(actions) as Actions, {
    select: (selection: State['selection']) => {
      const { document: here } = state();
      if (!selection || !here) return actions.select(null);
      if (selection.kind === 'edge') return;
      const index =
        selection.kind === 'operator'
          ? here.graph.ids.indexOf(selection.id)
          : here.plan.blockOf.indexOf(here.plan.blockIds.indexOf(selection.id));
      select(index, selection);
    },
    edit: () => undefined,
    toggleBlock: (block: number) => {
      const { document: here, expanded } = state();
      const id = here?.plan.blockIds[block];
      if (id === undefined) return;
      const next = new Set(expanded);
      if (!next.delete(id)) next.add(id);
      expand(next);
    },
    goToOperator: (operator: number) => {
      const id = state().document?.graph.ids[operator];
      if (id !== undefined) select(operator, { kind: 'operator', id });
    },
  });
}
