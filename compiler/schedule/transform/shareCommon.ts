/**
 * Equal values once, invariant values outside of loops, unused values gone.
 */
import type { Expr } from '../../loop/expr.ts';
import { operandsOf, read } from '../../loop/expr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf, expressionsOf } from '../../loop/ir.ts';
import { printExpr } from '../../loop/print.ts';
import { visitStores } from './independence.ts';
import { visitBound } from './names.ts';
import { mapStmt } from './rewrite.ts';

/**
 * Value numbering in statement lists: a `let` of a value that is bound already (a load: with no store to its
 * buffer since) is read from there; `let`s that nothing reads disappear. Reads of variables count while they are
 * not assigned. Meaning is unchanged bit for bit.
 */
export function shareCommon(body: readonly Stmt[]): readonly Stmt[] {
  return withoutUnused(new Sharing().body(body, new Map()));
}

/** Values bound so far, by their text. */
type Known = Map<string, Expr>;

class Sharing {
  /** Reads of names that stand for the same value. */
  private readonly replaced = new Map<string, Expr>();
  /** Text of a value mentions these names, which may change. */
  private readonly texts = new Map<
    string,
    { readonly reads: Set<string>; readonly loads: Set<string> }
  >();

  body(body: readonly Stmt[], outer: Known): readonly Stmt[] {
    const known: Known = new Map(outer);
    const result: Stmt[] = [];
    for (const stmt of body) {
      const shared = this.stmt(stmt, known);
      if (shared !== undefined) result.push(shared);
    }
    // What the list changed is not what outer lists knew.
    this.forgetChanges(body, outer);
    return result;
  }

  private stmt(stmt: Stmt, known: Known): Stmt | undefined {
    // A loop's later iterations see what its body changes.
    if (stmt.kind === 'for' || stmt.kind === 'while') this.forgetChanges([stmt], known);
    const map = {
      read: (expr: Extract<Expr, { kind: 'read' }>) => this.replaced.get(expr.name) ?? expr,
    };
    const shared = mapStmt(stmt, map, (inner) => this.body(inner, known));
    if (shared.kind === 'let') return this.bound(shared, known);
    this.forgetChanges([stmt], known);
    return shared;
  }

  private bound(stmt: Extract<Stmt, { kind: 'let' }>, known: Known): Stmt | undefined {
    const { name, value } = stmt;
    const key = `${value.type}x${value.lanes} ${printExpr(value)}`;
    const found = known.get(key);
    if (found !== undefined) {
      this.replaced.set(name, found);
      return undefined;
    }
    known.set(key, read(name, value.type, value.lanes));
    if (!this.texts.has(key)) {
      const mentioned = { reads: new Set<string>(), loads: new Set<string>() };
      collectMentions(value, mentioned);
      this.texts.set(key, mentioned);
    }
    return stmt;
  }

  private forgetChanges(body: readonly Stmt[], known: Known): void {
    if (known.size === 0) return;
    const changed = { reads: new Set<string>(), loads: new Set<string>() };
    collectChanges(body, changed);
    if (changed.reads.size + changed.loads.size === 0) return;
    for (const key of known.keys()) {
      const { reads, loads } = this.texts.get(key)!;
      if (meets(reads, changed.reads) || meets(loads, changed.loads)) known.delete(key);
    }
  }
}

interface Mentions {
  readonly reads: Set<string>;
  readonly loads: Set<string>;
}

function collectMentions(expr: Expr, into: Mentions): void {
  if (expr.kind === 'read') into.reads.add(expr.name);
  if (expr.kind === 'load') into.loads.add(expr.buffer.name);
  for (const operand of operandsOf(expr)) collectMentions(operand, into);
}

function collectChanges(body: readonly Stmt[], into: Mentions): void {
  visitStores(body, ({ buffer }) => into.loads.add(buffer.name));
  for (const stmt of body) {
    if (stmt.kind === 'assign') into.reads.add(stmt.name);
    for (const inner of bodiesOf(stmt)) collectChanges(inner, into);
  }
}

function meets(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  for (const name of b) if (a.has(name)) return true;
  return false;
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
