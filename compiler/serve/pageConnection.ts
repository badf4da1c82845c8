/**
 * JSON-RPC with one page of the studio: messages come in by POST and go out as server-sent events, one line
 * of text each (`codec.ts`).
 */
import {
  AbstractMessageReader,
  AbstractMessageWriter,
  createMessageConnection,
} from 'vscode-jsonrpc';
import type { DataCallback, Disposable, Message } from 'vscode-jsonrpc';
import type { HostNotifications, PageNotifications } from '../protocol.ts';
import { toResponseError } from '../session/responseErrors.ts';
import { decodeMessage, encodeMessage } from './codec.ts';
import type { PageLink, PageSession } from './httpServer.ts';
import type { StudioHost } from './studioHost.ts';

const NOTIFICATIONS: readonly (keyof PageNotifications)[] = [
  'page/viewState',
  'page/selection',
  'page/painted',
];

export function connectPage(host: StudioHost, link: PageLink): PageSession {
  const reader = new TextReader();
  const connection = createMessageConnection(reader, new TextWriter(link));
  const { handlers, close } = host.connect({
    notify: (name: keyof HostNotifications, params: unknown) =>
      void connection.sendNotification(name, params),
  });
  for (const [name, handler] of Object.entries(handlers)) {
    const handle = handler as (params: unknown) => Promise<unknown>;
    connection.onRequest(name, (params: unknown) => handle(params).catch(toResponseError));
  }
  for (const name of NOTIFICATIONS) {
    connection.onNotification(name, (params: unknown) => host.receive(name, params as never));
  }
  connection.listen();
  return {
    receive: (text) => reader.receive(text),
    close: () => {
      close();
      connection.dispose();
    },
  };
}

class TextReader extends AbstractMessageReader {
  private callback: DataCallback | undefined;

  listen(callback: DataCallback): Disposable {
    this.callback = callback;
    return { dispose: () => (this.callback = undefined) };
  }

  /** Text that is no message is dropped: the page is ours, anything else is not worth an answer. */
  receive(text: string): void {
    try {
      this.callback?.(decodeMessage(text) as Message);
    } catch (error) {
      this.fireError(error);
    }
  }
}

class TextWriter extends AbstractMessageWriter {
  constructor(private readonly link: PageLink) {
    super();
  }

  write(message: Message): Promise<void> {
    this.link.send(encodeMessage(message));
    return Promise.resolve();
  }

  end(): void {
    // The event stream is the server's to end.
  }
}
