/**
 * Work that is the same in every iteration, done once before the loop.
 */
import type { Expr } from '../../loop/expr.ts';
import { indicesOf, operandsOf } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { visitNames } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf } from '../../loop/ir.ts';
import { visitStores } from './independence.ts';
import { visitBound } from './names.ts';
import { mapStmt } from './rewrite.ts';

/**
 * Moves bindings that do not change from iteration to iteration out of serial loops that surely run, when
 * there is work in them (functions, divisions, checks) or something like that needs them: plain loads stay where
 * they are, for they would only occupy registers.
 */
export function hoistInvariant(body: readonly Stmt[]): readonly Stmt[] {
  return body.flatMap((stmt): readonly Stmt[] => {
    if (bodiesOf(stmt).length === 0) return [stmt];
    const inner = mapStmt(stmt, {}, hoistInvariant);
    if (inner.kind !== 'for' || inner.mode === 'parallel') return [inner];
    if (inner.extent.kind !== 'constant' || inner.extent.value < 1) return [inner];
    const [out, kept] = split(inner.body, inner.variable);
    return [...out, { ...inner, body: kept }];
  });
}

function split(
  body: readonly Stmt[],
  variable: string,
): readonly [out: readonly Stmt[], kept: readonly Stmt[]] {
  const varying = new Set<string>([variable]);
  const written = new Set<string>();
  visitBound(body, (name) => varying.add(name));
  visitAssigned(body, (name) => varying.add(name));
  visitStores(body, ({ buffer }) => written.add(buffer.name));
  const candidates = new Set<Stmt>();
  for (const stmt of body) {
    if (!isBinding(stmt)) continue;
    if (!isInvariant(stmt, varying, written)) continue;
    candidates.add(stmt);
    varying.delete(stmt.name);
  }
  // Backwards: what is wanted, and what that needs.
  const wanted = new Set<Stmt>();
  const needed = new Set<string>();
  for (const stmt of [...body].reverse()) {
    if (!isBinding(stmt) || !candidates.has(stmt)) continue;
    if (!needed.has(stmt.name) && !isWork(stmt)) continue;
    wanted.add(stmt);
    visitMentions(stmt, (name) => needed.add(name));
  }
  if (wanted.size === 0) return [[], body];
  return [body.filter((stmt) => wanted.has(stmt)), body.filter((stmt) => !wanted.has(stmt))];
}

type Binding = Extract<Stmt, { readonly kind: 'let' | 'letIndex' | 'checkedIndex' }>;

function isBinding(stmt: Stmt): stmt is Binding {
  return stmt.kind === 'let' || stmt.kind === 'letIndex' || stmt.kind === 'checkedIndex';
}

function isInvariant(
  stmt: Binding,
  varying: ReadonlySet<string>,
  written: ReadonlySet<string>,
): boolean {
  let invariant = true;
  visitMentions(stmt, (name) => {
    if (varying.has(name) || written.has(name)) invariant = false;
  });
  return invariant;
}

/** Worth a register for the length of the loop. */
function isWork(stmt: Binding): boolean {
  if (stmt.kind === 'checkedIndex') return true;
  return stmt.kind === 'let' && isHeavy(stmt.value);
}

function isHeavy(expr: Expr): boolean {
  if (expr.kind === 'unary' && !['neg', 'abs', 'not', 'bitNot'].includes(expr.op)) return true;
  if (expr.kind === 'binary' && ['div', 'rem', 'floorMod', 'pow'].includes(expr.op)) return true;
  return operandsOf(expr).some(isHeavy);
}

/** Names and buffers that a binding reads. */
function visitMentions(stmt: Binding, visit: (name: string) => void): void {
  const index = (of: Index): void => visitNames(of, (_, name) => visit(name));
  const expr = (of: Expr): void => {
    if (of.kind === 'read') visit(of.name);
    if (of.kind === 'load') visit(of.buffer.name);
    indicesOf(of).forEach(index);
    operandsOf(of).forEach(expr);
  };
  if (stmt.kind === 'letIndex') return index(stmt.value);
  expr(stmt.value);
  if (stmt.kind === 'checkedIndex') index(stmt.extent);
}

function visitAssigned(body: readonly Stmt[], visit: (name: string) => void): void {
  for (const stmt of body) {
    if (stmt.kind === 'assign') visit(stmt.name);
    for (const inner of bodiesOf(stmt)) visitAssigned(inner, visit);
  }
}
