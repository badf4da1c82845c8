/**
 * Memory safety of a program: every load and store is proven to stay inside its buffer by the ranges of loops,
 * checked indices and branches, or it is listed here. Lowering keeps the list empty; emitters refuse a
 * program with entries rather than trust it.
 */
import type { Buffer, Expr } from './expr.ts';
import { operandsOf } from './expr.ts';
import type { Facts } from './facts.ts';
import type { Index } from './indexExpr.ts';
import { constant, floorDiv, subtract } from './indexExpr.ts';
import type { LoopProgram, Stmt } from './ir.ts';
import { expressionsOf } from './ir.ts';
import { printIndex } from './print.ts';
import { branchFacts, factsAfter, rootFacts } from './simplify.ts';
import { insideLoop, isWithin } from './simplifyIndex.ts';

/** Accesses that are not proven in range, as text: `x[i + 1] of x[n]`. */
export function unprovenAccesses(program: LoopProgram): readonly string[] {
  return unprovenIn(program.body, rootFacts(program));
}

/** The same of some statements, under the facts of what is around them. */
export function unprovenIn(body: readonly Stmt[], facts: Facts): readonly string[] {
  const found = new Set<string>();
  checkBody(body, facts, found);
  return [...found];
}

function checkBody(body: readonly Stmt[], outer: Facts, found: Set<string>): void {
  let facts = outer;
  for (const stmt of body) {
    checkStmt(stmt, facts, found);
    facts = factsAfter(stmt, facts);
  }
}

function checkStmt(stmt: Stmt, facts: Facts, found: Set<string>): void {
  for (const expr of expressionsOf(stmt)) checkExpr(expr, facts, found);
  switch (stmt.kind) {
    case 'for':
      checkBody(stmt.body, insideLoop(facts, stmt.variable, stmt.extent), found);
      return;
    case 'if': {
      const [then, otherwise] = branchFacts(stmt.condition, facts);
      checkBody(stmt.then, then, found);
      checkBody(stmt.otherwise, otherwise, found);
      return;
    }
    case 'while':
      checkBody(stmt.body, facts, found);
      return;
    case 'store':
      checkAccess(stmt.buffer, stmt.indices, stmt.value.lanes, facts, found);
      return;
    default:
      return;
  }
}

function checkExpr(expr: Expr, facts: Facts, found: Set<string>): void {
  for (const operand of operandsOf(expr)) checkExpr(operand, facts, found);
  if (expr.kind === 'load') checkAccess(expr.buffer, expr.indices, expr.lanes, facts, found);
}

function checkAccess(
  buffer: Buffer,
  indices: readonly Index[],
  lanes: number,
  facts: Facts,
  found: Set<string>,
): void {
  const inside = indices.every((index, axis) => {
    const last = axis === indices.length - 1;
    // `lanes` elements from the index on: the last place where they fit.
    const reach = last ? floorDiv(constant(lanes), buffer.lanes) : constant(1);
    const extent = subtract(buffer.shape[axis]!, subtract(reach, 1));
    return isWithin(index, extent, facts);
  });
  if (inside) return;
  const text = (parts: readonly Index[]): string => parts.map((i) => printIndex(i)).join(', ');
  found.add(`${buffer.name}[${text(indices)}] of ${buffer.name}[${text(buffer.shape)}]`);
}
