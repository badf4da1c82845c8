/** Times of a run on the graph: how they read, and how warm a block is drawn. Pure. */
import type { RunSummary, ShownRun } from '../../compiler/protocol.ts';
import { displayName } from './names.ts';

/** Steps of the heat map; 0 is the coolest. */
export const HEAT_STEPS = 8;

/** '12.3 ms', '840 µs', '4.1 µs', '1.24 s'. */
export function formatMs(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  if (ms >= 999.5) return `${(ms / 1000).toPrecision(3)} s`;
  if (ms >= 0.9995) return `${ms.toPrecision(3)} ms`;
  const us = ms * 1000;
  if (us >= 9.95 || us === 0) return `${Math.round(us)} µs`;
  // Never '0.0 µs' for what was measured.
  return `${us >= 0.05 ? us.toFixed(1) : Number(us.toPrecision(1))} µs`;
}

/** The largest time of a block; 0 without any. */
export function hottest({ blockMs }: ShownRun): number {
  return blockMs.reduce((most, ms) => (ms > most ? ms : most), 0);
}

/**
 * Step of a block's colour, by the square root of its time: blocks of a tenth of the hottest still differ from
 * those of a hundredth. -1: not measured.
 */
export function heatOf(ms: number, most: number): number {
  if (!Number.isFinite(ms)) return -1;
  if (most <= 0) return 0;
  return Math.min(HEAT_STEPS - 1, Math.floor(Math.sqrt(ms / most) * HEAT_STEPS));
}

/** '1.20 ms', with the share of the sum where there is room. */
export function blockTimeTexts(run: ShownRun, block: number): readonly string[] {
  const ms = run.blockMs[block] ?? Number.NaN;
  if (!Number.isFinite(ms)) return [];
  const time = formatMs(ms);
  return [`${time} · ${percent(ms / sumOf(run))}`, time];
}

/** All blocks that were measured. */
export function sumOf({ blockMs }: ShownRun): number {
  return blockMs.reduce((sum, ms) => (Number.isFinite(ms) ? sum + ms : sum), 0);
}

/** 'WebAssembly, 1 thread'. */
export function runPlace({ place, target, threads }: RunSummary): string {
  const name = displayName(place, 60);
  if (target === 'opencl' || target.endsWith('/gpu')) return name;
  return `${name}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}

function percent(share: number): string {
  const value = share * 100;
  return value >= 9.95 ? `${Math.round(value)} %` : `${value.toFixed(1)} %`;
}
