/**
 * What the WebAssembly process is given beside the module: a file of plain data, and where everything lies in the
 * module's memory.
 */
import { LOWEST_ADDRESS } from '../../emit/wasm/places.ts';
import type { RunTables } from '../runTables.ts';

export interface WasmProgram {
  readonly tables: RunTables;
  /** Exported function of each phase, by kernel. */
  readonly exports: readonly (readonly string[])[];
}

/** Byte offsets in the memory of the module, all 64-byte aligned. */
export interface WasmLayout {
  /** By step: addresses of its buffers (32 bits each), and its sizes (64 bits each). */
  readonly buffers: readonly number[];
  readonly sizes: readonly number[];
  /** By thread. */
  readonly scratch: readonly number[];
  readonly arena: number;
  readonly weights: number;
  readonly bytes: number;
}

/** What 32-bit memory can have; engines give the last page to nobody. */
export const MOST_MEMORY_BYTES = 65536 * 65535;
/** Nothing lies at the start: a stray null address finds only zeros. */
const FIRST = LOWEST_ADDRESS;

/** @param threads each has scratch memory */
export function wasmLayout(tables: RunTables, threads: number): WasmLayout {
  let next = FIRST;
  const place = (bytes: number): number => {
    const at = next;
    next = Math.ceil((at + bytes) / 64) * 64;
    return at;
  };
  const buffers = tables.steps.map((step) => place(4 * step.buffers.length));
  const sizes = tables.steps.map((step) => place(8 * step.sizes.length));
  const scratch = Array.from({ length: threads }, () => place(tables.scratchBytes));
  const arena = place(tables.arenaBytes);
  const weights = place(tables.weightBytes);
  return { buffers, sizes, scratch, arena, weights, bytes: next };
}

export const PROGRAM_FILE = 'program.json';
export const MODULE_FILE = 'program.wasm';
