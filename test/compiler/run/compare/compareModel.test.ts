/** Two plans of small models in one program, on all targets of this computer. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { PlanEdits } from '../../../../compiler/fusion/plan.ts';
import { NO_EDITS } from '../../../../compiler/fusion/plan.ts';
import { DEFAULT_REWRITES } from '../../../../compiler/rewrite/rewrite.ts';
import type { CompareModelOptions } from '../../../../compiler/run/compare/compareModel.ts';
import { compareModel } from '../../../../compiler/run/compare/compareModel.ts';
import { RunFailure } from '../../../../compiler/run/runFailure.ts';
import type { CompareReport } from '../../../../compiler/run/runProtocol.ts';
import { tensorOf } from '../../../../compiler/tensor/tensor.ts';
import { bundle } from '../../../setup/bundle.ts';
import { openclLacks } from '../../emit/opencl/openclLacks.ts';
import type { Bytes } from '../../onnx/protoWriter.ts';
import { input, model, node } from '../../onnx/protoWriter.ts';
import { COUNTING, inMemory, LOOKUP, NETWORK, OPEN_SIZE } from '../smallModels.ts';

let base: string;
let script: string;

/** Compilers are slow where a computer has other work. */
vi.setConfig({ testTimeout: 120_000 });

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'fusion-compare-'));
  vi.stubEnv('POCL_CACHE_DIR', join(base, 'kernels'));
  script = join(base, 'runWorker.cjs');
  await bundle('compiler/runWorker.ts', script);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(base, { recursive: true });
});

const UNFUSED: PlanEdits = { ...NO_EDITS, planner: 'none' };

function compare(bytes: Bytes, options: Partial<CompareModelOptions> = {}): Promise<CompareReport> {
  return compareModel({
    location: inMemory(bytes),
    a: NO_EDITS,
    b: UNFUSED,
    target: 'wasm',
    threads: 1,
    warmup: 2,
    runs: 20,
    script,
    cacheFolder: join(base, 'cache'),
    ...options,
  });
}

/** Unfused, it reads and writes everything thirty times. */
const CHAIN: Bytes = model({
  opset: 17,
  inputs: [input('x', 'float32', [1, 16, 128, 128])],
  nodes: [
    node('Relu', ['x'], ['v0']),
    ...Array.from({ length: 28 }, (_, i) => node('Abs', [`v${i}`], [`v${i + 1}`])),
    node('Neg', ['v28'], ['y']),
  ],
  outputs: ['y'],
});

const PLACES = [
  ['wasm', undefined],
  ['native', undefined],
  ['opencl', openclLacks()],
] as const;

describe.each(PLACES)('compareModel on %s', (target, lacks) => {
  // Says what a skipped part lacks.
  if (lacks !== undefined) return void test.skip(lacks);

  test('times both plans by turns and matches their blocks', async () => {
    const report = await compare(NETWORK, { target });
    expect(report.target).toBe(target);
    expect(report.pairs).toBe(20);
    expect([report.a.planner, report.b.planner]).toEqual(['dnnfusion', 'none']);
    expect(report.b.blocks.length).toBeGreaterThan(report.a.blocks.length);
    expect(report.agreement).toMatchObject({ passed: true });
    expect(report.agreement.outputs).toHaveLength(2);
    const { median, low, high } = report.differenceMs;
    expect(low).toBeLessThanOrEqual(median);
    expect(high).toBeGreaterThanOrEqual(median);
    // Every block of both stands in one row.
    const rows = report.blocks;
    const own = report.a.blocks.map(({ id }) => id).filter(Boolean);
    expect(rows.flatMap(({ a }) => a).sort()).toEqual([...own].sort());
    const others = report.b.blocks.map(({ id }) => id).filter(Boolean);
    expect(rows.flatMap(({ b }) => b).sort()).toEqual([...others].sort());
    expect(rows.every(({ aMs, bMs }) => aMs > 0 || bMs > 0)).toBe(true);
  });

  test('sees that a fused chain is faster, whichever of the two it is', async () => {
    const forth = await compare(CHAIN, { target, runs: 40 });
    expect(forth.verdict).toBe('a-faster');
    expect(forth.ratio.low).toBeGreaterThan(1);
    const back = await compare(CHAIN, { target, runs: 40, a: UNFUSED, b: NO_EDITS });
    expect(back.verdict).toBe('b-faster');
    expect(back.ratio.high).toBeLessThan(1);
    expect(back.differenceMs.high).toBeLessThan(0);
  });

  test('plans with sizes that a run finds out', async () => {
    const report = await compare(COUNTING, { target });
    expect(report.agreement).toMatchObject({ passed: true });
  });

  test('a check that fails names the operator, whoever shares its kernel', async () => {
    const inputs = [undefined, tensorOf('int64', [2], [1n, 9n])];
    const own = { ...UNFUSED, rewrite: { ...DEFAULT_REWRITES, enabled: false } };
    const failing = compare(LOOKUP, { target, inputs, a: own, b: own });
    await expect(failing).rejects.toMatchObject({
      failure: 'check',
      message: expect.stringContaining("in operator 'y'") as string,
      operators: ['y'],
    });
  });
});

test('sizes have to be the same for both', async () => {
  const a: PlanEdits = { ...NO_EDITS, bindings: { n: 3 } };
  const b: PlanEdits = { ...NO_EDITS, bindings: { n: 4 } };
  await expect(compare(OPEN_SIZE, { a, b })).rejects.toThrow(RunFailure);
});
