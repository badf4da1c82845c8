/**
 * What has to run in order (loops whose number of rounds data decides, greedy choices) by one work-group: which stretches
 * of the root those are, and what a kernel of one takes in and gives out. Otherwise a single item would do everything.
 */
import type { Expr } from '../../loop/expr.ts';
import { operandsOf } from '../../loop/expr.ts';
import { constant } from '../../loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../../loop/ir.ts';
import { factsAfter, rootFacts } from '../../loop/simplify.ts';
import { unprovenIn } from '../../loop/bounds.ts';
import { boundBy, Names } from '../transform/names.ts';
import type { Place } from '../transform/place.ts';
import { Refused, unlessRefused } from '../transform/place.ts';
import type { GpuDevice } from './device.ts';
import { expectGroupsFit } from './groupMemory.ts';
import { StretchKernel } from './stretchKernel.ts';
import { StretchResults } from './stretchResults.ts';
import { assigns, mentionsName } from './totals.ts';
import { Writer } from './writer.ts';

/** Every stretch of the root that one item would run, and that has loops for more of them. */
export function scheduleTogether(program: LoopProgram, device: GpuDevice): LoopProgram {
  let current = program;
  for (let from = 0; from < current.body.length; from++) {
    const end = stretchEnd(current.body, from);
    if (end === from) continue;
    const next = unlessRefused(() => together(current, from, end, device));
    const grown = next === undefined ? 0 : next.body.length - current.body.length;
    current = next ?? current;
    from = Math.max(from, end + grown);
  }
  return current;
}

/** Behind the last statement from here on that is no phase of its own. */
function stretchEnd(body: readonly Stmt[], from: number): number {
  let end = from;
  while (end < body.length && !isPhase(body[end]!)) end++;
  return end;
}

function isPhase(stmt: Stmt): boolean {
  return stmt.kind === 'for' && (stmt.mode === 'group' || stmt.mode === 'parallel');
}

function together(program: LoopProgram, from: number, end: number, device: GpuDevice): LoopProgram {
  const { body } = program;
  const moved = declaredBefore(body, from, end);
  const before = body.slice(0, from).filter((stmt) => !moved.includes(stmt));
  const facts = before.reduce((known, stmt) => factsAfter(stmt, known), rootFacts(program));
  const place: Place = { facts, names: Names.of(program) };
  const part = [...moved, ...body.slice(from, end)];
  const rest = body.slice(end);
  const kernel = new StretchKernel(device, place);
  const results = new StretchResults(part, rest, place);
  const writer = new Writer(place);
  writer.groups([constant(1)], (group) => {
    const inside = new Writer(group.place);
    kernel.list(inside, part);
    if (kernel.spread === 0) throw new Refused('nothing for more than one item');
    for (const buffer of kernel.memory) group.local(buffer);
    for (const stmt of inside.body) group.emit(stmt);
    kernel.one(group, results.stores);
  });
  const locals = [...results.memory, ...kernel.locals].map((buffer): Stmt => ({
    kind: 'local',
    buffer,
  }));
  const replaced = [...locals, ...writer.body];
  const [unproven] = unprovenIn(replaced, facts);
  if (unproven !== undefined) throw new Refused(`no proof that ${unproven} is in range`);
  expectGroupsFit(replaced, device);
  return { ...program, body: [...before, ...replaced, ...results.after] };
}

/** Variables that the stretch changes and nothing before it looks at: they are declared in it. */
function declaredBefore(body: readonly Stmt[], from: number, end: number): readonly Stmt[] {
  const part = body.slice(from, end);
  return body.slice(0, from).filter((stmt, at) => {
    const name = boundBy(stmt);
    if (name === undefined || !assigns(part, name)) return false;
    const isFree = stmt.kind === 'variable' && isFixed(stmt.initial);
    if (!isFree || mentionsName(body.slice(at + 1, from), name)) {
      throw new Refused(`${name} is declared before`);
    }
    return true;
  });
}

/** Neither memory nor names of values are in it. */
function isFixed(expr: Expr): boolean {
  if (expr.kind === 'load' || expr.kind === 'read') return false;
  return operandsOf(expr).every(isFixed);
}
