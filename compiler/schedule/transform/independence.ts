/**
 * Whether the iterations of a loop may run in any order, side by side: each touches memory of its own. Loops of
 * mode parallel or vector promise it; others are proven.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import { operandsOf } from '../../loop/expr.ts';
import type { Facts } from '../../loop/facts.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { constant } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf, expressionsOf } from '../../loop/ir.ts';
import { branchFacts, factsAfter } from '../../loop/simplify.ts';
import { insideLoop, isWithin, simplifyIndex } from '../../loop/simplifyIndex.ts';
import { linearIn } from './affine.ts';
import { visitBound } from './names.ts';
import type { Loop, Place } from './place.ts';
import { insideOf, Refused } from './place.ts';

/** Throws Refused where iterations are not proven to be independent. */
export function expectIndependent(loop: Loop, place: Place): void {
  const reason = dependenceOf(loop, place);
  if (reason !== undefined) throw new Refused(`${loop.variable}: ${reason}`);
}

/** Why iterations may depend on each other; `undefined` where they do not. */
export function dependenceOf(loop: Loop, place: Place): string | undefined {
  if (loop.mode === 'parallel' || loop.mode === 'vector') return undefined;
  const own = new Set<string>();
  visitBound(loop.body, (name) => own.add(name));
  const assigned = foreignAssignment(loop.body, own);
  if (assigned !== undefined) return `${assigned} is carried from iteration to iteration`;
  const stored = new Set<Buffer>();
  visitStores(loop.body, ({ buffer }) => own.has(buffer.name) || stored.add(buffer));
  if (stored.size === 0) return undefined;
  for (const [buffer, parts] of ownParts(loop, stored, place)) {
    if (parts.length === 0) return `iterations may touch the same elements of ${buffer.name}`;
  }
  return undefined;
}

/** Iteration v only touches [stride * v, stride * v + stride) along the axis. */
export interface OwnPart {
  readonly axis: number;
  readonly stride: number;
}

/** For each of the buffers that the loop accesses: along which axes iterations keep to parts of their own. */
export function ownParts(
  loop: Loop,
  buffers: ReadonlySet<Buffer>,
  place: Place,
): ReadonlyMap<Buffer, readonly OwnPart[]> {
  const accesses = new Accesses(buffers, loop.variable);
  accesses.visit(loop.body, insideOf(loop, place).facts);
  const parts = (keys: ReadonlySet<string>): readonly OwnPart[] =>
    [...keys].map((key) => {
      const [axis, stride] = key.split('/').map(Number);
      return { axis: axis!, stride: stride! };
    });
  return new Map([...accesses.own].map(([buffer, keys]) => [buffer, parts(keys)]));
}

function foreignAssignment(body: readonly Stmt[], own: ReadonlySet<string>): string | undefined {
  for (const stmt of body) {
    if (stmt.kind === 'assign' && !own.has(stmt.name)) return stmt.name;
    for (const inner of bodiesOf(stmt)) {
      const found = foreignAssignment(inner, own);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

type Store = Extract<Stmt, { readonly kind: 'store' }>;

/** Every buffer that is loaded from in the statements. */
export function visitLoads(body: readonly Stmt[], visit: (buffer: Buffer) => void): void {
  const within = (expr: Expr): void => {
    if (expr.kind === 'load') visit(expr.buffer);
    operandsOf(expr).forEach(within);
  };
  for (const stmt of body) {
    expressionsOf(stmt).forEach(within);
    for (const inner of bodiesOf(stmt)) visitLoads(inner, visit);
  }
}

export function visitStores(body: readonly Stmt[], visit: (stmt: Store) => void): void {
  for (const stmt of body) {
    if (stmt.kind === 'store') visit(stmt);
    for (const inner of bodiesOf(stmt)) visitStores(inner, visit);
  }
}

/**
 * Per stored buffer, the axes (as `axis/stride`) in which every access of iteration v lies in [stride * v, stride * v +
 * stride): different iterations differ there.
 */
class Accesses {
  readonly own = new Map<Buffer, Set<string>>();
  private readonly seen = new Set<Buffer>();

  constructor(
    private readonly buffers: ReadonlySet<Buffer>,
    private readonly variable: string,
  ) {}

  visit(body: readonly Stmt[], outer: Facts): void {
    let facts = outer;
    for (const stmt of body) {
      for (const expr of expressionsOf(stmt)) this.visitExpr(expr, facts);
      switch (stmt.kind) {
        case 'store':
          this.access(stmt.buffer, stmt.indices, stmt.value.lanes, facts);
          break;
        case 'for':
          this.visit(stmt.body, insideLoop(facts, stmt.variable, stmt.extent));
          break;
        case 'while':
          this.visit(stmt.body, facts);
          break;
        case 'if': {
          const [then, otherwise] = branchFacts(stmt.condition, facts);
          this.visit(stmt.then, then);
          this.visit(stmt.otherwise, otherwise);
          break;
        }
        default:
      }
      facts = factsAfter(stmt, facts);
    }
  }

  private visitExpr(expr: Expr, facts: Facts): void {
    for (const operand of operandsOf(expr)) this.visitExpr(operand, facts);
    if (expr.kind === 'load') this.access(expr.buffer, expr.indices, expr.lanes, facts);
  }

  private access(buffer: Buffer, indices: readonly Index[], lanes: number, facts: Facts): void {
    if (!this.buffers.has(buffer)) return;
    const known = this.own.get(buffer);
    if (known?.size === 0) return;
    const found = new Set<string>();
    indices.forEach((index, axis) => {
      const reach = axis === indices.length - 1 ? lanes / buffer.lanes : 1;
      const part = linearIn(simplifyIndex(index, facts), this.variable);
      const stride = part?.coefficient ?? 0;
      if (part === undefined || stride < reach) return;
      if (!isWithin(part.rest, constant(stride - reach + 1), facts)) return;
      found.add(`${axis}/${stride}`);
    });
    const both = this.seen.has(buffer) && known ? [...known].filter((k) => found.has(k)) : found;
    this.seen.add(buffer);
    this.own.set(buffer, new Set(both));
  }
}
