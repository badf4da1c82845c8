/** What devices say of themselves, and what becomes of it when they lie. */
import { describe, expect, test } from 'vitest';
import { abiOf } from '../../../compiler/device/facts.ts';
import {
  bigCores,
  chosenCores,
  cpuListText,
  MOST_CORES,
  parseCpuList,
} from '../../../compiler/device/cpuClusters.ts';
import { OPENCL_PATHS, parseFacts } from '../../../compiler/device/parseFacts.ts';
import { allowedClock, isThrottled, parseTelemetry } from '../../../compiler/device/telemetry.ts';
import { Rng } from './noise.ts';

const PIXEL = `
@@fusion properties
model=Pixel 6
manufacturer=Google
soc=Tensor
platform=gs101
hardware=oriole
abis=arm64-v8a,armeabi-v7a,armeabi
abi=arm64-v8a
android=13
api=33
emulator=

@@fusion cpuinfo
processor	: 0
Features	: fp asimd aes asimddp
CPU part	: 0xd05
processor	: 1

@@fusion online
0-7

@@fusion policies
0 1 2 3|1803000|1803000
4 5|2253000|2253000
6 7|2802000|2100000

@@fusion clocks
0 1 2 3|1803000|1803000
6 7|2802000|2100000

@@fusion memory
MemTotal:        7766444 kB
MemAvailable:    3911296 kB

@@fusion page
16384

@@fusion gpu
  GLES: ARM, Mali-G78, OpenGL ES 3.2 v1.r38p1-01eac0

@@fusion libraries
/vendor/lib64/libOpenCL-pixel.so
/etc/passwd
`;

describe('parseFacts', () => {
  test('reads a phone', () => {
    expect(parseFacts(PIXEL, 'S1', ['shell_v2'])).toEqual({
      serial: 'S1',
      name: 'Google Pixel 6',
      model: 'Pixel 6',
      manufacturer: 'Google',
      soc: 'Tensor (gs101)',
      abis: ['arm64-v8a', 'armeabi-v7a', 'armeabi'],
      android: '13',
      api: 33,
      isEmulator: false,
      cores: 8,
      clusters: [
        { cores: [0, 1, 2, 3], maxKhz: 1803000, allowedKhz: 1803000 },
        { cores: [4, 5], maxKhz: 2253000, allowedKhz: 2253000 },
        { cores: [6, 7], maxKhz: 2802000, allowedKhz: 2100000 },
      ],
      cpuFeatures: ['fp', 'asimd', 'aes', 'asimddp'],
      memoryBytes: 7766444 * 1024,
      freeMemoryBytes: 3911296 * 1024,
      pageBytes: 16384,
      gpu: 'ARM Mali-G78',
      openclLibraries: ['/vendor/lib64/libOpenCL-pixel.so'],
      features: ['shell_v2'],
    });
  });

  test('gets by without clocks, and without anything', () => {
    const little = parseFacts('@@fusion cpuinfo\nprocessor : 0\nprocessor : 1\n', 'S2');
    expect(little).toMatchObject({
      name: 'S2',
      soc: '',
      cores: 2,
      clusters: [{ cores: [0, 1], maxKhz: 0, allowedKhz: 0 }],
    });
    expect(parseFacts('', 'S3')).toMatchObject({ name: 'S3', cores: 0, clusters: [], abis: [] });
    const page = '@@fusion page\nKernelPageSize:        4 kB\n';
    expect(parseFacts(page, 'S4').pageBytes).toBe(4096);
  });

  test('does not say a maker twice', () => {
    const text = '@@fusion properties\nmodel=OnePlus 12\nmanufacturer=OnePlus\n';
    expect(parseFacts(text, 'S').name).toBe('OnePlus 12');
    const gpu = '@@fusion gpu\nGLES: PowerVR, PowerVR B-Series BXM-8-256, OpenGL ES 3.2\n';
    expect(parseFacts(gpu, 'S').gpu).toBe('PowerVR B-Series BXM-8-256');
  });

  test('gives bounded, clean facts of any text', () => {
    const rng = new Rng(11);
    for (let i = 0; i < 2000; i++) {
      const facts = parseFacts(rng.mangled([PIXEL]), 'S');
      expect(facts.name.length).toBeLessThanOrEqual(80);

      expect(`${facts.name}${facts.soc}${facts.android}${facts.gpu}`).not.toMatch(
        /[\u0000-\u001f\u202e]/,
      );
      expect(facts.clusters.flatMap(({ cores }) => cores).every((c) => c < MOST_CORES)).toBe(true);
      expect(facts.openclLibraries.every((path) => OPENCL_PATHS.includes(path))).toBe(true);
      expect(facts.abis.every((abi) => /^[\w-]+$/.test(abi))).toBe(true);
      for (const number of [facts.api, facts.memoryBytes, facts.pageBytes]) {
        expect(Number.isSafeInteger(number) && number >= 0).toBe(true);
      }
    }
  });
});

describe('abiOf', () => {
  test('is the best that programs are made for', () => {
    expect(abiOf({ abis: ['x86', 'x86_64', 'arm64-v8a'], name: 'it' })).toBe('x86_64');
    expect(() => abiOf({ abis: ['riscv64'], name: 'it' })).toThrow(/riscv64/);
    expect(() => abiOf({ abis: [], name: 'it' })).toThrow(/none/);
  });
});

describe('processors', () => {
  const { clusters } = parseFacts(PIXEL, 'S');

  test('lists are read and written', () => {
    expect(parseCpuList('0-2,5')).toEqual([0, 1, 2, 5]);
    expect(parseCpuList(' 3 1 2\n')).toEqual([1, 2, 3]);
    for (const bad of ['', '3-1', '0-9999', 'x', '-1', '1,', '1--2', '0x1']) {
      expect(parseCpuList(bad), bad).toBeUndefined();
    }
    expect(cpuListText([7, 4, 5, 6, 1])).toBe('1,4-7');
    const rng = new Rng(13);
    for (let i = 0; i < 2000; i++) {
      const cores = parseCpuList(rng.mangled(['0-3,5 7', '12-15', ' ,-']));
      if (cores) expect(parseCpuList(cpuListText(cores))).toEqual(cores);
    }
  });

  test('big ones are all but the slowest', () => {
    expect(bigCores(clusters)).toEqual([4, 5, 6, 7]);
    expect(bigCores(clusters.slice(2))).toEqual([6, 7]);
    expect(bigCores([])).toEqual([]);
  });

  test.each([
    [undefined, 'big', '4-7'],
    ['', 'big', '4-7'],
    ['all', 'all', '0-7'],
    ['6,7', '6-7', '6-7'],
  ])('%s means %s', (setting, name, list) => {
    const chosen = chosenCores(setting, clusters)!;
    expect([chosen.name, cpuListText(chosen.cores)]).toEqual([name, list]);
  });

  test('others are refused', () => {
    for (const setting of ['8', '6-9', 'fast', '1; id'])
      expect(chosenCores(setting, clusters), setting).toBeUndefined();
  });
});

describe('telemetry', () => {
  const HOT = `
@@fusion policies
0 1|1800000|1800000
2 3|2800000|2800000

@@fusion zones
BIG|41000
LITTLE|38
battery|295
off|-40000
none|

@@fusion thermal
Thermal Status: 1
`;

  test('takes the hottest sensor, in whatever unit', () => {
    expect(parseTelemetry(HOT)).toMatchObject({ temperature: 41, thermalStatus: 1 });
    expect(parseTelemetry('@@fusion zones\ncpu|45\nx|99999999\n').temperature).toBe(45);
    expect(parseTelemetry('').temperature).toBeUndefined();
  });

  test('tells throttling by the clocks that are allowed, and by Android', () => {
    const cool = parseTelemetry(HOT);
    const capped = parseTelemetry(HOT.replace('2800000|2800000', '2800000|2100000'));
    expect(allowedClock(cool, [2, 3])).toBe(2800);
    expect(allowedClock(capped, [0, 3])).toBe(2100);
    expect(allowedClock(cool, [9])).toBeUndefined();
    expect(isThrottled(cool, cool, [2, 3])).toBe(false);
    expect(isThrottled(cool, capped, [2, 3])).toBe(true);
    expect(isThrottled(cool, capped, [0, 1])).toBe(false);
    const moderate = parseTelemetry(HOT.replace('Status: 1', 'Status: 2'));
    expect(isThrottled(cool, moderate, [0])).toBe(true);
  });

  test('never throws', () => {
    const rng = new Rng(17);
    for (let i = 0; i < 2000; i++) {
      const { temperature, clusters } = parseTelemetry(rng.mangled([HOT, PIXEL]));
      if (temperature !== undefined) expect(temperature).toBeLessThanOrEqual(150);
      expect(clusters.length).toBeLessThan(300);
    }
  });
});
