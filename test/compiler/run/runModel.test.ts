/** Whole runs of small models on both targets: results, checks, the cache, limits, and cancelling everywhere. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { RequestCancelled } from '../../../compiler/client/cancellation.ts';
import { runInProcess } from '../../../compiler/client/runProcess.ts';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import { NATIVE_SOURCES } from '../../../compiler/run/native/nativeSources.ts';
import { RunCancelled, RunFailure } from '../../../compiler/run/runFailure.ts';
import { runsFolder } from '../../../compiler/run/runFolder.ts';
import type { ModelRun, RunModelOptions } from '../../../compiler/run/runModel.ts';
import { runModel } from '../../../compiler/run/runModel.ts';
import { scalarsOf, tensorOf } from '../../../compiler/tensor/tensor.ts';
import { bundle } from '../../setup/bundle.ts';
import { onnxRuntimeInstalled } from '../../setup/onnxRuntime.ts';
import type { Bytes } from '../onnx/protoWriter.ts';
import { COUNTING, inMemory, LOOKUP, NETWORK, OPEN_SIZE, PLAIN, SLOW } from './smallModels.ts';

let base: string;
let script: string;
const temporary = process.env['TMPDIR'];

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'fusion-run-model-'));
  // Others' runs have their folders elsewhere.
  process.env['TMPDIR'] = base;
  script = join(base, 'runWorker.cjs');
  await bundle('compiler/runWorker.ts', script);
});
afterAll(() => {
  if (temporary === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = temporary;
  rmSync(base, { recursive: true });
});

const TARGETS = ['wasm', 'native'] as const;

/** Compilers are slow where a computer has other work. */
vi.setConfig({ testTimeout: 120_000 });

function run(bytes: Bytes, options: Partial<RunModelOptions> = {}): Promise<ModelRun> {
  return runModel({
    location: inMemory(bytes),
    edits: NO_EDITS,
    target: 'wasm',
    threads: 1,
    warmup: 0,
    runs: 2,
    verify: false,
    script,
    cacheFolder: join(base, 'cache'),
    ...options,
  });
}

/** Folders of runs that were not removed. */
function leftFolders(): string[] {
  return existsSync(runsFolder()) ? readdirSync(runsFolder()) : [];
}

/** Ids of processes that this one started and that are alive. */
function children(): number[] {
  return readdirSync('/proc/self/task').flatMap((task) => {
    const list = readFileSync(`/proc/self/task/${task}/children`, 'utf8');
    return list.split(' ').filter(Boolean).map(Number);
  });
}

/** What compilers and runners are; a test runner has children of its own. */
function isRunner(pid: number): boolean {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return command.includes('runWorker.cjs') || command.includes('fusion-studio-');
  } catch {
    return false;
  }
}

describe.each(TARGETS)('runModel on %s', (target) => {
  test.each([1, 2, 3])('agrees with the interpreter with %i threads', async (threads) => {
    const { report } = await run(NETWORK, { target, threads, verify: true });
    expect(report.verify).toMatchObject({ reference: 'interpreter', passed: true });
    expect(report).toMatchObject({ target, threads });
    expect(report.outputs).toEqual([
      { name: 'y', dims: [1, 10], dtype: 'float32' },
      { name: 'r', dims: [1, 16, 24, 24], dtype: 'float32' },
    ]);
    expect(report.latencyMs.median).toBeGreaterThan(0);
    expect(report.blocks.every(({ medianMs }) => medianMs > 0)).toBe(true);
    expect(report.peakProcessBytes).toBeGreaterThan(1e6);
    expect(leftFolders()).toEqual([]);
  });

  test.skipIf(!onnxRuntimeInstalled())('agrees with ONNX Runtime', async () => {
    const onnxRuntime = fileURLToPath(new URL('../../peers', import.meta.url));
    const { report } = await run(NETWORK, { target, verify: true, onnxRuntime });
    expect(report.verify).toMatchObject({ reference: 'onnxruntime', passed: true });
    const counted = await run(COUNTING, { target, verify: true, onnxRuntime });
    expect(counted.report.verify).toMatchObject({ reference: 'onnxruntime', passed: true });
  });

  test('tells a wrong result from a right one', async () => {
    const { outputs } = await run(NETWORK, { target });
    const wrong = outputs.map(({ dtype, dims, bytes }) => {
      const numbers = scalarsOf({ dtype, dims, bytes }).map((x) => Number(x) * 1.01);
      return tensorOf(dtype, dims, numbers);
    });
    const right = await run(NETWORK, { target, verify: true, expected: outputs });
    expect(right.report.verify).toMatchObject({ reference: 'given', passed: true });
    const other = await run(NETWORK, { target, verify: true, expected: wrong });
    expect(other.report.verify?.passed).toBe(false);
  });

  test('gives outputs whose size only the run knows', async () => {
    const x = Array.from({ length: 35 }, (_, i) => ((i * 7) % 5) - 2);
    const places = x.flatMap((value, i) => (value > 0 ? [[Math.floor(i / 7), i % 7]] : []));
    const inputs = [tensorOf('float32', [5, 7], x)];
    const { outputs } = await run(COUNTING, { target, inputs, threads: 2 });
    expect(outputs[0]!.dims).toEqual([places.length, 2]);
    expect(scalarsOf(outputs[0]!)).toEqual(places.flat());
    expect(outputs[1]!.dims).toEqual([2, places.length]);
    const none = await run(COUNTING, {
      target,
      inputs: [
        tensorOf(
          'float32',
          [5, 7],
          x.map(() => 0),
        ),
      ],
    });
    expect(none.outputs[0]!.dims).toEqual([0, 2]);
  });

  test('keeps what every block gives when asked', async () => {
    const edits = { ...NO_EDITS, planner: 'none' as const };
    const {
      run: own,
      bundle: packaged,
      outputs,
    } = await run(NETWORK, { target, edits, dump: true });
    expect(own.buffers.size).toBe(6);
    const relu = own.buffers.get(packaged.outputs[1]!.buffer)!;
    expect(Buffer.compare(relu, outputs[1]!.bytes)).toBe(0);
  });

  test('names the operator whose index is out of range', async () => {
    const x = tensorOf('float32', [4, 3], new Array<number>(12).fill(1));
    const inside = [x, tensorOf('int64', [2], [3n, -4n])];
    const { outputs } = await run(LOOKUP, { target, inputs: inside });
    expect(scalarsOf(outputs[0]!)).toEqual([1, 1, 1, 1, 1, 1]);
    const outside = [x, tensorOf('int64', [2], [3n, 4n])];
    const failure = await run(LOOKUP, { target, inputs: outside }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RunFailure);
    expect(failure).toMatchObject({
      failure: 'check',
      operators: expect.arrayContaining(['y']) as string[],
    });
    expect((failure as RunFailure).message).toMatch(/an index is out of range in operator 'y'/);
  });

  test('says which sizes are open', async () => {
    await expect(run(OPEN_SIZE, { target })).rejects.toMatchObject({
      failure: 'unsupported',
      message: 'Sizes are open: give a number for "n".',
    });
    const bound = { ...NO_EDITS, bindings: { n: 5 } };
    expect((await run(OPEN_SIZE, { target, edits: bound })).outputs[0]!.dims).toEqual([1, 5]);
  });

  test('ends at the time limit and says where it was', async () => {
    const slow = run(SLOW, { target, limitSeconds: 1 });
    await expect(slow).rejects.toMatchObject({
      failure: 'limit',
      message: expect.stringContaining('(Loop)') as string,
    });
    expect(children().filter(isRunner)).toEqual([]);
  });

  test('says how the process ended that was killed', async () => {
    let timer: NodeJS.Timeout | undefined;
    const killed = run(SLOW, {
      target,
      onProgress: (stage) => {
        if (stage !== 'Running' || timer) return;
        timer = setInterval(() => {
          for (const pid of children().filter(isRunner)) process.kill(pid, 'SIGKILL');
        }, 200);
      },
    });
    await expect(killed).rejects.toMatchObject({
      failure: 'crashed',
      message: 'The run was ended by SIGKILL before it was done.',
    });
    clearInterval(timer);
    expect(leftFolders()).toEqual([]);
  });

  test('can be cancelled at every stage and leaves nothing behind', async () => {
    const stages = new Set<string>();
    const options = { target, verify: true, threads: 2, cacheFolder: join(base, 'cancel') };
    await run(PLAIN, {
      ...options,
      cacheFolder: join(base, 'cancel0'),
      onProgress: (stage) => void stages.add(stage.replace(/\d+/g, 'N')),
    });
    expect([...stages]).toEqual(
      expect.arrayContaining(['Reading the model', 'Planning', 'Packing weights', 'Running']),
    );
    if (target === 'native') expect([...stages]).toContain('Compiling N of N');
    for (const wanted of stages) {
      const abort = new AbortController();
      const cancelled = run(PLAIN, {
        ...options,
        signal: abort.signal,
        onProgress: (stage) => {
          if (stage.replace(/\d+/g, 'N') === wanted) abort.abort();
        },
      });
      await expect(cancelled, wanted).rejects.toBeInstanceOf(RunCancelled);
      expect(leftFolders(), wanted).toEqual([]);
      expect(children().filter(isRunner), wanted).toEqual([]);
    }
  });

  test('can be cancelled while a kernel runs', async () => {
    const abort = new AbortController();
    const cancelled = run(SLOW, {
      target,
      signal: abort.signal,
      onProgress: (stage) => {
        if (stage === 'Running') setTimeout(() => abort.abort(), 500);
      },
    });
    await expect(cancelled).rejects.toBeInstanceOf(RunCancelled);
    expect(children().filter(isRunner)).toEqual([]);
    expect(leftFolders()).toEqual([]);
  });
});

describe('native builds', () => {
  test('compile only the kernels that a change of the plan made new', async () => {
    const cacheFolder = join(base, 'fuse');
    const none = { ...NO_EDITS, planner: 'none' as const };
    const first = await run(NETWORK, { target: 'native', edits: none, cacheFolder });
    // Six kernels, the runtime and the tables.
    const runtime = Object.keys(NATIVE_SOURCES).filter((name) => name.endsWith('.c')).length;
    expect(first.run).toMatchObject({ compiled: 7 + runtime, cached: 0 });
    const again = await run(NETWORK, { target: 'native', edits: none, cacheFolder });
    expect(again.run).toMatchObject({ compiled: 0, cached: 7 + runtime });
    const fused = { ...none, overrides: [{ kind: 'fuse', a: 'c', b: 'r' } as const] };
    const changed = await run(NETWORK, { target: 'native', edits: fused, cacheFolder });
    // Conv and Relu as one, and the tables; whatever their numbers are now, the others are known.
    expect(changed.plan.blocks).toHaveLength(5);
    expect(changed.run).toMatchObject({ compiled: 2, cached: 4 + runtime });
  });

  test("name the block and show the compiler's own message when it fails", async () => {
    const failure = await run(NETWORK, {
      target: 'native',
      compilerFlags: ['-Dfloat=struct wrong'],
      cacheFolder: join(base, 'failing'),
    }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      failure: 'compiler',
      message: expect.stringMatching(/The C compiler failed on \w+\.c\./) as string,
      details: expect.stringContaining('struct wrong') as string,
    });
    expect(leftFolders()).toEqual([]);
  });

  test('say when there is no compiler', async () => {
    const none = run(NETWORK, { target: 'native', compiler: '/nowhere/cc' });
    await expect(none).rejects.toMatchObject({ failure: 'unavailable' });
  });
});

describe('the run process', () => {
  const request = {
    edits: NO_EDITS,
    threads: 1,
    warmup: 0,
    runs: 1,
    verify: false,
  } as const;
  const start = (
    bytes: Bytes,
    signal = new AbortController().signal,
    onProgress: (stage: string) => void = () => undefined,
  ) =>
    runInProcess(
      { ...request, target: 'wasm', location: inMemory(bytes) },
      { script, heapMb: 1024, log: () => undefined, onProgress, signal },
    );

  test('answers with progress and a report', async () => {
    const stages: string[] = [];
    const report = await start(NETWORK, undefined, (stage) => void stages.push(stage));
    expect(report.outputs.map(({ name }) => name)).toEqual(['y', 'r']);
    expect(stages).toContain('Running');
  });

  test('answers with the reason', async () => {
    await expect(start(OPEN_SIZE)).rejects.toThrow('Sizes are open: give a number for "n".');
    await expect(start(new Uint8Array([1, 2, 3]))).rejects.toThrow(/model/);
  });

  test('ends with everything that it started when cancelled', async () => {
    const abort = new AbortController();
    const cancelled = start(SLOW, abort.signal, (stage) => {
      if (stage === 'Running') setTimeout(() => abort.abort(), 300);
    });
    await expect(cancelled).rejects.toBeInstanceOf(RequestCancelled);
    expect(children().filter(isRunner)).toEqual([]);
    expect(leftFolders()).toEqual([]);
  });
});
