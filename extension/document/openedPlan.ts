/** A model and its saved plan opened together, and the way back to what is saved. */
import type { CancelToken } from '../../compiler/client/cancellation.ts';
import type { Diagnostic } from '../../compiler/diagnostics.ts';
import { diagnostic } from '../../compiler/diagnostics.ts';
import type { PlanEdits } from '../../compiler/fusion/plan.ts';
import type { DocumentState, GraphSnapshot } from '../../compiler/protocol.ts';
import {
  NOTHING_RECORDED,
  editsAsRecorded,
  matchSidecar,
  sameOverrides,
} from '../../compiler/sidecar/match.ts';
import type { Recorded } from '../../compiler/sidecar/match.ts';
import { parseSidecar } from '../../compiler/sidecar/parse.ts';
import { recordEdits } from '../../compiler/sidecar/record.ts';
import type { Sidecar } from '../../compiler/sidecar/sidecar.ts';
import { lockReason } from './failures.ts';
import type { PlanStore } from './planStore.ts';
import type { PlanDocumentOptions } from './ports.ts';

export interface Opened {
  readonly state: DocumentState;
  readonly structureHash: string;
  readonly recorded: Recorded;
  /** About the sidecar: `state.diagnostics` = these + the worker's. */
  readonly planDiagnostics: readonly Diagnostic[];
}

/**
 * Opens the model with a plan, or with the defaults where there is none. Plans twice only where the model changed since
 * the plan was saved.
 */
export async function openPlan(
  { doc, worker, model, store, defaults, readOnly }: PlanDocumentOptions,
  pending: Sidecar | undefined,
  token?: CancelToken,
): Promise<Opened> {
  let edits = pending ? editsAsRecorded(pending) : defaults();
  const result = await worker.request(
    'document/open',
    { doc, location: await model.locate(), edits },
    token,
  );
  const { graph, timings, structureHash } = result;
  let { plan, diagnostics } = result;
  let recorded = NOTHING_RECORDED;
  let planDiagnostics: readonly Diagnostic[] = [];
  if (pending) {
    const match = matchSidecar(pending, graph);
    ({ recorded } = match);
    planDiagnostics = match.diagnostics;
    if (!sameOverrides(edits, match.edits)) {
      ({ plan, diagnostics } = await worker.request(
        'document/replan',
        { doc, edits: match.edits },
        token,
      ));
    }
    ({ edits } = match);
  }
  planDiagnostics = [...planDiagnostics, ...storeDiagnostics(store, readOnly)];
  const state: DocumentState = {
    graph,
    plan,
    edits,
    diagnostics: [...planDiagnostics, ...diagnostics],
    timings,
    readOnly: readOnly ?? lockReason(store.locked),
  };
  return { state, structureHash, recorded, planDiagnostics };
}

/** What is to be said about where the plan is kept. */
export function storeDiagnostics(
  { locked, isStoredApart }: PlanStore,
  readOnly: string | null,
): Diagnostic[] {
  if (locked) return [locked];
  if (!isStoredApart || readOnly !== null) return [];
  return [
    diagnostic(
      'sidecar/stored-apart',
      "The model's folder cannot be written: its plan is kept in the extension's own storage on this machine.",
    ),
  ];
}

/** What is to be saved: the edits shown, or what was to be opened and could not. */
export function sidecarOf(
  opened: Opened | undefined,
  pending: Sidecar | undefined,
  defaults: () => PlanEdits,
): Sidecar {
  if (opened) {
    const { state, structureHash, recorded } = opened;
    return recordEdits(state.edits, state.graph, structureHash, recorded);
  }
  return pending ?? recordEdits(defaults(), NO_GRAPH, '', NOTHING_RECORDED);
}

/** A backup was written by us; one that is damaged all the same is worth no more than none. */
export function readBackup(content: Uint8Array): Sidecar | undefined {
  const parsed = parseSidecar(content);
  return parsed.ok ? parsed.sidecar : undefined;
}

const NO_GRAPH: Pick<GraphSnapshot, 'ids' | 'operatorTypes' | 'typeOf' | 'edges'> = {
  ids: [],
  operatorTypes: [],
  typeOf: new Uint16Array(),
  edges: new Int32Array(),
};
