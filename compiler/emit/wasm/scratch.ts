/**
 * Scratch memory of one thread: locals of a phase lie one behind the other, and statement lists that end give
 * theirs back.
 */
import type { Buffer } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { add, floorDiv, max, multiply, product, visitNames, ZERO } from '../../loop/indexExpr.ts';
import { storageBytes } from '../../loop/scalarType.ts';

const ALIGNMENT = 64;

export class Scratch {
  /** Bytes in use. */
  private used: Index = ZERO;

  /** @param most bytes that were in use at most, so far. */
  constructor(public most: Index = ZERO) {}

  /** Offset of a buffer. Throws where its size is known at run time only. */
  allocate({ name, shape, storage, lanes }: Buffer): Index {
    for (const dim of shape) {
      visitNames(dim, (kind) => {
        if (kind === 'variable') throw new Error(`scratch ${name} has a size that varies in a run`);
      });
    }
    const bytes = multiply(product(shape), storageBytes(storage) * lanes);
    const offset = this.used;
    this.used = add(offset, multiply(floorDiv(add(bytes, ALIGNMENT - 1), ALIGNMENT), ALIGNMENT));
    this.most = max(this.most, this.used);
    return offset;
  }

  mark(): Index {
    return this.used;
  }

  release(mark: Index): void {
    this.used = mark;
  }
}
