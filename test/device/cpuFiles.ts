// The kernel's files about processors, clocks, memory and temperatures, as phones have them.

export interface CoreCluster {
  /** As in /proc/cpuinfo: 0xd05 is Cortex-A55. */
  readonly part: number;
  readonly implementer?: number;
  readonly cores: readonly number[];
  readonly minKhz: number;
  readonly maxKhz: number;
}

export interface ThermalZone {
  readonly type: string;
  /** Some kernels give whole degrees. */
  readonly millidegrees: number;
}

const CPU = '/sys/devices/system/cpu';
const THERMAL = '/sys/class/thermal';

export function cpuFiles(
  clusters: readonly CoreCluster[],
  features: string,
  zones: readonly ThermalZone[],
): Record<string, string> {
  const files: Record<string, string> = {};
  const count = clusters.reduce((sum, { cores }) => sum + cores.length, 0);
  files['/proc/cpuinfo'] = cpuinfo(clusters, features);
  files['/proc/meminfo'] =
    'MemTotal:        7766444 kB\nMemFree:          312548 kB\nMemAvailable:    3911296 kB\n';
  for (const list of ['online', 'possible', 'present'])
    files[`${CPU}/${list}`] = `0-${count - 1}\n`;
  for (const { cores, minKhz, maxKhz } of clusters) {
    const policy = `${CPU}/cpufreq/policy${cores[0]!}`;
    const related = `${cores.join(' ')}\n`;
    const named: Record<string, string> = {
      related_cpus: related,
      affected_cpus: related,
      cpuinfo_min_freq: `${minKhz}\n`,
      cpuinfo_max_freq: `${maxKhz}\n`,
      scaling_min_freq: `${minKhz}\n`,
      scaling_max_freq: `${maxKhz}\n`,
      scaling_cur_freq: `${maxKhz}\n`,
      scaling_governor: 'sched_pixel\n',
    };
    for (const [name, text] of Object.entries(named)) {
      files[`${policy}/${name}`] = text;
      for (const core of cores) files[`${CPU}/cpu${core}/cpufreq/${name}`] = text;
    }
    for (const core of cores) {
      files[`${CPU}/cpu${core}/cpu_capacity`] = `${Math.round((1024 * maxKhz) / 2_802_000)}\n`;
    }
  }
  zones.forEach(({ type, millidegrees }, i) => {
    files[`${THERMAL}/thermal_zone${i}/type`] = `${type}\n`;
    files[`${THERMAL}/thermal_zone${i}/temp`] = `${millidegrees}\n`;
  });
  return files;
}

function cpuinfo(clusters: readonly CoreCluster[], features: string): string {
  const hex = (value: number, digits: number): string =>
    `0x${value.toString(16).padStart(digits, '0')}`;
  const blocks = clusters.flatMap(({ part, implementer = 0x41, cores }) =>
    cores.map((core) =>
      [
        `processor\t: ${core}`,
        'BogoMIPS\t: 49.15',
        `Features\t: ${features}`,
        `CPU implementer\t: ${hex(implementer, 2)}`,
        'CPU architecture: 8',
        'CPU variant\t: 0x1',
        `CPU part\t: ${hex(part, 3)}`,
        'CPU revision\t: 0',
        '',
      ].join('\n'),
    ),
  );
  return `${blocks.join('\n')}\n`;
}
