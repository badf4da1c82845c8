/**
 * The page's only door to the world outside: typed requests, notifications and events of the protocol's
 * region 2. A lost connection (studio only) is opened again; open requests then fail.
 */
import { CancellationTokenSource, createMessageConnection } from 'vscode-jsonrpc/browser';
import type { MessageConnection } from 'vscode-jsonrpc/browser';
import type { HostNotifications, PageNotifications, PageRequests } from '../compiler/protocol.ts';
import type { Transport } from './transport/transport.ts';

export type HostHandlers = {
  readonly [Name in keyof HostNotifications]: (params: HostNotifications[Name]) => void;
};

export interface Host {
  /** Settles always: with the answer, or rejects with an error or cancellation. */
  request<Name extends keyof PageRequests>(
    name: Name,
    params: PageRequests[Name][0],
    signal?: AbortSignal,
  ): Promise<PageRequests[Name][1]>;
  notify<Name extends keyof PageNotifications>(name: Name, params: PageNotifications[Name]): void;
}

export interface HostOptions {
  readonly open: () => Transport | Promise<Transport>;
  readonly handlers: HostHandlers;
  /** Called on every new connection, the first included: that one before `createHost` returns, where it can be. */
  readonly connected: (host: Host) => void;
  readonly lost: () => void;
}

/** Pause before a lost connection is tried again, milliseconds. */
const RETRY_MS = 1000;

export function createHost(options: HostOptions): Host {
  let connection: MessageConnection | undefined;

  const connect = async (): Promise<void> => {
    let transport: Transport;
    try {
      const opening = options.open();
      // Without a pause where there is nothing to wait for: the host can answer while the page is still being made.
      transport = opening instanceof Promise ? await opening : opening;
    } catch {
      options.lost();
      setTimeout(() => void connect(), RETRY_MS);
      return;
    }
    const opened = createMessageConnection(transport.reader, transport.writer);
    for (const [name, handle] of Object.entries(options.handlers)) {
      opened.onNotification(name, handle as (params: unknown) => void);
    }
    opened.onClose(() => {
      opened.dispose();
      transport.close();
      if (connection === opened) connection = undefined;
      options.lost();
      setTimeout(() => void connect(), RETRY_MS);
    });
    opened.listen();
    connection = opened;
    options.connected(host);
  };

  const host: Host = {
    async request(name, params, signal) {
      if (!connection) throw new Error('The page is not connected.');
      if (!signal) return connection.sendRequest(name, params);
      const source = new CancellationTokenSource();
      const cancel = (): void => source.cancel();
      signal.addEventListener('abort', cancel, { once: true });
      try {
        return await connection.sendRequest(name, params, source.token);
      } finally {
        signal.removeEventListener('abort', cancel);
      }
    },
    notify(name, params) {
      connection?.sendNotification(name, params).catch(() => undefined);
    },
  };
  void connect();
  return host;
}
