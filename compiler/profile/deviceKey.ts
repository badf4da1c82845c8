/**
 * How a device is called in the profile database: what runs it and with how many threads, so that measurements made on equal
 * devices count for each other and others do not. 'wasm@AMD EPYC 9B45 x2', 'adb:Pixel 8/Tensor G3/cpu x4'.
 */
import { cpus } from 'node:os';
import type { DeviceReport, RunTarget } from '../run/runProtocol.ts';
import { deviceOf } from '../run/runProtocol.ts';
import { cleanText } from './profileFile.ts';

export interface DeviceFacts {
  readonly target: RunTarget;
  readonly threads: number;
  /** Of a phone or a GPU. */
  readonly device?: DeviceReport | undefined;
}

const MOST_NAME = 60;

export function deviceKey({ target, threads, device }: DeviceFacts): string {
  const adb = deviceOf(target);
  const name = (text: string | undefined): string => {
    // These stand between the parts.
    return cleanText((text ?? '').replace(/[/@]/g, ' '), MOST_NAME) || 'unknown';
  };
  if (adb !== undefined) {
    const cores = device?.cores === undefined ? '' : ` ${name(device.cores)}`;
    const part = adb.gpu ? 'gpu' : `cpu x${threads}${cores}`;
    return `adb:${name(device?.name)}/${name(device?.soc)}/${part}`;
  }
  if (target === 'opencl') return `opencl@${name(device?.name)}`;
  return `${target}@${name(cpus()[0]?.model)} x${threads}`;
}
