/** The line at the top: model, planner, what the plan achieves, and buttons. */
import { button, dropdown, setDisabled } from '../ui/controls.ts';
import { ICONS, element, icon, replaceChildren } from '../ui/dom.ts';
import type { PlannerName } from '../../compiler/fusion/plan.ts';
import type { PlanSummary } from '../../compiler/protocol.ts';
import type { Actions, Command } from '../state/actions.ts';
import { formatBytes, formatFlops, formatInteger } from '../state/format.ts';
import { PLANNERS, displayName } from '../state/names.ts';
import type { State } from '../state/state.ts';
import { createRunBar } from './runBar.ts';
import './toolbar.css';

export interface View {
  readonly element: HTMLElement;
  update(state: State, previous: State | null): void;
}

const PLANNER_LABELS: Readonly<Record<PlannerName, string>> = {
  none: 'No fusion',
  pattern: 'Pattern',
  dnnfusion: 'DNNFusion',
  extended: 'Extended',
};

/** Characters. */
const LEAST_NAME = 10;

export function createToolbar(actions: Actions): View {
  const name = element('span', { class: 'model-name' });
  const planner = dropdown(
    'Planner',
    PLANNERS.map((value) => ({ value, label: PLANNER_LABELS[value] })),
    (value) => actions.edit({ kind: 'planner', planner: value as PlannerName }, null),
  );
  const facts = element('dl', { class: 'facts', aria: { label: 'Summary of the plan' } });
  const tool = (label: string, path: string, command: Command): HTMLElement =>
    button({ appearance: 'icon', label, onClick: () => actions.run(command) }, icon(path));
  const undo = tool('Undo (Ctrl+Z)', ICONS.undo, 'undo');
  const redo = tool('Redo (Ctrl+Shift+Z)', ICONS.redo, 'redo');
  const save = tool('Save (Ctrl+S)', ICONS.save, 'save');
  const own = element('span', { class: 'tools', hidden: true }, undo, redo, save);
  const runBar = createRunBar(actions);
  const replan = tool('Replan all', ICONS.replan, 'replanAll');
  const tools = element(
    'span',
    { class: 'tools' },
    replan,
    tool('Search (/ or Ctrl+F)', ICONS.search, 'search'),
    tool('Go to the top (Home)', ICONS.top, 'goToTop'),
    tool('Zoom out (-)', ICONS.zoomOut, 'zoomOut'),
    tool('Zoom in (+)', ICONS.zoomIn, 'zoomIn'),
    tool('Expand all blocks (Shift+E)', ICONS.expand, 'expandAll'),
    tool('Collapse all blocks (Shift+C)', ICONS.collapse, 'collapseAll'),
    tool('Show or hide the side panel', ICONS.panel, 'togglePanel'),
  );
  const bar = element(
    'header',
    { class: 'toolbar', role: 'toolbar', aria: { label: 'Model and plan' } },
    name,
    planner.element,
    facts,
    element('span', { class: 'space' }),
    runBar.element,
    own,
    tools,
  );
  return {
    element: bar,
    update(state, previous) {
      const { document, undo: undoState, capabilities } = state;
      bar.hidden = !document;
      if (!document) return;
      if (document !== previous?.document) {
        name.textContent = displayName(document.graph.modelName, 60);
        // Where there is little room, a long name gives way, but not all of it.
        name.style.minWidth = `${Math.min(LEAST_NAME, name.textContent.length)}ch`;
        name.title = `${displayName(document.graph.modelName, 300)}\n${document.graph.opsets}`;
        planner.set(document.plan.planner, document.readOnly !== null);
        setDisabled(replan, document.readOnly !== null);
        replaceChildren(
          facts,
          ...factsOf(document.plan.summary, document.plan.changedBlocks.length),
        );
      }
      runBar.update(state, previous);
      own.hidden = !capabilities.ownUndo;
      setDisabled(undo, !undoState.canUndo);
      setDisabled(redo, !undoState.canRedo);
      setDisabled(save, !undoState.dirty);
      name.classList.toggle('dirty', capabilities.ownUndo && undoState.dirty);
    },
  };
}

/** Those that matter most first: the last ones are left out where there is no room. */
function factsOf(summary: PlanSummary, changed: number): HTMLElement[] {
  const saved =
    summary.intermediateBytesBefore > 0
      ? 1 - summary.intermediateBytesAfter / summary.intermediateBytesBefore
      : 0;
  const before = formatBytes(summary.intermediateBytesBefore);
  const after = formatBytes(summary.intermediateBytesAfter);
  const facts = [
    fact('Operators', formatInteger(summary.operators), 'Operators after canonicalisation'),
    fact(
      'Blocks',
      formatInteger(summary.blocks),
      `Fusion blocks. Table 3 of the paper allows no fewer than ${formatInteger(summary.lowerBound)}: Many-to-Many and opaque operators never share a block.`,
      `≥ ${formatInteger(summary.lowerBound)}`,
    ),
    fact(
      'Intermediate',
      `${before} → ${after}`,
      'Bytes of intermediate results written to memory: unfused → fused',
      saved > 0 ? `−${Math.round(saved * 100)} %` : '',
    ),
    fact('Fusion rate', `${summary.fusionRate.toFixed(2)}×`, 'Operators per block'),
    fact(
      'FLOPs',
      formatFlops(summary.flops).replace(/FLOPs$/, ''),
      'Floating-point operations of one inference',
    ),
  ];
  if (changed > 0) {
    facts.push(
      fact('Changed', formatInteger(changed), 'Blocks changed by the last edit', '', 'changed'),
    );
  }
  return facts;
}

function fact(label: string, value: string, title: string, note = '', kind = ''): HTMLElement {
  return element(
    'div',
    { class: `fact ${kind}`.trim(), title },
    element('dt', { text: label }),
    element(
      'dd',
      {},
      element('span', { class: 'value', text: value }),
      note !== '' && element('span', { class: 'note', text: note }),
    ),
  );
}
