/**
 * Equal values once, invariant values outside of loops, unused values gone.
 */
import type { Expr } from '../../loop/expr.ts';
import { operandsOf, read } from '../../loop/expr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf, expressionsOf } from '../../loop/ir.ts';
import { printExpr } from '../../loop/print.ts';
import { visitBound } from './names.ts';
import { mapStmt } from './rewrite.ts';

/**
 * Value numbering in statement lists: a `let` of a value that is bound already (a load: with no store to its
 * buffer since) is read from there; `let`s that nothing reads disappear. Reads of variables count while they are
 * not assigned. Meaning is unchanged bit for bit.
 */
export function shareCommon(body: readonly Stmt[]): readonly Stmt[] {
  return withoutUnused(new Sharing().body(body));
}

class Sharing {
  /** Values bound so far in this list and those around it, by their text. */
  private readonly known = new Map<string, Expr>();
  /** Texts that mention a variable, or a buffer (with a colon before its name). */
  private readonly mentioning = new Map<string, Set<string>>();
  /** Reads of names that stand for the same value. */
  private readonly replaced = new Map<string, Expr>();
  private readonly map = {
    read: (expr: Extract<Expr, { kind: 'read' }>) => this.replaced.get(expr.name) ?? expr,
  };

  body(body: readonly Stmt[]): readonly Stmt[] {
    const added: string[] = [];
    const result: Stmt[] = [];
    for (const stmt of body) {
      const shared = this.stmt(stmt, added);
      if (shared !== undefined) result.push(shared);
    }
    // Names of this list end with it.
    for (const key of added) this.known.delete(key);
    return result;
  }

  private stmt(stmt: Stmt, added: string[]): Stmt | undefined {
    // A loop's later iterations see what its body changes.
    if (stmt.kind === 'for' || stmt.kind === 'while') this.forgetChanges([stmt]);
    const shared = mapStmt(stmt, this.map, (inner) => this.body(inner));
    if (shared.kind === 'let') return this.bound(shared, added);
    this.forgetChanges([stmt]);
    return shared;
  }

  private bound(stmt: Extract<Stmt, { kind: 'let' }>, added: string[]): Stmt | undefined {
    const { name, value } = stmt;
    const key = `${value.type}x${value.lanes} ${printExpr(value)}`;
    const found = this.known.get(key);
    if (found !== undefined) {
      this.replaced.set(name, found);
      return undefined;
    }
    this.known.set(key, read(name, value.type, value.lanes));
    added.push(key);
    visitMentions(value, (mentioned) => {
      const texts = this.mentioning.get(mentioned);
      if (texts === undefined) this.mentioning.set(mentioned, new Set([key]));
      else texts.add(key);
    });
    return stmt;
  }

  private forgetChanges(body: readonly Stmt[]): void {
    for (const stmt of body) {
      if (stmt.kind === 'assign') this.forget(stmt.name);
      if (stmt.kind === 'store') this.forget(`:${stmt.buffer.name}`);
      for (const inner of bodiesOf(stmt)) this.forgetChanges(inner);
    }
  }

  private forget(mentioned: string): void {
    const texts = this.mentioning.get(mentioned);
    if (texts === undefined) return;
    for (const key of texts) this.known.delete(key);
    this.mentioning.delete(mentioned);
  }
}

function visitMentions(expr: Expr, visit: (mentioned: string) => void): void {
  if (expr.kind === 'read') visit(expr.name);
  if (expr.kind === 'load') visit(`:${expr.buffer.name}`);
  for (const operand of operandsOf(expr)) visitMentions(operand, visit);
}

/** Removes `let`s and variables that nothing reads, and what was only there for them. */
export function withoutUnused(body: readonly Stmt[]): readonly Stmt[] {
  const own = new Set<string>();
  visitBound(body, (name) => own.add(name));
  let current = body;
  for (;;) {
    const used = new Set<string>();
    collectUsed(current, used);
    const unused = new Set([...own].filter((name) => !used.has(name)));
    const next = pruned(current, unused);
    if (next === current) return current;
    current = next;
  }
}

function collectUsed(body: readonly Stmt[], used: Set<string>): void {
  const visit = (expr: Expr): void => {
    if (expr.kind === 'read') used.add(expr.name);
    for (const operand of operandsOf(expr)) visit(operand);
  };
  for (const stmt of body) {
    // An accumulation reads its variable only for itself.
    for (const expr of expressionsOf(stmt)) {
      if (stmt.kind === 'assign') visitOthers(expr, stmt.name, visit);
      else visit(expr);
    }
    for (const inner of bodiesOf(stmt)) collectUsed(inner, used);
  }
}

function visitOthers(expr: Expr, own: string, visit: (expr: Expr) => void): void {
  if (expr.kind === 'read') {
    if (expr.name !== own) visit(expr);
    return;
  }
  for (const operand of operandsOf(expr)) visitOthers(operand, own, visit);
}

function pruned(body: readonly Stmt[], unused: ReadonlySet<string>): readonly Stmt[] {
  let changed = false;
  const result = body.flatMap((stmt): readonly Stmt[] => {
    const named = stmt.kind === 'let' || stmt.kind === 'variable' || stmt.kind === 'assign';
    if (named && unused.has(stmt.name)) {
      changed = true;
      return [];
    }
    const lists = bodiesOf(stmt);
    if (lists.length === 0) return [stmt];
    const inner = mapStmt(stmt, {}, (list) => pruned(list, unused));
    if (bodiesOf(inner).every((list, i) => list === lists[i])) return [stmt];
    changed = true;
    const empty = bodiesOf(inner).every((list) => list.length === 0);
    return empty && inner.kind !== 'while' ? [] : [inner];
  });
  return changed ? result : body;
}
