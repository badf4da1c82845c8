/**
 * Whether values may be computed although a condition around them does not hold: expressions never trap, so only
 * loads matter, which must be proven in range without the condition.
 */
import type { Expr } from '../../loop/expr.ts';
import { operandsOf } from '../../loop/expr.ts';
import type { Facts } from '../../loop/facts.ts';
import { constant, floorDiv, subtract } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf, expressionsOf } from '../../loop/ir.ts';
import { factsAfter } from '../../loop/simplify.ts';
import { insideLoop, isWithin } from '../../loop/simplifyIndex.ts';

/** All loads in the expression are in range under the facts. */
export function isSafe(expr: Expr, facts: Facts): boolean {
  if (!operandsOf(expr).every((operand) => isSafe(operand, facts))) return false;
  if (expr.kind !== 'load') return true;
  const { buffer, indices, lanes } = expr;
  return indices.every((index, axis) => {
    const reach =
      axis === indices.length - 1 ? floorDiv(constant(lanes), buffer.lanes) : constant(1);
    return isWithin(index, subtract(buffer.shape[axis]!, subtract(reach, 1)), facts);
  });
}

/** As `isSafe`, of a statement inside `body`, with the facts of its loops but not of its branches. */
export function safeWithout(stmt: Stmt, outer: Facts, body: readonly Stmt[]): boolean {
  const facts = factsAt(stmt, outer, body);
  return facts !== undefined && expressionsOf(stmt).every((expr) => isSafe(expr, facts));
}

function factsAt(target: Stmt, outer: Facts, body: readonly Stmt[]): Facts | undefined {
  let facts = outer;
  for (const stmt of body) {
    if (stmt === target) return facts;
    const inside = stmt.kind === 'for' ? insideLoop(facts, stmt.variable, stmt.extent) : facts;
    for (const inner of bodiesOf(stmt)) {
      const found = factsAt(target, inside, inner);
      if (found !== undefined) return found;
    }
    facts = factsAfter(stmt, facts);
  }
  return undefined;
}
