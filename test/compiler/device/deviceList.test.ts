/** Lists of devices as servers say them, whatever they say. */
import { describe, expect, test } from 'vitest';
import { FrameParser } from '../../../compiler/device/adbServer.ts';
import { parseAdbVersion } from '../../../compiler/device/adbProgram.ts';
import { parseDeviceList, readyDevice } from '../../../compiler/device/deviceList.ts';
import { DeviceError } from '../../../compiler/device/errors.ts';
import { Rng } from './noise.ts';

const LIST = `21061FDF600ABC         device usb:1-4 product:oriole model:Pixel_6 device:oriole transport_id:1
emulator-5554          device product:sdk_gphone64_x86_64 model:sdk_gphone64_x86_64 device:emu64x transport_id:2
127.0.0.1:40123        offline transport_id:3
HT7A1				unauthorized usb:1-2 transport_id:4
????????????           no permissions (user in plugdev group; are your udev rules wrong?); see [http://developer.android.com/tools/device.html] usb:1-1
0123456789             no permissions (missing udev rules?) usb:1-3
R58M                   recovery
`;

describe('parseDeviceList', () => {
  test('tells states, names, emulators, and what to do', () => {
    const devices = parseDeviceList(LIST);
    expect(devices.map(({ serial, state, name }) => [serial, state, name])).toEqual([
      ['21061FDF600ABC', 'device', 'Pixel 6'],
      ['emulator-5554', 'device', 'sdk gphone64 x86 64'],
      ['127.0.0.1:40123', 'offline', '127.0.0.1:40123'],
      ['HT7A1', 'unauthorized', 'HT7A1'],
      ['0123456789', 'no-permissions', '0123456789'],
      ['R58M', 'other', 'R58M'],
    ]);
    expect(devices.map(({ isEmulator }) => isEmulator)).toEqual([
      ...[false, true, false, false, false, false],
    ]);
    expect(devices.map(({ advice }) => advice !== undefined)).toEqual([
      ...[false, false, true, true, true, true],
    ]);
  });

  test('knows the short form', () => {
    expect(parseDeviceList('X1\tdevice\nX2\toffline\n')).toMatchObject([
      { serial: 'X1', state: 'device', name: 'X1' },
      { serial: 'X2', state: 'offline' },
    ]);
  });

  test('leaves out what could be no serial number and lists nothing twice', () => {
    const text = 'a;b device\n$(id) device\n../x device\nA device\nA offline\n';
    expect(parseDeviceList(text).map(({ serial }) => serial)).toEqual(['A']);
  });

  test('never throws, and gives clean, bounded text', () => {
    const rng = new Rng(1);
    for (let i = 0; i < 3000; i++) {
      for (const { serial, name, said } of parseDeviceList(rng.mangled([LIST]))) {
        expect(serial).toMatch(/^[\w.:[\]%-]{1,128}$/);
        expect(name.length).toBeLessThanOrEqual(128);

        expect(`${name}${said}`).not.toMatch(/[\u0000-\u001f\u007f\u202e]/);
      }
    }
  });
});

describe('readyDevice', () => {
  const devices = parseDeviceList(LIST);
  test.each([
    ['nowhere', 'not-found', /nowhere.*21061FDF600ABC/],
    ['127.0.0.1:40123', 'offline', /offline/],
    ['HT7A1', 'unauthorized', /allow USB debugging/],
    ['0123456789', 'no-permissions', /udev/],
    ['R58M', 'offline', /recovery/],
  ])('%s is %s', (serial, kind, message) => {
    expect(() => readyDevice(devices, serial)).toThrow(DeviceError);
    expect(() => readyDevice(devices, serial)).toThrow(message);
    try {
      readyDevice(devices, serial);
    } catch (error) {
      expect((error as DeviceError).kind).toBe(kind);
    }
  });
});

describe('parseAdbVersion', () => {
  test('takes the number that servers are compared by', () => {
    const text = 'Android Debug Bridge version 1.0.41\nVersion 35.0.2-12147458\nInstalled as /x\n';
    expect(parseAdbVersion(text)).toEqual({ protocol: 41, version: '35.0.2-12147458' });
    expect(parseAdbVersion('Android Debug Bridge version 1.0.32\n')).toMatchObject({
      protocol: 32,
    });
    expect(parseAdbVersion('adb 41')).toBeUndefined();
  });
});

describe('FrameParser', () => {
  const frames = (bytes: Buffer, cut: () => number): string[] => {
    const parser = new FrameParser();
    const texts: string[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = at + Math.max(1, cut());
      texts.push(...parser.push(bytes.subarray(at, end)));
      at = end;
    }
    return texts;
  };

  test('gives the texts, however they are cut', () => {
    const rng = new Rng(3);
    // The é has two bytes, and the length counts bytes.
    const answer = Buffer.from('OKAY0005a\nbé0000000bsecond list');
    for (let i = 0; i < 100; i++) {
      expect(frames(answer, () => rng.below(9))).toEqual(['a\nbé', '', 'second list']);
    }
  });

  test('tells refusals and nonsense by its own error', () => {
    expect(() => new FrameParser().push(Buffer.from('FAIL0004what'))).toThrow(/refuses: what/);
    expect(() => new FrameParser().push(Buffer.from('HTTP/1.1'))).toThrow(DeviceError);
    expect(() => new FrameParser().push(Buffer.from('OKAY-001x'))).toThrow(DeviceError);
  });

  test('throws nothing else, whatever comes', () => {
    const rng = new Rng(5);
    for (let i = 0; i < 3000; i++) {
      const bytes = Buffer.from(rng.mangled(['OKAY000bhello world', 'FAIL0003abc', 'OKAY0000']));
      try {
        frames(bytes, () => rng.below(7));
      } catch (error) {
        expect(error).toBeInstanceOf(DeviceError);
      }
    }
  });
});
