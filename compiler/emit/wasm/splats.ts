/**
 * Scalars that are only ever read as all lanes of a vector: one instruction loads and spreads them, which takes no place
 * among the arithmetic, where a scalar load with a broadcast of its own takes two.
 */
import type { Expr } from '../../loop/expr.ts';
import { operandsOf } from '../../loop/expr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf, expressionsOf } from '../../loop/ir.ts';
import { isVector } from './values.ts';

/** Names bound by `let` to a load, with the lanes of the broadcasts that read them, where nothing else does. */
export function splatNames(body: readonly Stmt[]): ReadonlyMap<string, number> {
  const loads = new Set<string>();
  const lanes = new Map<string, number>();
  const others = new Set<string>();
  const visitExpr = (expr: Expr): void => {
    if (expr.kind === 'broadcast' && expr.a.kind === 'read') {
      const { name } = expr.a;
      const known = lanes.get(name) ?? expr.lanes;
      if (known !== expr.lanes || !isVector(expr.lanes)) others.add(name);
      lanes.set(name, known);
      return;
    }
    if (expr.kind === 'read') others.add(expr.name);
    operandsOf(expr).forEach(visitExpr);
  };
  const visit = (statements: readonly Stmt[]): void => {
    for (const stmt of statements) {
      // A name that is bound twice may be a load here and something else there.
      if (stmt.kind === 'let') {
        if (stmt.value.kind !== 'load' || stmt.value.lanes !== 1) others.add(stmt.name);
        else loads.add(stmt.name);
      }
      expressionsOf(stmt).forEach(visitExpr);
      bodiesOf(stmt).forEach(visit);
    }
  };
  visit(body);
  return new Map([...lanes].filter(([name]) => loads.has(name) && !others.has(name)));
}
