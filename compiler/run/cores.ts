/** How many threads are worth starting: two that share a core's vector units gain nothing. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** At least 1; not more than the system lets this process use. */
export function physicalCores(): number {
  const usable = availableParallelism();
  try {
    const cores = new Set<string>();
    for (const processor of readFileSync('/proc/cpuinfo', 'utf8').split('\n\n')) {
      const core = /^core id\s*:\s*(\d+)/m.exec(processor)?.[1];
      const socket = /^physical id\s*:\s*(\d+)/m.exec(processor)?.[1] ?? '';
      if (core !== undefined) cores.add(`${socket}.${core}`);
    }
    return cores.size === 0 ? usable : Math.min(usable, cores.size);
  } catch {
    // Elsewhere the processors that there are have cores of their own (Apple), or nobody says.
    return usable;
  }
}
