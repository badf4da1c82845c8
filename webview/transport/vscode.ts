/** Messages by `postMessage`, in a VS Code webview. Typed arrays travel as they are. */
import type { Message } from 'vscode-jsonrpc/browser';
import { CallbackReader, CallbackWriter } from './transport.ts';
import type { Transport } from './transport.ts';

interface VsCodeApi {
  postMessage(message: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

export function openVsCodeTransport(): Transport {
  const api = acquireVsCodeApi();
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
