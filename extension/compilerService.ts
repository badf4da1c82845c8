/**
 * The compiler for the rest of the extension: one worker, started on first use. Requests that take long
 * show progress with a Cancel button; the worker is ended if it does not listen to that.
 */
import * as vscode from 'vscode';
import type { CancelToken } from '../compiler/client/cancellation.ts';
import { WorkerClient } from '../compiler/client/workerClient.ts';
import type { WorkerRequests } from '../compiler/protocol.ts';
import type { WorkerPort } from './document/ports.ts';
import type { Log } from './log.ts';
import { readSettings } from './settings.ts';

/** After this the user is asked whether to wait. */
const PATIENCE_MS = 4000;

export class CompilerService implements WorkerPort, vscode.Disposable {
  private client: WorkerClient | undefined;
  private readonly stages = new vscode.EventEmitter<{ doc: string; stage: string | null }>();
  /** Requests without an answer yet, by document. */
  private readonly running = new Map<string, number>();
  /** What the worker is doing for a document; null: nothing any more. */
  readonly onProgress = this.stages.event;

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly log: Log,
  ) {}

  async request<Name extends keyof WorkerRequests>(
    name: Name,
    params: WorkerRequests[Name][0],
    token?: CancelToken,
  ): Promise<WorkerRequests[Name][1]> {
    const source = new vscode.CancellationTokenSource();
    const outer = token?.onCancellationRequested(() => source.cancel());
    if (token?.isCancellationRequested) source.cancel();
    const start = performance.now();
    const answer = this.worker().request(name, params, source.token);
    const timer = setTimeout(() => this.offerToCancel(name, answer, source), PATIENCE_MS);
    const { doc } = params;
    this.running.set(doc, (this.running.get(doc) ?? 0) + 1);
    try {
      return await answer;
    } finally {
      this.ended(doc);
      clearTimeout(timer);
      outer?.dispose();
      source.dispose();
      this.log.debug(`${name} ${(performance.now() - start).toFixed(1)} ms`);
    }
  }

  dispose(): void {
    this.client?.dispose();
    this.stages.dispose();
  }

  /** Not every answer is shown by the page, but every stage is. */
  private ended(doc: string): void {
    const left = (this.running.get(doc) ?? 1) - 1;
    if (left > 0) {
      this.running.set(doc, left);
      return;
    }
    this.running.delete(doc);
    this.stages.fire({ doc, stage: null });
  }

  private worker(): WorkerClient {
    const { compilerHeapMb, compilerRestarts } = readSettings();
    this.client ??= new WorkerClient({
      script: vscode.Uri.joinPath(this.extensionUri, 'dist', 'worker.cjs').fsPath,
      heapMb: compilerHeapMb,
      maxRestarts: compilerRestarts,
      onProgress: (progress) => this.stages.fire(progress),
      log: (line) => this.log.info(line),
    });
    return this.client;
  }

  private offerToCancel(
    name: keyof WorkerRequests,
    answer: Promise<unknown>,
    source: vscode.CancellationTokenSource,
  ): void {
    const title =
      name === 'document/open' ? 'Fusion Studio: opening the model' : 'Fusion Studio: working';
    void vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      (_, token) => {
        token.onCancellationRequested(() => source.cancel());
        return answer.then(
          () => undefined,
          () => undefined,
        );
      },
    );
  }
}
