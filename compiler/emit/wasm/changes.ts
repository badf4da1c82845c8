/**
 * What statements change: variables they assign and buffers they store to, nested statements included.
 */
import type { Buffer } from '../../loop/expr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf } from '../../loop/ir.ts';

export interface Changes {
  readonly names: Set<string>;
  readonly buffers: Map<string, Buffer>;
  /** Declared inside: nobody outside sees these change. */
  readonly own: Set<string>;
}

export function changesIn(
  body: readonly Stmt[],
  into: Changes = { names: new Set(), buffers: new Map(), own: new Set() },
): Changes {
  for (const stmt of body) {
    if (stmt.kind === 'assign') into.names.add(stmt.name);
    if (stmt.kind === 'store') into.buffers.set(stmt.buffer.name, stmt.buffer);
    if (stmt.kind === 'variable') into.own.add(stmt.name);
    if (stmt.kind === 'local') into.own.add(stmt.buffer.name);
    for (const inner of bodiesOf(stmt)) changesIn(inner, into);
  }
  return into;
}
