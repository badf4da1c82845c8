// Emits programs, runs them in this process's WebAssembly engine and gives the elements of their outputs.
import type { Scalar } from '../../../../compiler/loop/arithmetic.ts';
import { evaluateIndex } from '../../../../compiler/loop/indexExpr.ts';
import { shapeOf } from '../../../../compiler/loop/interpret.ts';
import type { LoopProgram } from '../../../../compiler/loop/ir.ts';
import type { Buffer } from '../../../../compiler/loop/expr.ts';
import { RunError } from '../../../../compiler/loop/interpret.ts';
import {
  bf16FromBits,
  bf16ToBits,
  f16FromBits,
  f16ToBits,
  roundToBf16,
  roundToF16,
} from '../../../../compiler/loop/halfFloat.ts';
import type { StorageType } from '../../../../compiler/loop/scalarType.ts';
import { storageBytes } from '../../../../compiler/loop/scalarType.ts';
import { phasesOf } from '../../../../compiler/emit/phases.ts';
import type { WasmOptions } from '../../../../compiler/emit/wasm/emitModule.ts';
import { emitModule, phaseExport } from '../../../../compiler/emit/wasm/emitModule.ts';
import { importsOf } from '../../../../compiler/emit/wasm/imports.ts';

const PAGE = 65536;

type PhaseFunction = (
  buffers: number,
  sizes: number,
  begin: number,
  end: number,
  scratch: number,
) => number;

export interface RunOptions extends WasmOptions {
  /** Ranges that parallel loops are cut into; default 1. */
  readonly pieces?: number;
}

/** A program ready to run many times. */
export class WasmProgram {
  readonly bytes: Uint8Array;
  private readonly kernel;
  private readonly module: WebAssembly.Module;

  constructor(
    readonly program: LoopProgram,
    private readonly options: RunOptions = {},
  ) {
    const name = 'kernel0';
    const { bytes, kernels } = emitModule([{ name, phased: phasesOf(program) }], options);
    if (!WebAssembly.validate(bytes as BufferSource)) throw new Error('the module is not valid');
    this.bytes = bytes;
    this.kernel = kernels[0]!;
    this.module = new WebAssembly.Module(bytes as BufferSource);
  }

  /** Throws RunError where a check fails. */
  run(
    inputs: readonly (readonly Scalar[])[],
    sizes: Readonly<Record<string, number>> = {},
  ): readonly (readonly Scalar[])[] {
    const prepared = this.prepare(inputs, sizes);
    prepared.call();
    return prepared.outputs();
  }

  /** Memory filled with the inputs; `call` runs the kernel once. */
  prepare(inputs: readonly (readonly Scalar[])[], sizes: Readonly<Record<string, number>> = {}) {
    const { program, kernel } = this;
    const sizeMap = new Map(Object.entries(sizes));
    const sizeOf = (name: string): number => sizeMap.get(name)!;
    const unbound = (): never => {
      throw new Error('no variable here');
    };
    const { shared, phases } = kernel.phased;
    const buffers = [...program.inputs, ...program.outputs, ...shared];
    const counts = buffers.map(({ shape, lanes }) =>
      shapeOf(shape, sizeMap).reduce((product, dim) => product * dim, lanes),
    );
    let end = PAGE;
    const place = (bytes: number): number => {
      const at = end;
      end = Math.ceil((end + bytes) / 64) * 64;
      return at;
    };
    const addresses = buffers.map(({ storage }, i) => place(counts[i]! * storageBytes(storage)));
    const scratch = place(evaluateIndex(kernel.scratchBytes, unbound, sizeOf));
    const table = place(4 * buffers.length);
    const sizeTable = place(8 * program.sizes.length);
    const memory = new WebAssembly.Memory({ initial: Math.ceil(end / PAGE) + 1 });
    const view = new DataView(memory.buffer);
    new Uint8Array(memory.buffer, PAGE).fill(0xa5);
    addresses.forEach((address, i) => view.setUint32(table + 4 * i, address, true));
    program.sizes.forEach(({ name }, i) =>
      view.setBigInt64(sizeTable + 8 * i, BigInt(sizeOf(name)), true),
    );
    program.inputs.forEach(({ storage }, i) => {
      inputs[i]!.forEach((element, at) => write(view, storage, addresses[i]!, at, element));
    });
    const instance = new WebAssembly.Instance(this.module, importsOf(memory));
    const functions = phases.map((phase, i) => ({
      phase,
      run: instance.exports[phaseExport(kernel.name, i)] as PhaseFunction,
    }));
    const call = (): void => {
      for (const { phase, run } of functions) {
        const extent =
          phase.parallel === undefined ? 1 : evaluateIndex(phase.parallel.extent, unbound, sizeOf);
        const pieces = phase.parallel === undefined ? 1 : (this.options.pieces ?? 1);
        for (let piece = 0; piece < pieces; piece++) {
          const [from, to] = [piece, piece + 1].map((p) => Math.floor((extent * p) / pieces));
          const failed = run(table, sizeTable, from!, to!, scratch);
          if (failed === 0) continue;
          const { operator, message } = kernel.checks[failed - 1]!;
          throw new RunError(operator, message);
        }
      }
    };
    const outputs = (): readonly (readonly Scalar[])[] =>
      program.outputs.map((buffer: Buffer) => {
        const i = buffers.indexOf(buffer);
        return Array.from({ length: counts[i]! }, (_, at) =>
          readElement(view, buffer.storage, addresses[i]!, at),
        );
      });
    return { call, outputs, memory };
  }
}

export function runInWasm(
  program: LoopProgram,
  inputs: readonly (readonly Scalar[])[],
  sizes: Readonly<Record<string, number>> = {},
  options: RunOptions = {},
): readonly (readonly Scalar[])[] {
  return new WasmProgram(program, options).run(inputs, sizes);
}

function write(view: DataView, storage: StorageType, start: number, i: number, element: Scalar) {
  const at = start + i * storageBytes(storage);
  switch (storage) {
    case 'f32':
      return view.setFloat32(at, Number(element), true);
    case 'f64':
      return view.setFloat64(at, Number(element), true);
    case 'i64':
      return view.setBigInt64(at, BigInt(element), true);
    case 'u64':
      return view.setBigUint64(at, BigInt(element), true);
    case 'i32':
    case 'u32':
      return view.setInt32(at, Number(element), true);
    case 'i16':
    case 'u16':
      return view.setInt16(at, Number(element), true);
    case 'f16':
      return view.setUint16(at, f16ToBits(roundToF16(Number(element))), true);
    case 'bf16':
      return view.setUint16(at, bf16ToBits(roundToBf16(Number(element))), true);
    default:
      return view.setInt8(at, Number(element));
  }
}

function readElement(view: DataView, storage: StorageType, start: number, i: number): Scalar {
  const at = start + i * storageBytes(storage);
  switch (storage) {
    case 'f32':
      return view.getFloat32(at, true);
    case 'f64':
      return view.getFloat64(at, true);
    case 'i64':
      return view.getBigInt64(at, true);
    case 'u64':
      return view.getBigUint64(at, true);
    case 'i32':
      return view.getInt32(at, true);
    case 'u32':
      return view.getUint32(at, true);
    case 'i16':
      return view.getInt16(at, true);
    case 'u16':
      return view.getUint16(at, true);
    case 'f16':
      return f16FromBits(view.getUint16(at, true));
    case 'bf16':
      return bf16FromBits(view.getUint16(at, true));
    case 'i8':
      return view.getInt8(at);
    default:
      return view.getUint8(at);
  }
}
