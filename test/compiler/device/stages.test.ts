/** Whole runs on devices: generated, compiled, pushed, run, pulled, and nothing left behind. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import { RunFailure } from '../../../compiler/run/runFailure.ts';
import { scalarsOf, tensorOf } from '../../../compiler/tensor/tensor.ts';
import type { DeviceOptions } from '../../device/device.ts';
import { armDeviceLacks, deviceLacks, skipName } from '../../device/deviceLacks.ts';
import { emulatorProfile } from '../../device/emulatorProfile.ts';
import { oldPhoneProfile, phoneProfile } from '../../device/phoneProfile.ts';
import { input, model, node, tensor } from '../onnx/protoWriter.ts';
import { COUNTING, LOOKUP, NETWORK, PLAIN, SLOW } from '../run/smallModels.ts';
import type { DeviceRuns } from './deviceRuns.ts';
import { leftHere, leftOnDevice, openDeviceRuns } from './deviceRuns.ts';

/** Compilers and emulators are slow where a computer has other work. */
vi.setConfig({ testTimeout: 240_000 });

let runs: DeviceRuns;

const KINDS: readonly [string, string | undefined, DeviceOptions, object][] = [
  [
    'an x86_64 emulator',
    deviceLacks(),
    { profile: emulatorProfile },
    {
      name: expect.stringContaining('sdk_gphone64_x86_64') as string,
      abi: 'x86_64',
      android: '14',
    },
  ],
  [
    'an arm64 phone',
    armDeviceLacks(),
    { profile: phoneProfile },
    {
      name: expect.stringContaining('Pixel 6') as string,
      soc: expect.stringContaining('Tensor') as string,
      abi: 'arm64-v8a',
      android: '13',
      temperature: { before: 41, after: 41 },
      clock: { before: 2802, after: 2802 },
      throttled: false,
    },
  ],
  [
    'an armv7 phone of an old Android',
    armDeviceLacks(),
    { profile: oldPhoneProfile, features: [] },
    { name: expect.stringContaining('Nexus 5') as string, abi: 'armeabi-v7a', android: '6.0.1' },
  ],
];

describe.each(KINDS)('runs on %s', (_kind, lacks, options, facts) => {
  describe.skipIf(lacks)(skipName('', lacks), () => {
    beforeAll(async () => void (runs = await openDeviceRuns()));
    afterEach(() => runs.unplugAll());
    afterAll(() => runs.close());

    test('agree with the interpreter, stage by stage', async () => {
      const device = await runs.plug(options);
      const stages: string[] = [];
      const { report } = await runs.run(device, NETWORK, {
        verify: true,
        onProgress: (stage) => void stages.push(stage),
      });
      expect(report.verify).toMatchObject({ reference: 'interpreter', passed: true });
      expect(report.target).toBe(`adb:${device.serial}`);
      expect(report.device).toMatchObject(facts);
      expect(report.latencyMs.median).toBeGreaterThan(0);
      expect(report.blocks.every(({ medianMs }) => medianMs > 0)).toBe(true);
      expect(report.peakProcessBytes).toBeGreaterThan(1e5);
      expect(stages.some((stage) => /compil/i.test(stage))).toBe(true);
      expect(stages.some((stage) => /push|cop/i.test(stage))).toBe(true);
      expect(leftOnDevice(device)).toEqual([]);
      expect(await device.processes()).toEqual([]);
      expect(leftHere()).toEqual([]);
    });

    test('keep what every block gives when asked', async () => {
      const device = await runs.plug(options);
      const edits = { ...NO_EDITS, planner: 'none' as const };
      const { run, bundle, outputs } = await runs.run(device, NETWORK, { edits, dump: true });
      expect(run.buffers.size).toBe(6);
      const relu = run.buffers.get(bundle.outputs[1]!.buffer)!;
      expect(Buffer.compare(relu, outputs[1]!.bytes)).toBe(0);
    });

    test('give outputs whose size only the run knows', async () => {
      const device = await runs.plug(options);
      const x = Array.from({ length: 35 }, (_, i) => ((i * 7) % 5) - 2);
      const places = x.flatMap((value, i) => (value > 0 ? [[Math.floor(i / 7), i % 7]] : []));
      const inputs = [tensorOf('float32', [5, 7], x)];
      const { outputs } = await runs.run(device, COUNTING, { inputs });
      expect(outputs[0]!.dims).toEqual([places.length, 2]);
      expect(scalarsOf(outputs[0]!)).toEqual(places.flat());
    });

    test('name the operator whose index is out of range', async () => {
      const device = await runs.plug(options);
      const x = tensorOf('float32', [4, 3], new Array<number>(12).fill(1));
      const inputs = [x, tensorOf('int64', [2], [3n, 4n])];
      const failure = await runs.run(device, LOOKUP, { inputs }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(RunFailure);
      expect(failure).toMatchObject({ failure: 'check' });
      expect((failure as Error).message).toMatch(/an index is out of range in operator 'y(~\d+)?'/);
      expect(leftOnDevice(device)).toEqual([]);
    });

    test('end at the time limit and say where they were', async () => {
      const device = await runs.plug(options);
      await expect(runs.run(device, SLOW, { limitSeconds: 1 })).rejects.toMatchObject({
        failure: 'limit',
        message: expect.stringContaining('(Loop)') as string,
      });
      expect(await device.processes()).toEqual([]);
      expect(leftOnDevice(device)).toEqual([]);
    });
  });
});

describe.skipIf(deviceLacks())(skipName('the cache of a device', deviceLacks()), () => {
  beforeAll(async () => void (runs = await openDeviceRuns()));
  afterEach(() => runs.unplugAll());
  afterAll(() => runs.close());

  const PARTS = 8;
  const PART = 30_000;
  const WEIGHTS = 4 * PARTS * PART;
  /** Many weights, little work. */
  const heavy = (seed: number) =>
    model({
      opset: 17,
      inputs: [input('x', 'float32', [1, 1000])],
      initializers: Array.from({ length: PARTS }, (_, part) => {
        const values = Array.from({ length: PART }, (_, i) => Math.sin(i * seed + part));
        return tensor(`w${part}`, 'float32', [1000, PART / 1000], values);
      }),
      nodes: [
        node(
          'Concat',
          Array.from({ length: PARTS }, (_, part) => `w${part}`),
          ['w'],
          { axis: 1 },
        ),
        node('MatMul', ['x', 'w'], ['y']),
      ],
      outputs: ['y'],
    });

  test('keeps weights: a second run pushes its program and inputs at most', async () => {
    const device = await runs.plug();
    const first = await runs.run(device, heavy(1));
    const pushed = device.pushedBytes;
    expect(pushed).toBeGreaterThan(WEIGHTS);
    const second = await runs.run(device, heavy(1));
    expect(device.pushedBytes - pushed).toBeLessThan(pushed - WEIGHTS + 1000);
    expect(Buffer.compare(second.outputs[0]!.bytes, first.outputs[0]!.bytes)).toBe(0);
    expect(leftOnDevice(device)).toEqual([]);
  });

  test('is not believed where a file was cut short', async () => {
    const device = await runs.plug();
    const first = await runs.run(device, heavy(2));
    await runs.adb.run(
      ...['-s', device.serial, 'shell'],
      'cd /data/local/tmp; find . -type f -size +900k | while read -r f; do' +
        ' chmod u+w "$f"; truncate -s 500000 "$f"; done',
    );
    const second = await runs.run(device, heavy(2));
    expect(Buffer.compare(second.outputs[0]!.bytes, first.outputs[0]!.bytes)).toBe(0);
  });
});

describe.skipIf(armDeviceLacks())(skipName('several devices', armDeviceLacks()), () => {
  beforeAll(async () => void (runs = await openDeviceRuns()));
  afterEach(() => runs.unplugAll());
  afterAll(() => runs.close());

  test('run what they are asked to, at the same time', async () => {
    const emulator = await runs.plug();
    const phone = await runs.plug({ profile: phoneProfile });
    const [here, there] = await Promise.all([
      runs.run(emulator, PLAIN, { verify: true }),
      runs.run(phone, PLAIN, { verify: true }),
    ]);
    expect(here.report.device?.abi).toBe('x86_64');
    expect(there.report.device?.abi).toBe('arm64-v8a');
    expect([here, there].map(({ report }) => report.verify?.passed)).toEqual([true, true]);
  });

  test('one runs two models at the same time', async () => {
    const device = await runs.plug();
    const both = await Promise.all([
      runs.run(device, PLAIN, { verify: true }),
      runs.run(device, NETWORK, { verify: true }),
    ]);
    expect(both.map(({ report }) => report.verify?.passed)).toEqual([true, true]);
    expect(leftOnDevice(device)).toEqual([]);
  });
});
