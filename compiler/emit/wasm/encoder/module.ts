/**
 * A WebAssembly module: imported memory and functions, own functions, exports, and the name section, so that
 * profiles and traps show the names of kernels.
 */
import { Bytes, unsignedLeb } from './bytes.ts';
import type { Callee, Code, WasmType } from './code.ts';
import { encodeBody, TYPE_BYTES } from './locals.ts';
import { opcode } from './opcodes.ts';

export interface WasmFunction extends Callee {
  readonly code: Code;
  readonly exported: boolean;
}

/** A function that the engine's user supplies, by the names of its import. */
export interface ImportedFunction extends Callee {
  readonly module: string;
}

export interface ImportedMemory {
  readonly module: string;
  readonly name: string;
  /** Shared between threads: needs a maximum, given to the constructor of the memory as well. */
  readonly shared: boolean;
}

/** Pages of 64 KiB that 32-bit memory can have. */
export const MOST_PAGES = 65536;

const SECTIONS = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  global: 6,
  export: 7,
  code: 10,
} as const;

/**
 * @param storeVectors constant vectors are globals: current engines make a vector of an immediate by three instructions
 * wherever it stands, and load one by one.
 */
export function encodeModule(
  memory: ImportedMemory,
  imports: readonly ImportedFunction[],
  functions: readonly WasmFunction[],
  storeVectors = false,
): Uint8Array {
  const numbers = new Map<Callee, number>();
  for (const callee of [...imports, ...functions]) numbers.set(callee, numbers.size);
  const numberOf = (callee: Callee): number => {
    const number = numbers.get(callee);
    if (number === undefined) throw new Error(`${callee.name} is no function of the module`);
    return number;
  };
  const vectors = new VectorTable(storeVectors);
  const names = { numberOf, vector: (bytes: readonly number[]) => vectors.code(bytes) };
  const bodies = functions.map(({ parameters, code }) =>
    encodeBody(parameters.length, code, names),
  );
  const types = new TypeTable();
  for (const callee of [...imports, ...functions]) types.add(callee);

  const module = new Bytes();
  module.append([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  section(module, SECTIONS.type, (out) => types.write(out));
  section(module, SECTIONS.import, (out) => {
    out.u32(imports.length + 1);
    out.name(memory.module);
    out.name(memory.name);
    out.append(memory.shared ? [2, 3] : [2, 0]);
    out.u32(0);
    if (memory.shared) out.u32(MOST_PAGES);
    for (const callee of imports) {
      out.name(callee.module);
      out.name(callee.name);
      out.byte(0);
      out.u32(types.add(callee));
    }
  });
  section(module, SECTIONS.function, (out) => {
    out.u32(functions.length);
    for (const callee of functions) out.u32(types.add(callee));
  });
  section(module, SECTIONS.global, (out) => vectors.write(out));
  section(module, SECTIONS.export, (out) => {
    const exported = functions.filter((callee) => callee.exported);
    out.u32(exported.length);
    for (const callee of exported) {
      out.name(callee.name);
      out.byte(0);
      out.u32(numberOf(callee));
    }
  });
  section(module, SECTIONS.code, (out) => {
    out.u32(functions.length);
    for (const body of bodies) out.sized(body);
  });
  section(module, SECTIONS.custom, (out) => {
    out.name('name');
    section(out, 1, (names) => {
      names.u32(numbers.size);
      for (const [callee, number] of numbers) {
        names.u32(number);
        names.name(callee.name);
      }
    });
  });
  return module.done();
}

function section(module: Bytes, id: number, write: (out: Bytes) => void): void {
  const content = new Bytes();
  write(content);
  module.byte(id);
  module.sized(content.done());
}

class TypeTable {
  private readonly numbers = new Map<string, number>();
  private readonly list: Callee[] = [];

  add(callee: Callee): number {
    const key = `${callee.parameters.join(' ')}>${callee.results.join(' ')}`;
    let number = this.numbers.get(key);
    if (number === undefined) {
      number = this.list.push(callee) - 1;
      this.numbers.set(key, number);
    }
    return number;
  }

  write(out: Bytes): void {
    out.u32(this.list.length);
    for (const { parameters, results } of this.list) {
      out.byte(0x60);
      this.writeTypes(out, parameters);
      this.writeTypes(out, results);
    }
  }

  private writeTypes(out: Bytes, types: readonly WasmType[]): void {
    out.u32(types.length);
    for (const type of types) out.byte(TYPE_BYTES[type]);
  }
}

/** Constant vectors as immutable globals, all zeros and all ones apart: those need no memory. */
class VectorTable {
  private readonly numbers = new Map<string, number>();
  private readonly list: (readonly number[])[] = [];

  constructor(private readonly stores: boolean) {}

  code(bytes: readonly number[]): readonly number[] {
    const [first] = bytes;
    const isFlat = (first === 0 || first === 255) && bytes.every((byte) => byte === first);
    if (!this.stores || isFlat) return [...opcode('v128.const'), ...bytes];
    const key = bytes.join(' ');
    let number = this.numbers.get(key);
    if (number === undefined) {
      number = this.list.push(bytes) - 1;
      this.numbers.set(key, number);
    }
    return [...opcode('global.get'), ...unsignedLeb(number)];
  }

  write(out: Bytes): void {
    out.u32(this.list.length);
    for (const bytes of this.list) {
      out.append([TYPE_BYTES.v128, 0]);
      out.append([...opcode('v128.const'), ...bytes, ...opcode('end')]);
    }
  }
}
