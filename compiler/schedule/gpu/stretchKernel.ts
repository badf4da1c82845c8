/**
 * The statements of a stretch as one work-group runs them: all items take the same path, loops of independent iterations
 * are spread over them, reductions add up partial results in group memory, and what is stored in between one item
 * stores.
 */
import type { Buffer } from '../../loop/expr.ts';
import { binary, load, read } from '../../loop/expr.ts';
import { constant, equal, visitNames, ZERO } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf } from '../../loop/ir.ts';
import type { ScalarType } from '../../loop/scalarType.ts';
import { branchFacts } from '../../loop/simplify.ts';
import { insideLoop } from '../../loop/simplifyIndex.ts';
import { accumulatorsOf } from '../transform/accumulation.ts';
import type { Loop, Place } from '../transform/place.ts';
import { Refused, unlessRefused } from '../transform/place.ts';
import { perfectNest } from '../transform/reorder.ts';
import type { GpuDevice } from './device.ts';
import { expectItemsFit } from './groupMemory.ts';
import { expectRectangular, outputLoops } from './outputLoops.ts';
import type { PartialResult } from './partialResults.ts';
import { combinePartials, keepPartials, shareOfItem, startPartials } from './partialResults.ts';
import { Writer } from './writer.ts';

/** Least iterations that are worth a group's barriers. */
const LEAST_ITERATIONS = 32;
/** Iterations of a loop whose extent only a run knows. */
const UNKNOWN_ITERATIONS = 256;
/** Names of an item's rounds and iterations. */
const SHARE = ['round', 'at'] as const;

export class StretchKernel {
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
    expectItemsFit([loop]);
    const most = perfectNest(loop, place).loops.length;
    const { loops, body } = outputLoops(loop, place, most);
    place.names.replacing([loop], () => {
      writer.loop('item', constant(this.items), 'item', (item, own) => {
        shareOfItem(item, loops, this.items, own, SHARE, (each, indices) =>
          each.copy(body, { indices }),
        );
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
    expectItemsFit([loop]);
    if (found.length === 0) throw new Refused('nothing is accumulated');
    const results = found.map(([name, op], i): PartialResult => {
      const type = types.get(name);
      if (type === undefined) throw new Refused(`${name} is a vector`);
      return { name, op, type, memory: this.partial(type, i) };
    });
    place.names.replacing([loop], () => {
      writer.loop('item', constant(this.items), 'item', (item, own) => {
        const reads = startPartials(item, results);
        shareOfItem(item, loops, this.items, own, SHARE, (each, indices) =>
          each.copy(body, { indices, reads }),
        );
        keepPartials(item, results, reads, [own]);
      });
    });
    combinePartials(this.items, results, (write) => {
      writer.loop('item', constant(this.items), 'item', (item, own) => write(item, own, []));
    });
    for (const { name, op, type, memory } of results) {
      const value = binary(op, read(name, type), load(memory, [ZERO]));
      writer.emit({ kind: 'assign', name, value });
    }
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
}

/** Of nested loops, with a guess for what only a run knows. */
function iterationsOf({ extent, body }: Loop): number {
  const own = extent.kind === 'constant' ? extent.value : UNKNOWN_ITERATIONS;
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
