/**
 * Which statements items run and where they wait for each other: what a barrier stands between, and what they pass on to
 * each other through memory.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import { operandsOf } from '../../loop/expr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf, expressionsOf } from '../../loop/ir.ts';

export type Loop = Extract<Stmt, { kind: 'for' }>;

export function isGroup(stmt: Stmt | undefined): stmt is Loop {
  return stmt?.kind === 'for' && stmt.mode === 'group';
}

export function holdsItems(stmt: Stmt): boolean {
  if (stmt.kind === 'for' && stmt.mode === 'item') return true;
  return bodiesOf(stmt).some((body) => body.some(holdsItems));
}

/** Memory outside of the group's own that the statements write and read. */
export function passedOn(body: readonly Stmt[]): ReadonlySet<Buffer> {
  const written = new Set<Buffer>();
  const read = new Set<Buffer>();
  const expression = (expr: Expr): void => {
    if (expr.kind === 'load') read.add(expr.buffer);
    operandsOf(expr).forEach(expression);
  };
  const visit = (stmts: readonly Stmt[]): void => {
    for (const stmt of stmts) {
      if (stmt.kind === 'store') written.add(stmt.buffer);
      expressionsOf(stmt).forEach(expression);
      bodiesOf(stmt).forEach(visit);
    }
  };
  visit(body);
  const own = ownOfItems(body);
  return new Set([...written].filter((buffer) => read.has(buffer) && !own.has(buffer)));
}

/** Memory that is declared for every item. */
function ownOfItems(body: readonly Stmt[], inItems = false): ReadonlySet<Buffer> {
  const own = new Set<Buffer>();
  for (const stmt of body) {
    if (stmt.kind === 'local' && (inItems || stmt.buffer.space !== 'local')) own.add(stmt.buffer);
    const isItem = stmt.kind === 'for' && stmt.mode === 'item';
    for (const inner of bodiesOf(stmt)) {
      for (const buffer of ownOfItems(inner, inItems || isItem)) own.add(buffer);
    }
  }
  return own;
}

/** Whether anything follows an item nest, as the next round of a loop does. */
export function waits(body: readonly Stmt[]): boolean {
  return body.some((stmt, at) => {
    if (!holdsItems(stmt)) return false;
    if (at < body.length - 1) return true;
    if (stmt.kind !== 'for') return true;
    return stmt.mode === 'group' ? waits(stmt.body) : stmt.mode !== 'item';
  });
}

/** Item loops nested in the first nest. */
export function itemRankOf(body: readonly Stmt[]): number {
  for (const stmt of body) {
    if (stmt.kind === 'for' && stmt.mode === 'item') return 1 + itemRankOf(stmt.body);
    for (const inner of bodiesOf(stmt)) {
      const rank = itemRankOf(inner);
      if (rank > 0) return rank;
    }
  }
  return 0;
}
