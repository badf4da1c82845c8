// The device of the tests itself, through the real adb: what is not right here would make tests of the product wrong.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AdbResult, TestAdb } from './adbServer.ts';
import { startAdb } from './adbServer.ts';
import type { DeviceOptions, TestDevice } from './device.ts';
import { startDevice } from './device.ts';
import { armDeviceLacks, deviceLacks } from './deviceLacks.ts';
import { phoneProfile, oldPhoneProfile } from './phoneProfile.ts';

const TMP = '/data/local/tmp';
/** Errors of adb's own may stand in either. */
const said = ({ stdout, stderr }: AdbResult): string => stdout + stderr;
const PROGRAM = `#include <stdio.h>
int main(int count, char **words) { printf("%s %d\\n", words[1], (int)sizeof(void *)); fflush(stdout); return count; }`;

describe.skipIf(deviceLacks())('a test device', () => {
  let adb: TestAdb;
  let folder = '';
  let devices: TestDevice[] = [];
  beforeAll(async () => {
    adb = await startAdb();
    folder = mkdtempSync(join(tmpdir(), 'fusion-device-test-'));
    writeFileSync(join(folder, 'program.c'), PROGRAM);
  });
  afterEach(async () => {
    for (const device of devices) {
      await adb.disconnect(device);
      await device.close();
    }
    devices = [];
  });
  afterAll(async () => {
    await adb.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const plug = async (options?: DeviceOptions): Promise<TestDevice> => {
    const device = await startDevice(options);
    devices.push(device);
    await adb.connect(device);
    return device;
  };
  const state = async ({ serial }: TestDevice): Promise<string | undefined> => {
    const { stdout } = await adb.run('devices');
    return new RegExp(`^${serial}\\s+(\\S+)`, 'm').exec(stdout)?.[1];
  };
  const compiled = (compiler: string): string => {
    const program = join(folder, `program-${compiler}`);
    execFileSync(compiler, ['-static', '-o', program, join(folder, 'program.c')]);
    return program;
  };
  const shell = ({ serial }: TestDevice, command: string) =>
    adb.run('-s', serial, 'shell', command);
  const push = (device: TestDevice, file: string, path: string) =>
    adb.run('-s', device.serial, 'push', file, path);

  it('is listed with its names and answers in packets', async () => {
    const device = await plug();
    const { stdout } = await adb.run('devices', '-l');
    expect(stdout).toContain('model:sdk_gphone64_x86_64');
    expect(await shell(device, 'uname -m; echo bad >&2; exit 7')).toEqual({
      status: 7,
      stdout: 'x86_64\n',
      stderr: 'bad\n',
    });
    expect((await shell(device, 'nothing-of-that-name')).status).toBe(127);
    expect((await shell(device, 'kill -9 $$')).status).toBe(137);
  });

  it('keeps files byte by byte, folders too', async () => {
    const device = await plug();
    const file = join(folder, 'bytes');
    writeFileSync(file, Buffer.from(Array.from({ length: 3_000_001 }, (_, i) => (i * 7919) >> 3)));
    expect((await push(device, file, `${TMP}/a b/bytes`)).status).toBe(0);
    const back = join(folder, 'back');
    expect((await adb.run('-s', device.serial, 'pull', `${TMP}/a b`, back)).status).toBe(0);
    expect(readFileSync(join(back, 'bytes')).equals(readFileSync(file))).toBe(true);
    expect((await shell(device, `sha256sum '${TMP}/a b/bytes'`)).stdout).toMatch(/^[0-9a-f]{64} /);
    const missing = await adb.run('-s', device.serial, 'pull', `${TMP}/none`, back);
    expect(missing.status).toBe(1);
    expect(said(missing)).toContain('No such file');
    const elsewhere = await push(device, file, '/system/bytes');
    expect(said(elsewhere)).toContain('Permission denied');
  });

  it('runs what was pushed, and nothing of a processor that it does not have', async () => {
    const device = await plug();
    await push(device, compiled('gcc'), `${TMP}/program`);
    expect(await shell(device, `chmod 755 ${TMP}/program && ${TMP}/program said`)).toEqual({
      status: 2,
      stdout: 'said 8\n',
      stderr: '',
    });
    device.allowPrograms(false);
    const forbidden = await shell(device, `${TMP}/program said`);
    expect(forbidden.status).toBe(126);
    expect(forbidden.stderr).toContain('Permission denied');
  });

  it('without the shell protocol tells neither errors nor how a command ended', async () => {
    const device = await plug({ features: ['cmd'] });
    expect(await shell(device, 'echo out; echo bad >&2; exit 7')).toEqual({
      status: 0,
      stdout: 'out\r\nbad\r\n',
      stderr: '',
    });
  });

  it('can be full', async () => {
    const device = await plug();
    device.leaveSpace(1 << 20);
    const file = join(folder, 'large');
    writeFileSync(file, Buffer.alloc(3 << 20));
    const full = await push(device, file, `${TMP}/large`);
    expect(full.status).toBe(1);
    expect(said(full)).toContain('No space left on device');
    expect((await shell(device, `ls ${TMP}`)).stdout).toBe('');
    device.leaveSpace(undefined);
    expect((await push(device, file, `${TMP}/large`)).status).toBe(0);
  });

  it('can be unplugged at a byte, and back', async () => {
    const device = await plug();
    const file = join(folder, 'large');
    writeFileSync(file, Buffer.alloc(3 << 20));
    device.faults.dropAtPushedByte = 1 << 20;
    expect((await push(device, file, `${TMP}/large`)).status).toBe(1);
    device.faults.dropAtOutput = { command: 'yes', bytes: 100_000 };
    await adb.connect(device);
    expect((await shell(device, 'yes')).status).not.toBe(0);
    await adb.disconnect(device);
    await adb.connect(device);
    expect((await shell(device, `ls ${TMP}; echo fine`)).stdout).toBe('fine\n');
  });

  it('can wait for its owner, or say nothing', async () => {
    const unasked = await plug({ faults: { unauthorised: true } });
    expect(await state(unasked)).toBe('unauthorized');
    const mute = await startDevice({ faults: { mute: true } });
    devices.push(mute);
    // The client waits for ten seconds.
    const connecting = adb.connect(mute);
    await expect.poll(() => state(mute), { timeout: 5000 }).toBe('offline');
    await adb.disconnect(mute);
    await connecting;
  });

  it('goes on with a command whose client has gone, as phones do', async () => {
    const device = await plug();
    const running = shell(device, 'sleep 77');
    await expect.poll(() => device.processes(), { timeout: 5000 }).toContain('sleep 77');
    device.drop();
    await running;
    expect(await device.processes()).toContain('sleep 77');
  });

  it('has programs that misbehave when asked to', async () => {
    const device = await plug();
    await push(device, compiled('gcc'), `${TMP}/program`);
    const run = `${TMP}/program said`;
    device.faults.program = 'killed';
    expect(await shell(device, run)).toMatchObject({ status: 137, stdout: 'said 8\n' });
    device.faults.program = 'silent';
    expect(await shell(device, run)).toMatchObject({ status: 0, stdout: '' });
    device.faults.program = 'garbage';
    expect((await shell(device, run)).stdout.length).toBeGreaterThan(3000);
    device.faults.program = 'flood';
    const flood = shell(device, `${run} | head -c 100000 | wc -c; echo x | tr x y`);
    expect((await flood).stdout).toBe('100000\ny\n');
    device.faults.program = 'stall';
    const stalled = shell(device, run);
    await expect.poll(() => device.processes(), { timeout: 5000 }).toContain('sleep 86400');
    await shell(device, 'pkill sleep');
    expect((await stalled).stdout).toBe('said 8\n');
    device.faults.program = undefined;
    expect((await shell(device, run)).status).toBe(2);
  });

  describe.skipIf(armDeviceLacks())('with an arm processor', () => {
    it('says so everywhere and runs its programs', async () => {
      const device = await plug({ profile: phoneProfile });
      const { stdout } = await shell(
        device,
        'uname -m; getprop ro.product.model; nproc; grep -c 0xd05 /proc/cpuinfo; cat /sys/class/thermal/thermal_zone0/temp',
      );
      expect(stdout).toBe('aarch64\nPixel 6\n8\n4\n41000\n');
      await push(device, compiled('aarch64-linux-gnu-gcc'), `${TMP}/program`);
      await shell(device, `cd ${TMP} && mv program renamed`);
      expect(await shell(device, `cd ${TMP} && taskset f0 ./renamed said`)).toEqual({
        status: 2,
        stdout: 'said 8\n',
        stderr: '',
      });
      await push(device, compiled('gcc'), `${TMP}/program`);
      const wrong = await shell(device, `${TMP}/program said`);
      // What Android's shell does.
      expect(wrong.status).toBe(1);
      expect(wrong.stderr).toContain('not executable: 64-bit ELF file');
    });

    it('of 32 bits too', async () => {
      const device = await plug({ profile: oldPhoneProfile, features: [] });
      await push(device, compiled('arm-linux-gnueabihf-gcc'), `${TMP}/program`);
      expect((await shell(device, `${TMP}/program said`)).stdout).toBe('said 4\r\n');
    });
  });
});
