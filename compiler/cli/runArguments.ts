/** Arguments of commands that run models: where, on which processors, how often. */
import type { RunTarget } from '../run/runProtocol.ts';
import { parseRunTarget } from '../run/runProtocol.ts';
import { UsageError } from './command.ts';

/** What `--target` takes. */
export const TARGET_NAMES = 'wasm|native|opencl|adb:SERIAL|adb:SERIAL/gpu';

export function readTarget(name = 'wasm'): RunTarget {
  const target = parseRunTarget(name);
  if (target !== undefined) return target;
  throw new UsageError(`--target is one of ${TARGET_NAMES.replaceAll('|', ', ')}, not '${name}'`);
}

/** Processors of a phone: all, the big ones, or a list of numbers and ranges. */
export function readCores(text: string | undefined): string | undefined {
  if (text === undefined || /^(all|big|\d{1,3}(-\d{1,3})?(,\d{1,3}(-\d{1,3})?)*)$/.test(text)) {
    return text;
  }
  throw new UsageError(`--cores wants all, big, or numbers like 4-7, not '${text}'`);
}

export function readCount(
  option: string,
  text: string | undefined,
  none: number,
  most: number,
): number {
  if (text === undefined) return none;
  const count = Number(text);
  if (!/^\d{1,6}$/.test(text) || count > most) {
    throw new UsageError(`${option} wants a number from 0 to ${most}, not '${text}'`);
  }
  return count;
}
