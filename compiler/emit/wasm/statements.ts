/**
 * Statements as structured code.
 */
import type { Expr } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { constant } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import {
  constantOf,
  polyAdd,
  polyConstant,
  polyScale,
  polyVariable,
} from '../../loop/polynomial.ts';
import { isWide, registerType } from '../../loop/scalarType.ts';
import { branchFacts } from '../../loop/simplify.ts';
import { insideLoop } from '../../loop/simplifyIndex.ts';
import type { KernelCheck } from '../kernel.ts';
import type { Operand } from './assembler.ts';
import { i32, i64, operandOf } from './assembler.ts';
import { changesIn } from './changes.ts';
import type { Changes } from './changes.ts';
import type { Context } from './context.ts';
import {
  BLOCK,
  branchTo,
  ELSE,
  END,
  i32Const,
  IF,
  instruction,
  LOOP,
  set,
} from './encoder/code.ts';
import type { Local } from './encoder/code.ts';
import { divisorOf } from './divisors.ts';
import { Expressions } from './expressions.ts';
import type { Counter } from './frame.ts';
import { storeScalar, storeVector } from './memoryOps.ts';
import { Places } from './places.ts';
import type { Scratch } from './scratch.ts';
import { isWrittenOut } from './tiles.ts';
import type { Value } from './values.ts';

type Of<K extends Stmt['kind']> = Extract<Stmt, { kind: K }>;

/** Instructions of one function; beyond this a loop was unrolled that should not have been. */
const MOST_ITEMS = 2_000_000;

export class Statements {
  readonly places: Places;
  /** Offsets in scratch memory of locals, by name. */
  readonly offsets = new Map<string, Index>();
  private readonly expressions: Expressions;
  /** Locals of `variable` names. */
  private readonly variables = new Map<string, readonly Local[]>();
  private written = 0;

  constructor(
    private readonly context: Context,
    private readonly scratch: Scratch,
    private readonly checks: KernelCheck[],
    private readonly inMemory: ReadonlySet<string>,
    /** Names that are only read as all lanes of a vector. */
    private readonly splats: ReadonlyMap<string, number>,
  ) {
    this.places = new Places(context);
    this.expressions = new Expressions(context, this.places);
  }

  writeBody(body: readonly Stmt[]): void {
    const mark = this.scratch.mark();
    for (const stmt of body) this.write(stmt);
    this.scratch.release(mark);
  }

  /** Statements of an enclosing list: their scratch stays. */
  write(stmt: Stmt): void {
    const { context } = this;
    if (++this.written > MOST_ITEMS) throw new Error('unrolled loops are too large');
    switch (stmt.kind) {
      case 'for':
        this.writeFor(stmt);
        return;
      case 'let': {
        const lanes = this.splats.get(stmt.name);
        if (lanes !== undefined && this.expressions.bindSplat(stmt.name, stmt.value, lanes)) return;
        this.expressions.names.set(stmt.name, this.expressions.settled(this.valueOf(stmt.value)));
        return;
      }
      case 'letIndex': {
        const { frame } = context;
        frame.facts = frame.facts.equals(stmt.name, context.formOf(stmt.value));
        return;
      }
      case 'checkedIndex':
        this.writeCheckedIndex(stmt);
        return;
      case 'variable': {
        const value = this.valueOf(stmt.initial);
        const locals = value.parts.map(({ type }) => context.asm.variable(type));
        this.variables.set(stmt.name, locals);
        this.assign(locals, value.parts);
        this.renew(stmt.name, { ...value, parts: locals.map(operandOf) });
        return;
      }
      case 'assign': {
        const locals = this.variables.get(stmt.name)!;
        const value = this.valueOf(stmt.value);
        this.assign(locals, value.parts);
        this.renew(stmt.name, { ...value, parts: locals.map(operandOf) });
        return;
      }
      case 'local': {
        const { buffer } = stmt;
        if (buffer.space === 'register' && !this.inMemory.has(buffer.name)) {
          this.places.addTile(buffer);
          return;
        }
        this.offsets.set(buffer.name, this.scratch.allocate(buffer));
        this.places.addMemory(buffer);
        return;
      }
      case 'store':
        this.writeStore(stmt);
        return;
      case 'if':
        this.writeIf(stmt);
        return;
      case 'while':
        this.writeWhile(stmt);
        return;
      case 'check':
        this.failUnless(this.conditionOf(stmt.condition), stmt);
        return;
      case 'comment':
        return;
    }
  }

  /**
   * A loop from `start` (default 0) while below `end`. `counter` names the variable.
   */
  writeLoop(
    counter: Counter,
    extent: Operand,
    end: Operand,
    body: readonly Stmt[],
    runs: boolean,
    write: () => void,
  ): void {
    const { context } = this;
    const { asm } = context;
    const changes = changesIn(body);
    this.renewAll(changes);
    const facts = context.frame.facts;
    const outer = context.frame;
    // Counts down, unless the body wants the variable itself.
    const down = asm.variable('i32');
    const inner = context.inside(facts, write, true, counter);
    const variable = inner.own(`i32 1*${counter.name}`);
    if (!runs) asm.emit(BLOCK);
    if (variable === undefined) asm.assign(down, extent);
    if (!runs) {
      asm.emit(asm.op('i32.le_s', extent, i32(0)).item, branchTo('br_if', 0));
    }
    asm.emit(LOOP, { kind: 'nested', items: inner.code });
    asm.emit({ kind: 'nested', items: inner.increments });
    if (variable === undefined) {
      const rest = asm.op('i32.sub', operandOf(down), i32(1));
      asm.assign(down, rest);
      asm.emit(operandOf(down).item, branchTo('br_if', 0));
    } else {
      asm.emit(asm.op('i32.lt_s', variable, end).item, branchTo('br_if', 0));
    }
    asm.emit(END);
    if (!runs) asm.emit(END);
    if (context.frame !== outer) throw new Error('frames are nested');
    this.renewAll(changes);
  }

  private writeFor(stmt: Of<'for'>): void {
    const { context } = this;
    const form = context.formOf(stmt.extent);
    const count = constantOf(form);
    if (count !== undefined && count <= 0) return;
    if (count !== undefined && (isWrittenOut(stmt) || count === 1)) {
      this.writeOut(stmt, count);
      return;
    }
    const extent = context.index.exactValueOf(form, context.frame, 'i32');
    const divisor = count && divisorOf(stmt.variable, count, stmt.body);
    if (count && divisor) {
      this.writeBlocks(stmt, count / divisor, divisor);
      return;
    }
    const facts = insideLoop(context.frame.facts, stmt.variable, stmt.extent);
    const counter = { name: stmt.variable };
    this.writeLoop(counter, extent, extent, stmt.body, count !== undefined, () => {
      context.frame.facts = facts;
      this.writeBody(stmt.body);
    });
  }

  /** Iterations in blocks of a size. */
  private writeBlocks({ variable, body }: Of<'for'>, blocks: number, size: number): void {
    const { context } = this;
    const [block, inside] = [context.fresh(variable), context.fresh(variable)];
    const loop = (name: string, count: number, write: () => void): void => {
      const extent = i32(count);
      const facts = insideLoop(context.frame.facts, name, constant(count));
      this.writeLoop({ name }, extent, extent, body, true, () => {
        context.frame.facts = facts;
        write();
      });
    };
    loop(block, blocks, () => {
      loop(inside, size, () => {
        const { frame } = context;
        const position = polyAdd(polyScale(polyVariable(block), size), polyVariable(inside));
        frame.facts = frame.facts.equals(variable, position);
        this.writeBody(body);
      });
    });
  }

  private writeOut({ variable, body }: Of<'for'>, count: number): void {
    const { frame } = this.context;
    const before = frame.facts;
    for (let i = 0; i < count; i++) {
      frame.facts = before.equals(variable, polyConstant(i));
      this.writeBody(body);
    }
    frame.facts = before;
  }

  private writeCheckedIndex(stmt: Of<'checkedIndex'>): void {
    const { context } = this;
    const { asm, index } = context;
    const value = this.valueOf(stmt.value);
    const { type } = stmt.value;
    const [part] = value.parts;
    const wide = isWide(type)
      ? part!
      : asm.op(type === 'u32' ? 'i64.extend_i32_u' : 'i64.extend_i32_s', part!);
    const form = context.formOf(stmt.extent);
    const extent = index.exactValueOf(form, context.frame, 'i64');
    const inside = asm.op(
      'i32.and',
      asm.op('i64.ge_s', wide, i64(0n)),
      asm.op('i64.lt_s', wide, extent),
    );
    this.failUnless(inside, { operator: stmt.operator, message: 'an index is out of range' });
    const name = context.fresh(stmt.name);
    const local = isWide(type) ? asm.op('i32.wrap_i64', part!) : this.copied(part!);
    index.bind(name, context.frame, local);
    const { frame } = context;
    frame.facts = frame.facts.within(name, form).equals(stmt.name, polyVariable(name));
  }

  private copied(part: Operand): Operand {
    if (!part.local?.mutable) return part;
    this.context.asm.emit(part.item);
    return this.context.asm.bind(part.type);
  }

  private writeStore({ buffer, indices, value }: Of<'store'>): void {
    const stored = this.valueOf(value);
    const place = this.places.of(buffer);
    if (place.kind === 'tile') {
      const elements = this.places.elementsOf(place, indices, value.lanes);
      const type = registerType(buffer.storage);
      if (elements.length === 1) {
        this.assign(elements[0]!.locals, stored.parts);
      } else {
        const lanes = this.expressions.lanesOf(stored);
        elements.forEach((element, i) => this.assign(element.locals, [lanes[i]!]));
      }
      for (const element of elements) this.places.renew(element);
      if (type !== stored.type) throw new Error('stores fit the buffer');
      return;
    }
    const { address } = this.places.addressOf(buffer, indices);
    const tools = { asm: this.context.asm, library: this.context.library };
    if (value.lanes === 1) storeScalar(tools, buffer.storage, address, stored.parts[0]!);
    else storeVector(tools, buffer.storage, value.lanes, address, stored.parts);
    this.places.touch(buffer);
  }

  private writeIf({ condition, then, otherwise }: Of<'if'>): void {
    const { context } = this;
    const { asm } = context;
    const value = this.valueOf(condition);
    const [factsThen, factsOtherwise] = branchFacts(condition, context.frame.facts);
    if (value.literal !== undefined) {
      const before = context.frame.facts;
      if (value.literal) context.frame.facts = factsThen;
      this.writeBody(value.literal ? then : otherwise);
      context.frame.facts = before;
      return;
    }
    const changes = changesIn([...then, ...otherwise]);
    const first = context.inside(factsThen, () => this.writeBody(then), false);
    this.renewAll(changes);
    const second = context.inside(factsOtherwise, () => this.writeBody(otherwise), false);
    asm.emit(value.parts[0]!.item, IF, { kind: 'nested', items: first.code });
    if (second.code.length > 0) asm.emit(ELSE, { kind: 'nested', items: second.code });
    asm.emit(END);
    this.renewAll(changes);
  }

  private writeWhile({ condition, body }: Of<'while'>): void {
    const { context } = this;
    const { asm } = context;
    const changes = changesIn(body);
    this.renewAll(changes);
    const inner = context.inside(
      context.frame.facts,
      () => {
        const holds = this.conditionOf(condition);
        asm.emit(asm.op('i32.eqz', holds).item, branchTo('br_if', 1));
        this.writeBody(body);
      },
      true,
    );
    asm.emit(BLOCK, LOOP, { kind: 'nested', items: inner.code }, branchTo('br', 0), END, END);
    this.renewAll(changes);
  }

  private failUnless(condition: Operand, check: KernelCheck): void {
    const { asm } = this.context;
    const { operator, message } = check;
    let at = this.checks.findIndex(
      (known) => known.operator === operator && known.message === message,
    );
    if (at < 0) at = this.checks.push({ operator, message }) - 1;
    asm.emit(asm.op('i32.eqz', condition).item, IF);
    asm.emit(i32Const(at + 1), instruction('return'), END);
  }

  private conditionOf(expr: Expr): Operand {
    return this.valueOf(expr).parts[0]!;
  }

  private valueOf(expr: Expr) {
    return this.expressions.valueOf(expr);
  }

  /** All at once: the values may be the old contents of the same locals. */
  private assign(locals: readonly Local[], parts: readonly Operand[]): void {
    const { asm } = this.context;
    for (const part of parts) asm.emit(part.item);
    for (const local of [...locals].reverse()) asm.emit(set(local));
  }

  private renew(name: string, { type, lanes, parts }: Value): void {
    this.expressions.names.set(name, { id: this.context.number(), type, lanes, parts });
  }

  /** What statements change has unknown values before and after them. */
  private renewAll({ names, buffers, own }: Changes): void {
    for (const name of names) {
      const value = this.expressions.names.get(name);
      if (value !== undefined && !own.has(name)) this.renew(name, value);
    }
    for (const [name, buffer] of buffers) if (!own.has(name)) this.places.touch(buffer);
  }
}
