/**
 * Reductions of the whole program to one value, as a row that there is once: a single group does the reduction and, where
 * that is little, everything that reads the result (the softmax of one row of classes is one kernel). Otherwise the
 * result goes through memory to the kernels after it.
 */
import type { Expr } from '../../loop/expr.ts';
import { load, read } from '../../loop/expr.ts';
import { constant, ZERO } from '../../loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../../loop/ir.ts';
import { bodiesOf, localBuffer, store } from '../../loop/ir.ts';
import { mentionsIndex } from '../../loop/mentions.ts';
import { factsAfter, rootFacts } from '../../loop/simplify.ts';
import { unprovenIn } from '../../loop/bounds.ts';
import type { Nest } from '../nest.ts';
import { analyseNest, productOf } from '../nest.ts';
import { accumulatorsOf } from '../transform/accumulation.ts';
import { visitStores } from '../transform/independence.ts';
import { boundBy, Names } from '../transform/names.ts';
import type { Loop, Place } from '../transform/place.ts';
import { Refused, unlessRefused } from '../transform/place.ts';
import { mapBody } from '../transform/rewrite.ts';
import type { GpuDevice } from './device.ts';
import { expectGroupsFit } from './groupMemory.ts';
import { rowGroups } from './rows.ts';

/** Iterations of a loop that one group may do although other groups could. */
const MOST_ALONE = 8192;

export function scheduleTotals(program: LoopProgram, device: GpuDevice): LoopProgram {
  let current = program;
  for (let at = 0; at < current.body.length; at++) {
    const loop = current.body[at]!;
    if (loop.kind !== 'for' || loop.mode === 'group') continue;
    const place = placeAt(current, at);
    const nest = analyseNest(loop, place.facts);
    if (nest.kind !== 'total') continue;
    const next =
      unlessRefused(() => together(current, at, device)) ??
      unlessRefused(() => throughMemory(current, at, nest, device));
    if (next !== undefined) current = next;
  }
  return current;
}

function placeAt(program: LoopProgram, at: number): Place {
  const facts = program.body
    .slice(0, at)
    .reduce((known, stmt) => factsAfter(stmt, known), rootFacts(program));
  return { facts, names: Names.of(program) };
}

function accumulatorsAt(program: LoopProgram, at: number): readonly string[] {
  const loop = program.body[at] as Loop;
  return [...(accumulatorsOf(loop.body) ?? new Map<string, unknown>()).keys()];
}

/** From the declaration of the result to the last statement that reads it: one row. */
function together(program: LoopProgram, at: number, device: GpuDevice): LoopProgram {
  const { body } = program;
  const made = new Set(accumulatorsAt(program, at));
  const start = body.findIndex((stmt) => stmt.kind === 'variable' && made.has(stmt.name));
  if (made.size === 0 || start < 0 || start > at) throw new Refused('no declaration at the root');
  let end = at;
  for (let i = start; i < body.length; i++) {
    const stmt = body[i]!;
    if (![...made].some((name) => mentionsName([stmt], name))) continue;
    end = i;
    const name = boundBy(stmt);
    if (name !== undefined && stmt.kind !== 'for') made.add(name);
    if (stmt.kind === 'for') accumulatorsAt(program, i).forEach((own) => made.add(own));
  }
  const part = body.slice(start, end + 1);
  const rest = body.slice(end + 1);
  const place = placeAt(program, start);
  let longest = 1;
  for (const stmt of part) {
    const name = boundBy(stmt);
    if (name !== undefined && stmt.kind !== 'for' && mentionsName(rest, name)) {
      throw new Refused(`${name} is read later`);
    }
    if (stmt.kind !== 'for') continue;
    const nest = analyseNest(stmt, place.facts);
    const iterations = productOf([...nest.axes, ...nest.inner]) ?? Infinity;
    if (nest.kind !== 'total' && iterations > MOST_ALONE) throw new Refused('work for many groups');
    longest = Math.max(longest, productOf(nest.axes) ?? 1);
  }
  const written = place.names.replacing(part, () =>
    rowGroups(part, [], { length: longest, beside: false }, place, device),
  );
  expectProven(written, place);
  expectGroupsFit(written, device);
  return { ...program, body: [...body.slice(0, start), ...written, ...rest] };
}

/** The loop alone; what follows reads its results from memory. */
function throughMemory(
  program: LoopProgram,
  at: number,
  nest: Nest,
  device: GpuDevice,
): LoopProgram {
  const { body } = program;
  const names = accumulatorsAt(program, at);
  const place = placeAt(program, at);
  const declared = names.map((name) => {
    const found = body.find((stmt) => stmt.kind === 'variable' && stmt.name === name);
    if (found?.kind !== 'variable') throw new Refused(`${name} is no variable of the root`);
    const others = body.some(
      (stmt, i) => i !== at && stmt.kind !== 'variable' && assigns([stmt], name),
    );
    if (others) throw new Refused(`${name} is assigned elsewhere`);
    return found;
  });
  const memory = declared.map(({ name, initial }) =>
    localBuffer(place.names.fresh(`${name}Total`), initial.type, [constant(1)]),
  );
  const part = [
    ...declared,
    body[at]!,
    ...declared.map(({ name, initial }, i) => store(memory[i]!, [ZERO], read(name, initial.type))),
  ];
  const length = productOf(nest.axes) ?? 256;
  const written = place.names.replacing(part, () =>
    rowGroups(part, [], { length, beside: false }, place, device),
  );
  expectProven(written, place);
  expectGroupsFit(written, device);
  const total = (expr: Extract<Expr, { readonly kind: 'read' }>): Expr => {
    const own = names.indexOf(expr.name);
    return own < 0 ? expr : load(memory[own]!, [ZERO]);
  };
  return {
    ...program,
    body: [
      ...body.slice(0, at).filter((stmt) => !declared.some((own) => own === stmt)),
      ...memory.map((buffer): Stmt => ({ kind: 'local', buffer })),
      ...written,
      ...mapBody(body.slice(at + 1), { read: total }),
    ],
  };
}

function expectProven(body: readonly Stmt[], { facts }: Place): void {
  const [unproven] = unprovenIn(body, facts);
  if (unproven !== undefined) throw new Refused(`no proof that ${unproven} is in range`);
}

/** Reads the name, indexes by it, or touches memory of this name. */
export function mentionsName(body: readonly Stmt[], name: string): boolean {
  let found = mentionsIndex(body, name);
  const touch = (other: string): void => {
    found ||= other === name;
  };
  mapBody(body, {
    read: (expr) => {
      touch(expr.name);
      return expr;
    },
    load: (expr) => {
      touch(expr.buffer.name);
      return expr;
    },
  });
  visitStores(body, ({ buffer }) => touch(buffer.name));
  return found || assigns(body, name);
}

export function assigns(body: readonly Stmt[], name: string): boolean {
  return body.some(
    (stmt) =>
      (stmt.kind === 'assign' && stmt.name === name) ||
      bodiesOf(stmt).some((inner) => assigns(inner, name)),
  );
}
