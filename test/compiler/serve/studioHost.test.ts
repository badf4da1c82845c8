import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type {
  DocumentState,
  EditRequest,
  PageError,
  RunsState,
} from '../../../compiler/protocol.ts';
import type { RunReport } from '../../../compiler/run/runProtocol.ts';
import { sidecarStore } from '../../../compiler/serve/sidecarStore.ts';
import { StudioHost } from '../../../compiler/serve/studioHost.ts';
import type { PageHandlers, WorkerPort } from '../../../compiler/serve/studioHost.ts';
import { createHandlers } from '../../../compiler/session/requests.ts';

/** The worker's own handlers, without a process between. */
function inProcessWorker(): WorkerPort {
  const handlers = createHandlers();
  const context = { isCancelled: () => false, progress: () => undefined };
  return { request: (name, params) => handlers[name](params as never, context) as never };
}

interface Opened {
  readonly page: PageHandlers;
  readonly events: { readonly name: string; readonly params: unknown }[];
  readonly error: PageError | null;
  /** As the page got it first. */
  readonly first: DocumentState | null;
  /** The document as the page knows it after all events. */
  readonly document: () => DocumentState;
}

async function open(model: string): Promise<Opened> {
  const host = new StudioHost(
    model,
    inProcessWorker(),
    sidecarStore(model),
    async () => report,
    async () => [],
  );
  const events: { name: string; params: unknown }[] = [];
  const { handlers } = host.connect({
    notify: (name, params) => void events.push({ name, params }),
  });
  const init = await handlers['page/ready']({ kept: null });
  const first = init.document === 'kept' ? null : init.document;
  const document = (): DocumentState =>
    events
      .filter(({ name }) => name === 'host/document')
      .reduce((state, { params }) => ({ ...state, ...(params as { document: object }).document }), {
        ...(first as DocumentState),
      });
  return { page: handlers, events, first, error: init.error, document };
}

/** One run of a plan whose first block took 2 ms. */
const report: RunReport = {
  target: 'wasm',
  threads: 1,
  latencyMs: { median: 5, p10: 4, p90: 6 },
  blocks: [],
  compileMs: 1,
  firstRunMs: 9,
  arenaBytes: 64,
  peakLiveBytes: 64,
  movedBytes: 128,
  peakProcessBytes: null,
  outputs: [],
  verify: null,
  noisy: false,
};

let folder: string;
let model: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'studio-host-'));
  model = join(folder, 'model.onnx');
  copyFileSync('test/models/vgg-16.onnx', model);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The first edge of the given kind whose endpoints are fused (or not). */
function findEdge(document: DocumentState, fused: boolean): { edge: number; a: number; b: number } {
  const { graph, plan } = document;
  const edge = plan.edgeFused.findIndex((flag) => (flag === 1) === fused);
  return { edge, a: graph.edges[2 * edge] ?? -1, b: graph.edges[2 * edge + 1] ?? -1 };
}

describe('the studio', () => {
  test('cut, undo, redo, save: the plan is back in a new session', async () => {
    const { page, document, events } = await open(model);
    const before = document().plan.blockIds.length;
    const { a, b } = findEdge(document(), true);
    expect(await page['page/edit']({ kind: 'cut', a, b })).toEqual({ ok: true });
    const cut = document().plan;
    expect(cut.blockOf[a]).not.toBe(cut.blockOf[b]);
    expect(cut.changedBlocks.length).toBeGreaterThan(0);
    await page['page/undo'](null);
    expect(document().plan.blockIds).toHaveLength(before);
    await page['page/redo'](null);
    expect(document().plan.blockOf).toEqual(cut.blockOf);
    expect(await page['page/save'](null)).toEqual({ ok: true });
    expect(events.at(-1)).toEqual({
      name: 'host/undoState',
      params: { canUndo: true, canRedo: false, dirty: false },
    });
    const again = await open(model);
    expect(again.first?.plan.blockOf).toEqual(cut.blockOf);
  });

  test('a run is told to every page, with its times on the graph', async () => {
    const { page, events, document } = await open(model);
    const [started, second] = [
      page['page/run']({ verify: false }),
      page['page/run']({ verify: false }),
    ];
    expect(await started).toEqual({ ok: true });
    expect(await second).toMatchObject({ ok: false });
    await expect.poll(() => events.at(-1)?.params).toMatchObject({ running: null });
    const { history, shown } = events.at(-1)!.params as RunsState;
    expect(history).toMatchObject([{ target: 'wasm', planner: document().plan.planner }]);
    expect(shown?.blockMs.length).toBe(document().plan.blockIds.length);
    await page['page/showRun']({ run: null });
    expect(events.at(-1)?.params).toMatchObject({ shown: null });
  });

  test('cutting and fusing again leaves no override behind', async () => {
    const { page, document } = await open(model);
    const { a, b } = findEdge(document(), true);
    await page['page/edit']({ kind: 'cut', a, b });
    await page['page/edit']({ kind: 'fuse', a, b });
    expect(document().edits.overrides).toEqual([]);
  });

  test('an impossible fuse is refused with its reason, and details still fit the screen', async () => {
    const { page, document } = await open(model);
    const { graph } = document();
    const conv = (operator: number): boolean =>
      graph.operatorTypes[graph.typeOf[operator] ?? -1] === 'Conv';
    const convs = [...graph.ids.keys()].filter(conv);
    const [a = -1, b = -1] = convs;
    const before = document();
    const request: EditRequest = { kind: 'fuse', a, b };
    const answer = await page['page/edit'](request);
    expect(answer).toMatchObject({ ok: false });
    expect(answer).toHaveProperty('message', expect.stringMatching(/kernel|Many-to-Many/));
    expect(document()).toEqual(before);
    const details = await page['page/details']({ target: { block: before.plan.blockOf[a] ?? -1 } });
    expect(details).toMatchObject({ kind: 'block' });
    if (details?.kind === 'block') expect(details.operators).not.toContain(b);
  });

  test('a malformed sidecar is reported, and kept when a fresh plan is saved over it', async () => {
    const sidecar = `${model}.fusion.json`;
    writeFileSync(sidecar, '{"version": 1, "overrides": 3}');
    const { page, first } = await open(model);
    expect(first?.diagnostics[0]?.code).toBe('sidecar/malformed');
    await page['page/save'](null);
    expect(readFileSync(`${sidecar}.bak`, 'utf8')).toContain('"overrides": 3');
    expect(JSON.parse(readFileSync(sidecar, 'utf8'))).toMatchObject({ version: 1 });
  });

  test('a sidecar of a newer program is never touched', async () => {
    const sidecar = `${model}.fusion.json`;
    writeFileSync(sidecar, '{"version": 99}');
    const { page, first } = await open(model);
    expect(first?.readOnly).toMatch(/version 99/);
    expect(await page['page/save'](null)).toMatchObject({ ok: false });
    expect(await page['page/edit']({ kind: 'replanAll' })).toMatchObject({ ok: false });
    expect(readFileSync(sidecar, 'utf8')).toBe('{"version": 99}');
  });

  test('a truncated model becomes an error page that can be tried again', async () => {
    const bytes = readFileSync(model);
    writeFileSync(model, bytes.subarray(0, bytes.length / 2));
    const { page, error, events } = await open(model);
    expect(error?.message).toMatch(/truncated|end/i);
    writeFileSync(model, bytes);
    await page['page/action']({ id: 'retry' });
    expect(events.at(-1)?.name).toBe('host/document');
    expect(existsSync(`${model}.fusion.json`)).toBe(false);
  });
});
