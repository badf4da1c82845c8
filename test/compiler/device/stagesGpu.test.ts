/** Runs on the GPU of a device through OpenCL, which the emulator lends from this computer; and a phone that has none. */
import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { compareModel } from '../../../compiler/run/compare/compareModel.ts';
import { RunFailure } from '../../../compiler/run/runFailure.ts';
import { deviceLacks, skipName } from '../../device/deviceLacks.ts';
import { emulatorProfile } from '../../device/emulatorProfile.ts';
import { COUNTING, inMemory, NETWORK, PLAIN } from '../run/smallModels.ts';
import type { DeviceRuns } from './deviceRuns.ts';
import { leftHere, leftOnDevice, openDeviceRuns } from './deviceRuns.ts';

/** Kernels are compiled on the device. */
vi.setConfig({ testTimeout: 240_000 });

const OPENCL = '/etc/OpenCL/vendors/pocl.icd';
const lacks = deviceLacks() ?? (existsSync(OPENCL) ? undefined : 'no PoCL');

let runs: DeviceRuns;

describe.skipIf(lacks)(skipName("a device's GPU", lacks), () => {
  beforeAll(async () => void (runs = await openDeviceRuns()));
  afterEach(() => runs.unplugAll());
  afterAll(() => runs.close());

  test.each([
    ['a network', NETWORK],
    ['outputs whose size only the run knows', COUNTING],
  ])('runs %s', async (_what, bytes) => {
    const device = await runs.plug();
    const { report } = await runs.run(device, bytes, {
      target: `adb:${device.serial}/gpu`,
      verify: true,
    });
    expect(report.verify).toMatchObject({ passed: true });
    expect(report.target).toBe(`adb:${device.serial}/gpu`);
    expect(leftOnDevice(device)).toEqual([]);
    expect(await device.processes()).toEqual([]);
    expect(leftHere()).toEqual([]);
  });

  test('runs two plans by turns', async () => {
    const device = await runs.plug();
    const { edits: a, verify: _, ...options } = runs.options(device);
    const report = await compareModel({
      ...options,
      location: inMemory(PLAIN),
      a,
      b: { ...a, planner: 'none' },
      target: `adb:${device.serial}/gpu`,
      runs: 16,
    });
    expect(report.pairs).toBe(16);
    expect(report.agreement.passed).toBe(true);
    expect(report.blocks.every(({ aMs, bMs }) => aMs > 0 || bMs > 0)).toBe(true);
    expect(leftOnDevice(device)).toEqual([]);
  });

  test('is said to be missing where there is no OpenCL', async () => {
    const device = await runs.plug({ profile: { ...emulatorProfile, hosted: false } });
    const failure = await runs
      .run(device, NETWORK, { target: `adb:${device.serial}/gpu` })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RunFailure);
    expect((failure as RunFailure).message).toMatch(/no OpenCL library/);
    expect(leftOnDevice(device)).toEqual([]);
    expect((await runs.run(device, NETWORK)).outputs).toHaveLength(2);
  });
});
