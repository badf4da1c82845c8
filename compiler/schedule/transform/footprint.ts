/**
 * The part of a buffer that one iteration of a loop reads: per axis where it starts, as a sum of multiples of names
 * bound before the nests inside, and how long it is. Conditions are not looked at, so that padding counts as read.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import { operandsOf } from '../../loop/expr.ts';
import type { Facts } from '../../loop/facts.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { add, constant, ZERO } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf, expressionsOf } from '../../loop/ir.ts';
import type { Polynomial } from '../../loop/polynomial.ts';
import { constantOf, fromTerms, polySubtract, toIndex } from '../../loop/polynomial.ts';
import { factsAfter } from '../../loop/simplify.ts';
import { insideLoop, normalForm } from '../../loop/simplifyIndex.ts';

/** [start, start + length) along one axis. The whole axis starts at 0. */
export interface Stretch {
  readonly start: Index;
  readonly length: number;
  readonly isWhole: boolean;
}

/**
 * Per axis of a buffer with constant extents what the statements read of it; `undefined` where they do not read it.
 *
 * @param outer names that are fixed for the whole list; every other one is a loop of constant extent inside of it
 */
export function footprintOf(
  body: readonly Stmt[],
  buffer: Buffer,
  outer: ReadonlySet<string>,
  facts: Facts,
): readonly Stretch[] | undefined {
  const walk = new Reads(buffer, outer);
  walk.body(body, facts, new Map());
  if (walk.reads.length === 0) return undefined;
  return buffer.shape.map((dim, axis) => {
    const extent = dim.kind === 'constant' ? dim.value : 0;
    return joined(walk.reads.map((read) => read[axis])) ?? whole(extent);
  });
}

function whole(length: number): Stretch {
  return { start: ZERO, length, isWhole: true };
}

/** Along one axis, of one access: base + [least, most]. */
interface Reach {
  readonly base: Polynomial;
  readonly least: number;
  readonly most: number;
}

function joined(reaches: readonly (Reach | undefined)[]): Stretch | undefined {
  const [first] = reaches;
  let [least, most] = [Infinity, -Infinity];
  for (const reach of reaches) {
    const apart = reach && first && constantOf(polySubtract(reach.base, first.base));
    if (apart === undefined) return undefined;
    least = Math.min(least, reach!.least + apart);
    most = Math.max(most, reach!.most + apart);
  }
  // What no outer name moves is the same for all iterations.
  if (first === undefined || constantOf(first.base) !== undefined) return undefined;
  return {
    start: add(toIndex(first.base), constant(least)),
    length: most - least + 1,
    isWhole: false,
  };
}

class Reads {
  readonly reads: (readonly (Reach | undefined)[])[] = [];

  constructor(
    private readonly buffer: Buffer,
    private readonly outer: ReadonlySet<string>,
  ) {}

  body(body: readonly Stmt[], around: Facts, extents: ReadonlyMap<string, number>): void {
    let facts = around;
    for (const stmt of body) {
      for (const expr of expressionsOf(stmt)) this.expr(expr, facts, extents);
      if (stmt.kind === 'for') {
        const { variable, extent } = stmt;
        const inside = extent.kind === 'constant' ? extent.value : undefined;
        const known = inside === undefined ? extents : new Map(extents).set(variable, inside);
        this.body(stmt.body, insideLoop(facts, variable, extent), known);
      } else for (const inner of bodiesOf(stmt)) this.body(inner, facts, extents);
      facts = factsAfter(stmt, facts);
    }
  }

  private expr(expr: Expr, facts: Facts, extents: ReadonlyMap<string, number>): void {
    for (const operand of operandsOf(expr)) this.expr(operand, facts, extents);
    if (expr.kind !== 'load' || expr.buffer !== this.buffer) return;
    this.reads.push(expr.indices.map((index) => this.reach(index, facts, extents)));
  }

  private reach(
    index: Index,
    facts: Facts,
    extents: ReadonlyMap<string, number>,
  ): Reach | undefined {
    const form = normalForm(index, facts);
    if (form === undefined) return undefined;
    const base: Polynomial['terms'][number][] = [];
    let [least, most] = [0, 0];
    for (const term of form.terms) {
      const { coefficient, atoms } = term;
      const [atom] = atoms;
      if (atom === undefined) {
        least += coefficient;
        most += coefficient;
        continue;
      }
      if (atoms.length > 1 || atom.kind !== 'variable') return undefined;
      const extent = extents.get(atom.name);
      if (this.outer.has(atom.name)) base.push(term);
      else if (extent === undefined) return undefined;
      else if (coefficient > 0) most += coefficient * Math.max(0, extent - 1);
      else least += coefficient * Math.max(0, extent - 1);
    }
    return { base: fromTerms(base), least, most };
  }
}
