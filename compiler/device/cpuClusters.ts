/** Processors of a device by their highest clock, and which of them a run should use. */

export interface CpuCluster {
  readonly cores: readonly number[];
  /** Highest clock, kHz; 0: not known. */
  readonly maxKhz: number;
  /** Highest clock that is allowed now, kHz; lower when the device is hot. 0: not known. */
  readonly allowedKhz: number;
}

export const MOST_CORES = 256;

/** '0-3,6' or '0 1 2 3' as the kernel writes lists of processors; undefined: something else. */
export function parseCpuList(text: string): readonly number[] | undefined {
  const trimmed = text.trim();
  if (!/^\d{1,4}(-\d{1,4})?([\s,]+\d{1,4}(-\d{1,4})?)*$/.test(trimmed)) return undefined;
  const cores = new Set<number>();
  for (const part of trimmed.split(/[\s,]+/)) {
    const [first = 0, last = first] = part.split('-').map(Number);
    if (last >= MOST_CORES || last < first) return undefined;
    for (let core = first; core <= last; core++) cores.add(core);
  }
  return [...cores].sort((a, b) => a - b);
}

/** '4-7' for [4, 5, 6, 7]. */
export function cpuListText(cores: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const core of [...cores].sort((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range && range[1] + 1 === core) range[1] = core;
    else ranges.push([core, core]);
  }
  return ranges.map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`)).join(',');
}

/** All clusters but the slowest; all where there is one, or clocks are not known. */
export function bigCores(clusters: readonly CpuCluster[]): readonly number[] {
  const slowest = Math.min(...clusters.map(({ maxKhz }) => maxKhz));
  const faster = clusters.filter(({ maxKhz }) => maxKhz > slowest);
  return (faster.length > 0 ? faster : clusters).flatMap(({ cores }) => cores);
}

/**
 * Processors that a setting means: 'big' (and nothing), 'all', or a list. Undefined: the setting is no such thing, or
 * names processors that are not there.
 */
export function chosenCores(
  setting: string | undefined,
  clusters: readonly CpuCluster[],
): { readonly name: string; readonly cores: readonly number[] } | undefined {
  const name = (setting ?? '').trim() || 'big';
  const all = clusters.flatMap(({ cores }) => cores);
  if (name === 'all') return { name, cores: all };
  if (name === 'big') return { name, cores: bigCores(clusters) };
  const cores = parseCpuList(name);
  const known = new Set(all);
  if (cores === undefined || (all.length > 0 && cores.some((core) => !known.has(core)))) {
    return undefined;
  }
  return { name: cpuListText(cores), cores };
}
