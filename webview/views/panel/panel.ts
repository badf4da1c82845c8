/** The side panel: what is selected, and what the whole plan is made of. Its width is the user's. */
import { element, refill } from '../../ui/dom.ts';
import type { Child } from '../../ui/dom.ts';
import type { Actions } from '../../state/actions.ts';
import { formatInteger } from '../../state/format.ts';
import type { State } from '../../state/state.ts';
import type { View } from '../toolbar.ts';
import {
  diagnosticsContent,
  modelContent,
  overridesContent,
  symbolsContent,
} from './planSections.ts';
import { section } from './rows.ts';
import { plannersContent } from './plannersSection.ts';
import { rewritesContent } from './rewritesSection.ts';
import { runsContent } from './runsSection.ts';
import { selectionContent } from './selectionSection.ts';
import './panel.css';

/** As `panel.css` has it, until the user changes it. */
const WIDTH = 320;
const MIN_WIDTH = 220;
const MAX_WIDTH = 720;
const KEY_STEP = 24;

export function createPanel(actions: Actions): View {
  const selection = section('Selection', true);
  const runs = section('Runs', true);
  const overrides = section('Overrides', true);
  const rewrites = section('Rewrites', false);
  const planners = section('Planners', false);
  const symbols = section('Dimensions', true);
  const diagnostics = section('Diagnostics', false);
  const model = section('Model', false);
  const sections = [selection, runs, overrides, rewrites, planners, symbols, diagnostics, model];
  const content = element('div', { class: 'panel-content' }, ...sections.map((s) => s.element));
  const grip = element('div', {
    class: 'grip',
    role: 'separator',
    tabIndex: 0,
    aria: {
      orientation: 'vertical',
      label: 'Width of the side panel',
      valuemin: String(MIN_WIDTH),
      valuemax: String(MAX_WIDTH),
      valuenow: String(WIDTH),
    },
  });
  const panel = element(
    'aside',
    { class: 'panel', aria: { label: 'Details of the selection and the plan' } },
    grip,
    content,
  );
  makeResizable(panel, grip);

  return {
    element: panel,
    update(state, previous) {
      panel.hidden = !state.panelOpen || !state.document;
      if (panel.hidden || !state.document) return;
      const { document } = state;
      const reopened = !previous?.panelOpen;
      const changed = reopened || document !== previous?.document;
      if (
        changed ||
        state.details !== previous?.details ||
        state.selection !== previous.selection ||
        state.weights !== previous.weights
      ) {
        fill(selection.body, selectionContent(state, actions), state);
      }
      if (reopened || state.runs !== previous.runs || state.phase !== previous.phase) {
        runs.setTitle(count('Runs', state.runs.history.length));
        refill(runs.body, ...runsContent(state, actions));
      }
      if (changed || state.comparison !== previous?.comparison || state.runs !== previous.runs) {
        if (state.comparison.rows && !previous?.comparison.rows) planners.element.open = true;
        refill(planners.body, ...plannersContent(state, actions));
      }
      if (
        reopened ||
        document.graph !== previous?.document?.graph ||
        state.rewrite !== previous.rewrite ||
        state.rewritesMarked !== previous.rewritesMarked
      ) {
        const { applications } = document.graph.rewrites;
        rewrites.setTitle(count('Rewrites', applications.length));
        refill(rewrites.body, ...rewritesContent(state, actions));
      }
      if (!changed) return;
      overrides.setTitle(count('Overrides', document.plan.overrides.length));
      refill(overrides.body, ...overridesContent(document, actions));
      symbols.element.hidden = document.graph.symbols.length === 0;
      if (reopened || document.graph !== previous?.document?.graph) {
        refill(symbols.body, ...symbolsContent(document, actions));
      }
      diagnostics.setTitle(count('Diagnostics', document.diagnostics.length));
      refill(diagnostics.body, ...diagnosticsContent(document, actions));
      refill(model.body, ...modelContent(document));
    },
  };
}

/** While details are on their way the old ones stay, so that the panel does not flicker. */
function fill(body: HTMLElement, content: readonly Child[], state: State): void {
  const waiting = state.selection !== null && !state.details?.value && !state.details?.failed;
  body.setAttribute('aria-busy', String(waiting));
  if (!waiting) refill(body, ...content);
}

function count(title: string, items: number): string {
  return items === 0 ? title : `${title} (${formatInteger(items)})`;
}

function makeResizable(panel: HTMLElement, grip: HTMLElement): void {
  const resize = (width: number): void => {
    const limit = Math.min(MAX_WIDTH, window.innerWidth * 0.6);
    const fitting = Math.round(Math.max(MIN_WIDTH, Math.min(limit, width)));
    panel.style.width = `${fitting}px`;
    grip.setAttribute('aria-valuenow', String(fitting));
  };
  grip.addEventListener('pointerdown', (event) => {
    grip.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  grip.addEventListener('pointermove', (event) => {
    if (grip.hasPointerCapture(event.pointerId))
      resize(panel.getBoundingClientRect().right - event.clientX);
  });
  grip.addEventListener('keydown', (event) => {
    const step = event.key === 'ArrowLeft' ? KEY_STEP : event.key === 'ArrowRight' ? -KEY_STEP : 0;
    if (step === 0) return;
    event.preventDefault();
    event.stopPropagation();
    resize(panel.getBoundingClientRect().width + step);
  });
}
