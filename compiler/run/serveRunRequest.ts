/**
 * The run process of the editor: one request, progress, one answer (`runMessages.ts`). SIGTERM cancels: what is running
 * ends, the folder is removed, then the process ends.
 */
import { ModelError } from '../diagnostics.ts';
import { RunCancelled, RunFailure } from './runFailure.ts';
import { runModel } from './runModel.ts';
import type { RunAnswer, RunRequest } from './runMessages.ts';

/** @param script absolute path of this process's own entry: it starts further processes with it */
export function serveRunRequest(script: string): void {
  const abort = new AbortController();
  const cancel = (): void => abort.abort();
  process.once('SIGTERM', cancel);
  process.once('SIGINT', cancel);
  // The host is gone: nobody is left to answer.
  process.once('disconnect', cancel);
  process.once('message', (request: RunRequest) => {
    void answer(request, script, abort.signal).then(finish);
  });
}

async function answer(
  request: RunRequest,
  script: string,
  signal: AbortSignal,
): Promise<RunAnswer | undefined> {
  try {
    const { report } = await runModel({ ...request, script, signal, onProgress: tell });
    return { kind: 'report', report };
  } catch (error) {
    if (error instanceof RunCancelled) return undefined;
    return failed(error);
  }
}

function tell(stage: string, fraction?: number): void {
  send({ kind: 'progress', stage, ...(fraction === undefined ? {} : { fraction }) });
}

function failed(error: unknown): RunAnswer {
  if (error instanceof RunFailure) {
    const { message, operators, details } = error;
    return {
      kind: 'failed',
      message,
      ...(operators ? { operators } : {}),
      ...(details === undefined ? {} : { details }),
    };
  }
  if (error instanceof ModelError) return { kind: 'failed', message: error.message };
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    kind: 'failed',
    message: 'Internal error of the runner; the log has more.',
    details: text,
  };
}

function finish(message: RunAnswer | undefined): void {
  if (message === undefined || !process.connected) process.exit(message === undefined ? 1 : 0);
  process.send?.(message, () => process.exit(0));
}

function send(message: RunAnswer): void {
  if (process.connected) process.send?.(message);
}
