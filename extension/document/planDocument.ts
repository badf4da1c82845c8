/**
 * One open model and its plan: what the user decided, what the worker answered, and what is on disk. All
 * logic of editing, undo, save, revert, backup and conflicts is here; VS Code is only told about it by
 * `modelEditorProvider.ts`. The edits are the truth: the worker can be asked for their plan at any time.
 */
import type { CancelToken } from '../../compiler/client/cancellation.ts';
import { ModelError } from '../../compiler/diagnostics.ts';
import type { PlanEdits } from '../../compiler/fusion/plan.ts';
import type {
  DocumentState,
  EditRequest,
  EditResult,
  PageError,
  ReplanResult,
  WorkerRequests,
} from '../../compiler/protocol.ts';
import { performEdit } from '../../compiler/session/performEdit.ts';
import type { EditOutcome } from '../../compiler/session/performEdit.ts';
import { matchSidecar } from '../../compiler/sidecar/match.ts';
import { serialiseSidecar } from '../../compiler/sidecar/serialise.ts';
import type { Sidecar } from '../../compiler/sidecar/sidecar.ts';
import { Emitter } from './emitter.ts';
import { messageOf, pageError, readOnlyMessage } from './failures.ts';
import { openPlan, readBackup, sidecarOf, storeDiagnostics } from './openedPlan.ts';
import type { Opened } from './openedPlan.ts';
import type { Conflict, DocumentChange, PlanDocumentOptions, PlanEdit } from './ports.ts';

type Question = Exclude<
  keyof WorkerRequests,
  'document/open' | 'document/replan' | 'document/close'
>;

export class PlanDocument {
  private readonly changes = new Emitter<DocumentChange>();
  private readonly edited = new Emitter<PlanEdit>();
  private readonly conflicts = new Emitter<Conflict>();
  /** State or error changed: ask `state` and `error`. */
  readonly onDidChange = this.changes.event;
  readonly onDidEdit = this.edited.event;
  readonly onConflict = this.conflicts.event;

  /** Kept after a failure, because its edits are. */
  private opened: Opened | undefined;
  private failure: PageError | null = null;
  /** What is to be opened, or would have been: the plan on disk or a backup. */
  private pending: Sidecar | undefined;
  /** `pending` is a backup that was never saved. */
  private isBackup = false;
  private savedEdits: PlanEdits | undefined;
  private stamp: string | undefined;
  private isDisposed = false;
  /** Work on the document is done one after the other: a second click waits for the first plan. */
  private queue: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: PlanDocumentOptions) {}

  /** null while there is none or it must not be shown: then `error` says why. */
  get state(): DocumentState | null {
    return this.failure ? null : (this.opened?.state ?? null);
  }

  get error(): PageError | null {
    return this.failure;
  }

  /** Whether there is something to lose. Compared by content: undoing everything is clean. */
  get isDirty(): boolean {
    if (!this.opened) return this.isBackup;
    return JSON.stringify(this.opened.state.edits) !== JSON.stringify(this.savedEdits);
  }

  /**
   * Opens model and plan. Never rejects: what went wrong is in `error`.
   *
   * @param backup content of a hot-exit backup, to be opened instead of the saved plan
   */
  open(backup?: Uint8Array, token?: CancelToken): Promise<void> {
    return this.inTurn(() => this.load({ backup, token }));
  }

  /** Opens again after a failure, with the edits made so far. */
  retry(token?: CancelToken): Promise<void> {
    return this.inTurn(() => this.load({ keepEdits: this.isDirty, token }));
  }

  edit(request: EditRequest): Promise<EditResult> {
    return this.inTurn(async () => {
      const { state } = this;
      if (!state) return { ok: false, message: 'The model is not open.' };
      if (state.readOnly !== null) return { ok: false, message: readOnlyMessage(state.readOnly) };
      let outcome: EditOutcome;
      try {
        outcome = await performEdit(state.edits, request, state, (edits) => this.replan(edits));
        // The worker planned what was refused; its details must speak of the plan on screen again.
        if (!outcome.ok) await this.replan(state.edits);
      } catch (error) {
        this.fail(error);
        return { ok: false, message: messageOf(error) };
      }
      if (!outcome.ok) return { ok: false, message: outcome.message };
      const { label, edits, warning } = outcome;
      this.show(edits, outcome.result);
      const edit: PlanEdit = { label, before: state.edits, after: edits };
      this.edited.fire(warning === undefined ? edit : { ...edit, warning });
      return { ok: true };
    });
  }

  /** Undo and redo: shows the plan of other edits. */
  restore(edits: PlanEdits): Promise<void> {
    return this.inTurn(async () => {
      if (!this.opened) return;
      try {
        if (!this.failure) return this.show(edits, await this.replan(edits));
      } catch (error) {
        this.fail(error);
      }
      // Nothing to be seen, but what is saved next has to be right.
      this.opened = { ...this.opened, state: { ...this.opened.state, edits } };
    });
  }

  /** @throws PlanConflict unless `overwrite`; an Error for the user */
  save(overwrite = false): Promise<void> {
    return this.inTurn(async () => {
      if (this.options.readOnly !== null) {
        throw new Error(readOnlyMessage(this.options.readOnly));
      }
      await this.options.store.save(this.text(), overwrite);
      this.savedEdits = this.opened?.state.edits;
      this.isBackup = false;
      this.refreshDiagnostics();
    });
  }

  /** The text of the sidecar after all edits, undos and redos so far, for backups and copies. */
  settledText(): Promise<string> {
    return this.inTurn(async () => this.text());
  }

  /** Back to what is on disk, model included. */
  revert(token?: CancelToken): Promise<void> {
    return this.inTurn(() => this.load({ token }));
  }

  /** Replaces a plan file that cannot be read; answers the name under which that is kept. */
  startFresh(): Promise<string> {
    return this.inTurn(async () => {
      const kept = await this.options.store.startFresh();
      await this.load({});
      return kept;
    });
  }

  /**
   * Looks at the files after a watcher fired: own writes are no change; a clean document is opened again;
   * a changed one fires `onConflict`.
   */
  checkDisk(): Promise<'same' | 'reloaded' | Conflict> {
    return this.inTurn(async () => {
      const stamp = await this.options.model.stamp();
      const isModelChanged = stamp !== undefined && stamp !== this.stamp;
      const isPlanChanged = await this.options.store.isChangedOnDisk();
      if (!isModelChanged && !isPlanChanged) return 'same';
      if (!this.isDirty) {
        await this.load({});
        return 'reloaded';
      }
      const conflict = isModelChanged ? 'model' : 'plan';
      this.conflicts.fire(conflict);
      return conflict;
    });
  }

  /** The answer Overwrite to a conflict: the edits stay, on the model as it is now, and are saved. */
  overwrite(conflict: Conflict): Promise<void> {
    if (conflict === 'plan') return this.save(true);
    return this.inTurn(() => this.load({ keepEdits: true }));
  }

  /** Questions about the model that is open. */
  request<Name extends Question>(
    name: Name,
    params: Omit<WorkerRequests[Name][0], 'doc'>,
  ): Promise<WorkerRequests[Name][1]> {
    const all = { ...params, doc: this.options.doc } as WorkerRequests[Name][0];
    return this.options.worker.request(name, all);
  }

  dispose(): void {
    this.isDisposed = true;
    for (const emitter of [this.changes, this.edited, this.conflicts]) emitter.dispose();
    void this.options.worker
      .request('document/close', { doc: this.options.doc })
      .catch(() => undefined);
  }

  private async load({
    backup,
    keepEdits = false,
    token,
  }: {
    readonly backup?: Uint8Array | undefined;
    readonly keepEdits?: boolean;
    readonly token?: CancelToken | undefined;
  }): Promise<void> {
    try {
      const { store, model, defaults } = this.options;
      const kept = keepEdits ? this.toSidecar() : undefined;
      this.stamp = await model.stamp();
      const { sidecar: saved } = await store.load();
      const unsaved = kept ?? (backup ? readBackup(backup) : undefined);
      this.pending = unsaved ?? saved;
      this.isBackup = unsaved !== undefined;
      this.opened = await openPlan(this.options, this.pending, token);
      const { graph } = this.opened.state;
      this.savedEdits = saved ? matchSidecar(saved, graph).edits : defaults();
      this.failure = null;
    } catch (error) {
      if (!keepEdits) this.opened = undefined;
      this.failure = pageError(error);
    }
    if (!this.isDisposed) this.changes.fire({ graph: true });
  }

  private refreshDiagnostics(): void {
    if (!this.opened) return;
    const { state, planDiagnostics: before } = this.opened;
    const { store, readOnly } = this.options;
    const planDiagnostics = storeDiagnostics(store, readOnly);
    if (planDiagnostics.length === before.length) return;
    const diagnostics = [...planDiagnostics, ...state.diagnostics.slice(before.length)];
    this.opened = { ...this.opened, planDiagnostics, state: { ...state, diagnostics } };
    this.changes.fire({ graph: false });
  }

  private replan(edits: PlanEdits): Promise<ReplanResult> {
    const { doc, worker } = this.options;
    const shown = this.opened?.state.edits;
    return worker.request('document/replan', { doc, edits, ...(shown ? { shown } : {}) });
  }

  private show(edits: PlanEdits, result: ReplanResult): void {
    if (!this.opened) return;
    const { state, planDiagnostics } = this.opened;
    const { graph, plan, planMs } = result;
    this.opened = {
      ...this.opened,
      state: {
        ...state,
        ...(graph ? { graph } : {}),
        plan,
        edits,
        diagnostics: [...planDiagnostics, ...result.diagnostics],
        timings: { ...state.timings, planMs },
      },
    };
    this.changes.fire({ graph: graph !== undefined });
  }

  private text(): string {
    return serialiseSidecar(this.toSidecar());
  }

  private toSidecar(): Sidecar {
    return sidecarOf(this.opened, this.pending, this.options.defaults);
  }

  /** The worker gave this model up: the page says so and offers to try again. The edits stay. */
  private fail(error: unknown): void {
    if (!(error instanceof ModelError)) return;
    this.failure = pageError(error);
    this.changes.fire({ graph: true });
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.queue.then(work);
    this.queue = result.catch(() => undefined);
    return result;
  }
}
