/**
 * Whether statements refer to an index name.
 */
import type { Expr } from './expr.ts';
import { indicesOf, operandsOf } from './expr.ts';
import type { Index } from './indexExpr.ts';
import { visitNames } from './indexExpr.ts';
import type { Stmt } from './ir.ts';
import { bodiesOf, expressionsOf } from './ir.ts';

export function mentionsIndex(body: readonly Stmt[], name: string): boolean {
  return body.some(
    (stmt) =>
      stmtIndices(stmt).some((index) => indexMentions(index, name)) ||
      expressionsOf(stmt).some((expr) => exprMentions(expr, name)) ||
      bodiesOf(stmt).some((inner) => mentionsIndex(inner, name)),
  );
}

/** Index expressions that stand directly in a statement. */
export function stmtIndices(stmt: Stmt): readonly Index[] {
  switch (stmt.kind) {
    case 'for':
    case 'checkedIndex':
      return [stmt.extent];
    case 'letIndex':
      return [stmt.value];
    case 'local':
      return stmt.buffer.shape;
    case 'store':
      return stmt.indices;
    default:
      return [];
  }
}

function exprMentions(expr: Expr, name: string): boolean {
  return (
    indicesOf(expr).some((index) => indexMentions(index, name)) ||
    operandsOf(expr).some((operand) => exprMentions(operand, name))
  );
}

function indexMentions(index: Index, name: string): boolean {
  let found = false;
  visitNames(index, (kind, other) => {
    if (kind === 'variable' && other === name) found = true;
  });
  return found;
}
