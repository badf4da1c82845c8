/**
 * Neighbouring loop nests as one: a producer's rows are consumed while they are in the first cache.
 */
import type { Buffer } from '../../loop/expr.ts';
import { substitute, subtract, variable } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf, expressionsOf } from '../../loop/ir.ts';
import { factsAfter } from '../../loop/simplify.ts';
import { simplifyIndex } from '../../loop/simplifyIndex.ts';
import { reads } from './accumulation.ts';
import { dependenceOf, ownParts, visitLoads, visitStores } from './independence.ts';
import type { Loop, Place } from './place.ts';
import { insideOf, Refused, unlessRefused } from './place.ts';
import { mapBody } from './rewrite.ts';

/**
 * The loops that stand at `at` and `at + 1` of a statement list as one, and then the loops directly inside, as deep
 * as that is legal: both are independent, run equally often, and what they share is touched by equal iterations only.
 * Refuses where that is not proven for the outermost pair. Comments between do not matter.
 */
export function fuseLoops(body: readonly Stmt[], at: number, place: Place): readonly Stmt[] {
  const [first, second] = body.slice(at, at + 2);
  if (first?.kind !== 'for' || second?.kind !== 'for') throw new Refused('these are no two loops');
  const facts = body.slice(0, at).reduce((known, stmt) => factsAfter(stmt, known), place.facts);
  const fused = fusedPair(first, second, { ...place, facts });
  return [...body.slice(0, at), fused, ...body.slice(at + 2)];
}

function fusedPair(first: Loop, second: Loop, place: Place): Loop {
  const difference = simplifyIndex(subtract(first.extent, second.extent), place.facts);
  if (difference.kind !== 'constant' || difference.value !== 0) {
    throw new Refused(`${first.variable} and ${second.variable} run differently often`);
  }
  for (const loop of [first, second]) {
    const reason = dependenceOf(loop, place);
    if (reason !== undefined) throw new Refused(`${loop.variable}: ${reason}`);
  }
  const own = variable(first.variable);
  const moved = mapBody(second.body, {
    index: (index) => substitute(index, (name) => (name === second.variable ? own : undefined)),
  });
  const mode = first.mode === second.mode ? first.mode : 'serial';
  const whole: Loop = { ...first, mode, body: [...first.body, ...moved] };
  const shared = sharedBuffers(first.body, second.body);
  const parts = ownParts({ ...whole, mode: 'serial' }, shared, place);
  for (const buffer of shared) {
    if ((parts.get(buffer) ?? []).length === 0) {
      throw new Refused(`iterations may meet in ${buffer.name}`);
    }
  }
  return { ...whole, body: innerPair(first.body, moved, insideOf(whole, place)) };
}

/** Written by one of them and accessed by the other. */
function sharedBuffers(a: readonly Stmt[], b: readonly Stmt[]): ReadonlySet<Buffer> {
  const [first, second] = [accessed(a), accessed(b)];
  const shared = new Set<Buffer>();
  for (const buffer of first.stored) {
    if (second.stored.has(buffer) || second.loaded.has(buffer)) shared.add(buffer);
  }
  for (const buffer of second.stored) if (first.loaded.has(buffer)) shared.add(buffer);
  return shared;
}

function accessed(body: readonly Stmt[]) {
  const [stored, loaded] = [new Set<Buffer>(), new Set<Buffer>()];
  visitStores(body, ({ buffer }) => stored.add(buffer));
  visitLoads(body, (buffer) => loaded.add(buffer));
  return { stored, loaded };
}

/** Fuses the last loop of the first list with the first of the second, where nothing in between objects. */
function innerPair(a: readonly Stmt[], b: readonly Stmt[], place: Place): readonly Stmt[] {
  const apart = [...a, ...b];
  const producer = a.at(-1);
  const at = b.findIndex(({ kind }) => kind === 'for');
  const consumer = b[at];
  if (producer?.kind !== 'for' || consumer?.kind !== 'for') return apart;
  const between = b.slice(0, at);
  const changed = new Set<string>();
  visitStores([producer], ({ buffer }) => changed.add(buffer.name));
  visitAssigned([producer], (name) => changed.add(name));
  if (!between.every((stmt) => canMoveBefore(stmt, changed))) return apart;
  const before = [...a.slice(0, -1), ...between];
  const facts = before.reduce((known, stmt) => factsAfter(stmt, known), place.facts);
  const fused = unlessRefused(() => fusedPair(producer, consumer, { ...place, facts }));
  return fused === undefined ? apart : [...before, fused, ...b.slice(at + 1)];
}

function canMoveBefore(stmt: Stmt, changed: ReadonlySet<string>): boolean {
  switch (stmt.kind) {
    case 'comment':
    case 'local':
    case 'letIndex':
      return true;
    case 'let':
    case 'variable': {
      let free = true;
      visitLoads([stmt], ({ name }) => {
        if (changed.has(name)) free = false;
      });
      const values = expressionsOf(stmt);
      return free && ![...changed].some((name) => values.some((value) => reads(value, name)));
    }
    default:
      return false;
  }
}

function visitAssigned(body: readonly Stmt[], visit: (name: string) => void): void {
  for (const stmt of body) {
    if (stmt.kind === 'assign') visit(stmt.name);
    for (const inner of bodiesOf(stmt)) visitAssigned(inner, visit);
  }
}
