/**
 * The processor of a phone, through adb: a program is compiled here, pushed with weights (which stay there for the next
 * run) and inputs, run there, its outputs pulled. The folder of the run on the phone is gone afterwards.
 */
import type { CpuCluster } from '../../device/cpuClusters.ts';
import { chosenCores, cpuListText } from '../../device/cpuClusters.ts';
import { AdbDevice } from '../../device/device.ts';
import { abiOf, readFacts } from '../../device/facts.ts';
import { DeviceRun } from './deviceRun.ts';
import { buildNative } from '../buildNative.ts';
import { onDevice } from '../deviceFailure.ts';
import { emitNative } from '../emitNative.ts';
import type { Place } from '../place.ts';
import type { PlaceChoice } from '../placeOf.ts';
import { RunFailure } from '../runFailure.ts';
import { runTables } from '../runTables.ts';
import { findDeviceToolchain } from '../toolchains/deviceToolchain.ts';

export type DevicePlaceOptions = Pick<
  PlaceChoice,
  'device' | 'untrusted' | 'cacheFolder' | 'compilerFlags' | 'signal'
>;

/** Throws RunFailure 'unavailable' with what to do, RunCancelled. */
export async function devicePlace(serial: string, options: DevicePlaceOptions): Promise<Place> {
  const { device: settings = {}, untrusted = [], signal } = options;
  const { adb, server, ndk, cores } = settings;
  return onDevice(async () => {
    const device = await AdbDevice.open(serial, { adb, server, untrusted, signal });
    const facts = await readFacts(device, { signal });
    const abi = abiOf(facts);
    const chosen = coresOf(cores, facts.clusters);
    const { cpuFeatures } = facts;
    const toolchain = await findDeviceToolchain({ abi, ndk, cpuFeatures, untrusted, signal });
    return {
      name: `adb:${serial}`,
      target: toolchain.target,
      prepare: async (bundle, placing) => {
        const { emitted, ...sources } = await emitNative(bundle, placing.checkpoint);
        const tables = runTables(bundle, emitted);
        const { program, compiled, cached } = await buildNative(tables, sources, {
          folder: placing.folder,
          toolchain,
          signal: placing.signal,
          cacheFolder: options.cacheFolder,
          ...(options.compilerFlags ? { flags: options.compilerFlags } : {}),
          onProgress: (done, total) => {
            if (total > 0) placing.onProgress?.(`Compiling ${done} of ${total}`, done / total);
          },
        });
        const run = new DeviceRun({ device, facts, abi, chosen, tables, program, placing });
        return { tables, emitted, compiled, cached, ...run.steps() };
      },
    };
  });
}

type ChosenCores = NonNullable<ReturnType<typeof chosenCores>>;

function coresOf(setting: string | undefined, clusters: readonly CpuCluster[]): ChosenCores {
  const chosen = chosenCores(setting, clusters);
  if (chosen !== undefined) return chosen;
  const all = cpuListText(clusters.flatMap(({ cores }) => cores));
  throw new RunFailure(
    'unavailable',
    `The device has no processors "${setting}": choose big, all, or some of ${all}.`,
  );
}
