/**
 * Entry of the compiler process: the message loop over Node IPC and no logic. A request always settles:
 * with a result, an error or a cancellation.
 */
import { IPCMessageReader, IPCMessageWriter, createMessageConnection } from 'vscode-jsonrpc/node';
import type { CancellationToken } from 'vscode-jsonrpc/node';
import type { WorkerProgress } from './protocol.ts';
import { createHandlers } from './session/requests.ts';
import type { RequestContext } from './session/requests.ts';
import { toResponseError } from './session/responseErrors.ts';

const connection = createMessageConnection(
  new IPCMessageReader(process),
  new IPCMessageWriter(process),
);

const progress = (report: WorkerProgress): void => {
  void connection.sendNotification('worker/progress', report);
};

for (const [name, handler] of Object.entries(createHandlers())) {
  const handle = handler as (params: unknown, context: RequestContext) => Promise<unknown>;
  connection.onRequest(name, async (params: unknown, token: CancellationToken) => {
    const isCancelled = (): boolean => token.isCancellationRequested;
    try {
      return await handle(params, { isCancelled, progress });
    } catch (error) {
      return toResponseError(error);
    }
  });
}

// The host is gone: nobody is left to answer.
process.on('disconnect', () => process.exit(0));
connection.listen();
