/** The client against a real process that crashes, hangs and fails on command. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CancellationTokenSource } from 'vscode-jsonrpc/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RequestCancelled } from '../../../compiler/client/cancellation.ts';
import { WorkerClient } from '../../../compiler/client/workerClient.ts';
import type { WorkerClientOptions } from '../../../compiler/client/workerClient.ts';
import { ModelError } from '../../../compiler/diagnostics.ts';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import type { PlanEdits } from '../../../compiler/fusion/plan.ts';
import type { OpenResult, WorkerRequests } from '../../../compiler/protocol.ts';

const script = fileURLToPath(new URL('./fakeWorker.mjs', import.meta.url));
const otherEdits: PlanEdits = { ...NO_EDITS, planner: 'pattern' };

/** What the fake is told; see there. */
interface Orders {
  readonly log?: string;
  readonly crash?: true;
  readonly crashOnce?: string;
  readonly fail?: string;
  readonly hang?: true;
  readonly wait?: number;
  readonly memory?: true;
  readonly print?: string;
}

let client: WorkerClient;
let folder: string;
let logged: string[];

function start(options: Partial<WorkerClientOptions> = {}): void {
  client = new WorkerClient({ script, log: (line) => logged.push(line), ...options });
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fusion-client-'));
  logged = [];
  start();
});
afterEach(() => {
  client.dispose();
  rmSync(folder, { recursive: true });
});

function open(doc: string, orders: Orders = {}, token?: CancellationTokenSource['token']) {
  const location = { kind: 'file', path: JSON.stringify(orders) } as const;
  return client.request('document/open', { doc, location, edits: NO_EDITS }, token) as Promise<
    OpenResult & { pid: number; columns: Float64Array }
  >;
}

function details(doc: string, orders: Orders = {}, token?: CancellationTokenSource['token']) {
  const target = orders as unknown as WorkerRequests['document/details'][0]['target'];
  return client.request('document/details', { doc, target }, token) as Promise<unknown> as Promise<{
    edits: PlanEdits;
    pid: number;
  }>;
}

function explain(doc: string): Promise<string> {
  return client.request('document/explain', { doc, edge: 0 });
}

describe('the worker client', () => {
  it('starts no process before it is asked something', async () => {
    expect(logged).toEqual([]);
    await open('a');
    expect(logged[0]).toMatch(/started/);
  });

  it('gets typed arrays and progress', async () => {
    const progress: unknown[] = [];
    start({ onProgress: (report) => progress.push(report) });
    const { columns } = await open('a');
    expect(columns).toBeInstanceOf(Float64Array);
    expect([...columns]).toEqual([1, 2, 3]);
    await expect.poll(() => progress).toEqual([{ doc: 'a', stage: 'Reading' }]);
  });

  it('passes on the error of a model that cannot be opened, and forgets the model', async () => {
    const error = await open('a', { fail: 'cut short' }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ModelError);
    expect(error).toMatchObject({ code: 'model/truncated', message: 'cut short', node: 'n' });
    await expect(details('a')).rejects.toThrow('not open');
  });

  it('logs what the process prints', async () => {
    await open('a', { print: 'hello from inside' });
    await expect.poll(() => logged.join()).toContain('hello from inside');
  });

  it('closes documents, also while they are being opened', async () => {
    await open('a');
    await open('b');
    const opening = open('c', { wait: 50 });
    await client.request('document/close', { doc: 'c' });
    await client.request('document/close', { doc: 'b' });
    await opening;
    await expect.poll(() => explain('a')).toBe('a');
  });
});

describe('after a crash', () => {
  it('opens every document again with its current edits and answers the request', async () => {
    const first = await open('a');
    await open('b');
    await client.request('document/replan', { doc: 'a', edits: otherEdits });
    const answer = await details('a', { crashOnce: join(folder, 'once') });
    expect(answer.edits).toEqual(otherEdits);
    expect(answer.pid).not.toBe(first.pid);
    expect((await details('b')).edits).toEqual(NO_EDITS);
    expect(logged.join()).toContain('ended with code 3');
  });

  it('opens the documents again without being asked', async () => {
    const log = join(folder, 'opened');
    await open('a', { log });
    await open('b', { log });
    await details('a', { crashOnce: join(folder, 'once') });
    await expect.poll(() => readFileSync(log, 'utf8').trim().split('\n').length).toBe(4);
    expect(await explain('a')).toBe('a,b');
  });

  it('gives up on a document after two restarts; the others stay open', async () => {
    const log = join(folder, 'tries');
    await open('good');
    await open('bad');
    await client.request('document/replan', { doc: 'good', edits: otherEdits });
    const error = await details('bad', { crash: true, log }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ModelError);
    expect((error as Error).message).toMatch(/stopped 3 times .* ended with code 4/);
    expect(readFileSync(log, 'utf8').trim().split('\n')).toHaveLength(3);
    await expect(explain('bad')).rejects.toThrow(/stopped 3 times/);
    expect((await details('good')).edits).toEqual(otherEdits);
  });

  it('blames the document that crashes, not one that is at work at the same time', async () => {
    await open('good');
    await open('bad');
    const good = details('good', { wait: 20 });
    await expect(details('bad', { crash: true })).rejects.toThrow(/stopped/);
    expect((await good).edits).toEqual(NO_EDITS);
    expect(await explain('good')).toBe('good');
  });

  it('may be tried again by opening the model again', async () => {
    await expect(open('a', { crash: true })).rejects.toThrow(/stopped 3 times/);
    expect((await open('a')).columns).toHaveLength(3);
  });

  it('says so when memory ran out', async () => {
    start({ heapMb: 40 });
    await expect(open('a', { memory: true })).rejects.toThrow('ran out of memory (limit 40 MB)');
  });

  it('says so when the process cannot even start', async () => {
    start({ script: join(folder, 'missing.cjs') });
    await expect(open('a')).rejects.toThrow(/ended with code 1 \(Error: Cannot find module/);
  });
});

describe('cancelling', () => {
  it('is answered by the worker', async () => {
    const { pid } = await open('a');
    const source = new CancellationTokenSource();
    const waiting = details('a', { wait: 60_000 }, source.token);
    setTimeout(() => source.cancel(), 50);
    await expect(waiting).rejects.toBeInstanceOf(RequestCancelled);
    expect((await details('a')).pid).toBe(pid);
  });

  it('ends a worker that does not listen, and opens the others again', async () => {
    start({ cancelGraceMs: 200 });
    const { pid } = await open('other');
    await client.request('document/replan', { doc: 'other', edits: otherEdits });
    const source = new CancellationTokenSource();
    const waiting = open('deaf', { hang: true }, source.token);
    const behind = details('other');
    setTimeout(() => source.cancel(), 50);
    await expect(waiting).rejects.toBeInstanceOf(RequestCancelled);
    const answer = await behind;
    expect(answer.pid).not.toBe(pid);
    expect(answer.edits).toEqual(otherEdits);
    expect(await explain('other')).toBe('other');
  });

  it('of everything: dispose', async () => {
    await open('a');
    const waiting = details('a', { wait: 60_000 });
    client.dispose();
    await expect(waiting).rejects.toBeInstanceOf(RequestCancelled);
    await expect(open('a')).rejects.toBeInstanceOf(RequestCancelled);
  });
});
