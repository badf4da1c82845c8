/**
 * Where the buffers of a function are: addresses in memory, or a local per element of a register tile. An
 * access becomes an address that its loops bump and a constant offset in the instruction.
 */
import type { Buffer } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import type { Polynomial } from '../../loop/polynomial.ts';
import {
  constantOf,
  fromTerms,
  NOUGHT,
  polyAdd,
  polyConstant,
  polyMultiply,
  polyScale,
  polyVariable,
  TooComplex,
  UNIT,
} from '../../loop/polynomial.ts';
import { registerType, storageBytes } from '../../loop/scalarType.ts';
import { isAtMost } from '../../loop/simplifyIndex.ts';
import type { Context } from './context.ts';
import type { Local } from './encoder/code.ts';
import type { Address } from './memoryOps.ts';
import { operandOf } from './assembler.ts';
import type { Value } from './values.ts';
import { partCount, partType } from './values.ts';

/**
 * No buffer starts below this address. The address in a local may lie this much below the first byte that the
 * access touches.
 */
export const LOWEST_ADDRESS = 4096;

export interface Tile {
  readonly kind: 'tile';
  readonly dims: readonly number[];
  readonly lanes: number;
  readonly elements: { readonly locals: readonly Local[]; value: Value }[];
}

interface InMemory {
  readonly kind: 'memory';
  /** Atom of the address. */
  readonly atom: string;
  readonly dims: readonly Polynomial[];
  /** Stores so far: loads before and after one differ. */
  epoch: number;
}

export class Places {
  private readonly places = new Map<string, Tile | InMemory>();

  constructor(private readonly context: Context) {}

  addMemory(buffer: Buffer): void {
    const dims = buffer.shape.map((dim) => this.context.formOf(dim));
    this.places.set(buffer.name, { kind: 'memory', atom: `&${buffer.name}`, dims, epoch: 0 });
  }

  addTile(buffer: Buffer): Tile {
    const { context } = this;
    const type = registerType(buffer.storage);
    const dims = buffer.shape.map((dim) => constantOf(context.formOf(dim))!);
    const count = dims.reduce((product, dim) => product * dim, 1);
    const elements = Array.from({ length: count }, () => {
      const locals = Array.from({ length: partCount(type, buffer.lanes) }, () =>
        context.asm.variable(partType(type, buffer.lanes)),
      );
      const parts = locals.map(operandOf);
      return { locals, value: { id: context.number(), type, lanes: buffer.lanes, parts } };
    });
    const tile: Tile = { kind: 'tile', dims, lanes: buffer.lanes, elements };
    this.places.set(buffer.name, tile);
    return tile;
  }

  of(buffer: Buffer): Tile | InMemory {
    const place = this.places.get(buffer.name);
    if (place === undefined) throw new Error(`${buffer.name} is nowhere`);
    return place;
  }

  /** Something may have been stored since. */
  touch(buffer: Buffer): void {
    const place = this.of(buffer);
    if (place.kind === 'memory') place.epoch = this.context.number();
    else for (const element of place.elements) this.renew(element);
  }

  renew(element: Tile['elements'][number]): void {
    element.value = { ...element.value, id: this.context.number() };
  }

  /** Elements of a tile that an access means. */
  elementsOf(tile: Tile, indices: readonly Index[], lanes: number) {
    let at = 0;
    indices.forEach((index, axis) => {
      const position = constantOf(this.context.formOf(index));
      if (position === undefined) throw new Error('a register tile is indexed by a variable');
      at = at * tile.dims[axis]! + position;
    });
    return tile.elements.slice(at, at + lanes / tile.lanes);
  }

  /** @returns the address, and a text that equals that of another access only if the address does. */
  addressOf(
    buffer: Buffer,
    indices: readonly Index[],
  ): { readonly address: Address; readonly key: string } {
    const place = this.of(buffer);
    if (place.kind === 'tile') throw new Error(`${buffer.name} is not in memory`);
    const elements = this.positionOf(place, indices);
    const bytes = polyScale(elements, storageBytes(buffer.storage) * buffer.lanes);
    const constant = bytes.terms.find(({ atoms }) => atoms.length === 0)?.coefficient ?? 0;
    const rest = fromTerms(bytes.terms.filter(({ atoms }) => atoms.length > 0));
    // The address alone must not be negative: instructions add their offset without wrapping around.
    const plain =
      constant >= 0 &&
      (constant < LOWEST_ADDRESS || isAtMost(NOUGHT, rest, this.context.frame.facts));
    const moved = plain ? 0 : Math.floor(constant / LOWEST_ADDRESS) * LOWEST_ADDRESS;
    const offset = constant - moved;
    const pointer = polyAdd(polyAdd(rest, polyConstant(moved)), polyVariable(place.atom));
    const base = this.context.valueOf(pointer);
    return { address: { base, offset }, key: `${pointer.key}+${offset}@${place.epoch}` };
  }

  private positionOf({ dims }: InMemory, indices: readonly Index[]): Polynomial {
    const forms = indices.map((index) => this.context.formOf(index));
    try {
      let stride = UNIT;
      let sum = NOUGHT;
      for (let axis = indices.length - 1; axis >= 0; axis--) {
        sum = polyAdd(sum, polyMultiply(forms[axis]!, stride));
        stride = polyMultiply(stride, dims[axis]!);
      }
      if (sum.key.length < 2000) return sum;
    } catch (error) {
      if (!(error instanceof TooComplex)) throw error;
    }
    return this.plainPosition(forms, dims);
  }

  /** Horner's rule on values, where the polynomial would grow too large. */
  private plainPosition(forms: readonly Polynomial[], dims: readonly Polynomial[]): Polynomial {
    const { context } = this;
    const { asm } = context;
    const value = forms
      .map((form) => context.valueOf(form))
      .reduce((sum, part, axis) => {
        const scaled = asm.op('i32.mul', sum, context.valueOf(dims[axis]!));
        return asm.op('i32.add', scaled, part);
      });
    const name = context.fresh('position');
    context.index.bind(name, context.frame, value);
    return polyVariable(name);
  }
}
