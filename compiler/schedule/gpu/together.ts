/**
 * What has to run in order (loops whose number of rounds data decides, greedy choices) by one work-group: all of its items
 * take the same path; loops of independent iterations are spread over them, reductions add up partial results in group
 * memory, and what is stored in between one item stores. Otherwise a single item would do everything.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import { binary, indexValue, load, operandsOf, read } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import {
  ceilDiv,
  constant,
  equal,
  less,
  product,
  substitute,
  variable,
  visitNames,
  ZERO,
} from '../../loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../../loop/ir.ts';
import { bodiesOf, localBuffer, store } from '../../loop/ir.ts';
import { mentionsIndex } from '../../loop/mentions.ts';
import type { ScalarType } from '../../loop/scalarType.ts';
import { branchFacts, factsAfter, rootFacts } from '../../loop/simplify.ts';
import { insideLoop } from '../../loop/simplifyIndex.ts';
import { unprovenIn } from '../../loop/bounds.ts';
import { accumulatorsOf } from '../transform/accumulation.ts';
import { boundBy, Names } from '../transform/names.ts';
import type { Loop, Place } from '../transform/place.ts';
import { Refused, unlessRefused } from '../transform/place.ts';
import { perfectNest } from '../transform/reorder.ts';
import { mapBody } from '../transform/rewrite.ts';
import type { GpuDevice } from './device.ts';
import { outputLoops } from './outputLoops.ts';
import { identity } from './rows.ts';
import { assigns, mentionsName } from './totals.ts';
import { scaled, Writer } from './writer.ts';

/** Least iterations that are worth a group's barriers. */
const LEAST_ITERATIONS = 32;
/** Partial results that one item adds up at a time. */
const RADIX = 4;

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
  const kernel = new GroupKernel(device, place);
  const results = new Results(part, rest, place);
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

/** What the stretch binds and later statements read passes through memory. */
class Results {
  readonly memory: Buffer[] = [];
  readonly stores: Stmt[] = [];
  readonly after: readonly Stmt[];

  constructor(part: readonly Stmt[], rest: readonly Stmt[], { names }: Place) {
    const loads = new Map<string, Buffer>();
    const indices = new Map<string, Index>();
    const again: Stmt[] = [];
    const index = (of: Index): Index => substitute(of, (name) => indices.get(name));
    const keep = (name: string, type: ScalarType, value: Expr): Buffer => {
      const buffer = localBuffer(names.fresh(`${name}Found`), type, [constant(1)]);
      this.memory.push(buffer);
      this.stores.push(store(buffer, [ZERO], value));
      return buffer;
    };
    for (const stmt of part) {
      const name = boundBy(stmt);
      if (name === undefined || stmt.kind === 'for' || !mentionsName(rest, name)) continue;
      if (assigns(rest, name)) throw new Refused(`${name} changes later`);
      if (stmt.kind === 'let' || stmt.kind === 'variable') {
        const { type, lanes } = stmt.kind === 'let' ? stmt.value : stmt.initial;
        if (lanes !== 1) throw new Refused(`${name} is a vector`);
        loads.set(name, keep(name, type, read(name, type)));
      } else if (stmt.kind === 'checkedIndex') {
        const own = keep(name, 'i64', indexValue(variable(name)));
        const copy = names.fresh(name);
        const extent = index(stmt.extent);
        again.push({ ...stmt, name: copy, value: load(own, [ZERO]), extent });
        indices.set(name, variable(copy));
      } else if (stmt.kind === 'letIndex') {
        const copy = names.fresh(name);
        again.push({ ...stmt, name: copy, value: index(stmt.value) });
        indices.set(name, variable(copy));
      }
    }
    const renamed = mapBody(rest, {
      index,
      read: (expr) => {
        const buffer = loads.get(expr.name);
        return buffer ? load(buffer, [ZERO]) : expr;
      },
    });
    this.after = [...again, ...(loads.size + indices.size === 0 ? rest : renamed)];
  }
}

class GroupKernel {
  /** Loops that several items share. */
  spread = 0;
  /** Memory of the stretch, for all items. */
  readonly locals: Buffer[] = [];
  /** Partial results, by type and number. */
  private readonly partials = new Map<string, Buffer>();
  private readonly items: number;

  constructor(
    device: GpuDevice,
    private readonly place: Place,
  ) {
    this.items = device.groupSize;
  }

  get memory(): readonly Buffer[] {
    return [...this.partials.values()];
  }

  /** Statements that all items run alike. */
  list(writer: Writer, body: readonly Stmt[]): void {
    let stores: Stmt[] = [];
    const flush = (): void => {
      this.one(writer, stores);
      stores = [];
    };
    for (const stmt of body) {
      if (stmt.kind === 'store') {
        // One after the other by the same item: a later one may read what an earlier one wrote.
        stores.push(stmt);
        continue;
      }
      flush();
      this.stmt(writer, stmt);
    }
    flush();
  }

  private stmt(writer: Writer, stmt: Stmt): void {
    switch (stmt.kind) {
      case 'comment':
        return;
      case 'local':
        this.local(stmt.buffer);
        return;
      case 'if': {
        const [whenTrue, whenFalse] = branchFacts(stmt.condition, writer.facts);
        const [then, otherwise] = [
          this.inside(writer, stmt.then, whenTrue),
          this.inside(writer, stmt.otherwise, whenFalse),
        ];
        writer.emit({ ...stmt, then, otherwise });
        return;
      }
      case 'while':
        writer.emit({ ...stmt, body: this.inside(writer, stmt.body, writer.facts) });
        return;
      case 'for':
        this.loop(writer, stmt);
        return;
      default:
        writer.emit(stmt);
    }
  }

  private inside(writer: Writer, body: readonly Stmt[], facts: Writer['facts']): readonly Stmt[] {
    const inner = new Writer({ facts, names: writer.names });
    this.list(inner, body);
    return inner.body;
  }

  /** Memory inside of loops is declared once, before them: each round starts with undefined content anyway. */
  private local(buffer: Buffer): void {
    if (buffer.space !== 'local' || buffer.lanes !== 1) throw new Refused('a register tile');
    for (const dim of buffer.shape) {
      visitNames(dim, (kind) => {
        if (kind === 'variable') throw new Refused(`the size of ${buffer.name} is found in memory`);
      });
    }
    this.locals.push(buffer);
  }

  private loop(writer: Writer, loop: Loop): void {
    if (loop.mode === 'group' || loop.mode === 'item') throw new Refused('it has groups already');
    if (iterationsOf(loop) >= LEAST_ITERATIONS) {
      const { names } = this.place;
      const place: Place = { facts: writer.facts, names };
      if (accumulatorsOf(loop.body) !== undefined) {
        if (unlessRefused(() => this.reduction(writer, loop, place)) !== undefined) return;
      } else if (unlessRefused(() => this.independent(writer, loop, place)) !== undefined) return;
    }
    const facts = insideLoop(writer.facts, loop.variable, loop.extent);
    writer.emit({ ...loop, mode: 'serial', body: this.inside(writer, loop.body, facts) });
  }

  /** One item stores. */
  one(writer: Writer, stores: readonly Stmt[]): void {
    if (stores.length === 0) return;
    writer.loop('item', constant(this.items), 'item', (item, at) => {
      item.when([equal(at, 0)], (inside) => {
        for (const stmt of stores) inside.emit(stmt);
      });
    });
  }

  private independent(writer: Writer, loop: Loop, place: Place): true {
    expectNoChecks([loop]);
    const most = perfectNest(loop, place).loops.length;
    const { loops, body } = outputLoops(loop, place, most);
    place.names.replacing([loop], () => {
      writer.loop('item', constant(this.items), 'item', (item, own) => {
        this.along(item, loops, own, (each, indices) => each.copy(body, { indices }));
      });
    });
    this.spread++;
    return true;
  }

  /** Partial results of every item, then of fewer and fewer. */
  private reduction(writer: Writer, loop: Loop, place: Place): true {
    const found = [...accumulatorsOf(loop.body)!];
    const types = typesOf(loop.body);
    const { loops, body } = perfectNest(loop, place);
    expectRectangular(loops);
    expectNoChecks([loop]);
    if (found.length === 0) throw new Refused('nothing is accumulated');
    const parts = found.map(([name], i) => {
      const type = types.get(name);
      if (type === undefined) throw new Refused(`${name} is a vector`);
      return { type, buffer: this.partial(type, i) };
    });
    const item = (write: (inside: Writer, own: Index) => void): void =>
      writer.loop('item', constant(this.items), 'item', write);
    place.names.replacing([loop], () => {
      item((inside, own) => {
        const reads = new Map(
          found.map(([name, op], i): [string, Expr] => {
            const { type } = parts[i]!;
            const fresh = inside.names.fresh(name);
            inside.emit({ kind: 'variable', name: fresh, initial: identity(op, type) });
            return [name, read(fresh, type)];
          }),
        );
        this.along(inside, loops, own, (each, indices) => each.copy(body, { indices, reads }));
        found.forEach(([name], i) => {
          inside.emit(store(parts[i]!.buffer, [own], reads.get(name)!));
        });
      });
    });
    for (let left = this.items; left > 1;) {
      const next = Math.max(1, Math.floor(left / RADIX));
      const ways = left / next;
      item((inside, own) =>
        inside.when([less(own, next)], (some) => {
          found.forEach(([, op], i) => {
            const { buffer } = parts[i]!;
            const values = Array.from({ length: ways }, (_, way) =>
              load(buffer, [scaled(constant(way), next, own)]),
            );
            some.copy([
              store(
                buffer,
                [own],
                values.reduce((a, b) => binary(op, a, b)),
              ),
            ]);
          });
        }),
      );
      left = next;
    }
    found.forEach(([name, op], i) => {
      const { type, buffer } = parts[i]!;
      const value = binary(op, read(name, type), load(buffer, [ZERO]));
      writer.emit({ kind: 'assign', name, value });
    });
    this.spread++;
    return true;
  }

  private partial(type: ScalarType, number: number): Buffer {
    const key = `${type}/${number}`;
    const known = this.partials.get(key);
    if (known !== undefined) return known;
    const name = this.place.names.fresh('partial');
    const shape = [constant(this.items)];
    const buffer: Buffer = { name, storage: type, shape, lanes: 1, space: 'group' };
    this.partials.set(key, buffer);
    return buffer;
  }

  /** The iterations that one item does. */
  private along(
    writer: Writer,
    loops: readonly Loop[],
    own: Index,
    write: (inside: Writer, indices: ReadonlyMap<string, Index>) => void,
  ): void {
    const total = writer.simplify(product(loops.map(({ extent }) => extent)));
    writer.loop('round', ceilDiv(total, this.items), 'serial', (inside, round) => {
      const flat = scaled(round, this.items, own);
      inside.when([less(flat, total)], (open) => {
        write(open, open.decoded(open.clamped('at', flat, total), loops));
      });
    });
  }
}

/** Of nested loops, with a guess for what only a run knows. */
function iterationsOf({ extent, body }: Loop): number {
  const own = extent.kind === 'constant' ? extent.value : 256;
  const inner = body.at(-1);
  return inner?.kind === 'for' ? own * iterationsOf(inner) : own;
}

/** A check that fails for one item would leave the others waiting. */
function expectNoChecks(body: readonly Stmt[]): void {
  for (const stmt of body) {
    if (stmt.kind === 'check') throw new Refused('a check in a loop of items');
    bodiesOf(stmt).forEach(expectNoChecks);
  }
}

function expectRectangular(loops: readonly Loop[]): void {
  for (const { extent } of loops) {
    if (
      loops.some((other) =>
        mentionsIndex([{ kind: 'letIndex', name: '', value: extent }], other.variable),
      )
    ) {
      throw new Refused('the extent of a loop depends on another');
    }
  }
}

/** Types of the scalars that are assigned. */
function typesOf(body: readonly Stmt[]): ReadonlyMap<string, ScalarType> {
  const types = new Map<string, ScalarType>();
  const visit = (stmts: readonly Stmt[]): void => {
    for (const stmt of stmts) {
      if (stmt.kind === 'assign' && stmt.value.lanes === 1) types.set(stmt.name, stmt.value.type);
      bodiesOf(stmt).forEach(visit);
    }
  };
  visit(body);
  return types;
}
