/**
 * Statements without named indices: what they stand for in their place. Parts of the statements can then move apart.
 */
import type { Index } from '../../loop/indexExpr.ts';
import { substitute } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { mapStmt } from '../transform/rewrite.ts';

export function withIndicesInline(body: readonly Stmt[]): readonly Stmt[] {
  const values = new Map<string, Index>();
  const index = (of: Index): Index => substitute(of, (name) => values.get(name));
  const inline = (stmts: readonly Stmt[]): readonly Stmt[] =>
    stmts.flatMap((stmt): readonly Stmt[] => {
      if (stmt.kind === 'letIndex') {
        values.set(stmt.name, index(stmt.value));
        return [];
      }
      return [mapStmt(stmt, { index }, inline)];
    });
  return inline(body);
}
