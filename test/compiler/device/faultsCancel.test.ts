/** Cancelling a run on a device at each of its stages: it ends soon, and nothing of it is left there or here. */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { runInProcess } from '../../../compiler/client/runProcess.ts';
import { RunCancelled } from '../../../compiler/run/runFailure.ts';
import type { TestDevice } from '../../device/device.ts';
import { ALL_FEATURES } from '../../device/device.ts';
import { deviceLacks, skipName } from '../../device/deviceLacks.ts';
import { inMemory, LENGTHY, PLAIN, SLOW } from '../run/smallModels.ts';
import type { DeviceRuns } from './deviceRuns.ts';
import { leftHere, leftOnDevice, openDeviceRuns } from './deviceRuns.ts';

vi.setConfig({ testTimeout: 240_000 });

/** From the click to the end, milliseconds; the remote side is tidied within it. */
const SOON = 15_000;
const plain = (stage: string): string => stage.replace(/\d+/g, 'N');

let runs: DeviceRuns;

/** Until a program of ours runs on the device. */
async function running(device: TestDevice): Promise<void> {
  const alive = async (): Promise<string> => (await device.processes()).join('\n');
  await expect.poll(alive, { timeout: 60_000 }).toMatch(/^\.\/program /m);
}

/** Of this computer, started with the script. */
function processesOf(script: string): number[] {
  const numbers = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return numbers.map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(script);
    } catch {
      return false;
    }
  });
}

/** What it ended with. */
const ending = (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    () => 'success',
    (error: unknown) => error,
  );

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
      await runs.run(device, PLAIN, {
        cacheFolder: join(runs.folder, 'first'),
        onProgress: (stage) => void stages.add(plain(stage)),
      });
      expect(stages.size).toBeGreaterThan(4);
      for (const wanted of stages) {
        const abort = new AbortController();
        let cancelled = 0;
        // Every stage happens again.
        await runs.adb.run('-s', device.serial, 'shell', 'rm -rf /data/local/tmp/*');
        const cacheFolder = mkdtempSync(join(runs.folder, 'stage-'));
        const run = runs.run(device, PLAIN, {
          cacheFolder,
          signal: abort.signal,
          onProgress: (stage) => {
            if (plain(stage) !== wanted || cancelled > 0) return;
            cancelled = performance.now();
            abort.abort();
          },
        });
        expect(await ending(run), wanted).toBeInstanceOf(RunCancelled);
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
      const run = ending(runs.run(device, SLOW, { signal: abort.signal }));
      await running(device);
      abort.abort();
      expect(await run).toBeInstanceOf(RunCancelled);
      expect(await device.processes()).toEqual([]);
      expect(leftOnDevice(device)).toEqual([]);
      expect(leftHere()).toEqual([]);
    });

    test('is what the device does itself when the process dies that started the run', async () => {
      const device = await runs.plug({ features });
      const { script, ...options } = runs.options(device);
      const run = ending(
        runInProcess(
          { ...options, location: inMemory(SLOW) },
          {
            script,
            heapMb: 1024,
            log: () => undefined,
            onProgress: () => undefined,
            signal: new AbortController().signal,
          },
        ),
      );
      await running(device);
      for (const pid of processesOf(script)) process.kill(pid, 'SIGKILL');
      expect(await run).toBeInstanceOf(Error);
      // Nobody tells the device: its guard notices.
      await expect.poll(() => device.processes(), { timeout: 2 * SOON }).toEqual([]);
      expect(leftOnDevice(device)).toEqual([]);
      const { report } = await runs.run(device, PLAIN, { verify: true });
      expect(report.verify).toMatchObject({ passed: true });
    });

    test('is not what a long run needs: it gives signs of life', async () => {
      const device = await runs.plug({ features });
      const start = performance.now();
      const { report } = await runs.run(device, LENGTHY, { runs: 100_000, budgetMs: 11_000 });
      expect(report.latencyMs.median).toBeGreaterThan(0);
      // Total and blocks take a budget each: longer than the device waits for a sign.
      expect(performance.now() - start).toBeGreaterThan(20_000);
    });

    test('ends where the device answers slowly', async () => {
      const device = await runs.plug({ features, faults: { slowShell: 1500 } });
      const abort = new AbortController();
      const run = runs.run(device, PLAIN, { signal: abort.signal });
      setTimeout(() => abort.abort(), 2000);
      expect(await ending(run)).toBeInstanceOf(RunCancelled);
      await expect.poll(() => device.processes(), { timeout: SOON }).toEqual([]);
      expect(leftHere()).toEqual([]);
    });
  });
});
