/** Messages by `postMessage`, in a VS Code webview. Typed arrays travel as they are. */
import type { Message } from 'vscode-jsonrpc/browser';
import { CallbackReader, CallbackWriter } from './transport.ts';
import type { Transport } from './transport.ts';

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(value: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** It may be asked for only once in the life of a page. */
let acquired: VsCodeApi | undefined;
const vsCodeApi = (): VsCodeApi => (acquired ??= acquireVsCodeApi());

/** The state that VS Code keeps for a hidden page. */
export const vsCodeMemory = {
  read: (): unknown => vsCodeApi().getState(),
  write: (value: unknown): void => vsCodeApi().setState(value),
};

export function openVsCodeTransport(): Transport {
  const api = vsCodeApi();
  const reader = new CallbackReader();
  const receive = (event: MessageEvent<unknown>): void => {
    if (isMessage(event.data)) reader.deliver(event.data);
  };
  window.addEventListener('message', receive);
  return {
    reader,
    writer: new CallbackWriter((message) => api.postMessage(message)),
    close: () => window.removeEventListener('message', receive),
  };
}

/** Other scripts post to the same window too. */
function isMessage(data: unknown): data is Message {
  return typeof data === 'object' && data !== null && 'jsonrpc' in data;
}
