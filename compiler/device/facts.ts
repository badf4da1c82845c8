/** What a device says of itself, asked in one command. */
import type { CpuCluster } from './cpuClusters.ts';
import type { AdbDevice, ShellOptions } from './device.ts';
import { DeviceError } from './errors.ts';
import { parseFacts, QUESTIONS } from './parseFacts.ts';
import { sectionCommand } from './sections.ts';

/** Untrusted text, bounded and cleaned. */
export interface DeviceFacts {
  readonly serial: string;
  /** 'Google Pixel 6'. */
  readonly name: string;
  readonly model: string;
  readonly manufacturer: string;
  /** 'Tensor (gs101)'; '': it does not say. */
  readonly soc: string;
  /** Best first: 'arm64-v8a'. */
  readonly abis: readonly string[];
  /** '14'. */
  readonly android: string;
  /** 34; 0: it does not say. */
  readonly api: number;
  readonly isEmulator: boolean;
  readonly cores: number;
  /** Slowest first. */
  readonly clusters: readonly CpuCluster[];
  /** Of the first processor, as /proc/cpuinfo names them ('asimddp', 'avx2'). */
  readonly cpuFeatures: readonly string[];
  /** 0: it does not say. */
  readonly memoryBytes: number;
  readonly freeMemoryBytes: number;
  readonly pageBytes: number;
  /** 'ARM Mali-G78'; '': it does not say. */
  readonly gpu: string;
  /** OpenCL libraries of the GPU, as paths on the device; none is a normal state. */
  readonly openclLibraries: readonly string[];
  /** What its daemon can do: 'shell_v2'. */
  readonly features: readonly string[];
}

/** Throws DeviceError. */
export async function readFacts(
  device: AdbDevice,
  options: ShellOptions = {},
): Promise<DeviceFacts> {
  const [answers, features] = await Promise.all([
    device.shell(sectionCommand(QUESTIONS), { ...options, mostOutput: 1 << 19 }),
    device.features(options.signal).catch((error: unknown) => {
      if (error instanceof DeviceError && error.kind === 'failed') return [];
      throw error;
    }),
  ]);
  return parseFacts(answers.stdout, device.serial, features);
}

export const ABIS = ['arm64-v8a', 'armeabi-v7a', 'x86_64'] as const;
export type Abi = (typeof ABIS)[number];

/** The best one that programs can be made for. Throws DeviceError 'abi'. */
export function abiOf({ abis, name }: Pick<DeviceFacts, 'abis' | 'name'>): Abi {
  for (const abi of abis) {
    const known = ABIS.find((each) => each === abi);
    if (known !== undefined) return known;
  }
  const said = abis.length === 0 ? 'none' : abis.join(', ');
  throw new DeviceError(
    'abi',
    `${name} runs programs for ${said}; there are only programs for ${ABIS.join(', ')}.`,
  );
}
