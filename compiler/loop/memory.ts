/**
 * Memory of the interpreter: typed elements behind get and set. Scratch starts poisoned, and reading a
 * poisoned element throws, so that programs cannot depend on what memory held before.
 */
import type { Scalar } from './arithmetic.ts';
import { fit } from './arithmetic.ts';
import { roundToBf16, roundToF16 } from './halfFloat.ts';
import type { StorageType } from './scalarType.ts';
import { isWide, registerType } from './scalarType.ts';

export interface Cells {
  readonly storage: StorageType;
  readonly length: number;
  get(at: number): Scalar;
  /** Rounds to 16-bit floats where the storage is one. */
  set(at: number, value: Scalar): void;
}

/** Elements that one buffer may have in the interpreter. */
const MOST_ELEMENTS = 2 ** 28;

export function allocate(
  storage: StorageType,
  length: number,
  content: 'zero' | 'poisoned' = 'zero',
): Cells {
  if (!(length >= 0 && length <= MOST_ELEMENTS)) {
    throw new RangeError(`a buffer of ${length} elements is too large to interpret`);
  }
  const type = registerType(storage);
  const data = isWide(type)
    ? type === 'i64'
      ? new BigInt64Array(length)
      : new BigUint64Array(length)
    : new Float64Array(length);
  const written = content === 'poisoned' ? new Uint8Array(length) : undefined;
  return {
    storage,
    length,
    get(at) {
      if (written?.[at] === 0) throw new Error(`element ${at} is read before it is written`);
      return data[at]!;
    },
    set(at, value) {
      if (written) written[at] = 1;
      data[at] = store(storage, value);
    },
  };
}

function store(storage: StorageType, value: Scalar): never {
  // Typed arrays of numbers and of BigInts have no common element type to name here.
  if (storage === 'f16') return roundToF16(value as number) as never;
  if (storage === 'bf16') return roundToBf16(value as number) as never;
  return fit(storage, value) as never;
}

/** Cells with the given elements; 64-bit integers may be given as numbers. */
export function cellsOf(storage: StorageType, elements: Iterable<Scalar>): Cells {
  const list = [...elements];
  const cells = allocate(storage, list.length);
  const wide = isWide(registerType(storage));
  list.forEach((element, at) => cells.set(at, wide ? BigInt(element) : Number(element)));
  return cells;
}

export function elementsOf(cells: Cells): readonly Scalar[] {
  return Array.from({ length: cells.length }, (_, at) => cells.get(at));
}
