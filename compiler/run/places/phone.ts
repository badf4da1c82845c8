/** A phone that is about to run something: reached, asked for its facts, and with a compiler for it. */
import type { CpuCluster } from '../../device/cpuClusters.ts';
import { chosenCores, cpuListText } from '../../device/cpuClusters.ts';
import { AdbDevice } from '../../device/device.ts';
import type { Abi, DeviceFacts } from '../../device/facts.ts';
import { abiOf, readFacts } from '../../device/facts.ts';
import { onDevice } from '../deviceFailure.ts';
import type { PlaceChoice } from '../placeOf.ts';
import { RunFailure } from '../runFailure.ts';
import type { DeviceToolchain } from '../toolchains/deviceToolchain.ts';
import { findDeviceToolchain } from '../toolchains/deviceToolchain.ts';

export type DevicePlaceOptions = Pick<
  PlaceChoice,
  'device' | 'untrusted' | 'cacheFolder' | 'compilerFlags' | 'signal'
>;

export interface Phone {
  readonly device: AdbDevice;
  readonly facts: DeviceFacts;
  readonly abi: Abi;
  readonly toolchain: DeviceToolchain;
  /** Processors to run on. */
  readonly chosen: ChosenCores;
}

export type ChosenCores = NonNullable<ReturnType<typeof chosenCores>>;

/**
 * @param dynamic its programs load libraries of the phone
 * Throws RunFailure 'unavailable' with what to do, RunCancelled.
 */
export function openPhone(
  serial: string,
  { device: settings = {}, untrusted = [], signal }: DevicePlaceOptions,
  dynamic = false,
): Promise<Phone> {
  const { adb, server, ndk, cores } = settings;
  return onDevice(async () => {
    const device = await AdbDevice.open(serial, { adb, server, untrusted, signal });
    const facts = await readFacts(device, { signal });
    const { cpuFeatures } = facts;
    const abi = abiOf(facts);
    const chosen = coresOf(cores, facts.clusters);
    const sought = { abi, ndk, cpuFeatures, untrusted, signal, dynamic };
    return { device, facts, abi, chosen, toolchain: await findDeviceToolchain(sought) };
  });
}

function coresOf(setting: string | undefined, clusters: readonly CpuCluster[]): ChosenCores {
  const chosen = chosenCores(setting, clusters);
  if (chosen !== undefined) return chosen;
  const all = cpuListText(clusters.flatMap(({ cores }) => cores));
  throw new RunFailure(
    'unavailable',
    `The device has no processors "${setting}": choose big, all, or some of ${all}.`,
  );
}
