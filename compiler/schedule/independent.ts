/**
 * Output loops that are proven to write different elements are marked parallel, all of them, so that tiles may go in
 * any order; `onlyRootParallel` takes the marks of inner loops back when the schedule is done.
 */
import type { Facts } from '../loop/facts.ts';
import type { LoopProgram, Stmt } from '../loop/ir.ts';
import { bodiesOf } from '../loop/ir.ts';
import { strideOf } from './affine.ts';
import type { Access, Axis, Nest } from './nest.ts';
import { nestAt, rootLoops } from './nest.ts';
import { rewriteLoop } from './transform/place.ts';

export function markIndependent(program: LoopProgram): LoopProgram {
  return rootLoops(program).reduce((current, variable) => {
    const nest = nestAt(current, variable);
    if (nest.kind === 'generic' || nest.kind === 'total' || !isIndependent(nest)) return current;
    const names = new Set(nest.axes.map((axis) => axis.variable));
    return rewriteLoop(current, variable, (loop) => marked([loop], names));
  }, program);
}

/** Loops of mode parallel inside of others become serial ones. */
export function onlyRootParallel(body: readonly Stmt[], isRoot = true): readonly Stmt[] {
  return body.map((stmt): Stmt => {
    if (stmt.kind === 'if') {
      const [then, otherwise] = [stmt.then, stmt.otherwise].map((part) =>
        onlyRootParallel(part, false),
      );
      return { ...stmt, then: then!, otherwise: otherwise! };
    }
    if (stmt.kind === 'while') return { ...stmt, body: onlyRootParallel(stmt.body, false) };
    if (stmt.kind !== 'for') return stmt;
    const mode = stmt.mode === 'parallel' && !isRoot ? 'serial' : stmt.mode;
    return { ...stmt, mode, body: onlyRootParallel(stmt.body, false) };
  });
}

function marked(body: readonly Stmt[], names: ReadonlySet<string>): readonly Stmt[] {
  return body.map((stmt): Stmt => {
    if (stmt.kind !== 'for') return stmt;
    const inner = bodiesOf(stmt)[0]!;
    const mode = names.has(stmt.variable) ? 'parallel' : stmt.mode;
    return { ...stmt, mode, body: marked(inner, names) };
  });
}

/** Every store has its element to itself, and nothing that is stored is read. */
function isIndependent({ axes, accesses }: Nest): boolean {
  const stores = accesses.filter(({ kind }) => kind === 'store');
  const written = new Set(stores.map(({ buffer }) => buffer.name));
  if (accesses.some(({ kind, buffer }) => kind === 'load' && written.has(buffer.name)))
    return false;
  // Two stores to one buffer may meet: equal places at least belong to one iteration.
  const places = new Map<string, string>();
  for (const { buffer, indices } of stores) {
    const text = JSON.stringify(indices);
    if ((places.get(buffer.name) ?? text) !== text) return false;
    places.set(buffer.name, text);
  }
  return stores.length > 0 && stores.every((store) => isInjective(store, axes, store.facts));
}

/**
 * Positions are a number system in the loop variables: each stride is above all that smaller ones reach. The digit of
 * the largest stride may have any extent: a batch that only a run knows.
 */
function isInjective({ position, inner }: Access, axes: readonly Axis[], facts: Facts): boolean {
  const digits: { readonly stride: number; readonly extent: number }[] = [];
  for (const { variable, extent } of [...axes, ...inner]) {
    if (extent === 1) continue;
    const stride = strideOf(position, variable, facts);
    if (stride === 'irregular' || stride === 0) return false;
    digits.push({ stride: Math.abs(stride), extent: extent ?? Infinity });
  }
  digits.sort((a, b) => a.stride - b.stride);
  let reach = 0;
  for (const { stride, extent } of digits) {
    if (stride <= reach) return false;
    reach += stride * (extent - 1);
  }
  return true;
}
