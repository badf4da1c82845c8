/** Median and deciles of repetitions. */
import type { Spread } from './runProtocol.ts';

/** Of nanoseconds, in milliseconds; NaN when there are none. Linear between neighbours. */
export function spreadMs(nanoseconds: readonly number[]): Spread {
  const sorted = Float64Array.from(nanoseconds).sort();
  const at = (share: number): number => {
    if (sorted.length === 0) return Number.NaN;
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const low = sorted[below]!;
    return (low + (place - below) * ((sorted[below + 1] ?? low) - low)) / 1e6;
  };
  return { median: at(0.5), p10: at(0.1), p90: at(0.9) };
}
