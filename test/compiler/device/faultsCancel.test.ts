/** Cancelling a run on a device at each of its stages: it ends soon, and nothing of it is left there or here. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { RunCancelled } from '../../../compiler/run/runFailure.ts';
import { ALL_FEATURES } from '../../device/device.ts';
import { deviceLacks, skipName } from '../../device/deviceLacks.ts';
import { PLAIN, SLOW } from '../run/smallModels.ts';
import type { DeviceRuns } from './deviceRuns.ts';
import { leftHere, leftOnDevice, openDeviceRuns } from './deviceRuns.ts';

vi.setConfig({ testTimeout: 120_000 });

/** From the click to the end, milliseconds; the remote side is tidied within it. */
const SOON = 10_000;
const plain = (stage: string): string => stage.replace(/\d+/g, 'N');

let runs: DeviceRuns;

describe.each([
  ['with the shell protocol', ALL_FEATURES],
  ['without it', ['cmd']],
] as const)('cancelling %s', (_name, features) => {
  describe.skipIf(deviceLacks())(skipName('', deviceLacks()), () => {
    beforeAll(async () => void (runs = await openDeviceRuns()));
    afterEach(() => runs.unplugAll());
    afterAll(() => runs.close());

    test('works at every stage', async () => {
      const device = await runs.plug({ features });
      const stages = new Set<string>();
      const cacheFolder = join(runs.folder, 'stages');
      await runs.run(device, PLAIN, {
        cacheFolder: join(runs.folder, 'first'),
        onProgress: (stage) => void stages.add(plain(stage)),
      });
      expect(stages.size).toBeGreaterThan(4);
      for (const wanted of stages) {
        const abort = new AbortController();
        let cancelled = 0;
        const run = runs.run(device, PLAIN, {
          cacheFolder,
          signal: abort.signal,
          onProgress: (stage) => {
            if (plain(stage) !== wanted || cancelled > 0) return;
            cancelled = performance.now();
            abort.abort();
          },
        });
        await expect(run, wanted).rejects.toBeInstanceOf(RunCancelled);
        expect(performance.now() - cancelled, wanted).toBeLessThan(SOON);
        expect(leftOnDevice(device), wanted).toEqual([]);
        expect(await device.processes(), wanted).toEqual([]);
        expect(leftHere(), wanted).toEqual([]);
      }
      expect((await runs.run(device, PLAIN, { verify: true })).report.verify?.passed).toBe(true);
    });

    test('kills the program that runs there', async () => {
      const device = await runs.plug({ features });
      const abort = new AbortController();
      const run = runs.run(device, SLOW, {
        signal: abort.signal,
        onProgress: (stage) => {
          if (stage.startsWith('Running')) setTimeout(() => abort.abort(), 1000);
        },
      });
      await expect(run).rejects.toBeInstanceOf(RunCancelled);
      expect(await device.processes()).toEqual([]);
      expect(leftOnDevice(device)).toEqual([]);
      expect(leftHere()).toEqual([]);
    });

    test('ends where the device answers slowly', async () => {
      const device = await runs.plug({ features, faults: { slowShell: 1500 } });
      const abort = new AbortController();
      const run = runs.run(device, PLAIN, { signal: abort.signal });
      setTimeout(() => abort.abort(), 2000);
      await expect(run).rejects.toBeInstanceOf(RunCancelled);
      await expect.poll(() => device.processes(), { timeout: SOON }).toEqual([]);
      expect(leftHere()).toEqual([]);
    });
  });
});
