/**
 * The loopback server of `fusion-studio open`: serves the page's files and carries its messages. It listens on
 * 127.0.0.1 only; every request must carry the random token and a Host header of this server (so that neither
 * other local users nor web pages through DNS rebinding get in). Nothing but a fixed list of files is served.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** File name in the build's folder -> content type. */
const FILES: Readonly<Record<string, string>> = {
  'webview.js': 'text/javascript; charset=utf-8',
  'webview.css': 'text/css; charset=utf-8',
  'layoutWorker.js': 'text/javascript; charset=utf-8',
};

/** A message of the page is small: a request with its parameters. */
const MAX_BODY = 1 << 20;

/** One browser page, from the moment it opened its event stream until that stream closed. */
export interface PageLink {
  /** Sends one message (already encoded, one line). */
  send(text: string): void;
}

export interface PageSession {
  receive(text: string): void;
  close(): void;
}

export interface StudioServerOptions {
  /** Folder of the built page. */
  readonly folder: string;
  readonly port: number;
  /** The page's HTML; `base` ends with '/' and carries the token. */
  readonly html: (base: string, nonce: string, origin: string) => string;
  readonly connect: (link: PageLink) => PageSession;
}

export interface StudioServer {
  /** What the user opens; contains the token. */
  readonly url: string;
  close(): Promise<void>;
}

export async function startStudioServer(options: StudioServerOptions): Promise<StudioServer> {
  const token = randomBytes(24).toString('base64url');
  const sessions = new Map<string, PageSession>();
  const server = createServer((request, response) => {
    handle(request, response, { ...options, token, sessions, port: portOf(server) });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${portOf(server)}/${token}/`,
    close: () =>
      new Promise((resolve) => {
        for (const session of sessions.values()) session.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Context extends StudioServerOptions {
  readonly token: string;
  readonly sessions: Map<string, PageSession>;
}

function handle(request: IncomingMessage, response: ServerResponse, context: Context): void {
  const hosts = [`127.0.0.1:${context.port}`, `localhost:${context.port}`];
  const { host, origin } = request.headers;
  if (host === undefined || !hosts.includes(host)) return refuse(response, 403);
  if (origin !== undefined && origin !== `http://${host}`) return refuse(response, 403);
  const [, token = '', path = '', ...rest] = (request.url ?? '').split('?')[0]?.split('/') ?? [];
  if (rest.length > 0 || !sameToken(token, context.token)) return refuse(response, 403);
  const session = new URLSearchParams(request.url?.split('?')[1]).get('session') ?? '';
  if (request.method === 'GET' && path === '') return sendPage(response, context, host);
  if (request.method === 'GET' && Object.hasOwn(FILES, path))
    return sendFile(response, context.folder, path);
  if (request.method === 'GET' && path === 'events') return openEvents(response, context, session);
  if (request.method === 'POST' && path === 'rpc') {
    return receiveMessage(request, response, context.sessions.get(session));
  }
  refuse(response, 404);
}

function sendPage(response: ServerResponse, context: Context, host: string): void {
  const nonce = randomBytes(18).toString('base64');
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  });
  response.end(context.html(`/${context.token}/`, nonce, `http://${host}`));
}

function sendFile(response: ServerResponse, folder: string, name: string): void {
  const stream = createReadStream(join(folder, name));
  stream.once('open', () => {
    response.writeHead(200, {
      'content-type': FILES[name],
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    stream.pipe(response);
  });
  stream.once('error', () => refuse(response, 404));
}

/** Server-sent events: one `data:` line per message; ends when the page goes away. */
function openEvents(response: ServerResponse, context: Context, session: string): void {
  if (
    !/^[\w-]{16,64}$/.test(session) ||
    context.sessions.has(session) ||
    context.sessions.size >= 32
  ) {
    return refuse(response, 409);
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write(': connected\n\n');
  const page = context.connect({ send: (text) => void response.write(`data: ${text}\n\n`) });
  context.sessions.set(session, page);
  response.once('close', () => {
    context.sessions.delete(session);
    page.close();
  });
}

function receiveMessage(
  request: IncomingMessage,
  response: ServerResponse,
  session: PageSession | undefined,
): void {
  if (!session) return refuse(response, 409);
  const chunks: Buffer[] = [];
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_BODY) {
      refuse(response, 413);
      request.destroy();
    } else chunks.push(chunk);
  });
  request.once('end', () => {
    if (size > MAX_BODY) return;
    session.receive(Buffer.concat(chunks).toString('utf8'));
    response.writeHead(204).end();
  });
}

function refuse(response: ServerResponse, status: number): void {
  if (response.headersSent) response.end();
  else response.writeHead(status, { 'content-type': 'text/plain' }).end(`${status}\n`);
}

function sameToken(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
