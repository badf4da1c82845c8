/**
 * Loops whose variable is divided: channels of a blocked layout are i div 16 and i mod 16. Run as blocks and as what is
 * inside of a block, they divide nothing, and their addresses grow by constants.
 */
import type { Expr } from '../../loop/expr.ts';
import { indicesOf, operandsOf } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf, expressionsOf } from '../../loop/ir.ts';
import { stmtIndices } from '../../loop/mentions.ts';

/** The smallest number that the variable is divided by; undefined where none divides the extent, too. */
export function divisorOf(
  variable: string,
  extent: number,
  body: readonly Stmt[],
): number | undefined {
  let least = Infinity;
  const visitIndex = (index: Index): void => {
    if (index.kind === 'constant' || index.kind === 'variable' || index.kind === 'size') return;
    if (index.kind === 'choose') {
      [index.condition.a, index.condition.b, index.then, index.otherwise].forEach(visitIndex);
      return;
    }
    const { kind, a, b } = index;
    const divides = kind === 'floorDiv' || kind === 'mod';
    if (divides && a.kind === 'variable' && a.name === variable && b.kind === 'constant') {
      least = Math.min(least, b.value);
    }
    visitIndex(a);
    visitIndex(b);
  };
  const visitExpr = (expr: Expr): void => {
    indicesOf(expr).forEach(visitIndex);
    operandsOf(expr).forEach(visitExpr);
  };
  const visit = (statements: readonly Stmt[]): void => {
    for (const stmt of statements) {
      stmtIndices(stmt).forEach(visitIndex);
      expressionsOf(stmt).forEach(visitExpr);
      bodiesOf(stmt).forEach(visit);
    }
  };
  visit(body);
  return least > 1 && least < extent && extent % least === 0 ? least : undefined;
}
