/**
 * Where the locals of one phase live: small ones on the stack, the others in the thread's scratch, one after
 * another, each 64-byte aligned. Locals of statement lists that have ended make room for the next.
 */
import type { Buffer } from '../../loop/expr.ts';
import type { Facts } from '../../loop/facts.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { add, floorDiv, max, multiply, product, ZERO } from '../../loop/indexExpr.ts';
import { storageBytes } from '../../loop/scalarType.ts';
import { largestValue } from './extremes.ts';
import { constantCount } from './registerTiles.ts';

/** Bytes of stack for all locals of a phase that live at the same time. */
const MOST_STACK = 16 << 10;
const ALIGNMENT = 64;

export type Place =
  | { readonly kind: 'stack'; readonly elements: number }
  | { readonly kind: 'scratch'; readonly offset: Index };

export interface ScratchMark {
  readonly stack: number;
  readonly top: Index;
}

export class Scratch {
  private stack = 0;
  private top: Index = ZERO;
  private most: Index = ZERO;

  /** Bytes that the phase needs at most. */
  get bytes(): Index {
    return this.most;
  }

  mark(): ScratchMark {
    return { stack: this.stack, top: this.top };
  }

  release({ stack, top }: ScratchMark): void {
    this.stack = stack;
    this.top = top;
  }

  place(buffer: Buffer, facts: Facts): Place {
    const elementBytes = storageBytes(buffer.storage) * buffer.lanes;
    const count = constantCount(buffer);
    if (count !== undefined) {
      const bytes = aligned(count * elementBytes);
      if (this.stack + bytes <= MOST_STACK) {
        this.stack += bytes;
        return { kind: 'stack', elements: Math.max(count, 1) * buffer.lanes };
      }
    }
    const offset = this.top;
    const extents = buffer.shape.map((dim) => max(largestValue(dim, facts), 0));
    const bytes = multiply(product(extents), elementBytes);
    this.top = add(offset, alignedIndex(bytes));
    this.most = max(this.most, this.top);
    return { kind: 'scratch', offset };
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

function alignedIndex(bytes: Index): Index {
  return multiply(floorDiv(add(bytes, ALIGNMENT - 1), ALIGNMENT), ALIGNMENT);
}
