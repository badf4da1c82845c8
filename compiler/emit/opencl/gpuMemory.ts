/**
 * Memory and vectors of a phase in OpenCL C: which space a local lives in (an item's own, the group's, or scratch), how an
 * element or a vector of them is loaded and stored. Statements are as in C.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import type { Facts } from '../../loop/facts.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { add, mod, multiply, ZERO } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { simplifyIndex } from '../../loop/simplifyIndex.ts';
import { ITEM_BYTES } from '../../target/itemMemory.ts';
import { cStorage, cType } from '../c/cTypes.ts';
import type { KernelScope } from '../c/emitPhase.ts';
import { PhaseEmitter } from '../c/emitPhase.ts';
import { constantCount } from '../c/registerTiles.ts';
import { elementName } from './preamble.ts';
import { laneOf } from './support.ts';

export interface GpuScope extends KernelScope {
  /** 32 bits are enough for every index. */
  readonly small: boolean;
}

export class GpuMemoryPhase extends PhaseEmitter {
  protected override readonly indexType: string;
  /** Declarations at the top of the kernel: memory that a group shares. */
  readonly shared: string[] = [];
  /** How many item loops a nest of this kernel has; known before locals are declared. */
  itemRank = 1;
  /** Of the item's own memory, taken by locals that live here. */
  protected privateBytes = 0;

  constructor(scope: GpuScope, facts: Facts, body: readonly Stmt[]) {
    super(scope, facts, body);
    this.indexType = scope.small ? 'int' : 'long';
  }

  /** Text of an index at this place. */
  indexOf(index: Index): string {
    return this.index(index);
  }

  lane(vector: string, lane: number): string {
    return `${vector}.${laneOf(lane)}`;
  }

  pack(type: string, elements: readonly string[]): string {
    return `(${type})(${elements.join(', ')})`;
  }

  override load(expr: Extract<Expr, { kind: 'load' }>): string {
    const { buffer, indices, lanes } = expr;
    if (this.named.has(buffer)) return super.load(expr);
    const element = this.element(buffer, indices);
    const { storage } = buffer;
    if (storage === 'f16' || storage === 'bf16') {
      return lanes === 1
        ? `widen_${storage}(${element})`
        : this.pack(cType('f32', lanes), this.elements(buffer, indices, lanes, `widen_${storage}`));
    }
    if (lanes === 1) return element;
    if (buffer.lanes > 1) return element;
    if (storage === 'bool') {
      return this.pack(
        cType('bool', lanes),
        this.elements(buffer, indices, lanes).map((one) => `-(int)(${one} != 0)`),
      );
    }
    if (this.isAligned(buffer, indices, lanes)) {
      const space = spaceOf(buffer);
      return `(*(${space} const ${elementName(storage)}${lanes} *)&${element})`;
    }
    return `vload${lanes}(0, &${element})`;
  }

  protected override store(buffer: Buffer, indices: readonly Index[], value: Expr): void {
    if (this.named.has(buffer)) return super.store(buffer, indices, value);
    const { storage } = buffer;
    const text = this.expr(value);
    const element = this.element(buffer, indices);
    const { lanes } = value;
    if (lanes === 1 || buffer.lanes > 1) {
      const isHalf = storage === 'f16' || storage === 'bf16';
      this.line(`${element} = ${isHalf ? `(ushort)narrow_${storage}(${text})` : text};`);
      return;
    }
    if (storage === 'f16' || storage === 'bf16' || storage === 'bool') {
      const vector = this.bind(cType(value.type, lanes), text);
      this.elements(buffer, indices, lanes).forEach((one, i) => {
        const part = this.lane(vector, i);
        const stored = storage === 'bool' ? `${part} & 1` : `(ushort)narrow_${storage}(${part})`;
        this.line(`${one} = ${stored};`);
      });
      return;
    }
    if (this.isAligned(buffer, indices, lanes)) {
      const pointer = `(${spaceOf(buffer)} ${elementName(storage)}${lanes} *)`;
      this.line(`*${pointer}&${element} = ${text};`);
    } else this.line(`vstore${lanes}(${text}, 0, &${element});`);
  }

  protected override local(buffer: Buffer): void {
    if (this.named.has(buffer)) return super.local(buffer);
    const own = this.kernel.identifiers.of(buffer.name);
    const type =
      buffer.lanes > 1 ? cType(registerOf(buffer), buffer.lanes) : cStorage(buffer.storage);
    const shape = buffer.space === 'item' ? buffer.shape.slice(this.itemRank) : buffer.shape;
    const count = constantCount({ ...buffer, shape });
    if (buffer.space === 'group') {
      if (count === undefined) throw new Error(`${buffer.name}: shared memory of varying size`);
      this.shared.push(`__local ${type} ${own}[${count}] __attribute__((aligned(16)));`);
      return;
    }
    const bytes = (count ?? Infinity) * 4 * buffer.lanes;
    if (count !== undefined && this.privateBytes + bytes <= ITEM_BYTES) {
      this.privateBytes += bytes;
      this.line(`${type} ${own}[${Math.max(1, count)}];`);
      return;
    }
    const place = this.scratch.place(buffer, this.facts);
    if (place.kind === 'stack') {
      this.line(`${type} ${own}[${place.elements}];`);
      return;
    }
    const offset = this.index(place.offset);
    this.line(`__global ${type} *const ${own} = (__global ${type} *)(scratch + ${offset});`, own);
  }

  protected override flat(buffer: Buffer, indices: readonly Index[]): Index {
    if (buffer.space !== 'item') {
      if (buffer.lanes === 1 || this.named.has(buffer)) return super.flat(buffer, indices);
      return this.simple(rowMajor(buffer.shape, indices));
    }
    const skip = this.itemRank;
    return this.simple(rowMajor(buffer.shape.slice(skip), indices.slice(skip)));
  }

  private elements(
    buffer: Buffer,
    indices: readonly Index[],
    lanes: number,
    wrap = '',
  ): readonly string[] {
    return Array.from({ length: lanes }, (_, i) => {
      const last = add(indices.at(-1)!, i);
      const element = this.element(buffer, [...indices.slice(0, -1), last]);
      return wrap === '' ? element : `${wrap}(${element})`;
    });
  }

  /** Memory is 64-byte aligned: a multiple of the lanes is aligned like a vector of up to 16 bytes. */
  private isAligned(buffer: Buffer, indices: readonly Index[], lanes: number): boolean {
    if (lanes !== 2 && lanes !== 4) return false;
    if (buffer.space === 'item' || buffer.space === 'local') return false;
    const rest = simplifyIndex(mod(this.flat(buffer, indices), lanes), this.facts);
    return rest.kind === 'constant' && rest.value === 0;
  }
}

function rowMajor(shape: readonly Index[], indices: readonly Index[]): Index {
  return indices.reduce((sum, index, axis) => add(multiply(sum, shape[axis]!), index), ZERO);
}

function registerOf({ storage }: Buffer): 'f32' | 'f64' | 'i32' | 'i64' {
  if (storage === 'f32' || storage === 'f64' || storage === 'i32' || storage === 'i64') {
    return storage;
  }
  throw new Error(`a tile of ${storage}`);
}

function spaceOf({ space }: Buffer): string {
  return space === 'global' ? '__global' : space === 'group' ? '__local' : '__private';
}
