/**
 * What callers of a kernel need beside its code, in the order that every emitter uses: its checks, numbered as
 * they stand in the phases, and the memory that one thread needs.
 */
import type { KernelCheck, PhasedProgram } from '../emit/kernel.ts';
import type { Buffer } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, ceilDiv, max, multiply, product, ZERO } from '../loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../loop/ir.ts';
import { bodiesOf } from '../loop/ir.ts';
import { storageBytes } from '../loop/scalarType.ts';
import { largestExtent } from '../lower/extents.ts';
import { BundleError } from './bundleError.ts';
import { ALIGNMENT } from './memoryPlan.ts';

/** `before` and `body` of each phase in order, outer statements before inner ones. */
export function checksOf({ phases }: PhasedProgram): readonly KernelCheck[] {
  const checks: KernelCheck[] = [];
  for (const { before, body } of phases) {
    visit([...before, ...body], (stmt) => {
      if (stmt.kind === 'check') checks.push({ operator: stmt.operator, message: stmt.message });
      if (stmt.kind !== 'checkedIndex') return;
      checks.push({ operator: stmt.operator, message: 'an index is out of range' });
    });
  }
  return checks;
}

/** Enough for all locals of any one phase, each aligned; register tiles need none. */
export function scratchBytes({ phases }: PhasedProgram): Index {
  return phases.reduce<Index>((most, { before, body }) => {
    let bytes: Index = ZERO;
    visit([...before, ...body], (stmt) => {
      if (stmt.kind === 'local') bytes = add(bytes, bytesOf(stmt.buffer));
    });
    return max(most, bytes);
  }, ZERO);
}

/** Largest values of expressions over the sizes of a program. Throws BundleError where a size has no bound. */
export function largestExtents(
  indices: readonly Index[],
  { name: kernel, sizes }: LoopProgram,
): readonly number[] {
  const bounds = new Map(sizes.map(({ name, atMost }) => [name, atMost]));
  return indices.map((index) => {
    const most = largestExtent(index, (_, name) => bounds.get(name));
    if (most?.kind === 'constant') return most.value;
    throw new BundleError(`${kernel} needs memory whose size has no bound.`);
  });
}

function bytesOf({ space, storage, lanes, shape }: Buffer): Index {
  if (space === 'register') return ZERO;
  const bytes = multiply(product(shape), storageBytes(storage) * lanes);
  return multiply(ceilDiv(bytes, ALIGNMENT), ALIGNMENT);
}

function visit(body: readonly Stmt[], of: (stmt: Stmt) => void): void {
  for (const stmt of body) {
    of(stmt);
    for (const inner of bodiesOf(stmt)) visit(inner, of);
  }
}
