// The worker's times and memory beside the bars of the design: opening (cold: a fresh process each time), planning,
// a local replan, and the size of what travels to the page. Not a test: numbers vary with the machine.
// Run: npm run bench -- compiler [MODEL...]
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { serialize } from 'node:v8';
import { IPCMessageReader, IPCMessageWriter, createMessageConnection } from 'vscode-jsonrpc/node';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { NO_EDITS } from '../../compiler/fusion/plan.ts';
import type { PlanEdits } from '../../compiler/fusion/plan.ts';
import type { OpenResult, ReplanResult } from '../../compiler/protocol.ts';
import { swinModel } from './swinModel.ts';
import { median } from './report/statistics.ts';

const RUNS = 5;

interface Worker {
  readonly process: ChildProcess;
  readonly connection: MessageConnection;
}

function startWorker(): Worker {
  const child = fork(resolve('dist/worker.cjs'), { serialization: 'advanced', execArgv: [] });
  const connection = createMessageConnection(
    new IPCMessageReader(child),
    new IPCMessageWriter(child),
  );
  connection.listen();
  return { process: child, connection };
}

/** Resident memory in MB: now, and the peak (Linux only; elsewhere NaN). */
function memoryOf({ process }: Worker): { now: number; peak: number } {
  try {
    const status = readFileSync(`/proc/${process.pid}/status`, 'utf8');
    const kb = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]);
    return { now: kb('VmRSS') / 1024, peak: kb('VmHWM') / 1024 };
  } catch {
    return { now: Number.NaN, peak: Number.NaN };
  }
}

interface Measured {
  readonly operators: number;
  readonly blocks: number;
  readonly openCold: number;
  readonly openWarm: number;
  readonly importMs: number;
  readonly inferMs: number;
  readonly planMs: number;
  readonly replanMs: number;
  readonly snapshotKb: number;
  readonly memory: number;
}

async function measure(path: string): Promise<Measured> {
  const worker = startWorker();
  const open = (doc: string): Promise<OpenResult> =>
    worker.connection.sendRequest('document/open', {
      doc,
      location: { kind: 'file', path },
      edits: NO_EDITS,
    });
  const timed = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
    const start = performance.now();
    const result = await work();
    return [result, performance.now() - start];
  };
  // Start-up of the process is paid while the page boots: it is not part of opening.
  await worker.connection.sendRequest('document/close', { doc: 'warm' });
  const [first, openCold] = await timed(() => open('a'));
  const { now: memory } = memoryOf(worker);
  const warm: [OpenResult, number][] = [];
  for (let i = 0; i < 3; i++) warm.push(await timed(() => open('a')));
  const { graph, plan } = first;
  const replans: number[] = [];
  const fused = [...plan.edgeFused.keys()].filter((edge) => plan.edgeFused[edge] === 1);
  for (let i = 1; i <= 5; i++) {
    const edge = fused[Math.floor((fused.length * i) / 6)] ?? 0;
    const id = (end: number): string => graph.ids[graph.edges[2 * edge + end] ?? 0] ?? '';
    const edits: PlanEdits = {
      ...NO_EDITS,
      overrides: [{ kind: 'cut', a: id(0), b: id(1) }],
    };
    const [replanned] = await timed<ReplanResult>(() =>
      worker.connection.sendRequest('document/replan', { doc: 'a', edits, shown: NO_EDITS }),
    );
    replans.push(replanned.planMs);
  }
  worker.connection.dispose();
  worker.process.kill();
  return {
    operators: graph.ids.length,
    blocks: plan.blockIds.length,
    openCold,
    openWarm: median(warm.map(([, ms]) => ms)),
    importMs: first.timings.importMs,
    inferMs: first.timings.inferMs,
    planMs: first.timings.planMs,
    replanMs: median(replans),
    snapshotKb: serialize({ graph, plan }).length / 1024,
    memory,
  };
}

async function medianOf(path: string): Promise<Measured> {
  const runs: Measured[] = [];
  for (let i = 0; i < RUNS; i++) runs.push(await measure(path));
  const entries = Object.keys(runs[0] as Measured).map((key) => [
    key,
    Math.round(median(runs.map((run) => run[key as keyof Measured]))),
  ]);
  return Object.fromEntries(entries) as Measured;
}

async function main(models: string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const swin = join(folder, 'swin.onnx');
  writeFileSync(swin, swinModel());
  if (models.length === 0) {
    models = ['test/models/mask-rcnn.onnx', 'test/models/mobilebert.onnx', swin];
  }
  const table: Record<string, Measured> = {};
  for (const path of models) table[basename(path)] = await medianOf(resolve(path));
  rmSync(folder, { recursive: true });
  console.log(`Milliseconds, median of ${RUNS} fresh processes; memory in MB after opening.`);
  console.log('Bars: import 150, shapes and plan 300; plan 300; local replan 30; memory 250.');
  console.table(table);
}

void main(process.argv.slice(2));
