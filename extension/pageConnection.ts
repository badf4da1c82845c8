/**
 * JSON-RPC with the page in one webview. Hiding a tab ends its page without a word and showing it starts
 * another one, so every 'page/ready' begins a new connection: late answers for the old page go nowhere.
 */
import {
  AbstractMessageReader,
  AbstractMessageWriter,
  ResponseError,
  createMessageConnection,
} from 'vscode-jsonrpc/node';
import type { DataCallback, Disposable, Message, MessageConnection } from 'vscode-jsonrpc/node';
import { RequestCancelled } from '../compiler/client/cancellation.ts';
import type { HostNotifications, PageNotifications, PageRequests } from '../compiler/protocol.ts';

/** The part of `vscode.Webview` that carries messages. */
export interface MessagePort {
  onDidReceiveMessage(listener: (message: unknown) => void): { dispose(): void };
  postMessage(message: unknown): Thenable<boolean>;
}

export type PageHandlers = {
  readonly [Name in keyof PageRequests]: (
    params: PageRequests[Name][0],
  ) => Promise<PageRequests[Name][1]>;
};

export type PageListeners = {
  readonly [Name in keyof PageNotifications]: (params: PageNotifications[Name]) => void;
};

const CANCELLED = -32800;
const FAILED = 1;

export class PageConnection {
  private readonly subscription: { dispose(): void };
  private current: { connection: MessageConnection; reader: PageReader } | undefined;

  constructor(
    private readonly port: MessagePort,
    private readonly handlers: PageHandlers,
    private readonly listeners: PageListeners,
    private readonly log: (line: string) => void,
  ) {
    this.subscription = port.onDidReceiveMessage((message) => this.receive(message));
  }

  /** Goes nowhere while no page is there; the next one asks for everything anyway. */
  notify<Name extends keyof HostNotifications>(name: Name, params: HostNotifications[Name]): void {
    this.current?.connection.sendNotification(name, params).catch(() => undefined);
  }

  dispose(): void {
    this.subscription.dispose();
    this.current?.connection.dispose();
    this.current = undefined;
  }

  private receive(message: unknown): void {
    if (typeof message !== 'object' || message === null || !('jsonrpc' in message)) return;
    if ('method' in message && message.method === 'page/ready') this.startAnew();
    this.current?.reader.deliver(message as unknown as Message);
  }

  private startAnew(): void {
    this.current?.connection.dispose();
    const reader = new PageReader();
    const connection = createMessageConnection(reader, new PageWriter(this.port));
    for (const [name, handler] of Object.entries(this.handlers)) {
      const handle = handler as (params: unknown) => Promise<unknown>;
      connection.onRequest(name, (params: unknown) =>
        handle(params).catch((error: unknown) => this.describe(name, error)),
      );
    }
    for (const [name, listener] of Object.entries(this.listeners)) {
      connection.onNotification(name, listener as (params: unknown) => void);
    }
    connection.onError(([error]) => this.log(`page: ${error.message}`));
    connection.listen();
    this.current = { connection, reader };
  }

  private describe(request: string, error: unknown): ResponseError<null> {
    if (error instanceof RequestCancelled) return new ResponseError(CANCELLED, 'Cancelled', null);
    const text = error instanceof Error ? error.message : String(error);
    this.log(`${request}: ${error instanceof Error ? (error.stack ?? text) : text}`);
    return new ResponseError(FAILED, text, null);
  }
}

class PageReader extends AbstractMessageReader {
  private callback: DataCallback | undefined;

  listen(callback: DataCallback): Disposable {
    this.callback = callback;
    return { dispose: () => (this.callback = undefined) };
  }

  deliver(message: Message): void {
    this.callback?.(message);
  }
}

class PageWriter extends AbstractMessageWriter {
  constructor(private readonly port: MessagePort) {
    super();
  }

  async write(message: Message): Promise<void> {
    await this.port.postMessage(message);
  }

  end(): void {
    // The webview belongs to its panel.
  }
}
