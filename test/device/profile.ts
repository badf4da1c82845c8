// What distinguishes one device from another: what it says of itself, as files and properties, and what it can run.

export interface DeviceProfile {
  readonly name: string;
  /** `uname -m` */
  readonly machine: string;
  /** As getprop prints them. */
  readonly properties: Readonly<Record<string, string>>;
  /** Kinds of programs that run, by ELF machine number: the emulator they need, or '-'. */
  readonly machines: Readonly<Record<number, string>>;
  /** Variables of every command. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly cores: number;
  /** Maker, name and version of the GPU's driver; default: nothing says. */
  readonly gles?: string;
  /** Text files by absolute path; those under /proc cover the kernel's. */
  readonly files: Readonly<Record<string, string>>;
  /** /sys and OpenCL of this computer: for programs that run without emulation. */
  readonly hosted: boolean;
}

export const ELF_X86_64 = 62;
export const ELF_ARM = 40;
export const ELF_AARCH64 = 183;

/** Properties that every Android device has. */
export function commonProperties(
  release: string,
  sdk: number,
  abis: readonly string[],
): Record<string, string> {
  const bits = (wide: boolean): string =>
    abis.filter((abi) => abi.includes('64') === wide).join(',');
  return {
    'ro.build.version.release': release,
    'ro.build.version.sdk': String(sdk),
    'ro.product.cpu.abi': abis[0]!,
    'ro.product.cpu.abilist': abis.join(','),
    'ro.product.cpu.abilist64': bits(true),
    'ro.product.cpu.abilist32': bits(false),
    'sys.boot_completed': '1',
  };
}
