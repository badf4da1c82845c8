/**
 * What can go wrong with a device: each time a message that says what and, where there is something to do, what to do;
 * no hang; nothing left on the device or here; and the next run succeeds.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { RunFailure } from '../../../compiler/run/runFailure.ts';
import type { RunModelOptions } from '../../../compiler/run/runModel.ts';
import { freePort } from '../../device/adbServer.ts';
import type { DeviceOptions, TestDevice } from '../../device/device.ts';
import { armDeviceLacks, deviceLacks, skipName } from '../../device/deviceLacks.ts';
import { startOtherAdbServer } from '../../device/otherAdbServer.ts';
import { phoneProfile } from '../../device/phoneProfile.ts';
import { PLAIN } from '../run/smallModels.ts';
import type { DeviceRuns } from './deviceRuns.ts';
import { leftHere, leftOnDevice, openDeviceRuns } from './deviceRuns.ts';

vi.setConfig({ testTimeout: 240_000 });

/** A run that fails is over within that time, compiling included: milliseconds. */
const NO_HANG = 45_000;

interface Fault {
  readonly name: string;
  readonly device?: DeviceOptions;
  readonly run?: Partial<RunModelOptions>;
  /** Before the run, compiled programs and cached weights of an earlier run may be there. */
  readonly breakIt: (device: TestDevice) => void;
  readonly mend: (device: TestDevice) => void;
  readonly says: RegExp;
  readonly kind: RunFailure['failure'];
  /** The connection is gone: adb has to be told of the device again. */
  readonly replug?: boolean;
}

const nothing = (): void => undefined;
const program = (fault: TestDevice['faults']['program']): Pick<Fault, 'breakIt' | 'mend'> => ({
  breakIt: ({ faults }) => (faults.program = fault),
  mend: ({ faults }) => (faults.program = undefined),
});

const FAULTS: readonly Fault[] = [
  {
    name: 'unplugged while files are pushed',
    breakIt: ({ faults }) => (faults.dropAtPushedByte = 1000),
    mend: nothing,
    says: /lost|unplugged|disconnected|no longer|gone/i,
    kind: 'unavailable',
    replug: true,
  },
  {
    name: 'unplugged while files are pushed, and what came of them is left',
    breakIt: ({ faults }) => {
      faults.dropAtPushedByte = 1000;
      faults.keepsPartialFiles = true;
    },
    mend: ({ faults }) => (faults.keepsPartialFiles = false),
    says: /lost|unplugged|disconnected|no longer|gone/i,
    kind: 'unavailable',
    replug: true,
  },
  {
    name: 'unplugged while the program runs',
    breakIt: (device) => {
      device.faults.program = 'stall';
      void whenRunning(device, 'sleep 86400').then(() => device.drop());
    },
    mend: ({ faults }) => (faults.program = undefined),
    says: /lost|unplugged|disconnected|no longer|gone/i,
    kind: 'unavailable',
    replug: true,
  },
  {
    name: 'unplugged while outputs are pulled',
    breakIt: ({ faults }) => (faults.dropAtPulledByte = 0),
    mend: nothing,
    says: /lost|unplugged|disconnected|no longer|gone/i,
    kind: 'unavailable',
    replug: true,
  },
  {
    name: 'full',
    breakIt: (device) => device.leaveSpace(16 << 10),
    mend: (device) => device.leaveSpace(undefined),
    says: /space|full/i,
    kind: 'unavailable',
  },
  {
    name: 'full when half of a file is there',
    breakIt: ({ faults }) => (faults.fullAtPushedByte = 100),
    mend: nothing,
    says: /space|full/i,
    kind: 'unavailable',
  },
  {
    name: 'full when outputs are written',
    breakIt: (device) => {
      device.faults.program = 'late';
      void whenRunning(device, 'sleep 2.25').then(() => device.leaveSpace(0));
    },
    mend: (device) => {
      device.faults.program = undefined;
      device.leaveSpace(undefined);
    },
    says: /space|full|writ/i,
    kind: 'crashed',
  },
  {
    name: 'without permission to run programs',
    breakIt: (device) => device.allowPrograms(false),
    mend: (device) => device.allowPrograms(true),
    says: /not allow|permission|forbid/i,
    kind: 'unavailable',
  },
  {
    name: 'whose program is killed',
    ...program('killed'),
    says: /killed|SIGKILL|137/i,
    kind: 'crashed',
  },
  {
    name: 'whose program says nothing',
    ...program('silent'),
    says: /before it was done|nothing|no answer/i,
    kind: 'crashed',
  },
  {
    name: 'whose program says nonsense',
    ...program('garbage'),
    says: /./,
    kind: 'crashed',
  },
  {
    name: 'whose program never ends a line',
    ...program('flood'),
    says: /./,
    kind: 'crashed',
  },
  {
    name: 'whose program stands still',
    ...program('stall'),
    run: { limitSeconds: 3 },
    says: /3 s|time|limit/i,
    kind: 'limit',
  },
  {
    name: 'waiting for its owner',
    device: { faults: { unauthorised: true } },
    breakIt: nothing,
    mend: ({ faults }) => (faults.unauthorised = false),
    says: /allow|authori[sz]/i,
    kind: 'unavailable',
    replug: true,
  },
];

async function whenRunning(device: TestDevice, command: string): Promise<void> {
  while (!(await device.processes()).includes(command)) {
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

let runs: DeviceRuns;

describe.skipIf(deviceLacks())(skipName('a device that is', deviceLacks()), () => {
  beforeAll(async () => void (runs = await openDeviceRuns()));
  afterEach(() => runs.unplugAll());
  afterAll(() => runs.close());

  /** The failure of a run that must fail. */
  async function failing(
    device: TestDevice,
    options: Partial<RunModelOptions> = {},
  ): Promise<RunFailure> {
    const start = performance.now();
    const failure = await runs.run(device, PLAIN, options).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(RunFailure);
    expect(performance.now() - start).toBeLessThan(NO_HANG);
    if (process.env['SHOW_MESSAGES']) console.log((failure as RunFailure).message);
    return failure as RunFailure;
  }

  async function isWell(device: TestDevice): Promise<void> {
    const { report } = await runs.run(device, PLAIN, { verify: true });
    expect(report.verify).toMatchObject({ passed: true });
    expect(leftOnDevice(device)).toEqual([]);
    expect(await device.processes()).toEqual([]);
    expect(leftHere()).toEqual([]);
  }

  test.each(FAULTS)('$name', async (fault) => {
    const device = await runs.plug(fault.device);
    fault.breakIt(device);
    const failure = await failing(device, fault.run);
    expect(failure.message).toMatch(fault.says);
    expect(failure.failure).toBe(fault.kind);
    expect(failure.message).not.toMatch(/undefined|\[object|spawn|\n/);
    expect(leftHere()).toEqual([]);
    fault.mend(device);
    if (fault.replug) await runs.replug(device);
    else {
      expect(leftOnDevice(device)).toEqual([]);
      expect(await device.processes()).toEqual([]);
    }
    await isWell(device);
  });

  test('silent, which adb calls offline', async () => {
    const device = await runs.plug();
    device.faults.mute = true;
    device.drop();
    await expect
      .poll(async () => (await runs.adb.run('devices')).stdout, { timeout: 15_000 })
      .toContain(`${device.serial}\toffline`);
    expect((await failing(device)).message).toMatch(/offline/i);
    device.faults.mute = false;
    await runs.replug(device);
    await isWell(device);
  });

  test('not there at all', async () => {
    const device = await runs.plug();
    await runs.adb.disconnect(device);
    const failure = await failing(device);
    expect(failure).toMatchObject({ failure: 'unavailable' });
    expect(failure.message).toContain(device.serial);
    await runs.adb.connect(device);
    await isWell(device);
  });

  test('reached through adb of another version, which is left alone', async () => {
    const device = await runs.plug();
    const other = await startOtherAdbServer(36);
    try {
      const server = `127.0.0.1:${other.port}`;
      const failure = await failing(device, { device: { server } });
      expect(failure).toMatchObject({ failure: 'unavailable' });
      expect(failure.message).toMatch(/version|36/);
      expect(other.requests).not.toContain('host:kill');
    } finally {
      await other.close();
    }
    await isWell(device);
  });

  test('looked for where no adb server is, and no adb', async () => {
    const device = await runs.plug();
    const server = `127.0.0.1:${await freePort()}`;
    const adb = join(runs.folder, 'no-adb');
    expect(existsSync(adb)).toBe(false);
    const failure = await failing(device, { device: { server, adb } });
    expect(failure).toMatchObject({ failure: 'unavailable' });
    expect(failure.message).toMatch(/adb/);
    await isWell(device);
  });

  test('looked for where something else than adb answers', async () => {
    const device = await runs.plug();
    const other = await startOtherAdbServer('garbage');
    try {
      const failure = await failing(device, { device: { server: `127.0.0.1:${other.port}` } });
      expect(failure).toMatchObject({ failure: 'unavailable' });
      expect(failure.message).toMatch(/adb/);
    } finally {
      await other.close();
    }
  });

  test('meant by a compiler that is missing or fails', async () => {
    const device = await runs.plug();
    const missing = await failing(device, {
      device: { server: `127.0.0.1:${runs.adb.port}`, ndk: '/nowhere/ndk' },
    });
    expect(missing).toMatchObject({ failure: 'unavailable' });
    const broken = await failing(device, {
      compilerFlags: ['-Dfloat=struct wrong'],
      cacheFolder: join(runs.folder, 'failing'),
    });
    expect(broken).toMatchObject({
      failure: 'compiler',
      details: expect.stringContaining('struct wrong') as string,
    });
    expect(leftOnDevice(device)).toEqual([]);
    await isWell(device);
  });

  describe.skipIf(armDeviceLacks())('of another processor', () => {
    test('than it says', async () => {
      // Says that it is an arm phone, and cannot run programs for one.
      const device = await runs.plug({ profile: { ...phoneProfile, machines: {} } });
      const failure = await failing(device);
      expect(failure.message).toMatch(/arm64-v8a|processor|ABI|executable/);
      expect(leftOnDevice(device)).toEqual([]);
      expect(await device.processes()).toEqual([]);
    });
  });
});
