/**
 * Instructions of one function as data, before locals have numbers. Parts may be appended to an outer list
 * while an inner one (the body of a loop) is still growing: that is how invariants leave loops. `encodeBody` in
 * `locals.ts` turns the list into bytes.
 */
import { littleEndian, signedLeb, unsignedLeb } from './bytes.ts';
import { opcode } from './opcodes.ts';

export type WasmType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

/** A local variable or parameter of a function. */
export class Local {
  /** Assigned more than once: the value at one place says nothing about another. */
  mutable = false;

  constructor(
    readonly type: WasmType,
    /** Position among the parameters; undefined: not a parameter. */
    readonly parameter?: number,
  ) {}
}

export type Item =
  /** An instruction with its immediates. */
  | { readonly kind: 'plain'; readonly bytes: readonly number[] }
  /** Sixteen constant bytes. */
  | { readonly kind: 'vector'; readonly bytes: readonly number[] }
  | { readonly kind: 'get' | 'set' | 'tee'; readonly local: Local }
  /** The local keeps its value from here on, around loops too. No code. */
  | { readonly kind: 'declare'; readonly local: Local }
  | { readonly kind: 'open'; readonly opens: 'block' | 'loop' | 'if' }
  | { readonly kind: 'else' | 'end' }
  /** A call: the function has a number only when the module is written. */
  | { readonly kind: 'call'; readonly callee: Callee }
  | { readonly kind: 'nested'; readonly items: Code };

export type Code = Item[];

/** A function of the module or an import. */
export interface Callee {
  readonly name: string;
  readonly parameters: readonly WasmType[];
  readonly results: readonly WasmType[];
}

const plain = new Map<string, Item>();

/** An instruction; the items of instructions without immediates are shared. */
export function instruction(name: string, ...immediates: readonly number[]): Item {
  if (immediates.length > 0) return { kind: 'plain', bytes: [...opcode(name), ...immediates] };
  let item = plain.get(name);
  if (item === undefined) {
    item = { kind: 'plain', bytes: opcode(name) };
    plain.set(name, item);
  }
  return item;
}

/** A load or store of whole bytes at a constant distance from the address on the stack. */
export function memoryInstruction(name: string, alignLog2: number, offset: number): Item {
  return instruction(name, ...unsignedLeb(alignLog2), ...unsignedLeb(offset));
}

/** @param lane last immediate of the `_lane` instructions. */
export function laneStore(name: string, alignLog2: number, offset: number, lane: number): Item {
  return instruction(name, ...unsignedLeb(alignLog2), ...unsignedLeb(offset), lane);
}

export function i32Const(value: number): Item {
  return instruction('i32.const', ...signedLeb(BigInt(value | 0)));
}

export function i64Const(value: bigint): Item {
  return instruction('i64.const', ...signedLeb(BigInt.asIntN(64, value)));
}

export function floatConst(type: 'f32' | 'f64', value: number): Item {
  return instruction(`${type}.const`, ...littleEndian(type, value));
}

export function v128Const(bytes: readonly number[]): Item {
  return { kind: 'vector', bytes };
}

export function branchTo(name: 'br' | 'br_if', depth: number): Item {
  return instruction(name, ...unsignedLeb(depth));
}

export const END: Item = { kind: 'end' };
export const ELSE: Item = { kind: 'else' };
export const BLOCK: Item = { kind: 'open', opens: 'block' };
export const LOOP: Item = { kind: 'open', opens: 'loop' };
export const IF: Item = { kind: 'open', opens: 'if' };

export function get(local: Local): Item {
  return { kind: 'get', local };
}

export function set(local: Local): Item {
  return { kind: 'set', local };
}

/** Nested lists spliced in. */
export function flatten(code: Code, into: Item[] = []): Item[] {
  for (const item of code) {
    if (item.kind === 'nested') flatten(item.items, into);
    else into.push(item);
  }
  return into;
}
