/**
 * One run of a program on a phone, the same for its processor and its GPU: a folder there, weights from the cache, program
 * and inputs pushed, the program followed, outputs pulled, the folder removed.
 */
import { stat } from 'node:fs/promises';
import { cpuListText } from '../../device/cpuClusters.ts';
import type { AdbDevice } from '../../device/device.ts';
import { DeviceError } from '../../device/errors.ts';
import type { Abi, DeviceFacts } from '../../device/facts.ts';
import { ensureCached, pushFile, requireSpace } from '../../device/files.ts';
import { RemoteFolder } from '../../device/remoteFolder.ts';
import { RemoteProgram } from '../../device/remoteProgram.ts';
import { allowedClock, isThrottled, readTelemetry } from '../../device/telemetry.ts';
import type { Telemetry } from '../../device/telemetry.ts';
import { onDevice, runErrorOf } from '../deviceFailure.ts';
import type { PlacedRun, PlaceOptions } from '../place.ts';
import type { FollowedProcess } from '../process.ts';
import type { RunnerFiles, RunnerOptions } from '../runnerOptions.ts';
import { runnerArguments } from '../runnerOptions.ts';
import type { DeviceReport } from '../runProtocol.ts';
import type { RunTables } from '../runTables.ts';

export interface DeviceRunParts {
  readonly device: AdbDevice;
  readonly facts: DeviceFacts;
  readonly abi: Abi;
  /** Processors that it is kept on, as asked for; none: wherever the system wants. */
  readonly chosen: { readonly name: string; readonly cores: readonly number[] };
  readonly tables: RunTables;
  /** Absolute path here. */
  readonly program: string;
  /** More files of the run's folder, by their absolute paths here and names there. */
  readonly files?: readonly { readonly path: string; readonly name: string }[];
  /** More arguments of the program. */
  readonly args?: readonly string[];
  readonly placing: PlaceOptions;
}

/** Names in the run's folder on the device. */
const PROGRAM = 'program';
const INPUTS = 'inputs.bin';
const OUTPUTS = 'outputs.bin';
const DUMP = 'dump.bin';

export class DeviceRun {
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
    const { device, program, placing, tables, files: more = [] } = this.parts;
    const { signal, onProgress } = placing;
    onProgress?.('Connecting to the device');
    const { path } = (this.folder = await RemoteFolder.create(device, signal));
    const pushed = [
      { path: program, name: PROGRAM },
      ...more,
      { path: files.inputs, name: INPUTS },
    ];
    const sizes = await Promise.all(pushed.map(async (file) => (await stat(file.path)).size));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const needed = total + outputBytes(tables) + this.dumpBytes(files);
    await requireSpace(device, needed, signal);
    onProgress?.('Pushing weights');
    this.weights = await ensureCached(device, files.weights, {
      folder: path,
      signal,
      onProgress: (fraction) => onProgress?.('Pushing weights', fraction),
    });
    let done = 0;
    for (const [i, file] of pushed.entries()) {
      onProgress?.('Pushing the program and inputs', done / (total + 1));
      await pushFile(device, file.path, `${path}/${file.name}`, { signal });
      done += sizes[i]!;
    }
    await device.output(`chmod 755 ${path}/${PROGRAM}`, { signal });
    this.before = await readTelemetry(device, { signal });
  }

  private start(files: RunnerFiles, options: RunnerOptions): FollowedProcess {
    const { device, chosen, abi, args = [], placing } = this.parts;
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
        ...args,
      ],
      limitSeconds: options.limitSeconds,
      abi,
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
    const { facts, abi, chosen } = this.parts;
    const { before, after } = this;
    const clocks = [before, after].map((each) => each && allowedClock(each, chosen.cores));
    const degrees = [before?.temperature, after?.temperature];
    return {
      name: facts.name,
      ...(facts.soc === '' ? {} : { soc: facts.soc }),
      abi,
      ...(facts.android === '' ? {} : { android: facts.android }),
      ...(chosen.name === '' ? {} : { cores: chosen.name }),
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
