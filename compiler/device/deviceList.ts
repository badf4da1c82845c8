/** The list of devices as the adb server gives it, and what each state means to the user. */
import { cleanText } from './cleanText.ts';
import { DeviceError } from './errors.ts';
import type { DeviceErrorKind } from './errors.ts';

export type DeviceState = 'device' | 'unauthorized' | 'offline' | 'no-permissions' | 'other';

export interface ListedDevice {
  readonly serial: string;
  readonly state: DeviceState;
  /** adb's own word for it. */
  readonly said: string;
  /** For people: the model, else the serial number. */
  readonly name: string;
  readonly isEmulator: boolean;
  /** What to do where it cannot be used. */
  readonly advice?: string;
}

const MOST_DEVICES = 256;
const SERIAL = /^[\w.:[\]%-]{1,128}$/;

/** Of `host:devices-l`. Lines that are none are left out; nothing is thrown. */
export function parseDeviceList(text: string): readonly ListedDevice[] {
  const devices: ListedDevice[] = [];
  const seen = new Set<string>();
  for (const line of text.split('\n')) {
    if (devices.length >= MOST_DEVICES) break;
    const match = /^(\S+)\s+(\S.*)$/.exec(line.trimEnd());
    if (match === null || !SERIAL.test(match[1]!) || seen.has(match[1]!)) continue;
    seen.add(match[1]!);
    devices.push(deviceOfLine(match[1]!, match[2]!));
  }
  return devices;
}

function deviceOfLine(serial: string, rest: string): ListedDevice {
  const said = cleanText(/^no permissions/.test(rest) ? rest : rest.split(/\s/)[0]!, 200);
  const state = stateOf(said);
  const model = / model:(\S+)/.exec(rest)?.[1];
  const product = / product:(\S+)/.exec(rest)?.[1] ?? '';
  const name = model === undefined ? serial : cleanText(model.replaceAll('_', ' '), 60);
  const advice = adviceOn(state, said);
  return {
    serial,
    state,
    said,
    name,
    isEmulator: serial.startsWith('emulator-') || product.startsWith('sdk_'),
    ...(advice === undefined ? {} : { advice }),
  };
}

function stateOf(said: string): DeviceState {
  if (said === 'device' || said === 'unauthorized' || said === 'offline') return said;
  if (said === 'authorizing') return 'unauthorized';
  return said.startsWith('no permissions') ? 'no-permissions' : 'other';
}

function adviceOn(state: DeviceState, said: string): string | undefined {
  switch (state) {
    case 'device':
      return undefined;
    case 'unauthorized':
      return 'Unlock the device and allow USB debugging for this computer; if it does not ask, revoke authorizations in its developer options and connect it again.';
    case 'offline':
      return 'The device is offline: connect it again, or restart it; for a device over the network, "adb disconnect" and "adb connect" it.';
    case 'no-permissions':
      return 'This computer does not let adb open the device: add a udev rule for it (Debian: android-sdk-platform-tools-common) or join the group plugdev, then connect it again.';
    case 'other':
      return `The device is in the state "${said}": start Android on it and turn on USB debugging.`;
  }
}

const KIND: Readonly<Record<Exclude<DeviceState, 'device'>, DeviceErrorKind>> = {
  unauthorized: 'unauthorized',
  offline: 'offline',
  'no-permissions': 'no-permissions',
  other: 'offline',
};

/** The device of that serial number, ready for commands. Throws DeviceError. */
export function readyDevice(devices: readonly ListedDevice[], serial: string): ListedDevice {
  const found = devices.find((device) => device.serial === serial);
  if (found === undefined) {
    const others = devices.map((device) => device.serial).join(', ');
    throw new DeviceError(
      'not-found',
      `adb knows no device ${serial}${others === '' ? '' : ` (but ${others})`}: connect it and turn on USB debugging.`,
    );
  }
  if (found.state !== 'device') {
    const word = found.state === 'other' ? found.said : found.state.replace('-', ' ');
    throw new DeviceError(KIND[found.state], `The device ${serial} is ${word}. ${found.advice}`);
  }
  return found;
}
