/** The place that a target names: one line each. */
import type { Place } from './place.ts';
import { devicePlace } from './places/device.ts';
import { deviceGpuPlace } from './places/deviceGpu.ts';
import { nativePlace } from './places/native.ts';
import { openclPlace } from './places/opencl.ts';
import { wasmPlace } from './places/wasm.ts';
import { RunFailure } from './runFailure.ts';
import type { DeviceOptions, RunTarget } from './runProtocol.ts';
import { deviceOf } from './runProtocol.ts';
import { findToolchain } from './toolchain.ts';

export interface PlaceChoice {
  readonly target: RunTarget;
  /** Absolute path of the bundled `runWorker`. */
  readonly script: string;
  /** C compiler, a setting; default: found. */
  readonly compiler?: string | undefined;
  readonly cacheFolder?: string | undefined;
  /** Folders whose programs are never run (workspaces). */
  readonly untrusted?: readonly string[];
  /** More flags for the C compiler (sanitizers). */
  readonly compilerFlags?: readonly string[];
  readonly device?: DeviceOptions;
  readonly signal?: AbortSignal | undefined;
}

/** Throws RunFailure 'unavailable' where the place cannot be had, with what to do. */
export async function placeOf(choice: PlaceChoice): Promise<Place> {
  const { target, script, compiler, untrusted = [], signal } = choice;
  if (target === 'wasm') return wasmPlace(script);
  if (target === 'native') {
    const toolchain = await findToolchain({ compiler, untrusted, signal });
    return nativePlace(toolchain, {
      ...(choice.cacheFolder === undefined ? {} : { cacheFolder: choice.cacheFolder }),
      ...(choice.compilerFlags ? { flags: choice.compilerFlags } : {}),
    });
  }
  if (target === 'opencl') {
    const toolchain = await findToolchain({ compiler, untrusted, signal });
    return openclPlace(toolchain, {
      ...(choice.cacheFolder === undefined ? {} : { cacheFolder: choice.cacheFolder }),
    });
  }
  const phone = deviceOf(target);
  if (phone) {
    return phone.gpu ? deviceGpuPlace(phone.serial, choice) : devicePlace(phone.serial, choice);
  }
  throw new RunFailure('unavailable', `There is no place ${target} here.`);
}
