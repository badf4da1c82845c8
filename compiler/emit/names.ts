/**
 * Names that statements take from outside: which bindings of a program's root a phase needs.
 */
import type { Buffer, Expr } from '../loop/expr.ts';
import { indicesOf, operandsOf } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { visitNames } from '../loop/indexExpr.ts';
import type { Stmt } from '../loop/ir.ts';
import { bodiesOf, expressionsOf } from '../loop/ir.ts';
import { stmtIndices } from '../loop/mentions.ts';

export interface MentionedNames {
  /** Index variables, scalars and variables that are read, or assigned. */
  readonly names: ReadonlySet<string>;
  readonly assigned: ReadonlySet<string>;
  readonly buffers: ReadonlySet<Buffer>;
  /** Bound inside. */
  readonly bound: ReadonlySet<string>;
}

/** All names in the statements. Names are unique in a program, so inner bindings hide nothing. */
export function namesIn(body: readonly Stmt[], indices: readonly Index[] = []): MentionedNames {
  const walk = new NameWalk();
  for (const index of indices) walk.index(index);
  for (const stmt of body) walk.stmt(stmt);
  return walk;
}

export function indexNames(index: Index): readonly string[] {
  const names: string[] = [];
  visitNames(index, (kind, name) => kind === 'variable' && names.push(name));
  return names;
}

class NameWalk implements MentionedNames {
  readonly names = new Set<string>();
  readonly assigned = new Set<string>();
  readonly buffers = new Set<Buffer>();
  readonly bound = new Set<string>();

  stmt(stmt: Stmt): void {
    if (stmt.kind === 'for') this.bound.add(stmt.variable);
    if ('name' in stmt && stmt.kind !== 'assign') this.bound.add(stmt.name);
    if (stmt.kind === 'local') this.bound.add(stmt.buffer.name);
    if (stmt.kind === 'store') this.buffer(stmt.buffer);
    if (stmt.kind === 'assign') {
      this.assigned.add(stmt.name);
      this.names.add(stmt.name);
    }
    for (const index of stmtIndices(stmt)) this.index(index);
    for (const expr of expressionsOf(stmt)) this.expr(expr);
    for (const body of bodiesOf(stmt)) for (const inner of body) this.stmt(inner);
  }

  expr(expr: Expr): void {
    if (expr.kind === 'read') this.names.add(expr.name);
    if (expr.kind === 'load') this.buffer(expr.buffer);
    for (const index of indicesOf(expr)) this.index(index);
    for (const operand of operandsOf(expr)) this.expr(operand);
  }

  index(index: Index): void {
    for (const name of indexNames(index)) this.names.add(name);
  }

  /** An access computes with the extents of its buffer. */
  private buffer(buffer: Buffer): void {
    if (this.buffers.has(buffer)) return;
    this.buffers.add(buffer);
    for (const dim of buffer.shape) this.index(dim);
  }
}
