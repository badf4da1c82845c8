/** The places where models run, this computer's first, with what makes them impossible and what to do about it. */
import { placeName } from '../client/placeNames.ts';
import type { TargetChoice } from '../protocol.ts';
import { Adb } from '../device/adb.ts';
import { AdbDevice } from '../device/device.ts';
import { DeviceError } from '../device/errors.ts';
import { readFacts } from '../device/facts.ts';
import { deviceChoices } from './deviceChoices.ts';
import type { DeviceOptions } from './runProtocol.ts';
import { RunFailure } from './runFailure.ts';
import type { ToolchainOptions } from './toolchain.ts';
import { findToolchain } from './toolchain.ts';

export type ListOptions = Pick<ToolchainOptions, 'compiler' | 'untrusted' | 'signal'> & {
  readonly device?: DeviceOptions;
};

export async function listTargets(options: ListOptions = {}): Promise<readonly TargetChoice[]> {
  const wasm: TargetChoice = {
    target: 'wasm',
    label: placeName('wasm'),
    detail: 'This computer; needs no other tool',
    available: true,
  };
  const native = await nativeChoice(options);
  return [wasm, native, openclChoice(native)];
}

/** Devices that adb knows; empty where there is no adb, which is a normal state. */
export async function listDevices(options: ListOptions = {}): Promise<readonly TargetChoice[]> {
  const { device = {}, untrusted, signal } = options;
  const settings = { ...device, signal, ...(untrusted ? { untrusted } : {}) };
  try {
    const adb = await Adb.open(settings);
    const listed = await adb.devices(signal);
    const choices = listed.map(async (one) => {
      const facts =
        one.state === 'device'
          ? await readFacts(await AdbDevice.open(one.serial, settings), { signal }).catch(
              () => undefined,
            )
          : undefined;
      return deviceChoices(one, facts);
    });
    return (await Promise.all(choices)).flat();
  } catch (error) {
    if (error instanceof DeviceError) return [];
    throw error;
  }
}

/** Whether there is a device is known when the library is loaded, by the run itself. */
function openclChoice(native: TargetChoice): TargetChoice {
  const choice = { target: 'opencl', label: placeName('opencl') } as const;
  return native.available
    ? {
        ...choice,
        detail: 'The GPU of this computer, or any device of its OpenCL library',
        available: true,
      }
    : { ...choice, detail: native.detail, available: false };
}

async function nativeChoice(options: ListOptions): Promise<TargetChoice> {
  const choice = { target: 'native', label: placeName('native') } as const;
  try {
    const { compiler, version } = await findToolchain(options);
    return { ...choice, detail: `This computer, ${version} (${compiler})`, available: true };
  } catch (error) {
    if (!(error instanceof RunFailure)) throw error;
    return { ...choice, detail: error.message, available: false };
  }
}
