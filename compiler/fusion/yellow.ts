/**
 * Yellow cells of Table 3: legal, but worthwhile only if measured or estimated so. The profile database
 * answers when it knows the two parts and their fusion on this device, else the cost model does.
 */
import type { Ecg } from '../ecg/ecg.ts';
import type { MappingType } from '../mapping/mappingTypes.ts';
import { blockKey } from './blockKey.ts';
import type { PlanContext } from './context.ts';
import { estimateFusion, isProfitable } from './cost.ts';
import type { VerdictReason } from './plan.ts';

export interface YellowAnswer {
  readonly fuse: boolean;
  readonly reason: Extract<
    VerdictReason,
    'yellow-profiled' | 'yellow-estimated' | 'yellow-not-profitable'
  >;
  readonly detail: string;
}

/** Whether `first` (the producer side) should fuse with `second`. Both ascending. */
export function judgeYellow(
  ecg: Ecg,
  context: PlanContext,
  first: readonly number[],
  second: readonly number[],
  types: readonly [MappingType, MappingType],
): YellowAnswer {
  const measured = measure(ecg, context, first, second);
  if (measured !== undefined) {
    const { together, apart } = measured;
    const fuse = together < apart;
    const detail = `measured ${microseconds(together)} fused, ${microseconds(apart)} apart`;
    return { fuse, reason: fuse ? 'yellow-profiled' : 'yellow-not-profitable', detail };
  }
  const estimate = estimateFusion(ecg, first, second, types);
  const fuse = isProfitable(estimate);
  const detail =
    `estimated ${formatBytes(estimate.savedBytes)} saved, ` +
    `${formatBytes(estimate.penaltyBytes)} lost`;
  return { fuse, reason: fuse ? 'yellow-estimated' : 'yellow-not-profitable', detail };
}

function measure(
  ecg: Ecg,
  { profile, device }: PlanContext,
  first: readonly number[],
  second: readonly number[],
): { together: number; apart: number } | undefined {
  if (profile.isEmpty) return undefined;
  const latency = (operators: readonly number[]): number | undefined =>
    profile.lookup(device, blockKey(ecg, operators))?.latency;
  const together = latency([...first, ...second].sort((x, y) => x - y));
  const a = latency(first);
  const b = latency(second);
  if (together === undefined || a === undefined || b === undefined) return undefined;
  return { together, apart: a + b };
}

function microseconds(nanoseconds: number): string {
  return `${(nanoseconds / 1000).toFixed(1)} µs`;
}

/** '4.2 MB': decimal units, one decimal place below 100. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}
