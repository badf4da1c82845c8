/** (state, event) -> state. No DOM, no clock, no messages: what is to be done outside is `actions.ts`. */
import type { HostNotifications, ShownRun } from '../../compiler/protocol.ts';
import {
  carryExpanded,
  carrySelection,
  multiOperatorBlocks,
  operatorOf,
  validExpanded,
} from './carryOver.ts';
import { NO_COMPARISON } from './comparison.ts';
import { describeSelection, searchHits } from './selectors.ts';
import type { OpenedInit, PageEvent } from './events.ts';
import { plural } from './format.ts';
import type { State } from './state.ts';
import { displayName } from './names.ts';
import { formatMs, runPlace } from './times.ts';

/** Older messages make room. */
const MAX_MESSAGES = 4;

export function reduce(state: State, event: PageEvent): State {
  switch (event.type) {
    case 'opened':
      return opened(state, event.init);
    case 'document':
      return newDocument(state, event.document);
    case 'failed':
      return {
        ...state,
        phase: 'failed',
        error: event.error,
        progress: null,
        spoken: `${event.error.title}. ${displayName(event.error.message, 300)}`,
      };
    case 'progress':
      return { ...state, progress: event.message };
    case 'message':
      return withMessage(state, event.severity, event.text);
    case 'runs':
      return newRuns(state, event.runs);
    case 'undoState':
      return { ...state, undo: event.undo };
    case 'connection':
      return event.connected === state.connected
        ? state
        : { ...state, connected: event.connected, pendingEdits: 0 };
    case 'detailsAsked':
      // What is shown stays until the answer is here, unless it is about something else.
      return sameTarget(state.details?.target, event.target)
        ? state
        : { ...state, details: { target: event.target, value: null, failed: null } };
    case 'detailsArrived': {
      const { target, value, failed } = event;
      if (!sameTarget(state.details?.target, target)) return state;
      return { ...state, details: { target, value, failed } };
    }
    case 'weight':
      return { ...state, weights: new Map(state.weights).set(event.constant, event.state) };
    case 'rewriteShown':
      return { ...state, rewrite: event.rewrite };
    case 'comparison':
      return { ...state, comparison: { ...state.comparison, ...event.comparison } };
    case 'markRewrites':
      return { ...state, rewritesMarked: event.on };
    case 'editSent':
      return {
        ...state,
        pendingEdits: state.pendingEdits + 1,
        anchor: event.anchor === null ? null : { operator: event.anchor },
        refusal: null,
      };
    case 'editDone': {
      const done = { ...state, pendingEdits: Math.max(0, state.pendingEdits - 1) };
      if (!event.refusal) return done;
      const { message } = event.refusal;
      return { ...done, anchor: null, refusal: event.refusal, spoken: `Refused. ${message}` };
    }
    case 'select':
      return select(state, event.selection);
    case 'expand':
      return expand(state, event.block, event.on);
    case 'expandAll':
      return expandAll(state, event.on);
    case 'panel':
      return { ...state, panelOpen: event.open, panelWanted: event.open };
    case 'width':
      return setWidth(state, event.narrow);
    case 'legend':
      return { ...state, legendOpen: event.open };
    case 'searchOpen':
      return { ...state, search: { ...state.search, open: event.open } };
    case 'searchQuery': {
      const next = { ...state, search: { ...state.search, query: event.query, current: -1 } };
      const { total } = searchHits(next);
      return { ...next, spoken: event.query === '' ? '' : plural(total, 'hit') };
    }
    case 'searchMove':
      return { ...state, search: { ...state.search, current: event.to } };
    case 'dismissMessage':
      return { ...state, messages: state.messages.filter(({ id }) => id !== event.id) };
    case 'dismissRefusal':
      return state.refusal ? { ...state, refusal: null } : state;
    case 'speak':
      return { ...state, spoken: event.text };
  }
}

function opened(state: State, init: OpenedInit): State {
  const { document, viewState, capabilities, error } = init;
  const base = { ...state, capabilities, connected: true, progress: null, pendingEdits: 0 };
  if (!document) return { ...base, phase: error ? 'failed' : 'loading', error };
  // After a lost connection the page is still there and its own view wins over the host's memory of it.
  const kept = state.document !== null;
  const expanded = kept ? [...state.expanded] : (viewState?.expandedBlocks ?? []);
  const selection = kept ? state.selection : (viewState?.selection ?? null);
  return {
    ...base,
    phase: 'ready',
    document,
    error: null,
    expanded: validExpanded(expanded, document),
    selection: carrySelection(selection, document),
    details: null,
    weights: new Map(),
    ...(viewState && !kept ? restoredPanel(state, viewState.panelOpen) : {}),
    spoken: summaryLine(document),
  };
}

/** A narrow page keeps the choice for when it is wide again. */
function restoredPanel(state: State, wanted: boolean): Pick<State, 'panelOpen' | 'panelWanted'> {
  return { panelWanted: wanted, panelOpen: wanted && !state.narrow };
}

/** A page that becomes narrow is for the graph alone. */
function setWidth(state: State, narrow: boolean): State {
  if (narrow === state.narrow) return state;
  const panelOpen = !narrow && state.panelWanted;
  return { ...state, narrow, panelOpen, legendOpen: state.legendOpen && !narrow };
}

function newDocument(state: State, update: HostNotifications['host/document']['document']): State {
  const previous = state.document;
  const graph = update.graph ?? previous?.graph;
  if (!graph) return state;
  const document = { ...update, graph };
  const replanned = previous !== null && previous.plan !== document.plan;
  return {
    ...state,
    phase: 'ready',
    error: null,
    document,
    expanded: previous ? carryExpanded(state.expanded, previous, document) : state.expanded,
    selection: carrySelection(state.selection, document),
    details: null,
    weights: update.graph ? new Map() : state.weights,
    comparison: sameSizes(previous, document) ? state.comparison : NO_COMPARISON,
    rewrite: update.graph ? stillThere(state.rewrite, document) : state.rewrite,
    refusal: null,
    spoken: replanned ? changeLine(document.plan) : state.spoken,
  };
}

/** Rewriting and planners are what is compared; other sizes, rules or another file make another comparison. */
function sameSizes(
  previous: State['document'],
  { graph, edits }: NonNullable<State['document']>,
): boolean {
  if (!previous) return true;
  const asked = (document: Pick<NonNullable<State['document']>, 'edits'>): string =>
    JSON.stringify([document.edits.bindings, { ...document.edits.rewrite, enabled: true }]);
  return previous.graph.modelName === graph.modelName && asked(previous) === asked({ edits });
}

/** An application that was switched off can be looked at as long as it is known. */
function stillThere(
  rewrite: State['rewrite'],
  { graph: { rewrites } }: NonNullable<State['document']>,
): State['rewrite'] {
  const all = [...rewrites.applications, ...rewrites.declined];
  return all.some(({ id }) => id === rewrite?.id) ? rewrite : null;
}

/** Every stage of a run brings the shown times again: they stay one object while they are the same. */
function newRuns(state: State, runs: State['runs']): State {
  const { shown } = state.runs;
  const same = shown && runs.shown && sameTimes(shown, runs.shown);
  return {
    ...state,
    runs: same ? { ...runs, shown } : runs,
    spoken: runLine(state, runs),
  };
}

function sameTimes(a: ShownRun, b: ShownRun): boolean {
  return (
    a.id === b.id &&
    a.blockMs.length === b.blockMs.length &&
    a.blockMs.every((ms, block) => Object.is(ms, b.blockMs[block]))
  );
}

/** A run that ends is said; its stages are not. */
function runLine({ runs, spoken }: State, { running, history }: State['runs']): string {
  const latest = history[0];
  if (running) return runs.running ? spoken : 'Running the model';
  if (!latest || latest.id === runs.history[0]?.id) return runs.running ? 'Run ended' : spoken;
  return `Measured: ${formatMs(latest.latencyMs.median)}, ${runPlace(latest)}`;
}

function summaryLine({ graph, plan }: NonNullable<State['document']>): string {
  const { operators, blocks } = plan.summary;
  return `${displayName(graph.modelName)}: ${plural(operators, 'operator')} in ${plural(blocks, 'block')}.`;
}

function changeLine(plan: NonNullable<State['document']>['plan']): string {
  return `${plural(plan.changedBlocks.length, 'block')} changed; ${plural(plan.summary.blocks, 'block')} now.`;
}

function select(state: State, selection: Selection): State {
  const { document } = state;
  const valid = document ? carrySelection(selection, document) : null;
  const next = { ...state, selection: valid, refusal: null };
  return { ...next, spoken: describeSelection(next) };
}

type Selection = State['selection'];

function expand(state: State, block: string, on: boolean): State {
  const { document } = state;
  if (!document || state.expanded.has(block) === on) return state;
  const expanded = new Set(state.expanded);
  if (on) expanded.add(block);
  else expanded.delete(block);
  const operator = operatorOf(document.graph, block);
  if (operator === undefined) return state;
  return { ...state, expanded, anchor: { operator }, spoken: on ? 'Expanded.' : 'Collapsed.' };
}

function expandAll(state: State, on: boolean): State {
  if (!state.document) return state;
  const expanded = new Set(on ? multiOperatorBlocks(state.document.plan) : []);
  const spoken = on ? 'All blocks expanded.' : 'All blocks collapsed.';
  return { ...state, expanded, anchor: null, spoken };
}

function withMessage(state: State, severity: 'error' | 'warning' | 'info', text: string): State {
  // Never twice, also when all are dismissed: each one goes by a timer of its own.
  const id = 1 + state.lastMessage;
  // Said again while it is still there, it is not there twice.
  const others = state.messages.filter((each) => each.text !== text || each.severity !== severity);
  const messages = [...others, { id, severity, text }].slice(-MAX_MESSAGES);
  return { ...state, messages, lastMessage: id, spoken: text };
}

function sameTarget(a: object | undefined, b: object): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}
