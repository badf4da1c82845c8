/** Where the adb server is looked for. */
import { describe, expect, test } from 'vitest';
import { DeviceError } from '../../../compiler/device/errors.ts';
import { addressText, serverAddress } from '../../../compiler/device/serverAddress.ts';

describe('serverAddress', () => {
  test.each([
    [undefined, {}, '127.0.0.1:5037', true],
    ['', {}, '127.0.0.1:5037', true],
    ['5038', {}, '127.0.0.1:5038', false],
    ['build-box', {}, 'build-box:5037', false],
    ['tcp:build-box:5040', {}, 'build-box:5040', false],
    ['[fe80::1]:5037', {}, '[fe80::1]:5037', false],
    ['localhost:5037', {}, 'localhost:5037', true],
    [undefined, { ADB_SERVER_SOCKET: 'tcp:5039' }, '127.0.0.1:5039', false],
    [undefined, { ADB_SERVER_SOCKET: 'tcp:far:1' }, 'far:1', false],
    [undefined, { ANDROID_ADB_SERVER_PORT: '6000' }, '127.0.0.1:6000', false],
    [undefined, { ANDROID_ADB_SERVER_ADDRESS: 'far' }, 'far:5037', false],
    ['mine:1', { ADB_SERVER_SOCKET: 'tcp:far:1' }, 'mine:1', false],
  ] as const)('%s with %o is %s', (setting, env, text, isDefault) => {
    const address = serverAddress(setting, env);
    expect(addressText(address)).toBe(text);
    expect(address.isDefault).toBe(isDefault);
  });

  test.each(['host:0', 'host:70000', 'a b', '-x:1:2', 'host:', '$(id):1', ':5037', 'a/b:1'])(
    '%s is refused',
    (setting) => {
      expect(() => serverAddress(setting, {})).toThrow(DeviceError);
    },
  );

  test('sockets other than TCP are refused', () => {
    const env = { ADB_SERVER_SOCKET: 'localfilesystem:/run/adb' };
    expect(() => serverAddress(undefined, env)).toThrow(/ADB_SERVER_SOCKET/);
  });
});
