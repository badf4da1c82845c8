/**
 * Runs one lowered operator at once, in this process: scheduled and emitted for WebAssembly as any kernel is, on one
 * thread. What constants are computed with is what the model would have computed.
 */
import type { EmittedKernel } from '../emit/kernel.ts';
import { phasesOf } from '../emit/phases.ts';
import { emitModule, phaseExport } from '../emit/wasm/emitModule.ts';
import type { WasmModule } from '../emit/wasm/engine.ts';
import { engine } from '../emit/wasm/engine.ts';
import { importsOf } from '../emit/wasm/imports.ts';
import { LOWEST_ADDRESS } from '../emit/wasm/places.ts';
import type { Index } from '../loop/indexExpr.ts';
import { evaluateIndex } from '../loop/indexExpr.ts';
import { RunError } from '../loop/interpret.ts';
import type { LoopProgram } from '../loop/ir.ts';
import type { StorageType } from '../loop/scalarType.ts';
import { storageBytes } from '../loop/scalarType.ts';
import type { LoweredBlock } from '../lower/block.ts';
import { scheduleProgram } from '../schedule/scheduleProgram.ts';
import { TARGETS } from '../target/target.ts';
import { ALIGNMENT } from './memoryPlan.ts';

const PAGE = 65536;
const KERNEL = 'kernel';

export interface InProcessKernel {
  readonly kernel: EmittedKernel;
  readonly module: WasmModule;
}

/** Throws Error where no code can be made. */
export function compileInProcess({ program }: LoweredBlock): InProcessKernel {
  const request = { target: TARGETS.wasm, constants: new Set<string>(), layouts: new Map() };
  const scheduled = scheduleProgram({ ...program, name: KERNEL }, request);
  const { bytes, kernels } = emitModule([{ name: KERNEL, phased: phasesOf(scheduled.program) }]);
  return { kernel: kernels[0]!, module: new engine.Module(bytes) };
}

/** Memory that kernels run in one after the other: engines reserve gigabytes of addresses for each. */
export class KernelMemory {
  private readonly memory = new engine.Memory({ initial: 1 });

  /**
   * @param inputs row-major, in the order of the program's. Returns its outputs, copied.
   * Throws RunError where a check fails; `operator` is whom it blames.
   */
  run({ kernel, module }: InProcessKernel, inputs: readonly Uint8Array[]): readonly Uint8Array[] {
    const { program, shared, phases } = kernel.phased;
    if (program.sizes.length > 0) throw new Error('the sizes of a constant are open');
    let end = LOWEST_ADDRESS;
    const place = (bytes: number): number => {
      const at = end;
      end = Math.ceil((at + bytes) / ALIGNMENT) * ALIGNMENT;
      return at;
    };
    const buffers = [...program.inputs, ...program.outputs, ...shared];
    const sizes = buffers.map(({ storage, shape, lanes }) => lanes * bytesOf(storage, shape));
    const addresses = sizes.map(place);
    const table = place(4 * buffers.length);
    const scratch = place(numberOf(kernel.scratchBytes));
    this.reserve(end);
    const bytes = new Uint8Array(this.memory.buffer);
    const view = new DataView(this.memory.buffer);
    addresses.forEach((address, i) => view.setUint32(table + 4 * i, address, true));
    inputs.forEach((input, i) => bytes.set(input, addresses[i]));
    const { exports } = new engine.Instance(module, importsOf(this.memory));
    phases.forEach(({ parallel }, phase) => {
      const extent = parallel === undefined ? 1 : numberOf(parallel.extent);
      const failed = exports[phaseExport(KERNEL, phase)]!(table, table, 0, extent, scratch);
      if (failed === 0) return;
      const { operator, message } = kernel.checks[failed - 1]!;
      throw new RunError(operator, message);
    });
    return outputRanges(program, addresses, sizes).map(([from, to]) => bytes.slice(from, to));
  }

  private reserve(bytes: number): void {
    const missing = bytes - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE));
  }
}

function outputRanges(
  { inputs, outputs }: LoopProgram,
  addresses: readonly number[],
  sizes: readonly number[],
): readonly (readonly [from: number, to: number])[] {
  return outputs.map((_, i) => {
    const at = addresses[inputs.length + i]!;
    return [at, at + sizes[inputs.length + i]!];
  });
}

function bytesOf(storage: StorageType, shape: readonly Index[]): number {
  return shape.reduce((product, dim) => product * numberOf(dim), storageBytes(storage));
}

function numberOf(index: Index): number {
  const open = (): never => {
    throw new Error('the sizes of a constant are open');
  };
  return evaluateIndex(index, open, open);
}
