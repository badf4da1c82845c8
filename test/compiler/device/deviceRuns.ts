/** Runs of models on test devices through the real adb, and what they leave behind there. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import { runsFolder } from '../../../compiler/run/runFolder.ts';
import type { ModelRun, RunModelOptions } from '../../../compiler/run/runModel.ts';
import { runModel } from '../../../compiler/run/runModel.ts';
import type { TestAdb } from '../../device/adbServer.ts';
import { startAdb } from '../../device/adbServer.ts';
import type { DeviceOptions, TestDevice } from '../../device/device.ts';
import { startDevice } from '../../device/device.ts';
import { bundle } from '../../setup/bundle.ts';
import type { Bytes } from '../onnx/protoWriter.ts';
import { inMemory } from '../run/smallModels.ts';

/** What the product keeps for the next run; everything else belongs to one run. */
const KEPT = /^data\/local\/tmp\/fusion-studio(\/(runs|cache(\/[0-9a-f]{64})?))?$/;

export interface DeviceRuns {
  readonly adb: TestAdb;
  /** Of this suite, removed at its end. */
  readonly folder: string;
  /** A device that adb knows. */
  plug(options?: DeviceOptions): Promise<TestDevice>;
  /** Takes it from adb's list and back, as a user does with the cable. */
  replug(device: TestDevice): Promise<void>;
  unplugAll(): Promise<void>;
  /** Of a run on the device, without a model. */
  options(device: TestDevice): Omit<RunModelOptions, 'location'>;
  run(device: TestDevice, model: Bytes, options?: Partial<RunModelOptions>): Promise<ModelRun>;
  close(): Promise<void>;
}

export async function openDeviceRuns(): Promise<DeviceRuns> {
  const adb = await startAdb();
  const folder = mkdtempSync(join(tmpdir(), 'fusion-device-runs-'));
  const temporary = process.env['TMPDIR'];
  // Others' runs have their folders elsewhere.
  process.env['TMPDIR'] = folder;
  const script = join(folder, 'runWorker.cjs');
  await bundle('compiler/runWorker.ts', script);
  let devices: TestDevice[] = [];
  const unplugAll = async (): Promise<void> => {
    for (const device of devices) {
      await adb.disconnect(device);
      await device.close();
    }
    devices = [];
  };
  const options = ({ serial }: TestDevice): Omit<RunModelOptions, 'location'> => ({
    edits: NO_EDITS,
    target: `adb:${serial}`,
    threads: 2,
    warmup: 0,
    runs: 2,
    verify: false,
    script,
    cacheFolder: join(folder, 'cache'),
    device: { server: `127.0.0.1:${adb.port}` },
  });
  return {
    adb,
    folder,
    plug: async (options) => {
      const device = await startDevice(options);
      devices.push(device);
      await adb.connect(device);
      return device;
    },
    replug: async (device) => {
      await adb.disconnect(device);
      await adb.connect(device);
    },
    unplugAll,
    options,
    run: (device, model, changes = {}) =>
      runModel({ ...options(device), location: inMemory(model), ...changes }),
    close: async () => {
      await unplugAll();
      await adb.close();
      if (temporary === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = temporary;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Files and folders on the device that belong to a run, and files of the cache that are not whole. */
export function leftOnDevice({ root }: TestDevice): string[] {
  const found: string[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (!KEPT.test(relative(root, path))) found.push(relative(root, path));
      if (entry.isDirectory()) visit(path);
    }
  };
  visit(join(root, 'data/local/tmp'));
  return found;
}

/** Folders of runs on this computer. */
export function leftHere(): string[] {
  return existsSync(runsFolder()) ? readdirSync(runsFolder()) : [];
}
