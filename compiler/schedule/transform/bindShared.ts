/**
 * Names for parts of expressions that vary with fewer tile variables than the whole: copies of the statement then
 * share them, and what differs from point to point only is computed before it becomes a vector.
 */
import type { Expr } from '../../loop/expr.ts';
import { operandsOf, read } from '../../loop/expr.ts';
import type { Stmt } from '../../loop/ir.ts';
import type { Dependence } from './dependence.ts';
import type { Names } from './names.ts';
import { mapParts, mapStmt } from './rewrite.ts';

/** The body with such parts bound by `let`s before the statement; itself where there are none. */
export function bindShared(
  body: readonly Stmt[],
  dependence: Dependence,
  names: Names,
): readonly Stmt[] {
  let changed = false;
  const result = body.flatMap((stmt): readonly Stmt[] => {
    const bound: Stmt[] = [];
    const part = (expr: Expr): Expr => {
      const name = names.fresh('part');
      bound.push({ kind: 'let', name, value: expr });
      return read(name, expr.type, expr.lanes);
    };
    switch (stmt.kind) {
      case 'let':
      case 'assign':
      case 'store': {
        const value = withParts(stmt.value, dependence, part);
        if (bound.length === 0) return [stmt];
        changed = true;
        return [...bound, { ...stmt, value }];
      }
      case 'for':
      case 'if':
      case 'while': {
        const inner = mapStmt(stmt, {}, (list) => {
          const next = bindShared(list, dependence, names);
          if (next !== list) changed = true;
          return next;
        });
        return [inner];
      }
      default:
        return [stmt];
    }
  });
  return changed ? result : body;
}

function withParts(expr: Expr, dependence: Dependence, bind: (part: Expr) => Expr): Expr {
  const whole = dependence.ofExpr(expr);
  const visit = (part: Expr): Expr => {
    if (!isArithmetic(part)) return part;
    if (dependence.ofExpr(part) !== whole) return isWorthIt(part) ? bind(part) : part;
    return mapParts(part, visit);
  };
  return mapParts(expr, visit);
}

function isArithmetic({ kind }: Expr): boolean {
  return ['unary', 'binary', 'compare', 'select', 'cast'].includes(kind);
}

/** Not merely constants. */
function isWorthIt(expr: Expr): boolean {
  return operandsOf(expr).some((operand) => operand.kind !== 'literal');
}
