/**
 * Which register tiles can be locals: those whose every index is a constant once unrolled loops are written
 * out. The others are scratch memory.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import { operandsOf } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { visitNames } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf, expressionsOf } from '../../loop/ir.ts';

/** Elements that one tile may have as locals. */
const MOST_ELEMENTS = 256;

/** Names of the tiles that are indexed by something that varies at run time, or are too large. */
export function tilesInMemory(body: readonly Stmt[]): ReadonlySet<string> {
  const found = new Set<string>();
  visitBody(body, new Set(), found);
  return found;
}

/** @param fixed names that are constants when their statement is written. */
function visitBody(body: readonly Stmt[], fixed: Set<string>, found: Set<string>): void {
  const visitAccess = (buffer: Buffer, indices: readonly Index[]): void => {
    if (buffer.space === 'register' && !indices.every((index) => isFixed(index, fixed))) {
      found.add(buffer.name);
    }
  };
  const visitExpr = (expr: Expr): void => {
    if (expr.kind === 'load') visitAccess(expr.buffer, expr.indices);
    operandsOf(expr).forEach(visitExpr);
  };
  for (const stmt of body) {
    expressionsOf(stmt).forEach(visitExpr);
    if (stmt.kind === 'store') visitAccess(stmt.buffer, stmt.indices);
    if (stmt.kind === 'letIndex' && isFixed(stmt.value, fixed)) fixed.add(stmt.name);
    if (stmt.kind === 'for' && isWrittenOut(stmt)) fixed.add(stmt.variable);
    if (stmt.kind === 'local' && stmt.buffer.space === 'register') {
      const count = stmt.buffer.shape.reduce(
        (product, dim) => (dim.kind === 'constant' ? product * dim.value : Infinity),
        1,
      );
      if (count > MOST_ELEMENTS) found.add(stmt.buffer.name);
    }
    for (const inner of bodiesOf(stmt)) visitBody(inner, fixed, found);
  }
}

function isFixed(index: Index, fixed: ReadonlySet<string>): boolean {
  let result = true;
  visitNames(index, (kind, name) => {
    if (kind === 'size' || !fixed.has(name)) result = false;
  });
  return result;
}

/** Unrolled loops, and loops of one iteration. */
export function isWrittenOut(stmt: Extract<Stmt, { kind: 'for' }>): boolean {
  if (stmt.extent.kind !== 'constant') return false;
  return stmt.mode === 'unrolled' || stmt.extent.value === 1;
}
