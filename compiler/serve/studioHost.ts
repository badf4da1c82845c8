/**
 * The host of `fusion-studio open`: one model, its edits, undo and saving, and any number of pages that stay in
 * step. The same worker and page as in VS Code; only what VS Code does itself (undo stack, save) is here.
 */
import type { Diagnostic } from '../diagnostics.ts';
import { RequestCancelled } from '../client/cancellation.ts';
import { placeName } from '../client/placeNames.ts';
import { RunBook } from '../client/runBook.ts';
import { bindOpenSizes } from '../fusion/openSizes.ts';
import type { PlanEdits } from '../fusion/plan.ts';
import type {
  DocumentState,
  EditRequest,
  EditResult,
  GraphSnapshot,
  HostNotifications,
  PageError,
  PageInit,
  PageNotifications,
  PageRequests,
  ReplanResult,
  TargetChoice,
  ViewState,
  WorkerRequests,
} from '../protocol.ts';
import { performEdit } from '../session/performEdit.ts';
import { editsOfVariant, VARIANTS } from '../session/variants.ts';
import type { RunRequest } from '../run/runMessages.ts';
import type { RunReport } from '../run/runProtocol.ts';
import { parseRunTarget } from '../run/runProtocol.ts';
import { sameOverrides } from '../sidecar/match.ts';
import { UndoStack } from './undoStack.ts';

/** What the host needs of the worker; `compiler/client` provides it. */
export interface WorkerPort {
  request<Name extends keyof WorkerRequests>(
    name: Name,
    params: WorkerRequests[Name][0],
  ): Promise<WorkerRequests[Name][1]>;
}

/** Where edits come from and go to: the sidecar file. */
export interface EditsStore {
  /** What was saved, as recorded; and why saving is impossible, if it is. */
  load(): Promise<{ readonly edits: PlanEdits; readonly readOnly: string | null }>;
  /** The loaded edits on this graph: operators found again after the model was exported anew. */
  match(graph: GraphSnapshot): PlanEdits;
  /** What the last `load` and `match` have to say. */
  readonly diagnostics: readonly Diagnostic[];
  /** Rejects with a message for the user. */
  save(edits: PlanEdits, graph: GraphSnapshot, structureHash: string): Promise<void>;
}

/** One connected page. */
export interface Page {
  notify<Name extends keyof HostNotifications>(name: Name, params: HostNotifications[Name]): void;
}

export type PageHandlers = {
  readonly [Name in keyof PageRequests]: (
    params: PageRequests[Name][0],
  ) => Promise<PageRequests[Name][1]>;
};

/** A run in a process of its own. */
export type ModelRunner = (
  request: RunRequest,
  onProgress: (stage: string, fraction: number | null) => void,
  signal: AbortSignal,
) => Promise<RunReport>;

const RUN_DEFAULTS = { threads: 1, warmup: 3, runs: 10 } as const;

const DOC = 'studio';

export class StudioHost {
  private readonly pages = new Set<Page>();
  private document: DocumentState | null = null;
  private error: PageError | null = null;
  private structureHash = '';
  private undo: UndoStack<PlanEdits> | undefined;
  private viewState: ViewState | null = null;
  /** Edits run one after the other: a second click waits for the first plan. */
  private queue: Promise<unknown> = Promise.resolve();
  private opening: Promise<void> | undefined;
  private readonly runs = new RunBook(() => this.announceRuns());

  constructor(
    private readonly modelPath: string,
    private readonly worker: WorkerPort,
    private readonly store: EditsStore,
    private readonly runModel: ModelRunner,
    private readonly listTargets: () => Promise<readonly TargetChoice[]>,
  ) {}

  /** Opens the model (again after a failure). Never rejects: the page shows what went wrong. */
  open(): Promise<void> {
    this.opening ??= this.load().finally(() => {
      if (this.error) this.opening = undefined;
    });
    return this.opening;
  }

  connect(page: Page): { handlers: PageHandlers; close: () => void } {
    this.pages.add(page);
    return { handlers: this.handlers(page), close: () => void this.pages.delete(page) };
  }

  /** Notifications of a page that the host cares about. */
  receive<Name extends keyof PageNotifications>(name: Name, params: PageNotifications[Name]): void {
    if (name === 'page/viewState') this.viewState = params as ViewState;
  }

  private async load(): Promise<void> {
    try {
      const loaded = await this.store.load();
      const opened = await this.worker.request('document/open', {
        doc: DOC,
        location: { kind: 'file', path: this.modelPath },
        edits: loaded.edits,
      });
      const edits = this.store.match(opened.graph);
      const { graph, timings } = opened;
      const { plan, diagnostics } = sameOverrides(edits, loaded.edits)
        ? opened
        : await this.worker.request('document/replan', { doc: DOC, edits });
      this.structureHash = opened.structureHash;
      this.undo = new UndoStack(edits);
      this.document = {
        graph,
        plan,
        edits,
        diagnostics: [...this.store.diagnostics, ...diagnostics],
        timings,
        readOnly: loaded.readOnly,
      };
      this.error = null;
    } catch (error) {
      this.document = null;
      this.error = {
        title: 'This model cannot be opened',
        message: messageOf(error),
        actions: [{ id: 'retry', label: 'Try again' }],
      };
    }
  }

  private handlers(page: Page): PageHandlers {
    return {
      'page/ready': async () => {
        await this.open();
        queueMicrotask(() => {
          this.announceUndo([page]);
          this.announceRuns();
        });
        return this.init();
      },
      'page/edit': (request) => this.inTurn(() => this.edit(request)),
      'page/undo': () => this.inTurn(() => this.goTo((undo) => undo.undo())),
      'page/redo': () => this.inTurn(() => this.goTo((undo) => undo.redo())),
      'page/save': () => this.inTurn(() => this.save()),
      'page/details': ({ target }) => this.worker.request('document/details', { doc: DOC, target }),
      'page/explain': ({ edge }) => this.worker.request('document/explain', { doc: DOC, edge }),
      'page/whatIf': ({ a, b }) => this.worker.request('document/whatIf', { doc: DOC, a, b }),
      'page/weightStatistics': ({ constant }) =>
        this.worker.request('document/weightStatistics', { doc: DOC, constant }),
      'page/planners': () => this.worker.request('document/planners', { doc: DOC }),
      'page/variant': (variant) => this.worker.request('document/variant', { doc: DOC, variant }),
      'page/measurePlanners': async () => this.measurePlanners(),
      'page/rewrite': ({ id }) => this.worker.request('document/rewrite', { doc: DOC, id }),
      'page/saveFile': async () => 'cancelled',
      'page/run': async ({ verify }) => this.run(verify),
      'page/cancelRun': async () => {
        this.runs.cancel();
        return null;
      },
      'page/chooseTarget': () => this.listTargets(),
      'page/setTarget': async ({ target }) => {
        const known = parseRunTarget(target);
        if (!known) return { ok: false, message: 'There is no such place to run.' };
        this.runs.choose({ target: known, label: placeName(known) });
        return { ok: true };
      },
      'page/showRun': async ({ run }) => {
        this.runs.show(run);
        return null;
      },
      'page/showKernel': ({ block }) =>
        this.worker.request('document/kernel', {
          doc: DOC,
          target: 'x86_64-avx2',
          of: { block },
        }),
      'page/action': async ({ id }) => {
        if (id === 'retry') {
          await this.open();
          if (this.document) this.broadcast('host/document', { document: this.document });
          else if (this.error) this.broadcast('host/error', this.error);
        }
        return null;
      },
    };
  }

  private init(): PageInit {
    return {
      document: this.document,
      error: this.error,
      viewState: this.viewState,
      capabilities: { ownUndo: true, trusted: true },
    };
  }

  private async edit(request: EditRequest): Promise<EditResult> {
    const { document, undo } = this;
    if (!document || !undo) return { ok: false, message: 'No model is open.' };
    if (document.readOnly) return { ok: false, message: document.readOnly };
    const outcome = await performEdit(document.edits, request, document, (edits) =>
      this.replan(edits),
    );
    if (!outcome.ok) {
      // The worker planned what was refused; details and verdicts must speak of the plan on screen again.
      await this.replan(document.edits);
      return outcome;
    }
    undo.push(outcome.edits);
    this.show(outcome.edits, outcome.result);
    if (outcome.warning) {
      this.broadcast('host/message', { severity: 'warning', text: outcome.warning });
    }
    return { ok: true };
  }

  private async goTo(move: (undo: UndoStack<PlanEdits>) => PlanEdits): Promise<null> {
    const { document, undo } = this;
    if (!document || !undo) return null;
    const edits = move(undo);
    if (edits !== document.edits) this.show(edits, await this.replan(edits));
    return null;
  }

  private async save(): Promise<EditResult> {
    const { document, undo } = this;
    if (!document || !undo) return { ok: false, message: 'No model is open.' };
    if (document.readOnly) return { ok: false, message: document.readOnly };
    try {
      await this.store.save(document.edits, document.graph, this.structureHash);
    } catch (error) {
      return { ok: false, message: `The plan was not saved: ${messageOf(error)}` };
    }
    undo.markSaved();
    this.announceUndo(this.pages);
    return { ok: true };
  }

  /** Starts a run; what becomes of it is told by notifications. */
  private run(verify: boolean): EditResult {
    const refusal = this.runRefusal();
    if (refusal || !this.document) return { ok: false, message: refusal ?? '' };
    const { graph, plan, edits } = this.document;
    this.runPlan({ graph, plan }, edits, verify, true).catch((error: unknown) => this.tell(error));
    return { ok: true };
  }

  /** Every planner, with rewriting and without, one after the other. */
  private measurePlanners(): EditResult {
    const refusal = this.runRefusal();
    if (refusal || !this.document) return { ok: false, message: refusal ?? '' };
    const { edits } = this.document;
    const measure = async (): Promise<void> => {
      for (const variant of VARIANTS) {
        const shown = await this.worker.request('document/variant', { doc: DOC, variant });
        await this.runPlan(shown, editsOfVariant(edits, variant), false, variant === VARIANTS[0]);
      }
    };
    measure().catch((error: unknown) => this.tell(error));
    return { ok: true };
  }

  private runRefusal(): string | undefined {
    if (!this.document) return 'The model is not open yet.';
    return this.runs.isRunning ? 'The model is running already.' : undefined;
  }

  private runPlan(
    shown: Pick<DocumentState, 'graph' | 'plan'>,
    planned: PlanEdits,
    verify: boolean,
    tellSizes: boolean,
  ): Promise<RunReport> {
    const { edits, assumed } = bindOpenSizes(planned, shown.graph.symbols);
    if (assumed !== '' && tellSizes) {
      this.say('info', `Sizes that are open are taken as ${assumed}.`);
    }
    const location = { kind: 'file', path: this.modelPath } as const;
    const target = this.runs.chosenTarget;
    const request = { ...RUN_DEFAULTS, target, location, edits, verify };
    return this.runs.run(shown, (onProgress, signal) => this.runModel(request, onProgress, signal));
  }

  private tell(error: unknown): void {
    if (!(error instanceof RequestCancelled)) this.say('error', messageOf(error));
  }

  private announceRuns(): void {
    if (this.document) this.broadcast('host/runs', this.runs.state(this.document));
  }

  private say(severity: 'error' | 'info', text: string): void {
    this.broadcast('host/message', { severity, text });
  }

  private replan(edits: PlanEdits): Promise<ReplanResult> {
    const shown = this.document?.edits;
    return this.worker.request('document/replan', {
      doc: DOC,
      edits,
      ...(shown ? { shown } : {}),
    });
  }

  private show(edits: PlanEdits, result: ReplanResult): void {
    if (!this.document) return;
    const { graph, plan, planMs } = result;
    const { document } = this;
    const diagnostics = [...this.store.diagnostics, ...result.diagnostics];
    const timings = { ...document.timings, planMs };
    this.document = { ...document, plan, diagnostics, edits, timings, ...(graph ? { graph } : {}) };
    const { graph: _, ...unchangedGraph } = this.document;
    this.broadcast('host/document', { document: graph ? this.document : unchangedGraph });
    this.announceUndo(this.pages);
    this.announceRuns();
  }

  private announceUndo(pages: Iterable<Page>): void {
    const { undo } = this;
    if (!undo) return;
    const { canUndo, canRedo, dirty } = undo;
    for (const page of pages) page.notify('host/undoState', { canUndo, canRedo, dirty });
  }

  private broadcast<Name extends keyof HostNotifications>(
    name: Name,
    params: HostNotifications[Name],
  ): void {
    for (const page of this.pages) page.notify(name, params);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.queue.then(work);
    this.queue = result.catch(() => undefined);
    return result;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
