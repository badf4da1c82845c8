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
import type { ProfileEntry } from './profile.ts';

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
  context.onYellow?.({ first, second });
  const measured = measure(ecg, context, first, second);
  let times = '';
  if (measured !== undefined) {
    const { together, apart, noise } = measured;
    times = `measured ${microseconds(together)} fused, ${microseconds(apart)} apart`;
    if (Math.abs(together - apart) > noise) {
      const fuse = together < apart;
      return { fuse, reason: fuse ? 'yellow-profiled' : 'yellow-not-profitable', detail: times };
    }
    times += ', which is no difference; ';
  }
  const estimate = estimateFusion(ecg, first, second, types);
  const fuse = isProfitable(estimate);
  const detail =
    `${times}estimated ${formatBytes(estimate.savedBytes)} saved, ` +
    `${formatBytes(estimate.penaltyBytes)} lost`;
  return { fuse, reason: fuse ? 'yellow-estimated' : 'yellow-not-profitable', detail };
}

/** What the two take as one block and as two, and what a difference has to be above; nanoseconds. */
interface Measured {
  readonly together: number;
  readonly apart: number;
  readonly noise: number;
}

/** Below this share, which of the two comes out ahead is chance. */
const LEAST_DIFFERENCE = 0.02;

function measure(
  ecg: Ecg,
  { profile, device }: PlanContext,
  first: readonly number[],
  second: readonly number[],
): Measured | undefined {
  if (profile.isEmpty) return undefined;
  const find = (operators: readonly number[]): ProfileEntry | undefined =>
    profile.lookup(device, blockKey(ecg, operators));
  const together = find([...first, ...second].sort((x, y) => x - y));
  const a = find(first);
  const b = find(second);
  if (together === undefined || a === undefined || b === undefined) return undefined;
  const apart = a.latency + b.latency;
  const errors = [together, a, b].map(
    ({ error, deviation, runs }) => error ?? deviation / Math.sqrt(Math.max(1, runs)),
  );
  const noise = Math.max(2 * Math.hypot(...errors), LEAST_DIFFERENCE * apart);
  return { together: together.latency, apart, noise };
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
