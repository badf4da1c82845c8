/**
 * One compiler process from fork to exit, and nothing about documents: typed requests over Node IPC,
 * progress, cancellation with a deadline, and how it ended. The only place that starts the worker.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  IPCMessageReader,
  IPCMessageWriter,
  ResponseError,
  createMessageConnection,
} from 'vscode-jsonrpc/node';
import type { CancellationToken, MessageConnection } from 'vscode-jsonrpc/node';
import type { DiagnosticCode } from '../diagnostics.ts';
import { ModelError } from '../diagnostics.ts';
import type { WorkerProgress, WorkerRequests } from '../protocol.ts';
import { RequestCancelled } from './cancellation.ts';
import type { CancelToken } from './cancellation.ts';
import { nodeEnvironment } from './nodeEnvironment.ts';

export interface WorkerProcessOptions {
  /** Absolute path of the bundled worker. */
  readonly script: string;
  /** Limit of the JavaScript heap; typed arrays and file buffers do not count. */
  readonly heapMb: number;
  /** A cancelled request that is not answered within this time ends the process. */
  readonly cancelGraceMs: number;
  readonly onProgress: (progress: WorkerProgress) => void;
  /** What the process prints, a piece at a time. */
  readonly onOutput: (text: string) => void;
}

/** The process is gone while a request was in flight. */
export class WorkerExited extends Error {
  constructor(
    /** One clause: 'ran out of memory (limit 2048 MB)'. */
    readonly how: string,
    /** Ended by us because a cancelled request hung. */
    readonly wasKilled: boolean,
  ) {
    super(`The compiler process ${how}`);
    this.name = 'WorkerExited';
  }
}

/** Response codes of compiler/session/responseErrors.ts (not imported: it carries the whole compiler). */
const MODEL_ERROR = 1;
const CANCELLED = -32800;

const KEPT_OUTPUT = 4000;

export class WorkerProcess {
  /** Settles once, when the process is gone. Never rejects. */
  readonly exited: Promise<WorkerExited>;
  private readonly child: ChildProcess;
  private readonly connection: MessageConnection;
  /** Told when the process ends. A set, not the promise: reactions would keep every answer alive. */
  private readonly waiting = new Set<(exit: WorkerExited) => void>();
  private lastOutput = '';
  private killed = false;

  constructor(private readonly options: WorkerProcessOptions) {
    this.child = fork(options.script, [], {
      serialization: 'advanced',
      // Nothing is inherited from the host: an inspector's port above all.
      execArgv: [`--max-old-space-size=${options.heapMb}`],
      env: nodeEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => this.keepOutput(text));
    }
    this.connection = createMessageConnection(
      new IPCMessageReader(this.child),
      new IPCMessageWriter(this.child),
    );
    this.connection.onNotification('worker/progress', options.onProgress);
    // Without a listener the connection would throw; the exit tells what happened.
    this.connection.onError(() => undefined);
    this.connection.listen();
    this.exited = new Promise((resolve) => {
      const end = (cause: string): void => {
        this.connection.dispose();
        const exit = new WorkerExited(cause, this.killed);
        resolve(exit);
        // Whoever listens to `exited` hears of it first.
        queueMicrotask(() => this.waiting.forEach((tell) => tell(exit)));
      };
      this.child.once('error', (error) => end(`could not be started (${error.message})`));
      // 'close' comes after 'exit', when the output has been read too.
      this.child.once('close', (code, signal) => end(this.describeExit(code, signal)));
    });
  }

  /**
   * @throws ModelError from the worker; RequestCancelled; WorkerExited when the process ended first
   */
  async request<Name extends keyof WorkerRequests>(
    name: Name,
    params: WorkerRequests[Name][0],
    token?: CancelToken,
  ): Promise<WorkerRequests[Name][1]> {
    if (token?.isCancellationRequested) throw new RequestCancelled();
    let deadline: NodeJS.Timeout | undefined;
    const watch = token?.onCancellationRequested(() => {
      deadline = setTimeout(() => this.kill(), this.options.cancelGraceMs);
    });
    let tell = (_: WorkerExited): void => undefined;
    try {
      return await new Promise((resolve, reject) => {
        tell = reject;
        this.waiting.add(tell);
        this.connection
          // vscode-jsonrpc only listens to the event of the token.
          .sendRequest<WorkerRequests[Name][1]>(
            name,
            params,
            ...(token ? [token as unknown as CancellationToken] : []),
          )
          .catch((error: unknown) => this.translate(error))
          .then(resolve, reject);
      });
    } catch (error) {
      // Ended by our own deadline or not: who cancelled wants to hear nothing else.
      if (token?.isCancellationRequested && error instanceof WorkerExited) {
        throw new RequestCancelled();
      }
      throw error;
    } finally {
      this.waiting.delete(tell);
      clearTimeout(deadline);
      watch?.dispose();
    }
  }

  /** Ends the process at once. */
  kill(): void {
    this.killed = true;
    this.child.kill('SIGKILL');
  }

  private async translate(error: unknown): Promise<never> {
    if (error instanceof ResponseError) {
      if (error.code === CANCELLED) throw new RequestCancelled();
      if (error.code === MODEL_ERROR) {
        const { code, node } = error.data as { code: DiagnosticCode; node?: string };
        throw new ModelError(code, error.message, node);
      }
      const { message } = error;
      const isAnswer = this.child.connected && this.child.exitCode === null;
      // Anything else either comes from the worker, or from a connection that is breaking down.
      if (isAnswer) throw new Error(`Internal error of the compiler: ${message}`);
    }
    throw await this.exited;
  }

  private keepOutput(text: string): void {
    this.lastOutput = (this.lastOutput + text).slice(-KEPT_OUTPUT);
    this.options.onOutput(text);
  }

  private describeExit(code: number | null, signal: NodeJS.Signals | null): string {
    if (/heap out of memory|Allocation failed/i.test(this.lastOutput)) {
      return `ran out of memory (limit ${this.options.heapMb} MB)`;
    }
    if (this.killed) return 'was ended because it did not react';
    const reason = /^\w*Error: .*$/m.exec(this.lastOutput)?.[0];
    const how = signal ? `was ended by ${signal}` : `ended with code ${code}`;
    return reason ? `${how} (${reason})` : how;
  }
}
