/**
 * The arena and the weights as memory of the interpreter. Every byte knows whether it was written since it was last
 * given up: reading anything else throws, so lifetimes and placement are checked by running.
 */
import type { Cells } from '../loop/memory.ts';
import type { StorageType } from '../loop/scalarType.ts';
import { storageBytes } from '../loop/scalarType.ts';
import { elementView, loadScalar, storeScalar } from '../tensor/tensor.ts';
import type { BundleBuffer } from './bundle.ts';

/** Gives NaN as a float, -1 as a signed integer. */
const POISON = 0xff;

export class SimulatedMemory {
  private readonly arena: Uint8Array;
  /** Per byte of the arena: 1 where it holds a value. */
  private readonly defined: Uint8Array;

  constructor(
    arenaBytes: number,
    private readonly weights: Uint8Array,
  ) {
    this.arena = new Uint8Array(arenaBytes).fill(POISON);
    this.defined = new Uint8Array(arenaBytes);
  }

  cells(buffer: BundleBuffer): Cells {
    const { space, offset, storage, physical } = buffer;
    const length = physical.reduce((product, dim) => product * dim, 1);
    const size = storageBytes(storage);
    const bytes = this.bytes(buffer).subarray(0, length * size);
    const view = elementView(storage, bytes);
    const defined = space === 'arena' ? this.defined.subarray(offset) : undefined;
    return {
      storage,
      length,
      get(at) {
        if (defined?.[at * size] === 0) throw new Error(`element ${at} of dead memory is read`);
        return loadScalar(storage, view, at);
      },
      set(at, value) {
        if (defined === undefined) throw new Error('weights are written');
        defined.fill(1, at * size, (at + 1) * size);
        storeScalar(storage, view, at, value);
      },
    };
  }

  bytes({ space, offset, bytes }: BundleBuffer): Uint8Array {
    const memory = space === 'arena' ? this.arena : this.weights;
    return memory.subarray(offset, offset + bytes);
  }

  write(buffer: BundleBuffer, bytes: Uint8Array): void {
    this.bytes(buffer).set(bytes);
    this.defined.fill(1, buffer.offset, buffer.offset + bytes.length);
  }

  /** Padding of a layout may be loaded, but not used: it is poison that does not throw. */
  allowPadding({ offset, bytes }: BundleBuffer): void {
    this.defined.fill(1, offset, offset + bytes);
  }

  /** Everything outside of these buffers is poison from now on. */
  keep(buffers: Iterable<BundleBuffer>): void {
    const kept = [...buffers].filter(({ space }) => space === 'arena');
    kept.sort((a, b) => a.offset - b.offset);
    let end = 0;
    for (const { offset, bytes } of kept) {
      if (offset > end) this.poison(end, offset);
      end = Math.max(end, offset + bytes);
    }
    this.poison(end, this.arena.length);
  }

  private poison(from: number, to: number): void {
    this.arena.fill(POISON, from, to);
    this.defined.fill(0, from, to);
  }
}

/** Rows of a tensor that lies in memory with larger extents. */
export function denseBytes(
  bytes: Uint8Array,
  storage: StorageType,
  dims: readonly number[],
  physical: readonly number[],
): Uint8Array {
  const size = storageBytes(storage);
  const count = dims.reduce((product, dim) => product * dim, 1);
  const dense = new Uint8Array(count * size);
  const row = (dims.at(-1) ?? 1) * size;
  if (count === 0) return dense;
  for (let at = 0; at < dense.length; at += row) {
    let rest = at / row;
    let [place, stride] = [0, physical.at(-1) ?? 1];
    for (let axis = dims.length - 2; axis >= 0; axis--) {
      place += (rest % dims[axis]!) * stride;
      rest = Math.floor(rest / dims[axis]!);
      stride *= physical[axis]!;
    }
    dense.set(bytes.subarray(place * size, place * size + row), at);
  }
  return dense;
}
