/**
 * The run process of the editor: one request, progress, one answer (`runMessages.ts`). SIGTERM cancels: what is running
 * ends, the folder is removed, then the process ends.
 */
import { ModelError } from '../diagnostics.ts';
import { openProfiles, updateProfiles } from '../profile/profileDisk.ts';
import { compareModel } from './compare/compareModel.ts';
import { deviceOfRun, feedProfiles, profilePathOf } from './measuredRun.ts';
import type { MeasureOptions } from './measureModel.ts';
import { measureModel } from './measureModel.ts';
import { RunCancelled, RunFailure } from './runFailure.ts';
import { runModel } from './runModel.ts';
import type {
  CompareRequest,
  MeasureReport,
  MeasureRequest,
  RunAnswer,
  RunRequest,
} from './runMessages.ts';

/** @param script absolute path of this process's own entry: it starts further processes with it */
export function serveRunRequest(script: string): void {
  const abort = new AbortController();
  const cancel = (): void => abort.abort();
  process.once('SIGTERM', cancel);
  process.once('SIGINT', cancel);
  // The host is gone: nobody is left to answer.
  process.once('disconnect', cancel);
  process.once('message', (request: AnyRequest) => {
    void answer(request, script, abort.signal).then(finish);
  });
}

type AnyRequest = RunRequest | CompareRequest | MeasureRequest;

async function answer(
  request: AnyRequest,
  script: string,
  signal: AbortSignal,
): Promise<RunAnswer | undefined> {
  try {
    const own = { script, signal, onProgress: tell };
    switch (request.kind) {
      case 'compare':
        return { kind: 'compared', report: await compareModel({ ...request, ...own }) };
      case 'measure':
        return { kind: 'measured', report: await measure({ ...request, ...own }) };
      default: {
        const run = await runModel({ ...request, ...own });
        await feedProfiles(run, profilePathOf(request));
        return { kind: 'report', report: run.report, device: deviceOfRun(run) };
      }
    }
  } catch (error) {
    if (error instanceof RunCancelled) return undefined;
    return failed(error);
  }
}

async function measure(options: Omit<MeasureOptions, 'store'>): Promise<MeasureReport> {
  const path = profilePathOf(options);
  const store = await openProfiles(path);
  const { device, runs, unanswered, first } = await measureModel({ ...options, store });
  await updateProfiles((own) => own.merge(store.content()), path);
  return { device, runs, unanswered, report: first.report };
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
