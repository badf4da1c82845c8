/**
 * One constant as a kernel reads it: its elements in the order of a layout, padded with zeros. Every physical axis
 * depends on one logical axis, so the place of an element is a sum of one table entry per logical axis.
 */
import { ModelError } from '../diagnostics.ts';
import type { Constant, KnownTensor } from '../graph/graph.ts';
import type { Layout } from '../loop/layout.ts';
import type { StorageType } from '../loop/scalarType.ts';
import { storageBytes } from '../loop/scalarType.ts';
import { constantChunks, elementCount, readConstant } from '../onnx/constantData.ts';
import { byteLength, decodeElements } from '../onnx/elements.ts';
import type { ModelSource } from '../onnx/source.ts';
import { domainOf, TAPS, transformFilters } from '../schedule/winograd/transforms.ts';
import type { TileSize } from '../schedule/winograd/transforms.ts';
import type { ElementArray } from '../tensor/tensor.ts';
import { elementView } from '../tensor/tensor.ts';
import { constantBytes } from './computedConstants.ts';

export interface Packing {
  readonly constant: Constant;
  readonly known?: KnownTensor;
  readonly storage: StorageType;
  /** Row-major where missing. */
  readonly layout?: Layout;
  /** 3 x 3 filters, transformed for tiles of this size before they are laid out: the last two axes are longer then. */
  readonly filter?: TileSize;
  /** Extents in memory. */
  readonly physical: readonly number[];
}

/**
 * Its bytes, in pieces that are valid until the next one; row-major constants are never held whole. Throws
 * ModelError where the elements cannot be read.
 */
export function* packedChunks(packing: Packing, source: ModelSource): Generator<Uint8Array> {
  const { layout, storage, physical } = packing;
  const rows = layout === undefined && sameExtents(physical, logicalDims(packing));
  if (!rows) {
    yield scattered(packing, source);
    return;
  }
  for (const chunk of elementChunks(packing, source)) {
    yield storage === 'bool' ? chunk.map((byte) => (byte === 0 ? 0 : 1)) : chunk;
  }
}

function scattered(packing: Packing, source: ModelSource): Uint8Array {
  const { storage, physical } = packing;
  const logical = logicalDims(packing);
  const count = physical.reduce((product, dim) => product * dim, 1);
  const bytes = new Uint8Array(count * storageBytes(storage));
  const target = elementView(storage, bytes);
  const dims = logical.length === 0 ? [1] : logical;
  const tables = logical.length === 0 ? [new Float64Array(1)] : offsetTables(packing);
  const inner = tables.at(-1)!;
  const walk = new RowWalk(dims.slice(0, -1), tables);
  let at = 0;
  for (const chunk of elementChunks(packing, source)) {
    const elements = elementView(storage, alignedView(chunk, storageBytes(storage)));
    let next = 0;
    while (next < elements.length) {
      const run = Math.min(elements.length - next, inner.length - at);
      scatter(target, elements, inner, { base: walk.base, at, next, run });
      next += run;
      at += run;
      if (at === inner.length) {
        at = 0;
        walk.advance();
      }
    }
  }
  return bytes;
}

interface Run {
  readonly base: number;
  readonly at: number;
  readonly next: number;
  readonly run: number;
}

/** The hot loop: one call a row, monomorphic per element type. */
function scatter(
  target: ElementArray,
  elements: ElementArray,
  table: Float64Array,
  { base, at, next, run }: Run,
): void {
  if (target instanceof Float32Array) {
    const from = elements as Float32Array;
    for (let i = 0; i < run; i++) target[base + table[at + i]!] = from[next + i]!;
    return;
  }
  for (let i = 0; i < run; i++) target[base + table[at + i]!] = elements[next + i] as never;
}

/** Counts through all axes but the last and keeps the sum of their table entries. */
class RowWalk {
  base: number;
  private readonly at: number[];

  constructor(
    private readonly dims: readonly number[],
    private readonly tables: readonly Float64Array[],
  ) {
    this.at = dims.map(() => 0);
    this.base = 0;
  }

  advance(): void {
    for (let axis = this.dims.length - 1; axis >= 0; axis--) {
      const table = this.tables[axis]!;
      this.base -= table[this.at[axis]!]!;
      this.at[axis] = this.at[axis]! + 1;
      if (this.at[axis]! < this.dims[axis]!) {
        this.base += table[this.at[axis]!]!;
        return;
      }
      this.at[axis] = 0;
      this.base += table[0]!;
    }
  }
}

/** By logical axis: what each position along it adds to the place in memory. */
function offsetTables(packing: Packing): readonly Float64Array[] {
  const { layout, physical } = packing;
  const dims = logicalDims(packing);
  const axes: Layout = layout ?? dims.map((_, axis) => ({ axis }));
  const tables = dims.map((dim) => new Float64Array(dim));
  let stride = 1;
  for (let i = axes.length - 1; i >= 0; i--) {
    const { axis, divide = 1, modulo = Infinity } = axes[i]!;
    const table = tables[axis]!;
    for (let position = 0; position < table.length; position++) {
      const quotient = Math.floor(position / divide);
      const place = modulo === Infinity ? quotient : quotient % modulo;
      if (place >= physical[i]!) throw new Error('a constant does not fit its layout');
      table[position]! += place * stride;
    }
    stride *= physical[i]!;
  }
  return tables;
}

/** Extents of what is laid out. */
function logicalDims({ constant: { dims }, filter }: Packing): readonly number[] {
  if (filter === undefined) return dims;
  return [...dims.slice(0, -2), domainOf(filter), domainOf(filter)];
}

/** Dense elements in row-major order. */
function elementChunks(packing: Packing, source: ModelSource): Iterable<Uint8Array> {
  const { filter } = packing;
  const chunks = storedChunks(packing, source);
  return filter === undefined ? chunks : filterChunks(chunks, filter);
}

/** Chunks may end inside of a filter: what is left of one goes before the next. */
function* filterChunks(chunks: Iterable<Uint8Array>, tile: TileSize): Generator<Uint8Array> {
  const size = TAPS * TAPS * Float32Array.BYTES_PER_ELEMENT;
  let left = new Uint8Array();
  for (const chunk of chunks) {
    const bytes = new Uint8Array(left.length + chunk.length);
    bytes.set(left);
    bytes.set(chunk, left.length);
    const whole = bytes.length - (bytes.length % size);
    left = bytes.slice(whole);
    const transformed = transformFilters(new Float32Array(bytes.buffer, 0, whole / 4), tile);
    yield new Uint8Array(transformed.buffer);
  }
}

function storedChunks({ constant, known }: Packing, source: ModelSource): Iterable<Uint8Array> {
  if (constant.sparse !== undefined) return [denseBytes(constant, constant.sparse.indices, source)];
  if (constant.source.kind === 'operators') return [constantBytes(constant, source)];
  return constantChunks(constant, source, known);
}

/** A sparse initialiser: values at flat positions [n] or at index tuples [n, rank]. */
function denseBytes(constant: Constant, indices: Constant, source: ModelSource): Uint8Array {
  const { dtype, dims } = constant;
  const [nonZeros = 0, width = 0] = indices.dims;
  const flat = indices.dims.length === 1;
  const bad = (): never => {
    throw new ModelError('model/bad-tensor', 'The indices of a sparse tensor are wrong.');
  };
  if (!flat && width !== dims.length) bad();
  const values = readConstant({ dtype, dims: [nonZeros], source: constant.source }, source);
  const places = decodeElements(
    readConstant(indices, source),
    indices.dtype,
    elementCount(indices),
  );
  const size = byteLength(dtype, 1);
  const bytes = new Uint8Array(byteLength(dtype, elementCount(constant)));
  for (let i = 0; i < nonZeros; i++) {
    let place = flat ? places[i]! : 0;
    for (let axis = 0; axis < dims.length && !flat; axis++) {
      const at = places[i * width + axis]!;
      if (!(at >= 0 && at < dims[axis]!)) bad();
      place = place * dims[axis]! + at;
    }
    if (!(place >= 0 && place < bytes.length / size)) bad();
    bytes.set(values.subarray(i * size, (i + 1) * size), place * size);
  }
  return bytes;
}

function alignedView(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.byteOffset % size === 0 ? bytes : bytes.slice();
}

function sameExtents(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}
