/** Attention fused by hand: one kernel where there were three, with the same results. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Override } from '../../../compiler/fusion/plan.ts';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import type { ModelRun } from '../../../compiler/run/runModel.ts';
import { runModel } from '../../../compiler/run/runModel.ts';
import { bundle } from '../../setup/bundle.ts';
import { input, model, node } from '../onnx/protoWriter.ts';
import { inMemory } from './smallModels.ts';

vi.setConfig({ testTimeout: 120_000 });

const [HEADS, LENGTH, WIDTH] = [3, 200, 24];

const ATTENTION = model({
  opset: 17,
  inputs: [
    input('q', 'float32', [HEADS, LENGTH, WIDTH]),
    input('k', 'float32', [HEADS, WIDTH, LENGTH]),
    input('v', 'float32', [HEADS, LENGTH, WIDTH]),
    input('mask', 'float32', [1, LENGTH]),
  ],
  nodes: [
    node('MatMul', ['q', 'k'], ['scores']),
    node('Add', ['scores', 'mask'], ['masked']),
    node('Softmax', ['masked'], ['shares'], { axis: -1 }),
    node('MatMul', ['shares', 'v'], ['y']),
  ],
  outputs: ['y'],
});

const CHAIN = ['scores', 'masked', 'shares', 'y'];
const fuses: readonly Override[] = CHAIN.slice(1).map((b, i) => ({
  kind: 'fuse',
  a: CHAIN[i]!,
  b,
}));

let base: string;
let script: string;
beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'fusion-attention-'));
  script = join(base, 'runWorker.cjs');
  await bundle('compiler/runWorker.ts', script);
});
afterAll(() => rmSync(base, { recursive: true }));

function run(target: 'wasm' | 'native', overrides: readonly Override[]): Promise<ModelRun> {
  return runModel({
    location: inMemory(ATTENTION),
    edits: { ...NO_EDITS, planner: 'none', overrides },
    target,
    threads: 2,
    warmup: 0,
    runs: 2,
    verify: true,
    script,
    cacheFolder: join(base, 'cache'),
  });
}

describe.each(['wasm', 'native'] as const)('attention on %s', (target) => {
  test('is one block with what it gives unfused', async () => {
    const fused = await run(target, fuses);
    expect(fused.report.blocks.map(({ id }) => id)).toEqual(['scores']);
    expect(fused.report.verify).toMatchObject({ passed: true });
    const parts = await run(target, fuses.slice(0, 2));
    expect(parts.report.blocks).toHaveLength(2);
    expect(parts.report.verify).toMatchObject({ passed: true });
  });
});
