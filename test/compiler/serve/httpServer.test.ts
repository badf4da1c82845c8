import { request } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startStudioServer } from '../../../compiler/serve/httpServer.ts';
import type { PageLink, StudioServer } from '../../../compiler/serve/httpServer.ts';

let server: StudioServer;
let folder: string;
const received: string[] = [];
let link: PageLink | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'studio-'));
  writeFileSync(join(folder, 'webview.js'), 'hello');
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  server = await startStudioServer({
    folder,
    port: 0,
    html: (base, nonce) => `${base} ${nonce}`,
    connect: (page) => {
      link = page;
      return { receive: (text) => void received.push(text), close: () => undefined };
    },
  });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

interface Reply {
  readonly status: number;
  readonly body: string;
}

function call(path: string, headers: Record<string, string> = {}, body?: string): Promise<Reply> {
  const { port } = new URL(server.url);
  const method = body === undefined ? 'GET' : 'POST';
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, headers, method }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('the loopback server', () => {
  test('serves the page and its files under the token', async () => {
    const base = new URL(server.url).pathname;
    expect((await call(base)).body).toContain(base);
    expect(await call(`${base}webview.js`)).toEqual({ status: 200, body: 'hello' });
  });

  test('refuses without the token, and another Host or Origin', async () => {
    const base = new URL(server.url).pathname;
    expect((await call('/')).status).toBe(403);
    expect((await call('/wrong/webview.js')).status).toBe(403);
    expect((await call(base, { host: 'evil.example' })).status).toBe(403);
    expect((await call(base, { origin: 'http://evil.example' })).status).toBe(403);
  });

  test('serves nothing outside its list', async () => {
    const base = new URL(server.url).pathname;
    for (const path of ['secret.txt', '..%2fsecret.txt', '../secret.txt', 'a/b', 'constructor']) {
      expect((await call(base + path)).status, path).toBeGreaterThanOrEqual(403);
    }
  });

  test('carries messages both ways, for a connected page only', async () => {
    const base = new URL(server.url).pathname;
    const session = 'abcdefghijklmnop';
    expect((await call(`${base}rpc?session=${session}`, {}, '{}')).status).toBe(409);
    const events = await fetch(`${server.url}events?session=${session}`);
    const reader = events.body?.getReader();
    const read = async () => new TextDecoder().decode((await reader?.read())?.value);
    expect(await read()).toContain('connected');
    link?.send('{"x":1}');
    expect(await read()).toBe('data: {"x":1}\n\n');
    expect((await call(`${base}rpc?session=${session}`, {}, '{"y":2}')).status).toBe(204);
    expect(received).toEqual(['{"y":2}']);
    expect((await call(`${base}rpc?session=${session}`, {}, 'x'.repeat(2 << 20))).status).toBe(413);
    await reader?.cancel();
  });
});
