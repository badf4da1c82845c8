/**
 * The host's way to the compiler: requests to one worker process that is started on first use and started
 * again after a crash. Every open document is then opened again with its current edits, so nobody above
 * notices. A document on which the worker died too often fails with a clear error; the others stay open.
 */
import { ModelError } from '../diagnostics.ts';
import type { PlanEdits } from '../fusion/plan.ts';
import type { ModelLocation, WorkerProgress, WorkerRequests } from '../protocol.ts';
import type { CancelToken } from './cancellation.ts';
import { RequestCancelled } from './cancellation.ts';
import { WorkerExited, WorkerProcess } from './workerProcess.ts';

export interface WorkerClientOptions {
  /** Absolute path of `dist/worker.cjs`. */
  readonly script: string;
  /** Default 2048. */
  readonly heapMb?: number;
  /** How often the worker is started again on account of one document. Default 2. */
  readonly maxRestarts?: number;
  /** Default 5 s. */
  readonly cancelGraceMs?: number;
  readonly onProgress?: (progress: WorkerProgress) => void;
  /** One line for a log: starts, crashes, what the process printed. */
  readonly log?: (line: string) => void;
}

/** What is needed to open a document again. */
interface OpenDocument {
  readonly doc: string;
  readonly location: ModelLocation;
  edits: PlanEdits;
  /** The process in which it is open. */
  openIn: WorkerProcess | undefined;
  /** How much of the crashes is on its account: 1 for each that happened while only it was at work. */
  strikes: number;
  failure: ModelError | undefined;
}

type RequestName = keyof WorkerRequests;

export class WorkerClient {
  private readonly documents = new Map<string, OpenDocument>();
  private readonly inFlight = new Map<OpenDocument, number>();
  private process: WorkerProcess | undefined;
  private disposed = false;
  /** After a crash, work goes on one request at a time: the next crash then has one author. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: WorkerClientOptions) {}

  /**
   * @throws ModelError for the user; RequestCancelled; anything else is a bug of the worker
   */
  async request<Name extends RequestName>(
    name: Name,
    params: WorkerRequests[Name][0],
    token?: CancelToken,
  ): Promise<WorkerRequests[Name][1]> {
    if (this.disposed) throw new RequestCancelled();
    if (name === 'document/close') {
      this.close(params.doc);
      return null as WorkerRequests[Name][1];
    }
    const document = this.documentOf(name, params);
    for (let attempt = 0; ; attempt++) {
      if (document.failure) throw document.failure;
      try {
        if (attempt === 0 && (name === 'document/open' || this.isOpen(document))) {
          return await this.send(document, name, params, token);
        }
        return await this.inTurn(() => this.sendAgain(document, name, params, token));
      } catch (error) {
        if (!(error instanceof WorkerExited)) throw error;
        if (this.disposed || token?.isCancellationRequested) throw new RequestCancelled();
      }
    }
  }

  /** Ends the process; requests in flight are rejected as cancelled. */
  dispose(): void {
    this.disposed = true;
    this.documents.clear();
    this.process?.kill();
    this.process = undefined;
  }

  private documentOf(name: RequestName, params: WorkerRequests[RequestName][0]): OpenDocument {
    const { doc } = params;
    if (name === 'document/open') {
      const { location, edits } = params as WorkerRequests['document/open'][0];
      const opened: OpenDocument = {
        doc,
        location,
        edits,
        openIn: undefined,
        strikes: 0,
        failure: undefined,
      };
      this.documents.set(doc, opened);
      return opened;
    }
    const document = this.documents.get(doc);
    if (!document) throw new ModelError('internal/error', `Document ${doc} is not open.`);
    return document;
  }

  private isOpen(document: OpenDocument): boolean {
    return document.openIn !== undefined && document.openIn === this.process;
  }

  private async sendAgain<Name extends RequestName>(
    document: OpenDocument,
    name: Name,
    params: WorkerRequests[Name][0],
    token: CancelToken | undefined,
  ): Promise<WorkerRequests[Name][1]> {
    if (name !== 'document/open') await this.reopen(document);
    return this.send(document, name, params, token);
  }

  /** Opens a document in the present process, unless it is open there. */
  private async reopen(document: OpenDocument): Promise<void> {
    const { doc, location, edits } = document;
    if (document.failure) throw document.failure;
    if (!this.isOpen(document)) {
      await this.send(document, 'document/open', { doc, location, edits }, undefined);
    }
  }

  private async send<Name extends RequestName>(
    document: OpenDocument,
    name: Name,
    params: WorkerRequests[Name][0],
    token: CancelToken | undefined,
  ): Promise<WorkerRequests[Name][1]> {
    const process = this.running();
    this.inFlight.set(document, (this.inFlight.get(document) ?? 0) + 1);
    try {
      const result = await process.request(name, params, token);
      if (name === 'document/open') this.markOpen(document, process);
      if (name === 'document/replan') {
        document.edits = (params as WorkerRequests['document/replan'][0]).edits;
      }
      return result;
    } catch (error) {
      if (name === 'document/open' && !(error instanceof WorkerExited)) this.forget(document);
      throw error;
    } finally {
      const left = (this.inFlight.get(document) ?? 1) - 1;
      if (left > 0) this.inFlight.set(document, left);
      else this.inFlight.delete(document);
    }
  }

  private markOpen(document: OpenDocument, process: WorkerProcess): void {
    document.openIn = process;
    // Closed while it was being opened.
    if (!this.documents.has(document.doc) && process === this.process) {
      process.request('document/close', { doc: document.doc }).catch(() => undefined);
    }
  }

  /** A document that never opened needs no replay. */
  private forget(document: OpenDocument): void {
    const wasOpen = document.openIn !== undefined;
    if (!wasOpen && this.documents.get(document.doc) === document) {
      this.documents.delete(document.doc);
    }
  }

  private close(doc: string): void {
    const document = this.documents.get(doc);
    this.documents.delete(doc);
    if (document && this.isOpen(document)) {
      this.process?.request('document/close', { doc }).catch(() => undefined);
    }
  }

  private running(): WorkerProcess {
    if (this.process) return this.process;
    const { script, heapMb = 2048, cancelGraceMs = 5000, onProgress, log } = this.options;
    const started = new WorkerProcess({
      script,
      heapMb,
      cancelGraceMs,
      onProgress: (progress) => onProgress?.(progress),
      onOutput: (text) => log?.(text.trimEnd()),
    });
    this.process = started;
    log?.(`compiler process started (heap limit ${heapMb} MB)`);
    void started.exited.then((exit) => this.onExit(started, exit));
    return started;
  }

  private onExit(ended: WorkerProcess, exit: WorkerExited): void {
    if (this.process === ended) this.process = undefined;
    if (this.disposed) return;
    this.options.log?.(`the compiler process ${exit.how}`);
    // The requests' own rejections run after this: they find the strikes counted.
    if (!exit.wasKilled) this.countStrikes(exit);
    for (const document of this.documents.values()) {
      const isReady = document.openIn === ended && document.failure === undefined;
      if (isReady) void this.inTurn(() => this.reopen(document)).catch(() => undefined);
    }
  }

  private countStrikes(exit: WorkerExited): void {
    const { maxRestarts = 2 } = this.options;
    for (const document of this.inFlight.keys()) {
      document.strikes += 1 / this.inFlight.size;
      if (document.strikes <= maxRestarts) continue;
      document.failure = new ModelError(
        'internal/error',
        `The compiler stopped ${Math.ceil(document.strikes)} times while it worked on this model; ` +
          `the last time it ${exit.how}. Other models stay open; the plan is not lost.`,
      );
    }
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => undefined);
    return result;
  }
}
