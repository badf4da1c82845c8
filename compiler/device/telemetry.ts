/** Temperatures and clocks of a device: read before and after a run, they tell whether heat slowed it down. */
import type { CpuCluster } from './cpuClusters.ts';
import type { AdbDevice, ShellOptions } from './device.ts';
import { clustersOf, CLOCK_QUESTIONS } from './parseFacts.ts';
import { parseSections, sectionCommand } from './sections.ts';
import type { Question } from './sections.ts';

export interface Telemetry {
  /** Of the hottest sensor, degrees Celsius. */
  readonly temperature?: number;
  readonly clusters: readonly CpuCluster[];
  /** Android's own word for it: 0 none to 6 shutdown. */
  readonly thermalStatus?: number;
}

const QUESTIONS: readonly Question[] = [
  ...CLOCK_QUESTIONS,
  {
    name: 'zones',
    commands:
      'for z in /sys/class/thermal/thermal_zone*; do echo "$(cat $z/type)|$(cat $z/temp)"; done',
  },
  { name: 'thermal', commands: "dumpsys thermalservice | grep -m 1 'Thermal Status'" },
];

/** Throws DeviceError. */
export async function readTelemetry(
  device: AdbDevice,
  options: ShellOptions = {},
): Promise<Telemetry> {
  const { stdout } = await device.shell(sectionCommand(QUESTIONS), options);
  return parseTelemetry(stdout);
}

export function parseTelemetry(text: string): Telemetry {
  const sections = parseSections(text, QUESTIONS);
  const degrees = (sections.get('zones') ?? []).flatMap(degreesOf);
  const status = /Thermal Status: (\d)\b/.exec(sections.get('thermal')?.[0] ?? '')?.[1];
  return {
    clusters: clustersOf(sections, '', 0),
    ...(degrees.length > 0 ? { temperature: Math.max(...degrees) } : {}),
    ...(status === undefined ? {} : { thermalStatus: Number(status) }),
  };
}

/** Kernels give thousandths, tenths or whole degrees; sensors that are off give nonsense. */
function degreesOf(line: string): readonly number[] {
  const said = /\|(-?\d{1,7})$/.exec(line)?.[1];
  if (said === undefined) return [];
  const number = Number(said);
  const degrees = number >= 1000 ? number / 1000 : number > 150 ? number / 10 : number;
  return degrees > 0 && degrees <= 150 ? [Math.round(10 * degrees) / 10] : [];
}

/** Highest clock that is allowed among those processors, MHz. */
export function allowedClock(
  { clusters }: Pick<Telemetry, 'clusters'>,
  cores: readonly number[],
): number | undefined {
  const used = new Set(cores);
  const own = clusters.filter(({ cores: each }) => each.some((core) => used.has(core)));
  const highest = Math.max(0, ...own.map(({ allowedKhz }) => allowedKhz));
  return highest > 0 ? Math.round(highest / 1000) : undefined;
}

/** Of a healthy clock; governors round. */
const HEALTHY = 0.95;
/** 'Moderate': Android slows down. */
const THROTTLING = 2;

/** Heat slowed the device down, or may have. */
export function isThrottled(
  before: Telemetry,
  after: Telemetry,
  cores: readonly number[],
): boolean {
  if ((after.thermalStatus ?? 0) >= THROTTLING) return true;
  const used = new Set(cores);
  const isCapped = ({ cores: own, maxKhz, allowedKhz }: CpuCluster): boolean =>
    own.some((core) => used.has(core)) && allowedKhz > 0 && allowedKhz < HEALTHY * maxKhz;
  return before.clusters.some(isCapped) || after.clusters.some(isCapped);
}
