/**
 * What code generation knows of a machine: one record per target. Schedules read vector and register counts and
 * cache sizes; emitters read the rest. A new target is a new line of `TARGETS`.
 */

export interface Target {
  readonly name: string;
  readonly language: 'c' | 'wasm' | 'opencl';
  /** Bytes of a vector register. */
  readonly vectorBytes: number;
  readonly vectorRegisters: number;
  /** A fused multiply-add is one instruction. */
  readonly fma: boolean;
  /** All loads of a loop body are started before its arithmetic, so each of them has a register of its own. */
  readonly loadsFirst?: boolean;
  /** Most vectors in a block of channels; default: one. */
  readonly blockVectors?: number;
  /** Bytes of the first and second data cache of one core. */
  readonly cache: readonly [first: number, second: number];
  /** Bytes of a pointer. */
  readonly pointerBytes: 4 | 8;
  /** Of the C compiler, beside the common ones. */
  readonly flags: readonly string[];
  /** GPUs: what runs side by side, the most items of a work-group, bytes that a group shares. */
  readonly computeUnits?: number;
  readonly groupSize?: number;
  readonly localBytes?: number;
}

const c = { language: 'c', pointerBytes: 8 } as const;

const wasm = {
  language: 'wasm',
  vectorBytes: 16,
  // V8 keeps one of sixteen.
  vectorRegisters: 15,
  // A cache line of floats.
  blockVectors: 4,
  cache: [32 << 10, 1 << 20],
  pointerBytes: 4,
  flags: [],
} as const;

export const TARGETS = {
  'x86_64-avx512': {
    ...c,
    name: 'x86_64-avx512',
    vectorBytes: 64,
    vectorRegisters: 32,
    fma: true,
    cache: [48 << 10, 1 << 20],
    flags: ['-march=x86-64-v4', '-mprefer-vector-width=512'],
  },
  'x86_64-avx2': {
    ...c,
    name: 'x86_64-avx2',
    vectorBytes: 32,
    vectorRegisters: 16,
    fma: true,
    cache: [32 << 10, 512 << 10],
    flags: ['-march=x86-64-v3'],
  },
  x86_64: {
    ...c,
    name: 'x86_64',
    vectorBytes: 16,
    vectorRegisters: 16,
    fma: false,
    cache: [32 << 10, 256 << 10],
    flags: ['-march=x86-64-v2'],
  },
  'arm64-v8a': {
    ...c,
    name: 'arm64-v8a',
    vectorBytes: 16,
    vectorRegisters: 32,
    fma: true,
    cache: [64 << 10, 256 << 10],
    flags: ['-march=armv8-a'],
  },
  'armeabi-v7a': {
    ...c,
    name: 'armeabi-v7a',
    vectorBytes: 16,
    vectorRegisters: 16,
    fma: true,
    cache: [32 << 10, 256 << 10],
    pointerBytes: 4,
    flags: ['-march=armv7-a', '-mfpu=neon-vfpv4', '-mfloat-abi=softfp'],
  },
  // What every engine runs: those without relaxed SIMD schedule as V8 did before.
  wasm: { ...wasm, name: 'wasm', fma: false, loadsFirst: true },
  // A tile of one register more spills, which costs a quarter here.
  'wasm-relaxed': { ...wasm, name: 'wasm-relaxed', fma: true, vectorRegisters: 14 },
  opencl: {
    name: 'opencl',
    language: 'opencl',
    // float4 is what most GPUs load at once.
    vectorBytes: 16,
    vectorRegisters: 64,
    fma: true,
    cache: [32 << 10, 1 << 20],
    pointerBytes: 8,
    flags: [],
    computeUnits: 128,
    groupSize: 256,
    // What every device of OpenCL 1.2 has.
    localBytes: 32 << 10,
  },
} as const satisfies Readonly<Record<string, Target>>;

export type TargetName = keyof typeof TARGETS;
