/** Whole runs of small models on an OpenCL device: results, sizes that a run finds, checks, limits, devices that are missing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { NO_EDITS } from '../../../../compiler/fusion/plan.ts';
import { RunCancelled } from '../../../../compiler/run/runFailure.ts';
import type { ModelRun, RunModelOptions } from '../../../../compiler/run/runModel.ts';
import { runModel } from '../../../../compiler/run/runModel.ts';
import { scalarsOf, tensorOf } from '../../../../compiler/tensor/tensor.ts';
import { bundle } from '../../../setup/bundle.ts';
import { onnxRuntimeInstalled } from '../../../setup/onnxRuntime.ts';
import { openclLacks, suiteName } from '../../emit/opencl/openclLacks.ts';
import type { Bytes } from '../../onnx/protoWriter.ts';
import { input, model, node, tensor } from '../../onnx/protoWriter.ts';
import { COUNTING, inMemory, LOOKUP, NETWORK, SLOW } from '../smallModels.ts';

let base: string;
let script: string;

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'fusion-run-opencl-'));
  vi.stubEnv('POCL_CACHE_DIR', join(base, 'kernels'));
  script = join(base, 'runWorker.cjs');
  await bundle('compiler/runWorker.ts', script);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(base, { recursive: true });
});

vi.setConfig({ testTimeout: 120_000 });

function run(bytes: Bytes, options: Partial<RunModelOptions> = {}): Promise<ModelRun> {
  return runModel({
    location: inMemory(bytes),
    edits: NO_EDITS,
    target: 'opencl',
    threads: 1,
    warmup: 0,
    runs: 2,
    verify: false,
    script,
    cacheFolder: join(base, 'cache'),
    ...options,
  });
}

describe.skipIf(openclLacks() !== undefined)(suiteName('runs on OpenCL'), () => {
  test('agree with the interpreter and are timed', async () => {
    const { report } = await run(NETWORK, { verify: true });
    expect(report.verify).toMatchObject({ reference: 'interpreter', passed: true });
    expect(report.target).toBe('opencl');
    expect(report.device).toMatchObject({ opencl: expect.stringMatching(/^OpenCL \d\.\d/) });
    expect(report.latencyMs.median).toBeGreaterThan(0);
    expect(report.blocks.every(({ medianMs }) => medianMs > 0)).toBe(true);
  });

  test.skipIf(!onnxRuntimeInstalled())('agree with ONNX Runtime', async () => {
    const onnxRuntime = fileURLToPath(new URL('../../../peers', import.meta.url));
    const { report } = await run(NETWORK, { verify: true, onnxRuntime });
    expect(report.verify).toMatchObject({ reference: 'onnxruntime', passed: true });
  });

  test('give outputs whose size only the run knows', async () => {
    const x = Array.from({ length: 35 }, (_, i) => ((i * 7) % 5) - 2);
    const places = x.flatMap((value, i) => (value > 0 ? [[Math.floor(i / 7), i % 7]] : []));
    const { outputs } = await run(COUNTING, { inputs: [tensorOf('float32', [5, 7], x)] });
    expect(outputs[0]!.dims).toEqual([places.length, 2]);
    expect(scalarsOf(outputs[0]!)).toEqual(places.flat());
    const nothing = x.map(() => 0);
    const none = await run(COUNTING, { inputs: [tensorOf('float32', [5, 7], nothing)] });
    expect(none.outputs[0]!.dims).toEqual([0, 2]);
  });

  test('cover every row where their number is no multiple of a vector', async () => {
    const bytes = model({
      opset: 17,
      inputs: [
        input('x', 'float32', [40, 4]),
        input('mask', 'float32', [40]),
        input('pick', 'int64', [3]),
      ],
      initializers: [
        tensor('zero', 'int64', [1], [0]),
        tensor('one', 'int64', [1], [1]),
        tensor('columns', 'int64', [4], [1, 2, 3, 4]),
      ],
      nodes: [
        node('NonZero', ['mask'], ['found']),
        node('Squeeze', ['found', 'zero'], ['at']),
        node('Gather', ['x', 'at'], ['boxes']),
        node('Shape', ['at'], ['count']),
        node('Concat', ['count', 'one'], ['shape'], { axis: 0 }),
        node('ConstantOfShape', ['shape'], ['image']),
        node('Concat', ['image', 'boxes'], ['regions'], { axis: 1 }),
        node('Gather', ['regions', 'pick'], ['rows']),
        node('Gather', ['rows', 'columns'], ['y'], { axis: 1 }),
      ],
      outputs: ['boxes', 'y'],
    });
    const x = Array.from({ length: 160 }, (_, i) => i);
    const inputs = [
      tensorOf('float32', [40, 4], x),
      tensorOf(
        'float32',
        [40],
        x.slice(0, 40).map((i) => (i % 6 === 1 ? 1 : 0)),
      ),
      tensorOf('int64', [3], [3n, 4n, 6n]),
    ];
    const { outputs } = await run(bytes, { inputs });
    expect(outputs[0]!.dims).toEqual([7, 4]);
    const rows = [19, 25, 37].flatMap((row) => x.slice(4 * row, 4 * row + 4));
    expect(scalarsOf(outputs[1]!)).toEqual(rows);
  });

  test('name the operator whose check failed', async () => {
    const x = tensorOf('float32', [4, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    const at = (...places: number[]) => tensorOf('int64', [2], places);
    const { outputs } = await run(LOOKUP, { inputs: [x, at(3, -4)] });
    expect(scalarsOf(outputs[0]!)).toEqual([9, 10, 11, 0, 1, 2]);
    await expect(run(LOOKUP, { inputs: [x, at(1, 4)] })).rejects.toThrow(
      /an index is out of range in operator '(y|pick)/,
    );
  });

  test('take every element type', async () => {
    const types = [
      'float16',
      'bfloat16',
      'float64',
      'int8',
      'uint8',
      'int16',
      'uint16',
      'int32',
      'uint32',
      'int64',
      'uint64',
      'bool',
    ] as const;
    const names = types.map((type) => `x_${type}`);
    const bytes = model({
      opset: 17,
      inputs: types.map((type, i) => input(names[i]!, type, [9])),
      nodes: names.map((name) => node('Cast', [name], [`y_${name}`], { to: 1 })),
      outputs: names.map((name) => `y_${name}`),
    });
    const numbers = [0, 1, 0, 1, 1, 0, 0, 1, 1];
    const inputs = types.map((type) =>
      tensorOf(type, [9], type === 'int64' || type === 'uint64' ? numbers.map(BigInt) : numbers),
    );
    const { outputs } = await run(bytes, { inputs });
    expect(outputs.map((output) => scalarsOf(output))).toEqual(types.map(() => numbers));
  });

  test('end at the time limit', async () => {
    await expect(run(SLOW, { limitSeconds: 2 })).rejects.toMatchObject({ failure: 'limit' });
  });

  test('end when they are cancelled', async () => {
    const abort = new AbortController();
    const cancelled = run(SLOW, {
      signal: abort.signal,
      onProgress: (stage) => {
        if (stage === 'Running') setTimeout(() => abort.abort(), 500);
      },
    });
    await expect(cancelled).rejects.toBeInstanceOf(RunCancelled);
  });

  test('say that there is no device', async () => {
    vi.stubEnv('OCL_ICD_VENDORS', join(base, 'none'));
    try {
      await expect(run(NETWORK)).rejects.toMatchObject({
        failure: 'unavailable',
        message: expect.stringMatching(/knows no device\. Install .*\(native\)\.$/) as string,
      });
    } finally {
      vi.stubEnv('OCL_ICD_VENDORS', undefined);
    }
  });
});
