// What listens on an adb port without being the adb of these tests: a server of another version.
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface OtherAdbServer {
  readonly port: number;
  /** Requests so far ('host:version'); 'host:kill' among them means that a client wanted to end it. */
  readonly requests: readonly string[];
  readonly close: () => Promise<void>;
}

/**
 * Speaks the protocol of clients (four hexadecimal digits of length, then the request), knows its version and no devices.
 * @param version as the server says it: 41 is what adb 29 to 36 says; 'garbage': not a server of adb at all
 */
export async function startOtherAdbServer(version: number | 'garbage'): Promise<OtherAdbServer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    let held = '';
    socket.on('data', (chunk: Buffer) => {
      held += chunk.toString('latin1');
      const length = Number.parseInt(held.slice(0, 4), 16);
      if (version === 'garbage' || Number.isNaN(length)) {
        socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
        return;
      }
      if (held.length < 4 + length) return;
      const request = held.slice(4, 4 + length);
      held = held.slice(4 + length);
      requests.push(request);
      socket.end(answer(request, version));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

function answer(request: string, version: number): string {
  const text = (payload: string): string =>
    `${payload.length.toString(16).padStart(4, '0')}${payload}`;
  if (request === 'host:version') return `OKAY${text(version.toString(16).padStart(4, '0'))}`;
  if (request.startsWith('host:devices')) return `OKAY${text('')}`;
  return `FAIL${text(`unknown host service '${request}'`)}`;
}
