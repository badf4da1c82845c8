/**
 * Loads and stores of one element or adjacent ones. 16-bit floats are widened by a load and rounded by a store.
 */
import type { StorageType } from '../../loop/scalarType.ts';
import { registerType, storageBytes } from '../../loop/scalarType.ts';
import type { Assembler, Operand } from './assembler.ts';
import { i32, splatConst } from './assembler.ts';
import { instruction, laneStore, memoryInstruction } from './encoder/code.ts';
import type { Tools } from './scalarOps.ts';
import { isVector, lanesPerPart } from './values.ts';

/** A place in memory: an address and a constant distance from it. */
export interface Address {
  readonly base: Operand;
  readonly offset: number;
}

const SCALAR_LOADS: Readonly<Record<StorageType, string>> = {
  f32: 'f32.load',
  f64: 'f64.load',
  i8: 'i32.load8_s',
  i16: 'i32.load16_s',
  i32: 'i32.load',
  i64: 'i64.load',
  u8: 'i32.load8_u',
  u16: 'i32.load16_u',
  u32: 'i32.load',
  u64: 'i64.load',
  bool: 'i32.load8_u',
  f16: 'i32.load16_u',
  bf16: 'i32.load16_u',
};

function alignment(storage: StorageType): number {
  return Math.log2(storageBytes(storage));
}

export function loadScalar(tools: Tools, storage: StorageType, at: Address): Operand {
  const { asm, library } = tools;
  const loaded = asm.load(SCALAR_LOADS[storage], alignment(storage), at.base, at.offset);
  if (storage === 'f16') return asm.call(library.own('fromF16'), loaded);
  if (storage === 'bf16') {
    return asm.op('f32.reinterpret_i32', asm.op('i32.shl', loaded, i32(16)));
  }
  return loaded;
}

export function storeScalar(tools: Tools, storage: StorageType, at: Address, value: Operand): void {
  const { asm, library } = tools;
  const half = storage === 'f16' || storage === 'bf16';
  const bits = half ? asm.call(library.own(storage === 'f16' ? 'toF16' : 'toBf16'), value) : value;
  const bytes = storageBytes(storage);
  const type = registerType(storage);
  const whole = type === 'f32' || type === 'f64' ? type : bytes === 8 ? 'i64' : 'i32';
  const name = half || bytes < 4 ? `i32.store${8 * bytes}` : `${whole}.store`;
  asm.emit(at.base.item, bits.item, memoryInstruction(name, alignment(storage), at.offset));
}

/** Parts of `lanes` adjacent elements. */
export function loadVector(
  tools: Tools,
  storage: StorageType,
  lanes: number,
  at: Address,
): readonly Operand[] {
  const bytes = storageBytes(storage);
  if (!isVector(lanes)) {
    return Array.from({ length: lanes }, (_, lane) =>
      loadScalar(tools, storage, { ...at, offset: at.offset + lane * bytes }),
    );
  }
  const per = lanesPerPart(registerType(storage));
  return Array.from({ length: lanes / per }, (_, part) =>
    loadPart(tools, storage, { ...at, offset: at.offset + part * per * bytes }),
  );
}

function loadPart({ asm, library }: Tools, storage: StorageType, at: Address): Operand {
  const align = alignment(storage);
  const load = (name: string): Operand => asm.load(name, align, at.base, at.offset);
  switch (storage) {
    case 'i8':
    case 'u8':
    case 'bool': {
      const sign = storage === 'i8' ? 's' : 'u';
      const words = asm.op(`i16x8.extend_low_i8x16_${sign}`, load('v128.load32_zero'));
      const wide = asm.op(`i32x4.extend_low_i16x8_${sign}`, words);
      return storage === 'bool' ? asm.op('i32x4.ne', wide, splatConst('i32x4', 0)) : wide;
    }
    case 'i16':
      return load('v128.load16x4_s');
    case 'u16':
      return load('v128.load16x4_u');
    case 'f16':
      return asm.call(library.own('fromF16x4'), load('v128.load16x4_u'));
    case 'bf16':
      return asm.op('i32x4.shl', load('v128.load16x4_u'), i32(16));
    default:
      return load('v128.load');
  }
}

export function storeVector(
  tools: Tools,
  storage: StorageType,
  lanes: number,
  at: Address,
  parts: readonly Operand[],
): void {
  const bytes = storageBytes(storage);
  const per = isVector(lanes) ? lanesPerPart(registerType(storage)) : 1;
  parts.forEach((part, i) => {
    const place = { ...at, offset: at.offset + i * per * bytes };
    if (isVector(lanes)) storePart(tools, storage, place, part);
    else storeScalar(tools, storage, place, part);
  });
}

function storePart({ asm, library }: Tools, storage: StorageType, at: Address, part: Operand) {
  const align = alignment(storage);
  switch (storage) {
    case 'i8':
    case 'u8':
    case 'bool': {
      const numbers = storage === 'bool' ? asm.op('v128.and', part, splatConst('i32x4', 1)) : part;
      const packed = pickBytes(asm, numbers, [0, 4, 8, 12]);
      asm.emit(at.base.item, packed.item, laneStore('v128.store32_lane', align, at.offset, 0));
      return;
    }
    case 'i16':
    case 'u16':
    case 'f16':
    case 'bf16': {
      const bits =
        storage === 'f16' || storage === 'bf16'
          ? asm.call(library.own(storage === 'f16' ? 'toF16x4' : 'toBf16x4'), part)
          : part;
      const packed = pickBytes(asm, bits, [0, 1, 4, 5, 8, 9, 12, 13]);
      asm.emit(at.base.item, packed.item, laneStore('v128.store64_lane', align, at.offset, 0));
      return;
    }
    default:
      asm.emit(at.base.item, part.item, memoryInstruction('v128.store', align, at.offset));
  }
}

/** The named bytes first; what follows is of no interest. */
function pickBytes(asm: Assembler, part: Operand, bytes: readonly number[]): Operand {
  const all = Array.from({ length: 16 }, (_, i) => bytes[i] ?? 0);
  return asm.opWith(instruction('i8x16.shuffle', ...all), 'v128', [part, part]);
}

const SPLAT_LOADS: Partial<Record<StorageType, string>> = {
  f32: 'v128.load32_splat',
  i32: 'v128.load32_splat',
  u32: 'v128.load32_splat',
  f64: 'v128.load64_splat',
  i64: 'v128.load64_splat',
  u64: 'v128.load64_splat',
};

/** One element in all lanes of a part, where one instruction does it. */
export function loadSplat(asm: Assembler, storage: StorageType, at: Address): Operand | undefined {
  const name = SPLAT_LOADS[storage];
  return name === undefined ? undefined : asm.load(name, alignment(storage), at.base, at.offset);
}
