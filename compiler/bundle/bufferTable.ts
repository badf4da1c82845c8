/**
 * The buffers of a bundle while it is being built: memory of values, constants in their layouts, and when each is
 * alive. Placing them comes last.
 */
import type { Value } from '../graph/graph.ts';
import type { Buffer } from '../loop/expr.ts';
import type { Layout } from '../loop/layout.ts';
import { layoutKey } from '../loop/layout.ts';
import type { StorageType } from '../loop/scalarType.ts';
import { storageBytes } from '../loop/scalarType.ts';
import type { Index } from '../loop/indexExpr.ts';
import { evaluateIndex } from '../loop/indexExpr.ts';
import type { TileSize } from '../schedule/winograd/transforms.ts';
import type { BundleBuffer, BundleConstant } from './bundle.ts';
import { BundleError } from './bundleError.ts';
import { aligned } from './memoryPlan.ts';

export interface BufferDraft {
  readonly value: number;
  /** For messages. */
  readonly name: string;
  readonly space: 'arena' | 'weights';
  readonly bytes: number;
  readonly storage: StorageType;
  readonly physical: readonly number[];
  readonly layout?: Layout;
  readonly filter?: TileSize;
  /** Steps, both included; weights are always there. */
  readonly first: number;
  last: number;
}

/** How a kernel wants a constant: see `ScheduledProgram`. */
export interface ConstantForm {
  readonly layout: Layout | undefined;
  readonly filter: TileSize | undefined;
}

/** Bytes of one buffer that can still be addressed exactly. */
const MOST_BYTES = 2 ** 46;

export class BufferTable {
  readonly drafts: BufferDraft[] = [];
  private readonly constants: { readonly draft: number; readonly value: Value }[] = [];
  private readonly packed = new Map<Value, Map<string, number>>();

  /** Memory that lives from `first` on; `last` grows as it is read. */
  arena(
    value: number,
    name: string,
    storage: StorageType,
    physical: readonly number[],
    first: number,
    layout?: Layout,
  ): number {
    const bytes = bytesOf(name, storage, physical);
    const draft = { value, name, space: 'arena', bytes, storage, physical, first } as const;
    return this.drafts.push({ ...draft, last: first, ...(layout && { layout }) }) - 1;
  }

  /** A constant in one form: kept once however many kernels read it. */
  weight(index: number, value: Value, buffer: Buffer, { layout, filter }: ConstantForm): number {
    const known = this.packed.get(value) ?? new Map<string, number>();
    this.packed.set(value, known);
    const key = `${layoutKey(layout)} ${filter ?? ''}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const physical = extentsOf(buffer.shape, value.name);
    const bytes = bytesOf(value.name, buffer.storage, physical);
    const { name } = value;
    const draft = { value: index, name, space: 'weights', bytes, storage: buffer.storage } as const;
    const form = { ...(layout && { layout }), ...(filter && { filter }) };
    const lives = { physical, first: 0, last: 0, ...form };
    const at = this.drafts.push({ ...draft, ...lives }) - 1;
    known.set(key, at);
    this.constants.push({ draft: at, value });
    return at;
  }

  /** A step reads or writes it. */
  touch(buffer: number, step: number): void {
    const draft = this.drafts[buffer]!;
    draft.last = Math.max(draft.last, step);
  }

  /** Constants one after the other; their offsets by draft. */
  placeWeights(): {
    readonly offsets: ReadonlyMap<number, number>;
    readonly constants: readonly BundleConstant[];
    readonly bytes: number;
  } {
    let bytes = 0;
    const offsets = new Map<number, number>();
    const constants = this.constants.map(({ draft, value }): BundleConstant => {
      offsets.set(draft, bytes);
      bytes += aligned(this.drafts[draft]!.bytes);
      const { constant, known } = value;
      return { buffer: draft, constant: constant!, ...(known && { known }) };
    });
    return { offsets, constants, bytes };
  }

  finished(offsetOf: (draft: number) => number): readonly BundleBuffer[] {
    return this.drafts.map(({ value, space, bytes, storage, physical, layout, filter }, i) => {
      const form = { ...(layout && { layout }), ...(filter && { filter }) };
      return { value, space, offset: offsetOf(i), bytes, storage, physical, ...form };
    });
  }
}

/** Extents that are numbers; lowering puts upper bounds in the place of what only a run knows. */
export function extentsOf(shape: readonly Index[], name: string): readonly number[] {
  const open = (): never => {
    throw new BundleError(`The size of ${name} is not bound.`);
  };
  return shape.map((dim) => Math.max(0, evaluateIndex(dim, open, open)));
}

function bytesOf(name: string, storage: StorageType, physical: readonly number[]): number {
  const bytes = physical.reduce((product, dim) => product * dim, storageBytes(storage));
  if (bytes <= MOST_BYTES) return bytes;
  throw new BundleError(`${name} would need ${bytes} bytes (${physical.join('×')} elements).`);
}
