/**
 * How values of the loop IR lie in WebAssembly. A scalar is one operand: small integers sign- or zero-extended to
 * i32, bool as 0 or 1. Vectors of a multiple of four lanes are v128s of four lanes (two for 64-bit types): small
 * integers widened to 32 bits, bool as masks of 32 bits. Other lane counts are a scalar per lane.
 */
import type { ScalarType } from '../../loop/scalarType.ts';
import { isWide, SCALAR_TYPES } from '../../loop/scalarType.ts';
import type { Assembler, Operand } from './assembler.ts';
import { i32 } from './assembler.ts';
import { instruction } from './encoder/code.ts';
import type { WasmType } from './encoder/code.ts';

export interface Value {
  /** Values of equal numbers are equal. */
  readonly id: number;
  readonly type: ScalarType;
  readonly lanes: number;
  readonly parts: readonly Operand[];
}

export type Shape = 'f32x4' | 'f64x2' | 'i32x4' | 'i64x2';

export function scalarWasmType(type: ScalarType): WasmType {
  if (type === 'f32' || type === 'f64') return type;
  return isWide(type) ? 'i64' : 'i32';
}

export function shapeOfType(type: ScalarType): Shape {
  if (type === 'f32') return 'f32x4';
  if (type === 'f64') return 'f64x2';
  return isWide(type) ? 'i64x2' : 'i32x4';
}

export function isVector(lanes: number): boolean {
  return lanes % 4 === 0;
}

/** Lanes of one v128. */
export function lanesPerPart(type: ScalarType): number {
  return SCALAR_TYPES[type].bits === 64 ? 2 : 4;
}

export function partCount(type: ScalarType, lanes: number): number {
  return isVector(lanes) ? lanes / lanesPerPart(type) : lanes;
}

export function partType(type: ScalarType, lanes: number): WasmType {
  return isVector(lanes) ? 'v128' : scalarWasmType(type);
}

/** One lane as a scalar. */
export function laneOf(
  asm: Assembler,
  type: ScalarType,
  lanes: number,
  parts: readonly Operand[],
  lane: number,
): Operand {
  if (!isVector(lanes)) return parts[lane]!;
  const per = lanesPerPart(type);
  const shape = shapeOfType(type);
  const part = parts[Math.floor(lane / per)]!;
  const element = asm.lane(`${shape}.extract_lane`, lane % per, part);
  return type === 'bool' ? asm.op('i32.and', element, i32(1)) : element;
}

export function lanesOf(
  asm: Assembler,
  type: ScalarType,
  lanes: number,
  parts: readonly Operand[],
): readonly Operand[] {
  return Array.from({ length: lanes }, (_, lane) => laneOf(asm, type, lanes, parts, lane));
}

/** Parts of the vector with the given lanes. */
export function partsOfLanes(
  asm: Assembler,
  type: ScalarType,
  lanes: readonly Operand[],
): readonly Operand[] {
  if (!isVector(lanes.length)) return lanes;
  const per = lanesPerPart(type);
  const shape = shapeOfType(type);
  const elements = type === 'bool' ? lanes.map((lane) => asm.op('i32.sub', i32(0), lane)) : lanes;
  return Array.from({ length: lanes.length / per }, (_, part) => {
    const own = elements.slice(part * per, (part + 1) * per);
    return own
      .slice(1)
      .reduce(
        (vector, lane, i) => asm.lane(`${shape}.replace_lane`, i + 1, vector, lane),
        asm.op(`${shape}.splat`, own[0]!),
      );
  });
}

/** The same scalar in all lanes. */
export function splat(
  asm: Assembler,
  type: ScalarType,
  lanes: number,
  scalar: Operand,
): readonly Operand[] {
  const count = partCount(type, lanes);
  if (!isVector(lanes)) return Array.from({ length: count }, () => scalar);
  const element = type === 'bool' ? asm.op('i32.sub', i32(0), scalar) : scalar;
  const vector = asm.op(`${shapeOfType(type)}.splat`, element);
  return Array.from({ length: count }, () => vector);
}

/** Masks of 32 bits from masks of 64 bits. */
export function narrowMasks(asm: Assembler, wide: readonly Operand[]): readonly Operand[] {
  return Array.from({ length: wide.length / 2 }, (_, i) =>
    evenWords(asm, wide[2 * i]!, wide[2 * i + 1]!),
  );
}

export function widenMasks(asm: Assembler, masks: readonly Operand[]): readonly Operand[] {
  return masks.flatMap((mask) => [
    asm.op('i64x2.extend_low_i32x4_s', mask),
    asm.op('i64x2.extend_high_i32x4_s', mask),
  ]);
}

/** Low 32 bits of the four 64-bit lanes of two vectors. */
export function evenWords(asm: Assembler, low: Operand, high: Operand): Operand {
  const bytes = [0, 8, 16, 24].flatMap((first) => [first, first + 1, first + 2, first + 3]);
  return asm.opWith(instruction('i8x16.shuffle', ...bytes), 'v128', [low, high]);
}
