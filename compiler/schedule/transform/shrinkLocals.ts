/**
 * Scratch memory as small as its use: a local of which every iteration of a loop only touches its own part becomes
 * a local of the iteration without what the loop fixes; a single element becomes a variable.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import { literal, load, read } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { constant, multiply, subtract, variable } from '../../loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../../loop/ir.ts';
import { registerType } from '../../loop/scalarType.ts';
import { factsAfter } from '../../loop/simplify.ts';
import { simplifyIndex } from '../../loop/simplifyIndex.ts';
import type { Facts } from '../../loop/facts.ts';
import { ownParts, visitLoads, visitStores } from './independence.ts';
import type { Place } from './place.ts';
import { insideOf, rootPlace } from './place.ts';
import { mapStmt } from './rewrite.ts';

/** Contents of scratch are undefined before they are written, so parts of other iterations are never missed. */
export function shrinkLocals(program: LoopProgram): LoopProgram {
  return { ...program, body: shrunk(program.body, rootPlace(program)) };
}

function shrunk(body: readonly Stmt[], place: Place): readonly Stmt[] {
  let current = body;
  for (const stmt of body) {
    if (stmt.kind !== 'local' || stmt.buffer.space !== 'local' || stmt.buffer.lanes !== 1) continue;
    current = sunk(current, stmt, place) ?? current;
  }
  return current;
}

/** The list with the local inside the one loop that uses it; `undefined` where it stays. */
function sunk(
  body: readonly Stmt[],
  local: Extract<Stmt, { readonly kind: 'local' }>,
  place: Place,
): readonly Stmt[] | undefined {
  const { buffer } = local;
  const users = body.filter((stmt) => accesses(stmt, buffer));
  const [user] = users;
  if (users.length !== 1 || user?.kind !== 'for') return undefined;
  let { facts } = place;
  for (const stmt of body.slice(0, body.indexOf(user))) facts = factsAfter(stmt, facts);
  const at = { ...place, facts };
  const parts = ownParts({ ...user, mode: 'serial' }, new Set([buffer]), at).get(buffer);
  const [part] = parts ?? [];
  if (part === undefined) return undefined;
  const { axis, stride } = part;
  const shape = buffer.shape.map((dim, i) => (i === axis ? constant(stride) : dim));
  const keep = shape.map((dim) => !(dim.kind === 'constant' && dim.value === 1));
  const small: Buffer = { ...buffer, shape: shape.filter((_, i) => keep[i]) };
  const inside = insideOf(user, at);
  const moved = moveAccesses(user.body, buffer, small, inside.facts, (indices) =>
    indices
      .map((index, i) =>
        i === axis ? subtract(index, multiply(variable(user.variable), stride)) : index,
      )
      .filter((_, i) => keep[i]),
  );
  const declared = [{ kind: 'local', buffer: small } as const, ...moved];
  const inner = asVariable(declared, small) ?? shrunk(declared, inside);
  return body
    .filter((stmt) => stmt !== local)
    .map((stmt) => (stmt === user ? { ...user, body: inner } : stmt));
}

function accesses(stmt: Stmt, buffer: Buffer): boolean {
  let found = false;
  visitLoads([stmt], (other) => {
    if (other === buffer) found = true;
  });
  visitStores([stmt], (store) => {
    if (store.buffer === buffer) found = true;
  });
  return found;
}

function moveAccesses(
  body: readonly Stmt[],
  from: Buffer,
  to: Buffer,
  facts: Facts,
  place: (indices: readonly Index[]) => readonly Index[],
): readonly Stmt[] {
  const simple = (indices: readonly Index[]): readonly Index[] =>
    place(indices).map((index) => simplifyIndex(index, facts));
  const loadOf = (expr: Extract<Expr, { readonly kind: 'load' }>): Expr =>
    expr.buffer === from ? load(to, simple(expr.indices), expr.lanes) : expr;
  return body.map((stmt) => {
    const moved = mapStmt(stmt, { load: loadOf }, (inner) =>
      moveAccesses(inner, from, to, facts, place),
    );
    if (moved.kind !== 'store' || moved.buffer !== from) return moved;
    return { ...moved, buffer: to, indices: simple(moved.indices) };
  });
}

/** One element in the storage of registers: stores assign, loads read. */
function asVariable(body: readonly Stmt[], buffer: Buffer): readonly Stmt[] | undefined {
  const type = registerType(buffer.storage);
  if (buffer.shape.length > 0 || type !== buffer.storage) return undefined;
  const { name } = buffer;
  const change = (list: readonly Stmt[]): readonly Stmt[] =>
    list.map((stmt): Stmt => {
      if (stmt.kind === 'local' && stmt.buffer === buffer) {
        return { kind: 'variable', name, initial: literal(type, 0) };
      }
      const changed = mapStmt(
        stmt,
        { load: (expr) => (expr.buffer === buffer ? read(name, type) : expr) },
        change,
      );
      if (changed.kind !== 'store' || changed.buffer !== buffer) return changed;
      return { kind: 'assign', name, value: changed.value };
    });
  return change(body);
}
