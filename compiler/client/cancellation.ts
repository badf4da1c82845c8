/**
 * Cancellation as seen by whoever asks the worker: structurally VS Code's and vscode-jsonrpc's tokens.
 */
export interface CancelToken {
  readonly isCancellationRequested: boolean;
  readonly onCancellationRequested: (listener: () => void) => { dispose(): void };
}

/** Rejection of a request that was cancelled: nothing to report to the user. */
export class RequestCancelled extends Error {
  constructor() {
    super('Cancelled');
    this.name = 'RequestCancelled';
  }
}
