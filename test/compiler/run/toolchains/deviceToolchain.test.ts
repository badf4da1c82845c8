/** Which compilers make programs for devices, in which order, and what is said where there is none. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Abi } from '../../../../compiler/device/facts.ts';
import { candidates } from '../../../../compiler/run/toolchains/candidates.ts';
import {
  findDeviceToolchain,
  listToolchains,
} from '../../../../compiler/run/toolchains/deviceToolchain.ts';
import { findNdks } from '../../../../compiler/run/toolchains/ndk.ts';
import { TARGETS } from '../../../../compiler/target/target.ts';

let base: string;
let log: string;

/** A compiler that links anything, says what it is, and keeps what it was told. */
function fake(path: string, machine = '', accepts = 'true'): string {
  mkdirSync(dirname(path), { recursive: true });
  const script = `#!/bin/sh
echo "$0 $*" >>${log}
case "$*" in
  *--version) echo "fake 1.0";;
  *-dumpmachine) echo "${machine}";;
  *) ${accepts};;
esac
`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return path;
}

function ndk(folder: string, revision: string): string {
  fake(join(folder, 'toolchains/llvm/prebuilt/linux-x86_64/bin/clang'));
  writeFileSync(join(folder, 'source.properties'), `Pkg.Desc = NDK\nPkg.Revision = ${revision}\n`);
  return folder;
}

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'fusion-ndk-'));
  log = join(base, 'log');
});
afterAll(() => rmSync(base, { recursive: true }));

const NOWHERE = { path: '', env: { ANDROID_HOME: '/nowhere' } };

describe('NDKs', () => {
  test('are those of the environment, then the newest of the SDK', () => {
    const sdk = join(base, 'sdk');
    for (const version of ['21.4.7075529', '26.1.10909125', '9.0.1']) {
      ndk(join(sdk, 'ndk', version), version);
    }
    mkdirSync(join(sdk, 'ndk', '99.0.0'));
    const own = ndk(join(base, 'own ndk'), '25.0.1');
    const env = { ANDROID_NDK_HOME: own, ANDROID_SDK_ROOT: sdk };
    expect(findNdks({}, env).map(({ version }) => version)).toEqual([
      ...['25.0.1', '26.1.10909125', '21.4.7075529', '9.0.1'],
    ]);
    expect(findNdks({ untrusted: [sdk] }, env)).toHaveLength(1);
  });

  test.each([
    ['arm64-v8a', '--target=aarch64-linux-android21', '-march=armv8-a'],
    ['armeabi-v7a', '--target=armv7a-linux-androideabi21', '-mfloat-abi=softfp'],
    ['x86_64', '--target=x86_64-linux-android21', '-march=x86-64-v2'],
  ] as const)('make dynamic programs for %s', async (abi, prefix, flag) => {
    const folder = ndk(join(base, `ndk-${abi}`), '27.0.1');
    const found = await findDeviceToolchain({ abi, ndk: folder, ...NOWHERE });
    expect(found).toMatchObject({ isDynamic: true, label: 'Android NDK 27.0.1', abi });
    expect(found.prefix).toContain(prefix);
    expect(found.target.flags).toContain(flag);
    expect(found.linkFlags).toEqual(['-pie', '-Wl,-z,max-page-size=16384']);
    expect(found.identity).toContain(prefix);
  });
});

describe('candidates', () => {
  test('are NDK, zig, clang, GNU, and none of a workspace', () => {
    const tools = join(base, 'tools');
    const sdk = join(base, 'sdk2');
    ndk(join(sdk, 'ndk', '26.1.1'), '26.1.1');
    for (const name of ['zig', 'clang', 'aarch64-linux-gnu-gcc', 'aarch64-linux-musl-gcc']) {
      fake(join(tools, name), 'aarch64-linux-gnu');
    }
    const env = { ANDROID_HOME: sdk };
    const options = { path: ['.', tools].join(delimiter) };
    const kinds = candidates('arm64-v8a', options, env).map(({ kind }) => kind);
    expect(kinds).toEqual(['ndk', 'zig', 'clang', 'gnu', 'gnu']);
    const closed = { ...options, untrusted: [tools, sdk] };
    expect(candidates('arm64-v8a', closed, env)).toEqual([]);
  });

  test('that do not link are passed over', async () => {
    const tools = join(base, 'broken');
    fake(join(tools, 'clang'), '', 'false');
    fake(join(tools, 'aarch64-linux-gnu-gcc'), 'aarch64-linux-gnu');
    const found = await findDeviceToolchain({ ...NOWHERE, abi: 'arm64-v8a', path: tools });
    expect(found).toMatchObject({ label: 'aarch64-linux-gnu-gcc', isDynamic: false });
    expect(found.linkFlags).toEqual(['-static', '-Wl,-z,max-page-size=16384']);
  });

  test('that compile for another machine are passed over', async () => {
    const path = join(base, 'wrong');
    fake(join(path, 'gcc'), 'aarch64-linux-gnu');
    const finding = findDeviceToolchain({ ...NOWHERE, abi: 'x86_64', path });
    await expect(finding).rejects.toThrow(/gcc compiles for aarch64-linux-gnu/);
  });

  test.each([
    ['arm-linux-gnueabihf-gcc', '-mfloat-abi=hard'],
    ['arm-linux-gnueabi-gcc', '-mfloat-abi=softfp'],
  ])('agree with the C library of %s on floats', async (name, flag) => {
    const path = join(base, name);
    fake(join(path, name), name.replace('-gcc', ''));
    const found = await findDeviceToolchain({ ...NOWHERE, abi: 'armeabi-v7a', path });
    expect(found.target.flags.filter((each) => each.startsWith('-mfloat-abi'))).toEqual([flag]);
    expect(found.target).toMatchObject({ name: 'armeabi-v7a', pointerBytes: 4 });
  });

  test('zig hears its own names', async () => {
    const path = join(base, 'zig');
    const zig = fake(join(path, 'zig'));
    const found = await findDeviceToolchain({
      ...{ ...NOWHERE, abi: 'x86_64', path },
      cpuFeatures: ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'movbe'],
    });
    expect(found).toMatchObject({
      compiler: zig,
      prefix: ['cc', '-target', 'x86_64-linux-musl'],
      target: { ...TARGETS['x86_64-avx2'], flags: ['-mcpu=x86_64_v3'] },
    });
  });
});

describe('programs that load the GPU library', () => {
  test('are made by the NDK, whatever else there is', async () => {
    const path = join(base, 'static-only');
    fake(join(path, 'zig'));
    fake(join(path, 'aarch64-linux-gnu-gcc'), 'aarch64-linux-gnu');
    const finding = findDeviceToolchain({ ...NOWHERE, abi: 'arm64-v8a', path, dynamic: true });
    await expect(finding).rejects.toThrow(/GPU.*Android NDK.*processor/);
    const env = { ANDROID_NDK_HOME: ndk(join(base, 'gpu-ndk'), '27.1') };
    const found = await findDeviceToolchain({ abi: 'arm64-v8a', path, env, dynamic: true });
    expect(found).toMatchObject({ label: 'Android NDK 27.1', isDynamic: true });
  });

  test('without it only for devices with the C library of this computer', async () => {
    if (process.platform !== 'linux' || process.arch !== 'x64') return;
    const path = join(base, 'own');
    fake(join(path, 'gcc'), 'x86_64-linux-gnu');
    const found = await findDeviceToolchain({ ...NOWHERE, abi: 'x86_64', path, dynamic: true });
    expect(found).toMatchObject({ label: 'gcc', isDynamic: true });
    expect(found.linkFlags).not.toContain('-static');
  });
});

describe('without a compiler', () => {
  test.each(['arm64-v8a', 'armeabi-v7a', 'x86_64'] as const)('%s says what to install', (abi) =>
    expect(findDeviceToolchain({ ...NOWHERE, abi })).rejects.toMatchObject({
      failure: 'unavailable',
      message: expect.stringMatching(/Android NDK.*fusionStudio\.device\.ndk.*zig/) as string,
    }),
  );

  test('a setting is not replaced by something else', async () => {
    const workspace = join(base, 'workspace');
    const inside = ndk(join(workspace, 'ndk'), '27');
    rmSync(log, { force: true });
    for (const setting of ['/nowhere', inside, join(workspace, 'ndk/source.properties'), 'x/y']) {
      await expect(
        findDeviceToolchain({ abi: 'x86_64', ndk: setting, untrusted: [workspace] }),
      ).rejects.toThrow(/is no Android NDK/);
    }
    expect(existsSync(log)).toBe(false);
  });

  test('the list says so for each kind of device', async () => {
    const path = join(base, 'only-arm');
    fake(join(path, 'aarch64-linux-gnu-gcc'), 'aarch64-linux-gnu');
    const listed = await listToolchains({ ...NOWHERE, path });
    expect(
      listed.map(({ abi, compiler }): [Abi, boolean] => [abi, compiler !== undefined]),
    ).toEqual([
      ['arm64-v8a', true],
      ['armeabi-v7a', false],
      ['x86_64', false],
    ]);
    expect(listed[0]!.detail).toContain('fake 1.0');
    expect(listed[1]!.detail).toContain('gcc-arm-linux-gnueabihf');
  });
});

describe('this computer', () => {
  test('makes programs for devices like it', async () => {
    if (process.platform !== 'linux' || process.arch !== 'x64') return;
    const found = await findDeviceToolchain({ abi: 'x86_64', env: { ANDROID_HOME: '/nowhere' } });
    expect(found.machine).toMatch(/^x86_64/);
    // The least level: nothing is known of the device.
    expect(found.target.name).toBe('x86_64');
  });
});
