/**
 * A rough count of scalar operations, in terms of sizes: enough for a runner to see that a phase is not worth
 * waking threads. Loop variables count as 0, data-dependent loops as a few rounds.
 */
import type { Expr } from '../../loop/expr.ts';
import { operandsOf } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { add, constant, max, min, multiply, substitute, ZERO } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { expressionsOf } from '../../loop/ir.ts';

const ROUNDS = 8;
const MATH_FUNCTION = 10;
/** More makes no difference, and products must stay exact. */
const MOST = 1e9;

/** At least 1. */
export function costOf(body: readonly Stmt[]): Index {
  return max(bodyCost(body), 1);
}

function bodyCost(body: readonly Stmt[]): Index {
  return body.reduce<Index>((sum, stmt) => capped(add(sum, stmtCost(stmt))), ZERO);
}

function stmtCost(stmt: Stmt): Index {
  const own = expressionsOf(stmt).reduce((sum, expr) => sum + exprCost(expr, new Set()), 0);
  switch (stmt.kind) {
    case 'for': {
      const extent = max(
        substitute(stmt.extent, () => ZERO),
        1,
      );
      return capped(multiply(capped(extent), add(bodyCost(stmt.body), 1)));
    }
    case 'while':
      return capped(multiply(add(bodyCost(stmt.body), own), ROUNDS));
    case 'if':
      return add(max(bodyCost(stmt.then), bodyCost(stmt.otherwise)), own);
    case 'store':
      return constant(own + stmt.value.lanes);
    default:
      return constant(own);
  }
}

const CHEAP = new Set(['neg', 'abs', 'sign', 'ceil', 'floor', 'round', 'trunc', 'not', 'bitNot']);

/** Shared parts once. */
function exprCost(expr: Expr, seen: Set<Expr>): number {
  if (seen.has(expr)) return 0;
  seen.add(expr);
  const inner = operandsOf(expr).reduce((sum, operand) => sum + exprCost(operand, seen), 0);
  switch (expr.kind) {
    case 'literal':
    case 'read':
    case 'broadcast':
    case 'lane':
      return inner;
    case 'unary':
      return inner + expr.lanes * (CHEAP.has(expr.op) ? 1 : MATH_FUNCTION);
    case 'binary':
      return inner + expr.lanes * (expr.op === 'pow' ? 2 * MATH_FUNCTION : 1);
    default:
      return inner + expr.lanes;
  }
}

function capped(cost: Index): Index {
  return cost.kind === 'constant' ? constant(Math.min(cost.value, MOST)) : min(cost, MOST);
}
