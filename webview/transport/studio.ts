/**
 * Messages over HTTP, in the studio's page: server-sent events in, one POST per message out. Addresses are
 * relative to the page, which carries the server's token.
 */
import type { Message } from 'vscode-jsonrpc/browser';
import { decodeMessage, encodeMessage } from './codec.ts';
import { CallbackReader, CallbackWriter } from './transport.ts';
import type { Transport } from './transport.ts';

/** Resolves once the server sends events; rejects when it cannot be reached. */
export function openStudioTransport(): Promise<Transport> {
  const session = crypto.randomUUID();
  const events = new EventSource(`events?session=${session}`);
  const reader = new CallbackReader();
  const writer = new CallbackWriter(async (message) => {
    const response = await fetch(`rpc?session=${session}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: encodeMessage(message),
    });
    if (!response.ok) throw new Error(`The studio's server answered ${response.status}.`);
  });
  const transport = { reader, writer, close: () => events.close() };
  return new Promise((resolve, reject) => {
    events.onopen = () => resolve(transport);
    events.onerror = () => {
      // A new stream would be a new session to the server; the caller opens one.
      events.close();
      reader.end();
      reject(new Error("The studio's server does not answer."));
    };
    events.onmessage = (event: MessageEvent<string>) => {
      try {
        reader.deliver(decodeMessage(event.data) as Message);
      } catch (error) {
        reader.fail(error instanceof Error ? error : new Error(String(error)));
      }
    };
  });
}
