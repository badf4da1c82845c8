/**
 * Writes instructions in single-assignment form: every result goes to a local of its own, so operands can be
 * used in any order and as often as wanted. What stays on the stack and which locals share a number is decided
 * when the function is encoded.
 */
import type { Callee, Code, Item, WasmType } from './encoder/code.ts';
import {
  floatConst,
  get,
  i32Const,
  i64Const,
  instruction,
  Local,
  memoryInstruction,
  set,
  v128Const,
} from './encoder/code.ts';
import { littleEndian } from './encoder/bytes.ts';

/** A value: a local, or a constant that is written where it is used. */
export interface Operand {
  readonly type: WasmType;
  readonly item: Item;
  readonly local?: Local;
  readonly constant?: number | bigint;
}

export class Assembler {
  /** Where instructions go. */
  code: Code = [];

  emit(...items: readonly Item[]): void {
    this.code.push(...items);
  }

  /** Runs an instruction on operands and names its result. */
  op(name: string, ...operands: readonly Operand[]): Operand {
    return this.opWith(instruction(name), resultOf(name, operands), operands);
  }

  /** With immediates after the code of the instruction. */
  opWith(item: Item, type: WasmType, operands: readonly Operand[]): Operand {
    for (const operand of operands) this.code.push(operand.item);
    this.code.push(item);
    return this.bind(type);
  }

  lane(name: string, lane: number, ...operands: readonly Operand[]): Operand {
    return this.opWith(instruction(name, lane), resultOf(name, operands), operands);
  }

  call(callee: Callee, ...operands: readonly Operand[]): Operand {
    return this.opWith({ kind: 'call', callee }, callee.results[0]!, operands);
  }

  load(name: string, alignLog2: number, address: Operand, offset: number): Operand {
    const item = memoryInstruction(name, alignLog2, offset);
    return this.opWith(item, resultOf(name, []), [address]);
  }

  /** What lies on the stack becomes a named value. */
  bind(type: WasmType): Operand {
    const local = new Local(type);
    this.code.push(set(local));
    return operandOf(local);
  }

  /** A local that is assigned again and again, declared here. */
  variable(type: WasmType): Local {
    const local = new Local(type);
    local.mutable = true;
    this.code.push({ kind: 'declare', local });
    return local;
  }

  assign(local: Local, value: Operand): void {
    this.code.push(value.item, set(local));
  }
}

export function operandOf(local: Local): Operand {
  return { type: local.type, item: get(local), local };
}

export function i32(value: number): Operand {
  return { type: 'i32', item: i32Const(value), constant: value | 0 };
}

export function i64(value: bigint): Operand {
  return { type: 'i64', item: i64Const(value), constant: value };
}

export function float(type: 'f32' | 'f64', value: number): Operand {
  return { type, item: floatConst(type, value), constant: value };
}

/** The same number in all lanes. */
export function splatConst(shape: 'f32x4' | 'f64x2' | 'i32x4' | 'i64x2', value: number | bigint) {
  const bytes = constantBytes(shape, value);
  const copies = Array.from({ length: 16 / bytes.length }, () => bytes).flat();
  return { type: 'v128', item: v128Const(copies) } as const satisfies Operand;
}

function constantBytes(shape: string, value: number | bigint): readonly number[] {
  if (shape === 'f32x4') return littleEndian('f32', Number(value));
  if (shape === 'f64x2') return littleEndian('f64', Number(value));
  const bits = BigInt.asUintN(64, BigInt(value));
  const count = shape === 'i32x4' ? 4 : 8;
  return Array.from({ length: count }, (_, i) => Number((bits >> BigInt(8 * i)) & 255n));
}

const COMPARISON = /^(eqz|eq|ne|lt|gt|le|ge)(_[su])?$/;

function resultOf(name: string, operands: readonly Operand[]): WasmType {
  if (name === 'select') return operands[0]!.type;
  const [prefix, suffix] = name.split('.') as [string, string];
  if (prefix === 'v128' || prefix.includes('x')) {
    return suffix.startsWith('extract_lane') ? (prefix.slice(0, 3) as WasmType) : 'v128';
  }
  return COMPARISON.test(suffix) ? 'i32' : (prefix as WasmType);
}
