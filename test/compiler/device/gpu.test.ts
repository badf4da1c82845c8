/** What keeps models from the GPU of a device: an OpenCL library without a GPU, no compiler for programs that load it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { RunFailure } from '../../../compiler/run/runFailure.ts';
import type { RunTarget } from '../../../compiler/run/runProtocol.ts';
import type { TestDevice } from '../../device/device.ts';
import { deviceLacks, skipName } from '../../device/deviceLacks.ts';
import { emulatorProfile } from '../../device/emulatorProfile.ts';
import { PLAIN } from '../run/smallModels.ts';
import type { DeviceRuns } from './deviceRuns.ts';
import { leftOnDevice, openDeviceRuns } from './deviceRuns.ts';

vi.setConfig({ testTimeout: 180_000 });

const lacks =
  deviceLacks() ?? (existsSync('/etc/OpenCL/vendors/pocl.icd') ? undefined : 'no pocl-opencl-icd');
const gpu = ({ serial }: TestDevice): RunTarget => `adb:${serial}/gpu`;

let runs: DeviceRuns;

describe.skipIf(lacks)(skipName('the GPU of a device', lacks), () => {
  beforeAll(async () => void (runs = await openDeviceRuns()));
  afterEach(() => runs.unplugAll());
  afterAll(() => runs.close());

  test('behind an OpenCL library that knows none is said to be missing', async () => {
    const device = await runs.plug({
      profile: { ...emulatorProfile, environment: { OCL_ICD_VENDORS: '/nowhere' } },
    });
    const failure = await runs
      .run(device, PLAIN, { target: gpu(device) })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RunFailure);
    expect(failure).toMatchObject({
      failure: 'unavailable',
      message: expect.stringMatching(
        /OpenCL library here knows no device\. .*Run on its processor/,
      ) as string,
    });
    expect(leftOnDevice(device)).toEqual([]);
  });

  test('needs a compiler that makes programs with the device’s own library', async () => {
    const device = await runs.plug();
    const options = { ...runs.options(device).device, ndk: join(runs.folder, 'no-ndk') };
    const failing = runs.run(device, PLAIN, { target: gpu(device), device: options });
    await expect(failing).rejects.toMatchObject({ failure: 'unavailable' });
  });
});
