/** A device that says hostile or senseless things of itself: reports stay clean and bounded, the run goes on or fails clearly. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { RunFailure } from '../../../compiler/run/runFailure.ts';
import type { DeviceReport } from '../../../compiler/run/runProtocol.ts';
import { deviceLacks, skipName } from '../../device/deviceLacks.ts';
import { emulatorProfile } from '../../device/emulatorProfile.ts';
import type { DeviceProfile } from '../../device/profile.ts';
import { PLAIN } from '../run/smallModels.ts';
import type { DeviceRuns } from './deviceRuns.ts';
import { leftHere, leftOnDevice, openDeviceRuns } from './deviceRuns.ts';

vi.setConfig({ testTimeout: 240_000 });

const CPU = '/sys/devices/system/cpu/cpufreq/policy0';
const THERMAL = '/sys/class/thermal/thermal_zone0';

function saying(
  properties: Record<string, string>,
  files: Record<string, string> = {},
): DeviceProfile {
  return {
    ...emulatorProfile,
    properties: { ...emulatorProfile.properties, ...properties },
    files,
    // Files of its own below /sys.
    hosted: false,
  };
}

const LIARS: readonly [string, DeviceProfile][] = [
  [
    'markup, escapes and bidirectional controls as its name',
    saying({ 'ro.product.model': '<img src=x onerror=alert(1)>\u001b[2J\u202e`$(reboot)`' }),
  ],
  ['a name of ten thousand letters', saying({ 'ro.product.model': 'x'.repeat(10_000) })],
  ['no properties', { ...saying({}), properties: { 'ro.product.cpu.abi': 'x86_64' } }],
  [
    'senseless temperatures and clocks',
    saying(
      {},
      {
        [`${THERMAL}/type`]: 'cpu\u0000\u0007',
        [`${THERMAL}/temp`]: '99999999999999999999999\n',
        [`${CPU}/scaling_cur_freq`]: 'NaN\n',
        [`${CPU}/related_cpus`]: '0 -1 1e9 x\n',
        '/sys/devices/system/cpu/possible': '0-4294967295\n',
        '/sys/devices/system/cpu/online': '0-4294967295\n',
      },
    ),
  ],
  ['binary data as processors', saying({}, { '/proc/cpuinfo': '\u0001\ufffd'.repeat(50_000) })],
  ['no end of processors', saying({}, { '/proc/cpuinfo': 'processor\t: 7\n'.repeat(10_000) })],
];

/** Letters that move a terminal's cursor, end a line or turn text around. */
const UNCLEAN = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

function expectClean(report: DeviceReport): void {
  for (const text of [report.name, report.soc, report.abi, report.android, report.cores]) {
    if (text === undefined) continue;
    expect(text).not.toMatch(UNCLEAN);
    expect(text.length).toBeLessThanOrEqual(200);
  }
  const { temperature, clock } = report;
  for (const number of [temperature?.before, temperature?.after, clock?.before, clock?.after]) {
    if (number === undefined) continue;
    expect(Number.isFinite(number)).toBe(true);
    expect(number).toBeLessThan(1e5);
  }
}

let runs: DeviceRuns;

describe.skipIf(deviceLacks())(skipName('a device that gives', deviceLacks()), () => {
  beforeAll(async () => void (runs = await openDeviceRuns()));
  afterEach(() => runs.unplugAll());
  afterAll(() => runs.close());

  test.each(LIARS)('%s', async (_what, profile) => {
    const device = await runs.plug({ profile });
    const { report } = await runs.run(device, PLAIN, { verify: true });
    expect(report.verify).toMatchObject({ passed: true });
    expectClean(report.device!);
    expect(leftOnDevice(device)).toEqual([]);
    expect(leftHere()).toEqual([]);
  });

  test.each(['mips', 'x86_64;reboot', '../../etc', ''])('%j as its ABI', async (abi) => {
    const device = await runs.plug({
      profile: saying({
        'ro.product.cpu.abi': abi,
        'ro.product.cpu.abilist': abi,
        'ro.product.cpu.abilist64': '',
        'ro.product.cpu.abilist32': '',
      }),
    });
    const failure = await runs.run(device, PLAIN).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RunFailure);
    expect(failure).toMatchObject({ failure: 'unavailable' });
    expect((failure as RunFailure).message).not.toMatch(UNCLEAN);
    expect(leftOnDevice(device)).toEqual([]);
  });
});
