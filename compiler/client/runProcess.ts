/**
 * One run in a process of its own: request in, progress out, a report or a reason at the end. Nothing of the
 * compiler is loaded here. Cancelling ends the process with everything that it started.
 */
import { fork } from 'node:child_process';
import type {
  CompareRequest,
  MeasureReport,
  MeasureRequest,
  RunAnswer,
  RunRequest,
} from '../run/runMessages.ts';
import type { CompareReport, RunReport } from '../run/runProtocol.ts';
import { RequestCancelled } from './cancellation.ts';
import { nodeEnvironment } from './nodeEnvironment.ts';

export interface RunProcessOptions {
  /** Absolute path of the bundled run process. */
  readonly script: string;
  /** Limit of its JavaScript heap; tensors and weights do not count. */
  readonly heapMb: number;
  readonly onProgress: (stage: string, fraction: number | null) => void;
  /** Long texts: a C compiler's own output. */
  readonly log: (text: string) => void;
  readonly signal: AbortSignal;
}

/** The model does not run, and why. */
export class RunFailed extends Error {
  constructor(
    message: string,
    /** Ids of the operators that it is about. */
    readonly operators: readonly string[],
  ) {
    super(message);
    this.name = 'RunFailed';
  }
}

/** How long a process that was asked to end may clean up, milliseconds. */
const GRACE_MS = 2000;
const KEPT_OUTPUT = 4000;

/** Rejects with RunFailed or RequestCancelled. */
export async function runInProcess(
  request: RunRequest,
  options: RunProcessOptions,
): Promise<RunReport> {
  return (await ask(request, 'report', options)).report;
}

/** Two plans by turns. Rejects with RunFailed or RequestCancelled. */
export async function compareInProcess(
  request: CompareRequest,
  options: RunProcessOptions,
): Promise<CompareReport> {
  return (await ask(request, 'compared', options)).report;
}

/** Fills the profile database for a plan. Rejects with RunFailed or RequestCancelled. */
export async function measureInProcess(
  request: MeasureRequest,
  options: RunProcessOptions,
): Promise<MeasureReport> {
  return (await ask(request, 'measured', options)).report;
}

function ask<Kind extends 'report' | 'compared' | 'measured'>(
  request: RunRequest | CompareRequest | MeasureRequest,
  kind: Kind,
  options: RunProcessOptions,
): Promise<Extract<RunAnswer, { kind: Kind }>> {
  const { script, heapMb, onProgress, log, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new RequestCancelled());
    const child = fork(script, [], {
      serialization: 'advanced',
      execArgv: [`--max-old-space-size=${heapMb}`],
      env: nodeEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let output = '';
    let answered = false;
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-KEPT_OUTPUT);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const cancel = (): void => {
      child.kill('SIGTERM');
      timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
    };
    signal.addEventListener('abort', cancel, { once: true });
    const settle = (finish: () => void): void => {
      if (answered) return;
      answered = true;
      finish();
    };
    child.on('message', (answer: RunAnswer) => {
      if (answer.kind === 'progress') {
        if (!signal.aborted) onProgress(answer.stage, answer.fraction ?? null);
        return;
      }
      if (answer.kind !== 'failed') {
        return settle(() => {
          if (answer.kind === kind) resolve(answer as Extract<RunAnswer, { kind: Kind }>);
          else
            reject(new RunFailed('The process that runs the model answered something else.', []));
        });
      }
      if (answer.details !== undefined) log(answer.details);
      settle(() => reject(new RunFailed(answer.message, answer.operators ?? [])));
    });
    child.on('error', (error) => settle(() => reject(new RunFailed(error.message, []))));
    child.on('exit', (code, by) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
      if (output !== '') log(output);
      settle(() => {
        if (signal.aborted) return reject(new RequestCancelled());
        const how = by === null ? `ended with code ${code}` : `was ended by ${by}`;
        reject(new RunFailed(`The process that runs the model ${how} without an answer.`, []));
      });
    });
    child.send(request, (error) => {
      if (error) settle(() => reject(new RunFailed(error.message, [])));
    });
  });
}
