/** What a plan document needs from outside, and what it tells of itself. */
import type { CancelToken } from '../../compiler/client/cancellation.ts';
import type { PlanEdits } from '../../compiler/fusion/plan.ts';
import type { ModelLocation, WorkerRequests } from '../../compiler/protocol.ts';
import type { PlanStore } from './planStore.ts';

export interface WorkerPort {
  request<Name extends keyof WorkerRequests>(
    name: Name,
    params: WorkerRequests[Name][0],
    token?: CancelToken,
  ): Promise<WorkerRequests[Name][1]>;
}

/** The model's file. */
export interface ModelFile {
  /** What the worker is to open. Throws ModelError where that is impossible (a virtual file too large). */
  locate(): Promise<ModelLocation>;
  /** Changes when the content may have changed (time and size); undefined when the file is gone. */
  stamp(): Promise<string | undefined>;
}

export interface PlanDocumentOptions {
  /** The worker's key. */
  readonly doc: string;
  readonly model: ModelFile;
  readonly store: PlanStore;
  readonly worker: WorkerPort;
  /** The edits of a model without a saved plan. */
  readonly defaults: () => PlanEdits;
  /** Why the plan cannot be edited whatever the files say, or null. */
  readonly readOnly: string | null;
}

/** An edit that the user can undo. */
export interface PlanEdit {
  readonly label: string;
  /** Accepted, but worth a word. */
  readonly warning?: string;
  readonly before: PlanEdits;
  readonly after: PlanEdits;
}

/** Something on disk changed under unsaved edits. */
export type Conflict = 'plan' | 'model';

/** `graph` tells whether the graph is another one than in the last event. */
export interface DocumentChange {
  readonly graph: boolean;
}
