/** Two plans by turns on phones, through the real adb; and what the phone is called in the profile database. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { NO_EDITS } from '../../../../compiler/fusion/plan.ts';
import { compareModel } from '../../../../compiler/run/compare/compareModel.ts';
import { deviceOfRun, measuredRun } from '../../../../compiler/run/measuredRun.ts';
import type { DeviceOptions } from '../../../device/device.ts';
import { armDeviceLacks, deviceLacks, skipName } from '../../../device/deviceLacks.ts';
import { emulatorProfile } from '../../../device/emulatorProfile.ts';
import { phoneProfile } from '../../../device/phoneProfile.ts';
import type { DeviceRuns } from '../../device/deviceRuns.ts';
import { leftOnDevice, openDeviceRuns } from '../../device/deviceRuns.ts';
import { inMemory, NETWORK } from '../smallModels.ts';

/** Compilers and emulators are slow where a computer has other work. */
vi.setConfig({ testTimeout: 120_000 });

let runs: DeviceRuns;

const KINDS: readonly [string, string | undefined, DeviceOptions, RegExp][] = [
  [
    'an x86_64 emulator',
    deviceLacks(),
    { profile: emulatorProfile },
    /^adb:.*sdk.gphone64.x86.64.*\/.+\/cpu x2/,
  ],
  [
    'an arm64 phone',
    armDeviceLacks(),
    { profile: phoneProfile },
    /^adb:.*Pixel 6.*\/.*Tensor.*\/cpu x2/,
  ],
];

describe.each(KINDS)('on %s', (_kind, lacks, options, key) => {
  describe.skipIf(lacks)(skipName('', lacks), () => {
    beforeAll(async () => void (runs = await openDeviceRuns()));
    afterEach(() => runs.unplugAll());
    afterAll(() => runs.close());

    test('two plans run by turns and leave nothing behind', async () => {
      const device = await runs.plug(options);
      const { edits: _, verify: __, ...rest } = runs.options(device);
      const report = await compareModel({
        ...rest,
        location: inMemory(NETWORK),
        a: NO_EDITS,
        b: { ...NO_EDITS, planner: 'none' },
        runs: 16,
      });
      expect(report.pairs).toBe(16);
      expect(report.agreement.passed).toBe(true);
      expect(report.device?.name).toBeTypeOf('string');
      expect(report.blocks.every(({ aMs, bMs }) => aMs > 0 || bMs > 0)).toBe(true);
      expect(leftOnDevice(device)).toEqual([]);
    });

    test('its times are kept under its model and chip, not its serial number', async () => {
      const device = await runs.plug(options);
      const run = await runs.run(device, NETWORK);
      expect(deviceOfRun(run)).toMatch(key);
      expect(deviceOfRun(run)).not.toContain(device.serial);
      const { blocks } = measuredRun(run);
      expect(blocks).toHaveLength(run.plan.blocks.length);
      expect(blocks.every(({ nanoseconds }) => nanoseconds.length === 2)).toBe(true);
    });
  });
});
