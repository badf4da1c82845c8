/** The run process as the editor uses it: comparing, measuring for a device, feeding the profile database. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { RequestCancelled } from '../../../compiler/client/cancellation.ts';
import type { RunProcessOptions } from '../../../compiler/client/runProcess.ts';
import {
  compareInProcess,
  measureInProcess,
  runInProcess,
} from '../../../compiler/client/runProcess.ts';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import { openProfiles } from '../../../compiler/profile/profileDisk.ts';
import { DEFAULT_REWRITES } from '../../../compiler/rewrite/rewrite.ts';
import { bundle } from '../../setup/bundle.ts';
import { inMemory, NETWORK, PLAIN, SLOW } from './smallModels.ts';

let base: string;
let script: string;
const temporary = process.env['TMPDIR'];

/** Compilers are slow where a computer has other work. */
vi.setConfig({ testTimeout: 120_000 });

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'fusion-run-process-'));
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

function options(stages: string[] = [], abort = new AbortController()): RunProcessOptions {
  const onProgress = (stage: string): void => void stages.push(stage);
  return { script, heapMb: 1024, onProgress, log: () => undefined, signal: abort.signal };
}

const place = (cache: string) => ({
  target: 'wasm' as const,
  threads: 1,
  warmup: 1,
  cacheFolder: join(base, cache),
});

test('a run feeds the database beside the cache', async () => {
  const request = { ...place('fed'), location: inMemory(PLAIN), edits: NO_EDITS, verify: false };
  await runInProcess({ ...request, runs: 3 }, options());
  const store = await openProfiles(join(base, 'fed', 'profiles.json'));
  expect(store.deviceKeys).toEqual([expect.stringMatching(/^wasm@.* x1$/)]);
  // A run that timed nothing does not.
  await runInProcess({ ...request, ...place('unfed'), runs: 0 }, options());
  expect(existsSync(join(base, 'unfed', 'profiles.json'))).toBe(false);
});

test('compares two plans, also with and without rewriting', async () => {
  const off = { ...NO_EDITS, rewrite: { ...DEFAULT_REWRITES, enabled: false } };
  const request = {
    ...place('c'),
    kind: 'compare',
    location: inMemory(NETWORK),
    runs: 16,
  } as const;
  const stages: string[] = [];
  const report = await compareInProcess({ ...request, a: NO_EDITS, b: off }, options(stages));
  expect(report.pairs).toBe(16);
  expect(report.agreement.passed).toBe(true);
  expect(stages).toContain('Running');
});

test('measures for a device', async () => {
  const request = { ...place('m'), kind: 'measure', location: inMemory(NETWORK), runs: 4 } as const;
  const found = await measureInProcess({ ...request, edits: NO_EDITS }, options());
  expect(found.device).toMatch(/^wasm@/);
  expect(found.runs).toBeGreaterThanOrEqual(1);
  const store = await openProfiles(join(base, 'm', 'profiles.json'));
  expect(store.deviceKeys).toEqual([found.device]);
  // Plans for it are run like any others.
  const edits = { ...NO_EDITS, device: found.device };
  const run = { ...place('m'), location: inMemory(NETWORK), edits, verify: true, runs: 1 };
  expect((await runInProcess(run, options())).verify?.passed).toBe(true);
});

test('comparing is cancelled like a run', async () => {
  const abort = new AbortController();
  const request = { ...place('x'), kind: 'compare', location: inMemory(SLOW), runs: 5 } as const;
  const running = compareInProcess(
    { ...request, a: NO_EDITS, b: NO_EDITS },
    { ...options([], abort), onProgress: (stage) => stage === 'Running' && abort.abort() },
  );
  await expect(running).rejects.toThrow(RequestCancelled);
});
