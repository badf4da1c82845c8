/** From the answers of a device to facts: any text gives facts, what makes no sense is left out. */
import { cleanText } from './cleanText.ts';
import type { CpuCluster } from './cpuClusters.ts';
import { MOST_CORES, parseCpuList } from './cpuClusters.ts';
import type { DeviceFacts } from './facts.ts';
import { parseSections } from './sections.ts';
import type { Question } from './sections.ts';

const PROPERTIES = {
  model: 'ro.product.model',
  manufacturer: 'ro.product.manufacturer',
  soc: 'ro.soc.model',
  platform: 'ro.board.platform',
  hardware: 'ro.hardware',
  abis: 'ro.product.cpu.abilist',
  abi: 'ro.product.cpu.abi',
  android: 'ro.build.version.release',
  api: 'ro.build.version.sdk',
  emulator: 'ro.kernel.qemu',
} as const;

const VENDOR_FOLDERS = ['/vendor', '/system/vendor', '/system', '/odm', '/product'];
const LIBRARIES = [
  'libOpenCL.so',
  'libOpenCL-pixel.so',
  'libOpenCL-car.so',
  'egl/libGLES_mali.so',
  'libGLES_mali.so',
  'libmali.so',
  'libPVROCL.so',
];
/** Where GPUs' OpenCL libraries lie, by bits of the program. */
export const OPENCL_PATHS: readonly string[] = VENDOR_FOLDERS.flatMap((folder) =>
  ['lib64', 'lib'].flatMap((bits) => LIBRARIES.map((name) => `${folder}/${bits}/${name}`)),
);

const CPU = '/sys/devices/system/cpu';
const CLOCK_FILES = ['related_cpus', 'cpuinfo_max_freq', 'scaling_max_freq'];
/** One line a folder of clocks: lists and numbers, cut by bars. */
const clocks = (folders: string): string =>
  `for d in ${folders}; do [ -d $d ] && echo "${CLOCK_FILES.map((file) => `$(cat $d/${file})`).join('|')}"; done`;

export const CLOCK_QUESTIONS: readonly Question[] = [
  { name: 'policies', commands: clocks(`${CPU}/cpufreq/policy*`) },
  { name: 'clocks', commands: clocks(`${CPU}/cpu[0-9]*/cpufreq`) },
];

export const QUESTIONS: readonly Question[] = [
  {
    name: 'properties',
    commands: Object.entries(PROPERTIES)
      .map(([name, property]) => `echo ${name}=$(getprop ${property})`)
      .join('; '),
  },
  {
    name: 'cpuinfo',
    // Servers repeat a long line of features for each of hundreds of processors.
    commands:
      "grep -m 1 -E '^(flags|Features)' /proc/cpuinfo; grep '^processor' /proc/cpuinfo | head -n 1024",
  },
  { name: 'online', commands: `cat ${CPU}/present` },
  ...CLOCK_QUESTIONS,
  { name: 'memory', commands: 'cat /proc/meminfo' },
  { name: 'page', commands: 'getconf PAGE_SIZE || grep -m 1 KernelPageSize /proc/self/smaps' },
  // What draws the screen knows the GPU; it has two seconds to answer.
  { name: 'gpu', commands: "dumpsys -t 2 SurfaceFlinger | grep -m 1 'GLES:' | head -c 300" },
  {
    name: 'libraries',
    commands: `for f in ${OPENCL_PATHS.join(' ')}; do [ -e $f ] && echo $f; done`,
  },
];

const MOST_BYTES = 2 ** 50;

export function parseFacts(
  text: string,
  serial: string,
  features: readonly string[] = [],
): DeviceFacts {
  const sections = parseSections(text, QUESTIONS);
  const lines = (name: string): readonly string[] => sections.get(name) ?? [];
  const properties = propertiesOf(lines('properties'));
  const property = (name: keyof typeof PROPERTIES, most = 80): string =>
    cleanText(properties.get(name) ?? '', most);
  const model = property('model') || serial;
  const manufacturer = property('manufacturer');
  const named = model.toLowerCase().startsWith(manufacturer.toLowerCase());
  const cpu = cpuOf(lines('cpuinfo'));
  const clusters = clustersOf(sections, lines('online').join(' '), cpu.processors);
  return {
    serial,
    name: named ? model : cleanText(`${manufacturer} ${model}`, 80),
    model,
    manufacturer,
    soc: socName(property('soc'), property('platform'), property('hardware')),
    abis: abisOf(property('abis', 200), property('abi')),
    android: property('android', 20),
    api: wholeOf(property('api'), 10_000),
    isEmulator: property('emulator') === '1' || /^(ranchu|goldfish)$/.test(property('hardware')),
    cores: clusters.reduce((sum, { cores }) => sum + cores.length, 0),
    clusters,
    cpuFeatures: cpu.features,
    memoryBytes: memoryOf(lines('memory'), 'MemTotal'),
    freeMemoryBytes: memoryOf(lines('memory'), 'MemAvailable'),
    pageBytes: pageOf(lines('page')[0] ?? ''),
    gpu: gpuName(lines('gpu')[0] ?? ''),
    openclLibraries: lines('libraries').filter((path) => OPENCL_PATHS.includes(path)),
    features,
  };
}

/** 'GLES: ARM, Mali-G78, OpenGL ES 3.2 v1.r32p1': who made it, its name, and the driver's version. */
function gpuName(line: string): string {
  const [maker = '', name = ''] = line.replace(/^.*GLES:/, '').split(',');
  const named = name.trim().toLowerCase().startsWith(maker.trim().toLowerCase());
  return cleanText(named ? name : `${maker.trim()} ${name.trim()}`, 80);
}

function propertiesOf(lines: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const match = /^(\w+)=(.*)$/.exec(line);
      return match ? [[match[1]!, match[2]!]] : [];
    }),
  );
}

function socName(model: string, platform: string, hardware: string): string {
  const code = platform || hardware;
  if (model === '' || model === 'UNKNOWN') return code;
  return code === '' || code === model ? model : `${model} (${code})`;
}

function abisOf(list: string, single: string): readonly string[] {
  return (list || single)
    .split(',')
    .slice(0, 16)
    .map((abi) => abi.trim())
    .filter((abi) => /^[\w-]{1,40}$/.test(abi));
}

function cpuOf(lines: readonly string[]): {
  readonly processors: number;
  readonly features: readonly string[];
} {
  const listed = lines.filter((line) => /^processor\s*:/.test(line)).length;
  const said = lines.find((line) => /^(flags|Features)\s*:/.test(line)) ?? '';
  const features = said.slice(said.indexOf(':') + 1).split(/\s+/);
  return {
    processors: Math.min(listed, MOST_CORES),
    features: features.filter((name) => /^[\w.-]{1,40}$/.test(name)).slice(0, 500),
  };
}

/** Clusters by the kernel's policies; else by the clock of each processor; else all processors alike. */
export function clustersOf(
  sections: ReadonlyMap<string, readonly string[]>,
  present: string,
  processors: number,
): readonly CpuCluster[] {
  const bySet = new Map<string, CpuCluster>();
  for (const line of [...(sections.get('policies') ?? []), ...(sections.get('clocks') ?? [])]) {
    const [list = '', max = '', allowed = ''] = line.split('|');
    const cores = parseCpuList(list);
    if (cores === undefined || bySet.has(cores.join())) continue;
    const maxKhz = wholeOf(max, 1e9);
    bySet.set(cores.join(), { cores, maxKhz, allowedKhz: wholeOf(allowed, 1e9) });
  }
  if (bySet.size > 0) return [...bySet.values()].sort((a, b) => a.maxKhz - b.maxKhz);
  const cores = parseCpuList(present) ?? Array.from({ length: processors }, (_, i) => i);
  return cores.length === 0 ? [] : [{ cores, maxKhz: 0, allowedKhz: 0 }];
}

function memoryOf(lines: readonly string[], name: string): number {
  const line = lines.find((each) => each.startsWith(`${name}:`)) ?? '';
  return Math.min(MOST_BYTES, 1024 * wholeOf(/:\s*(\d+) kB/.exec(line)?.[1] ?? '', 2 ** 40));
}

/** '4096', or 'KernelPageSize: 4 kB'. */
function pageOf(line: string): number {
  const kilobytes = /^KernelPageSize:\s*(\d+) kB/.exec(line)?.[1];
  const bytes = kilobytes === undefined ? wholeOf(line, 2 ** 30) : 1024 * Number(kilobytes);
  return bytes >= 1024 && bytes <= 1 << 20 && Number.isInteger(Math.log2(bytes)) ? bytes : 0;
}

function wholeOf(text: string, most: number): number {
  const trimmed = text.trim();
  return /^\d{1,15}$/.test(trimmed) && Number(trimmed) <= most ? Number(trimmed) : 0;
}
