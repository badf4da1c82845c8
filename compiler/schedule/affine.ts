/**
 * Positions of accesses as linear functions of loop variables: how far one step of a variable moves in memory.
 * Layouts that divide an axis are linear within aligned blocks, so a variable is looked at as
 * block * step + lane.
 */
import type { Buffer } from '../loop/expr.ts';
import type { Facts } from '../loop/facts.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, ceilDiv, constant, multiply, substitute, variable } from '../loop/indexExpr.ts';
import type { Polynomial } from '../loop/polynomial.ts';
import { insideLoop, normalForm } from '../loop/simplifyIndex.ts';

/** Elements between neighbours; `irregular` where that is no constant. */
export type Stride = number | 'irregular';

/** Index of the element in its row-major buffer; `undefined` for extents that only a run knows. */
export function positionOf(buffer: Buffer, indices: readonly Index[]): Index | undefined {
  let position: Index = constant(0);
  let stride = 1;
  for (let axis = buffer.shape.length - 1; axis >= 0; axis--) {
    position = add(multiply(indices[axis]!, stride), position);
    const extent = buffer.shape[axis]!;
    if (axis === 0) break;
    if (extent.kind !== 'constant') return undefined;
    stride *= extent.value;
  }
  return position;
}

/** Stride of `name` in a position, under the facts of the loops around it. */
export function strideOf(position: Index | undefined, name: string, facts: Facts): Stride {
  const form = position === undefined ? undefined : normalForm(position, facts);
  return form === undefined ? 'irregular' : coefficientOf(form, name);
}

/**
 * Stride of one lane where the variable is cut into vectors of `lanes`, and of a step of one vector.
 * @param extent of the variable's loop.
 */
export function laneStrides(
  position: Index | undefined,
  name: string,
  extent: number,
  lanes: number,
  facts: Facts,
): readonly [lane: Stride, vector: Stride] {
  if (position === undefined) return ['irregular', 'irregular'];
  const [outer, inner] = [`${name}$vector`, `${name}$lane`];
  const cut = insideLoop(
    insideLoop(facts, outer, ceilDiv(constant(extent), lanes)),
    inner,
    constant(Math.min(lanes, extent)),
  );
  const split = add(multiply(variable(outer), lanes), variable(inner));
  const form = normalForm(
    substitute(position, (other) => (other === name ? split : undefined)),
    cut,
  );
  if (form === undefined) return ['irregular', 'irregular'];
  return [coefficientOf(form, inner), coefficientOf(form, outer)];
}

/** The coefficient of a variable that occurs nowhere else in the polynomial. */
export function coefficientOf({ terms }: Polynomial, name: string): Stride {
  let stride = 0;
  for (const { coefficient, atoms } of terms) {
    const [only] = atoms;
    if (atoms.length === 1 && only?.kind === 'variable' && only.name === name) {
      stride += coefficient;
    } else if (atoms.some((atom) => mentions(atom.key, name))) return 'irregular';
  }
  return stride;
}

/** Keys of atoms spell out the names in them. */
function mentions(key: string, name: string): boolean {
  for (let at = key.indexOf(name); at >= 0; at = key.indexOf(name, at + 1)) {
    const after = key[at + name.length];
    const before = at === 0 ? '' : key[at - 1]!;
    if (!isWord(before) && !isWord(after ?? '')) return true;
  }
  return false;
}

function isWord(character: string): boolean {
  return /[A-Za-z0-9_$]/.test(character);
}
