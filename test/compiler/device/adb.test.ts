/** The adb program and its server: found, compared, never started or ended where it should not be; lists that live. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Adb } from '../../../compiler/device/adb.ts';
import { findAdb } from '../../../compiler/device/adbProgram.ts';
import { AdbDevice } from '../../../compiler/device/device.ts';
import { readFacts } from '../../../compiler/device/facts.ts';
import { clearDeviceCache, ensureCached } from '../../../compiler/device/files.ts';
import { RemoteFolder } from '../../../compiler/device/remoteFolder.ts';
import { trackDevices } from '../../../compiler/device/track.ts';
import type { DeviceWatch } from '../../../compiler/device/track.ts';
import type { TestAdb } from '../../device/adbServer.ts';
import { freePort, startAdb } from '../../device/adbServer.ts';
import type { DeviceOptions, TestDevice } from '../../device/device.ts';
import { startDevice } from '../../device/device.ts';
import { armDeviceLacks, deviceLacks, skipName } from '../../device/deviceLacks.ts';
import { emulatorProfile } from '../../device/emulatorProfile.ts';
import { startOtherAdbServer } from '../../device/otherAdbServer.ts';
import { phoneProfile } from '../../device/phoneProfile.ts';

vi.setConfig({ testTimeout: 60_000 });

let base: string;
beforeAll(() => void (base = mkdtempSync(join(tmpdir(), 'fusion-adb-test-'))));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** An adb that keeps what it is asked to do. */
function fakeAdb(path: string, protocol = 41): { readonly path: string; asked(): string[] } {
  mkdirSync(dirname(path), { recursive: true });
  const log = `${path}.log`;
  const says = `echo "Android Debug Bridge version 1.0.${protocol}"; echo "Version 99.1"`;
  writeFileSync(path, `#!/bin/sh\necho "$*" >>'${log}'\n${says}\n`);
  chmodSync(path, 0o755);
  return {
    path,
    asked: () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []),
  };
}

describe('findAdb', () => {
  test('takes the setting, else the SDK, else the search path', async () => {
    const ofSdk = fakeAdb(join(base, 'sdk/platform-tools/adb'));
    const ofPath = fakeAdb(join(base, 'bin/adb'));
    const path = dirname(ofPath.path);
    const env = { ANDROID_HOME: join(base, 'sdk') };
    expect(await findAdb({ env, path })).toEqual({
      ...{ path: ofSdk.path, protocol: 41, version: '99.1' },
    });
    expect((await findAdb({ env, path, setting: ofPath.path })).path).toBe(ofPath.path);
    expect((await findAdb({ env, path, setting: 'adb' })).path).toBe(ofPath.path);
  });

  test('never runs one of a workspace', async () => {
    const workspace = join(base, 'workspace');
    const inside = fakeAdb(join(workspace, 'platform-tools/adb'));
    const options = { untrusted: [workspace], env: { ANDROID_HOME: workspace } };
    for (const setting of [inside.path, './adb', 'platform-tools/adb']) {
      const finding = findAdb({ ...options, setting, path: workspace });
      await expect(finding).rejects.toMatchObject({ kind: 'no-adb' });
    }
    const path = ['.', '', join(workspace, 'platform-tools')].join(delimiter);
    const found = await findAdb({ ...options, path }).catch(() => undefined);
    expect(found?.path ?? '').not.toContain(workspace);
    expect(inside.asked()).toEqual([]);
  });

  test('does not take something else for adb', async () => {
    const path = join(base, 'not-adb');
    writeFileSync(path, '#!/bin/sh\necho "Android"\n', { mode: 0o755 });
    await expect(findAdb({ setting: path })).rejects.toThrow(/does not answer like adb/);
  });
});

describe('a server', () => {
  test.each([36, 31, 42])('of version %i is left alone, and said', async (version) => {
    const other = await startOtherAdbServer(version);
    const adb = fakeAdb(join(base, `mismatch-${version}/adb`));
    try {
      const opening = Adb.open({ adb: adb.path, server: `127.0.0.1:${other.port}` });
      await expect(opening).rejects.toMatchObject({
        kind: 'version',
        message: expect.stringContaining(`version ${version}`) as string,
      });
      expect(adb.asked()).toEqual(['version']);
      expect(other.requests).toEqual(['host:version']);
    } finally {
      await other.close();
    }
  });

  test('is not started where the user or another place says where it is', async () => {
    const adb = fakeAdb(join(base, 'no-server/adb'));
    const port = await freePort();
    const places = [
      { server: `127.0.0.1:${port}` },
      { env: { ADB_SERVER_SOCKET: `tcp:localhost:${port}` } },
      { env: { ANDROID_ADB_SERVER_PORT: String(port) } },
    ];
    for (const place of places) {
      await expect(Adb.open({ adb: adb.path, ...place })).rejects.toMatchObject({
        kind: 'no-server',
        message: expect.stringContaining(String(port)) as string,
      });
    }
    expect(new Set(adb.asked())).toEqual(new Set(['version']));
  });

  test('that answers nonsense or nothing is no server', async () => {
    const adb = fakeAdb(join(base, 'garbage/adb'));
    const other = await startOtherAdbServer('garbage');
    try {
      const opening = Adb.open({ adb: adb.path, server: `127.0.0.1:${other.port}` });
      await expect(opening).rejects.toMatchObject({ kind: 'garbage' });
    } finally {
      await other.close();
    }
  });
});

describe.skipIf(deviceLacks())(skipName('with devices', deviceLacks()), () => {
  let adb: TestAdb;
  let devices: TestDevice[] = [];
  beforeAll(async () => void (adb = await startAdb()));
  afterEach(async () => {
    for (const device of devices) {
      await adb.disconnect(device);
      await device.close();
    }
    devices = [];
  });
  afterAll(() => adb.close());

  const settings = () => ({ server: `127.0.0.1:${adb.port}` });
  const plug = async (options?: DeviceOptions): Promise<TestDevice> => {
    const device = await startDevice(options);
    devices.push(device);
    await adb.connect(device);
    return device;
  };
  const open = ({ serial }: TestDevice): Promise<AdbDevice> => AdbDevice.open(serial, settings());

  test('the list follows what is plugged and unplugged', async () => {
    const seen: DeviceWatch[] = [];
    const tracking = trackDevices(settings(), (watch) => void seen.push(watch));
    const states = (): string[] => seen.at(-1)?.devices.map(({ state }) => state) ?? ['none yet'];
    try {
      await expect.poll(states).toEqual([]);
      const device = await plug();
      await expect.poll(states).toEqual(['device']);
      expect(seen.at(-1)!.devices[0]).toMatchObject({ serial: device.serial, isEmulator: true });
      await plug({ faults: { unauthorised: true } });
      await expect
        .poll(() => states().sort(), { timeout: 5000 })
        .toEqual(['device', 'unauthorized']);
      await adb.disconnect(device);
      await expect.poll(states).toEqual(['unauthorized']);
    } finally {
      tracking.stop();
    }
    const count = seen.length;
    await plug();
    expect(seen).toHaveLength(count);
  });

  test('a list without a server says why, and finds the server once it is there', async () => {
    const port = await freePort();
    const seen: DeviceWatch[] = [];
    const server = `127.0.0.1:${port}`;
    const tracking = trackDevices({ server }, (watch) => void seen.push(watch));
    try {
      await expect.poll(() => seen.at(-1)?.problem?.kind).toBe('no-server');
      expect(seen).toHaveLength(1);
      await adb.run('-P', String(port), 'start-server');
      await expect.poll(() => seen.at(-1)?.problem, { timeout: 20_000 }).toBeUndefined();
    } finally {
      tracking.stop();
      await adb.run('-P', String(port), 'kill-server');
    }
  });

  test.each([
    ['with the shell protocol', undefined],
    ['without it', ['cmd']],
  ])('commands end as they end, %s', async (_name, features) => {
    const device = await open(await plug(features ? { features } : {}));
    expect(await device.shell('echo out; exit 7')).toMatchObject({ status: 7, stdout: 'out\n' });
    expect(await device.shell('printf "a b"')).toMatchObject({ status: 0, stdout: 'a b' });
    expect((await device.shell("sh -c 'kill -9 $$'")).status).toBe(137);
    await expect(device.shell('sleep 30', { timeoutMs: 1000 })).rejects.toMatchObject({
      kind: 'timeout',
    });
  });

  test('facts are those of the emulator', async () => {
    const facts = await readFacts(await open(await plug()));
    expect(facts).toMatchObject({
      name: 'Google sdk_gphone64_x86_64',
      abis: ['x86_64'],
      android: '14',
      api: 34,
      isEmulator: true,
      pageBytes: 4096,
    });
    expect(facts.cores).toBeGreaterThan(0);
    expect(facts.memoryBytes).toBeGreaterThan(1e8);
    expect(facts.features).toContain('shell_v2');
  });

  test('facts of a device with a huge list of processors are whole', async () => {
    const flags = Array.from({ length: 400 }, (_, i) => `flag${i}`).join(' ');
    const one = (core: number) => `processor\t: ${core}\nflags\t\t: fpu avx2 ${flags}\n`;
    const cpuinfo = Array.from({ length: 3000 }, (_, core) => one(core)).join('\n');
    const profile = { ...emulatorProfile, files: { '/proc/cpuinfo': cpuinfo } };
    const facts = await readFacts(await open(await plug({ profile })));
    expect(facts.cpuFeatures.slice(0, 3)).toEqual(['fpu', 'avx2', 'flag0']);
    expect(facts).toMatchObject({ android: '14', pageBytes: 4096 });
  });

  test.skipIf(armDeviceLacks())('facts are those of the phone', async () => {
    const facts = await readFacts(await open(await plug({ profile: phoneProfile })));
    expect(facts).toMatchObject({
      name: 'Google Pixel 6',
      soc: 'Tensor (gs101)',
      abis: ['arm64-v8a', 'armeabi-v7a', 'armeabi'],
      isEmulator: false,
      cores: 8,
      gpu: 'ARM Mali-G78',
      openclLibraries: [],
      memoryBytes: 7766444 * 1024,
    });
    expect(facts.clusters.map(({ cores, maxKhz }) => [cores.length, maxKhz])).toEqual([
      [4, 1_803_000],
      [2, 2_253_000],
      [2, 2_802_000],
    ]);
    expect(facts.cpuFeatures).toContain('asimddp');
  });

  const runs = (device: TestDevice): Promise<string[]> =>
    readdir(join(device.root, 'data/local/tmp/fusion-studio/runs'));

  test.each([
    ['with the shell protocol', undefined],
    ['without it', ['cmd']],
  ])(
    'a run that nobody follows any more is cleaned up by the device, %s',
    async (_name, features) => {
      const device = await plug(features ? { features } : {});
      const folder = await RemoteFolder.create(await open(device));
      const left = (await open(device)).spawnShell(`cd ${folder.path} && sleep 99`);
      await expect.poll(() => device.processes()).toContain('sleep 99');
      expect(await runs(device)).toHaveLength(1);
      device.drop();
      await expect.poll(() => device.processes(), { timeout: 15_000 }).toEqual([]);
      await expect.poll(() => runs(device)).toEqual([]);
      left.kill();
      await folder.remove();
    },
  );

  test('a cached file is pushed once, found again, and gone when the cache is cleared', async () => {
    const plugged = await plug();
    const device = await open(plugged);
    const folder = await RemoteFolder.create(device);
    const file = join(base, 'weights');
    const push = async (text: string, limitBytes?: number): Promise<string> => {
      writeFileSync(file, text);
      const limit = limitBytes === undefined ? {} : { limitBytes };
      return ensureCached(device, file, { folder: folder.path, ...limit });
    };
    const first = await push('a'.repeat(1000));
    expect(readFileSync(join(plugged.root, first), 'utf8')).toBe('a'.repeat(1000));
    expect(plugged.pushedBytes).toBe(1000);
    expect(await push('a'.repeat(1000))).toBe(first);
    expect(plugged.pushedBytes).toBe(1000);
    // A thousand bytes at most: the first one has to go.
    const second = await push('b'.repeat(900), 1000);
    const cache = join(plugged.root, 'data/local/tmp/fusion-studio/cache');
    expect(await readdir(cache)).toEqual([second.slice(second.lastIndexOf('/') + 1)]);
    await folder.remove();
    expect(await runs(plugged)).toEqual([]);
    await clearDeviceCache(device);
    expect(existsSync(cache)).toBe(false);
    const again = await RemoteFolder.create(device);
    await again.remove();
  });

  test('a device that sends more than it said is not heard out', async () => {
    const plugged = await plug();
    const device = await open(plugged);
    await device.output('head -c 100000 /dev/zero > /data/local/tmp/big');
    const pulling = device.pull('/data/local/tmp/big', join(base, 'big'), 1000);
    await expect(pulling).rejects.toMatchObject({ kind: 'garbage' });
  });
});
