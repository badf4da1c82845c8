/**
 * What the tables of support functions are made of: a request, a maker for it, and one text for all lane counts.
 */
import type { ScalarType, StorageType } from '../../loop/scalarType.ts';
import { registerType } from '../../loop/scalarType.ts';
import { cType, typeSuffix } from './cTypes.ts';

/** What a function is made for. */
export interface SupportCall {
  readonly operation: string;
  readonly type: StorageType;
  readonly lanes: number;
  /** The function's own name. */
  readonly name: string;
}

/** Makes the definition; `undefined`: not of this type. */
export type SupportMaker = (call: SupportCall) => string | undefined;
export type SupportTable = Readonly<Record<string, SupportMaker>>;

/** C type of the values that a function is about. */
export function valueType({ type, lanes }: SupportCall): string {
  return cType(registerType(type), lanes);
}

/**
 * One text for scalars and vectors. It is written for scalars, with types in capitals (F32, I32, U32, F64, I64,
 * U64) and calls of support functions by their scalar names; comparisons must be support functions.
 */
export function forAnyLanes(text: string): SupportMaker {
  return ({ lanes }) =>
    text
      .replace(/\b([FIU])(8|16|32|64)\b/g, (_, kind: string, bits: string) =>
        cType(`${kind.toLowerCase()}${bits}` as ScalarType, lanes),
      )
      .replace(
        /_(b?f16|f32|f64|[iu](?:8|16|32|64)|bool)\(/g,
        (_, type: string) => `_${typeSuffix(type as StorageType, lanes)}(`,
      );
}

/** Lane for lane by the scalar function: what is rare, and what compilers turn into one instruction anyway. */
export function lanewise(
  { type, lanes, name }: SupportCall,
  operands: number,
  from = type,
): string {
  const [own, vector] = [cType(registerType(from), lanes), cType(registerType(type), lanes)];
  const names = ['a', 'b'].slice(0, operands);
  const scalar = name.replace(/x\d+$/, '');
  const call = `${scalar}(${names.map((each) => `${each}[lane]`).join(', ')})`;
  return `INLINE ${vector} ${name}(${names.map((each) => `${own} ${each}`).join(', ')}) {
  ${vector} result = {0};
  for (int lane = 0; lane < ${lanes}; lane++) {
    result[lane] = ${call};
  }
  return result;
}`;
}
