// The page's state machine: opening, editing, replanning, selection and expansion that survive.
import { describe, expect, it } from 'vitest';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import type { PlanEdits } from '../../../compiler/fusion/plan.ts';
import type { DocumentState, ShownRun } from '../../../compiler/protocol.ts';
import { multiOperatorBlocks } from '../../../webview/state/carryOver.ts';
import type { OpenedInit, PageEvent } from '../../../webview/state/events.ts';
import { reduce } from '../../../webview/state/reducer.ts';
import { resolveSelection } from '../../../webview/state/selectors.ts';
import { initialState } from '../../../webview/state/state.ts';
import type { State } from '../../../webview/state/state.ts';
import { syntheticGraph } from '../fixtures/syntheticGraph.ts';
import { syntheticPlan } from '../fixtures/syntheticPlan.ts';

const graph = syntheticGraph(60);
const capabilities = { ownUndo: true, trusted: true };

function documentWith(edits: PlanEdits, previous: DocumentState | null = null): DocumentState {
  return {
    graph,
    plan: syntheticPlan(graph, edits, previous?.plan ?? null),
    edits,
    diagnostics: [],
    timings: { importMs: 1, inferMs: 1, planMs: 1 },
    readOnly: null,
  };
}

const first = documentWith(NO_EDITS);
const init: OpenedInit = { document: first, error: null, viewState: null, capabilities };
const run = (...events: readonly PageEvent[]): State => events.reduce(reduce, initialState);
const opened = run({ type: 'opened', init });
const block = multiOperatorBlocks(first.plan)[1]!;

/** The last member of a block, cut from the one before it. */
function cutLast(id: string): DocumentState {
  const number = first.plan.blockIds.indexOf(id);
  const members = [...first.plan.blockOf.keys()].filter((o) => first.plan.blockOf[o] === number);
  const [a, b] = members.slice(-2).map((operator) => graph.ids[operator]!);
  return documentWith({ ...NO_EDITS, overrides: [{ kind: 'cut', a: a!, b: b! }] }, first);
}

const arrives = ({ graph: _, ...rest }: DocumentState): PageEvent => ({
  type: 'document',
  document: rest,
});

describe('opening', () => {
  it('is ready with a document and failed with an error', () => {
    expect(opened.phase).toBe('ready');
    expect(opened.spoken).toContain('operators in');
    const error = { title: 'No', message: 'why', actions: [] };
    const failed = run({ type: 'opened', init: { ...init, document: null, error } });
    expect(failed.phase).toBe('failed');
    expect(failed.error).toEqual(error);
  });
  it('restores what still exists and drops the rest', () => {
    const viewState = {
      zoom: 1,
      pan: { x: 0, y: 0 },
      expandedBlocks: [block, 'gone'],
      selection: { kind: 'operator', id: 'gone' } as const,
      panelOpen: false,
    };
    const state = run({ type: 'opened', init: { ...init, viewState } });
    expect([...state.expanded]).toEqual([block]);
    expect(state.selection).toBeNull();
    expect(state.panelOpen).toBe(false);
  });
  it('keeps the user’s view when the connection comes back', () => {
    const expanded = reduce(opened, { type: 'expand', block, on: true });
    const lost = reduce(expanded, { type: 'connection', connected: false });
    const back = reduce(lost, { type: 'opened', init });
    expect(back.connected).toBe(true);
    expect([...back.expanded]).toEqual([block]);
  });
});

describe('a narrow page', () => {
  const narrow = reduce(opened, { type: 'width', narrow: true });
  const viewState = {
    zoom: 1,
    pan: { x: 0, y: 0 },
    expandedBlocks: [],
    selection: null,
    panelOpen: true,
  };
  it('is for the graph alone, until it is wide again', () => {
    expect([opened.panelOpen, opened.legendOpen]).toEqual([true, true]);
    expect([narrow.panelOpen, narrow.legendOpen]).toEqual([false, false]);
    expect(narrow.panelWanted).toBe(true);
    expect(reduce(narrow, { type: 'width', narrow: false }).panelOpen).toBe(true);
  });
  it('remembers what the user chose', () => {
    const closed = reduce(narrow, { type: 'panel', open: false });
    expect(reduce(closed, { type: 'width', narrow: false }).panelOpen).toBe(false);
    expect(reduce(closed, { type: 'panel', open: true }).panelOpen).toBe(true);
  });
  it('opens without the panel, and does not forget that it was open', () => {
    const first = run(
      { type: 'width', narrow: true },
      { type: 'opened', init: { ...init, viewState } },
    );
    expect([first.panelOpen, first.panelWanted]).toEqual([false, true]);
  });
});

describe('a new plan', () => {
  it('keeps both halves of a cut block open', () => {
    const next = cutLast(block);
    const state = reduce(reduce(opened, { type: 'expand', block, on: true }), arrives(next));
    expect(state.expanded.size).toBe(2);
    expect(state.expanded.has(block)).toBe(true);
    expect(state.document?.graph).toBe(graph);
    expect(state.spoken).toMatch(/^2 blocks changed/);
  });
  it('leaves collapsed blocks collapsed', () => {
    expect(reduce(opened, arrives(cutLast(block))).expanded.size).toBe(0);
  });
  it('moves a block selection to the block that took it over', () => {
    const split = cutLast(block);
    const tail = split.plan.blockIds.find((id) => !first.plan.blockIds.includes(id))!;
    const cut = reduce(opened, arrives(split));
    const selected = reduce(cut, { type: 'select', selection: { kind: 'block', id: tail } });
    expect(selected.selection).toEqual({ kind: 'block', id: tail });
    const undone = reduce(selected, arrives(first));
    expect(undone.selection).toEqual({ kind: 'block', id: block });
    expect(resolveSelection(undone)?.kind).toBe('block');
  });
  it('forgets details of the old plan', () => {
    const target = { operator: 0 };
    const asked = reduce(opened, { type: 'detailsAsked', target });
    const late = reduce(reduce(asked, arrives(cutLast(block))), {
      type: 'detailsArrived',
      target,
      value: null,
      failed: 'old',
    });
    expect(late.details).toBeNull();
  });
});

describe('editing', () => {
  const sent = reduce(opened, { type: 'editSent', anchor: 3 });
  it('counts open edits and holds the place', () => {
    expect(sent.pendingEdits).toBe(1);
    expect(sent.anchor).toEqual({ operator: 3 });
    expect(reduce(sent, { type: 'editDone', refusal: null }).pendingEdits).toBe(0);
  });
  it('speaks and shows a refusal until something else happens', () => {
    const refusal = { message: 'a cycle', a: 1, b: 2 };
    const refused = reduce(sent, { type: 'editDone', refusal });
    expect(refused.refusal).toEqual(refusal);
    expect(refused.spoken).toBe('Refused. a cycle');
    expect(reduce(refused, { type: 'select', selection: null }).refusal).toBeNull();
  });
});

describe('small things', () => {
  it('numbers messages and keeps the last few', () => {
    let state = opened;
    for (let i = 0; i < 6; i++) {
      state = reduce(state, { type: 'message', severity: 'info', text: `m${i}` });
    }
    expect(state.messages.map(({ text }) => text)).toEqual(['m2', 'm3', 'm4', 'm5']);
    const { id } = state.messages[0]!;
    expect(reduce(state, { type: 'dismissMessage', id }).messages).toHaveLength(3);
  });
  it('never gives the number of a message again: each goes by a timer of its own', () => {
    const say = (state: State, text: string): State =>
      reduce(state, { type: 'message', severity: 'info', text });
    const one = say(opened, 'Copied.');
    const none = reduce(one, { type: 'dismissMessage', id: one.messages[0]!.id });
    expect(none.messages).toEqual([]);
    expect(say(none, 'Copied.').messages[0]!.id).not.toBe(one.messages[0]!.id);
    // Said again, it stands there once.
    expect(say(say(one, 'other'), 'Copied.').messages.map(({ text }) => text)).toEqual([
      'other',
      'Copied.',
    ]);
  });
  it('expands and collapses all', () => {
    const all = reduce(opened, { type: 'expandAll', on: true });
    expect(all.expanded.size).toBe(multiOperatorBlocks(first.plan).length);
    expect(reduce(all, { type: 'expandAll', on: false }).expanded.size).toBe(0);
  });
  it('counts hits aloud and starts before the first', () => {
    const open = reduce(opened, { type: 'searchOpen', open: true });
    const found = reduce(open, { type: 'searchQuery', query: 'softmax' });
    expect(found.spoken).toMatch(/^\d+ hits?$/);
    expect(found.search.current).toBe(-1);
  });
});

it('keeps the shown times as one object through the stages of another run', () => {
  const times = (first: number): ShownRun => ({
    id: 1,
    target: 'wasm',
    place: 'WebAssembly',
    rewriting: true,
    edited: false,
    device: null,
    threads: 1,
    at: 0,
    planner: 'dnnfusion',
    blocks: 2,
    latencyMs: { median: 1, p10: 1, p90: 1 },
    noisy: false,
    verify: null,
    blockMs: Float64Array.of(first, NaN),
    arenaBytes: 0,
    movedBytes: 0,
    compileMs: 0,
  });
  const runs = (stage: string, shown: ShownRun): PageEvent => ({
    type: 'runs',
    runs: {
      target: { target: 'wasm', label: 'WebAssembly' },
      running: { stage, fraction: null },
      history: [],
      shown,
      compared: null,
    },
  });
  const one = reduce(opened, runs('Planning', times(2)));
  const two = reduce(one, runs('Compiling', times(2)));
  expect(two.runs.shown).toBe(one.runs.shown);
  expect(two.runs.running?.stage).toBe('Compiling');
  expect(reduce(two, runs('Compiling', times(3))).runs.shown).not.toBe(one.runs.shown);
});
