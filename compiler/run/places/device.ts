/**
 * The processor of a phone, through adb: a program is compiled here, pushed with weights (which stay there for the next
 * run) and inputs, run there, its outputs pulled. The folder of the run on the phone is gone afterwards.
 */
import { stat } from 'node:fs/promises';
import type { CpuCluster } from '../../device/cpuClusters.ts';
import { chosenCores, cpuListText } from '../../device/cpuClusters.ts';
import { AdbDevice } from '../../device/device.ts';
import { DeviceError } from '../../device/errors.ts';
import { abiOf, readFacts } from '../../device/facts.ts';
import type { DeviceFacts } from '../../device/facts.ts';
import { ensureCached, pushFile, requireSpace } from '../../device/files.ts';
import { RemoteFolder } from '../../device/remoteFolder.ts';
import { RemoteProgram } from '../../device/remoteProgram.ts';
import { allowedClock, isThrottled, readTelemetry } from '../../device/telemetry.ts';
import type { Telemetry } from '../../device/telemetry.ts';
import { buildNative } from '../buildNative.ts';
import { onDevice, runErrorOf } from '../deviceFailure.ts';
import { emitNative } from '../emitNative.ts';
import type { Place, PlacedRun, PlaceOptions } from '../place.ts';
import type { PlaceChoice } from '../placeOf.ts';
import type { FollowedProcess } from '../process.ts';
import { RunFailure } from '../runFailure.ts';
import type { RunnerFiles, RunnerOptions } from '../runnerOptions.ts';
import { runnerArguments } from '../runnerOptions.ts';
import type { DeviceReport } from '../runProtocol.ts';
import type { RunTables } from '../runTables.ts';
import { runTables } from '../runTables.ts';
import type { DeviceToolchain } from '../toolchains/deviceToolchain.ts';
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
        const run = new DeviceRun({ device, facts, toolchain, chosen, tables, program, placing });
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

interface DeviceRunParts {
  readonly device: AdbDevice;
  readonly facts: DeviceFacts;
  readonly toolchain: DeviceToolchain;
  readonly chosen: ChosenCores;
  readonly tables: RunTables;
  /** Absolute path here. */
  readonly program: string;
  readonly placing: PlaceOptions;
}

/** Names in the run's folder on the device. */
const PROGRAM = 'program';
const INPUTS = 'inputs.bin';
const OUTPUTS = 'outputs.bin';
const DUMP = 'dump.bin';

class DeviceRun {
  private folder: RemoteFolder | undefined;
  private weights = '';
  private before: Telemetry | undefined;
  private after: Telemetry | undefined;

  constructor(private readonly parts: DeviceRunParts) {}

  steps(): Pick<PlacedRun, 'carry' | 'start' | 'collect' | 'dispose' | 'device'> {
    return {
      carry: (files) => onDevice(() => this.carry(files)),
      start: (files, options) => this.start(files, options),
      collect: (files) => onDevice(() => this.collect(files)),
      dispose: async () => this.folder?.remove(),
      device: () => this.report(),
    };
  }

  private async carry(files: RunnerFiles): Promise<void> {
    const { device, program, placing, tables } = this.parts;
    const { signal, onProgress } = placing;
    onProgress?.('Connecting to the device');
    const { path } = (this.folder = await RemoteFolder.create(device, signal));
    const [own, inputs] = await Promise.all([stat(program), stat(files.inputs)]);
    const needed = own.size + inputs.size + outputBytes(tables) + this.dumpBytes(files);
    await requireSpace(device, needed, signal);
    onProgress?.('Pushing weights');
    this.weights = await ensureCached(device, files.weights, {
      folder: path,
      signal,
      onProgress: (fraction) => onProgress?.('Pushing weights', fraction),
    });
    onProgress?.('Pushing the program and inputs', 0);
    await pushFile(device, program, `${path}/${PROGRAM}`, { signal });
    onProgress?.('Pushing the program and inputs', own.size / (own.size + inputs.size + 1));
    await pushFile(device, files.inputs, `${path}/${INPUTS}`, { signal });
    await device.output(`chmod 755 ${path}/${PROGRAM}`, { signal });
    this.before = await readTelemetry(device, { signal });
  }

  private start(files: RunnerFiles, options: RunnerOptions): FollowedProcess {
    const { device, chosen, toolchain, placing } = this.parts;
    const { cores } = chosen;
    const threads = placing.threads > 0 ? placing.threads : Math.max(1, cores.length);
    const names: RunnerFiles = {
      weights: this.weights,
      inputs: INPUTS,
      outputs: OUTPUTS,
      ...(files.dump === undefined ? {} : { dump: DUMP }),
    };
    return new RemoteProgram(device, {
      folder: this.folder!.path,
      program: PROGRAM,
      args: [
        ...runnerArguments(names, { ...options, threads }),
        ...(cores.length === 0 ? [] : ['--cpus', cpuListText(cores)]),
      ],
      limitSeconds: options.limitSeconds,
      abi: toolchain.abi,
      asError: runErrorOf,
    });
  }

  private async collect(files: RunnerFiles): Promise<void> {
    const { device, placing, tables } = this.parts;
    const { signal, onProgress } = placing;
    this.after = await readTelemetry(device, { signal });
    onProgress?.('Pulling outputs');
    await this.pull(OUTPUTS, files.outputs, outputBytes(tables));
    if (files.dump !== undefined) await this.pull(DUMP, files.dump, this.dumpBytes(files));
  }

  /** What the device says is there may not be more than the bundle allows. */
  private async pull(name: string, local: string, most: number): Promise<void> {
    const { device, placing } = this.parts;
    const { signal } = placing;
    const remote = `${this.folder!.path}/${name}`;
    const said = await device.output(`stat -c %s ${remote} 2>/dev/null || wc -c < ${remote}`, {
      signal,
    });
    const bytes = /^\d{1,15}$/.test(said.trim()) ? Number(said) : Infinity;
    if (bytes > most) {
      throw new DeviceError('garbage', 'The device gave an output that is not as promised.');
    }
    await device.pull(remote, local, bytes, signal);
  }

  private dumpBytes({ dump }: RunnerFiles): number {
    if (dump === undefined) return 0;
    const { steps, buffers } = this.parts.tables;
    const all = steps.flatMap(({ outputs }) => outputs.map((buffer) => buffers[buffer]!.bytes));
    return all.reduce((sum, bytes) => sum + bytes, 0);
  }

  private report(): DeviceReport {
    const { facts, toolchain, chosen } = this.parts;
    const { before, after } = this;
    const clocks = [before, after].map((each) => each && allowedClock(each, chosen.cores));
    const degrees = [before?.temperature, after?.temperature];
    return {
      name: facts.name,
      ...(facts.soc === '' ? {} : { soc: facts.soc }),
      abi: toolchain.abi,
      ...(facts.android === '' ? {} : { android: facts.android }),
      cores: chosen.name,
      ...pair('temperature', degrees),
      ...pair('clock', clocks),
      throttled: before && after ? isThrottled(before, after, chosen.cores) : false,
    };
  }
}

/** Nothing where a device does not say both. */
function pair<Name extends string>(
  name: Name,
  [before, after]: readonly (number | undefined)[],
): Partial<Record<Name, { readonly before: number; readonly after: number }>> {
  if (before === undefined || after === undefined) return {};
  return { [name]: { before, after } } as Record<Name, { before: number; after: number }>;
}

function outputBytes({ outputs, buffers }: RunTables): number {
  return outputs.reduce((sum, { buffer }) => sum + buffers[buffer]!.bytes, 0);
}
