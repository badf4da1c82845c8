/**
 * The WebAssembly emitter: one module for all kernels of a bundle. Every phase of a kernel is an exported function
 *   (buffers, sizes, begin, end, scratch: i32) -> i32
 * over addresses in the imported memory: `buffers` of a table of i32 addresses (inputs, outputs, shared, in order),
 * `sizes` of a table of i64 numbers. It runs iterations [begin, end) of its parallel loop; serial phases ignore both. It
 * returns 0, or 1 + the index of the check that failed. Buffers start at `LOWEST_ADDRESS` or above.
 */
import { unprovenAccesses } from '../../loop/bounds.ts';
import type { Buffer } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { ZERO } from '../../loop/indexExpr.ts';
import type { LoopProgram } from '../../loop/ir.ts';
import { storageBytes } from '../../loop/scalarType.ts';
import type { EmittedKernel, KernelCheck, PhasedProgram } from '../kernel.ts';
import { encodeModule } from './encoder/module.ts';
import type { WasmFunction } from './encoder/module.ts';
import { Library } from './library.ts';
import { PhaseWriter } from './phaseWriter.ts';
import { Scratch } from './scratch.ts';

export interface WasmOptions {
  /** The memory is shared between threads: created with `shared: true` and a maximum. Default: no. */
  readonly sharedMemory?: boolean;
  /** The engine has relaxed SIMD (`hasRelaxedSimd`). Default: no. */
  readonly relaxedSimd?: boolean;
  /** Constant vectors are globals; default: as with relaxed SIMD, whose engines gain by it. */
  readonly storeVectors?: boolean;
}

export interface WasmModule {
  readonly bytes: Uint8Array;
  readonly kernels: readonly EmittedKernel[];
}

export interface NamedKernel {
  /** An identifier, unique in the module. */
  readonly name: string;
  readonly phased: PhasedProgram;
}

/** Name of the exported function of a phase. */
export function phaseExport(kernel: string, phase: number): string {
  return `${kernel}_${phase}`;
}

/**
 * Throws Error for a program with an access that is not proven in range, a buffer of 2 GiB or more, or scratch
 * whose size varies while it runs: compiler errors, since lowering and schedules do not make them.
 */
export function emitModule(kernels: readonly NamedKernel[], options: WasmOptions = {}): WasmModule {
  const library = new Library();
  const { relaxedSimd = false, storeVectors = relaxedSimd } = options;
  const features = { relaxedSimd };
  const functions: WasmFunction[] = [];
  const emitted = kernels.map(({ name, phased }): EmittedKernel => {
    checkProgram(phased);
    const checks: KernelCheck[] = [];
    let scratchBytes: Index = ZERO;
    phased.phases.forEach((phase, i) => {
      const scratch = new Scratch(scratchBytes);
      const writer = new PhaseWriter(phased, library, features, scratch, checks);
      functions.push({
        name: phaseExport(name, i),
        parameters: ['i32', 'i32', 'i32', 'i32', 'i32'],
        results: ['i32'],
        code: writer.write(phase),
        exported: true,
      });
      scratchBytes = scratch.most;
    });
    return { name, phased, checks, scratchBytes };
  });
  const memory = { module: 'memory', name: 'memory', shared: options.sharedMemory ?? false };
  const all = [...functions, ...library.functions];
  return { bytes: encodeModule(memory, library.imports, all, storeVectors), kernels: emitted };
}

function checkProgram({ program, phases, shared }: PhasedProgram): void {
  for (const buffer of [...program.inputs, ...program.outputs, ...shared]) {
    if (fixedBytes(buffer) >= 2 ** 31) {
      throw new Error(`${program.name}: ${buffer.name} is larger than 2 GiB`);
    }
  }
  const [first] = unprovenAccesses(asProgram(program, phases));
  if (first !== undefined) throw new Error(`${program.name}: not proven in range: ${first}`);
}

/** What is emitted, as one program: phases may hold bindings that the program does not. */
function asProgram(program: LoopProgram, phases: PhasedProgram['phases']): LoopProgram {
  const body = phases.flatMap(({ parallel, before, body }) =>
    parallel === undefined
      ? body
      : [
          ...before,
          {
            kind: 'for',
            extent: parallel.extent,
            variable: parallel.variable,
            mode: 'parallel',
            body,
          } as const,
        ],
  );
  return { ...program, body };
}

function fixedBytes({ shape, storage, lanes }: Buffer): number {
  return shape.reduce(
    (bytes, dim) => bytes * (dim.kind === 'constant' ? dim.value : 1),
    storageBytes(storage) * lanes,
  );
}
