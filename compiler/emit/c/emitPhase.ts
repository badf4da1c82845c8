/**
 * One phase as one C function: statements print themselves line by line, unrolled loops are written out, every
 * name is bound once.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import type { Facts } from '../../loop/facts.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { add, constant, multiply, substitute, ZERO } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { polyConstant } from '../../loop/polynomial.ts';
import { registerType } from '../../loop/scalarType.ts';
import { branchFacts, factsAfter } from '../../loop/simplify.ts';
import { insideLoop, simplifyIndex } from '../../loop/simplifyIndex.ts';
import type { KernelCheck } from '../kernel.ts';
import { cStorage, cType, typeSuffix } from './cTypes.ts';
import type { ExprPlace } from './exprText.ts';
import { exprText } from './exprText.ts';
import type { Identifiers } from './identifiers.ts';
import { indexText } from './indexText.ts';
import { constantCount, namedTiles } from './registerTiles.ts';
import { lineComment } from './safeComment.ts';
import { Scratch } from './scratch.ts';

/** What all phases of a kernel share. */
export interface KernelScope {
  readonly identifiers: Identifiers;
  /** 1 + the index of the check, registered if it is new: what a function returns. */
  codeOf(check: KernelCheck): number;
}

export interface Line {
  readonly text: string;
  /** Declares this name and does nothing else: dropped where no later line mentions it. */
  readonly declares?: string;
}

interface Unrolled {
  readonly constants: ReadonlyMap<string, number>;
  readonly facts: Facts;
}

export class PhaseEmitter implements ExprPlace {
  readonly lines: Line[] = [];
  readonly scratch = new Scratch();
  /** Of index variables. */
  protected readonly indexType: string = 'int64_t';
  protected depth = 1;
  private constants: ReadonlyMap<string, number> = new Map();
  protected readonly named: ReadonlySet<Buffer>;

  constructor(
    protected readonly kernel: KernelScope,
    public facts: Facts,
    body: readonly Stmt[],
  ) {
    this.named = namedTiles(body);
  }

  line(text: string, declares?: string): void {
    this.lines.push({ text: `${'  '.repeat(this.depth)}${text}`, declares });
  }

  /** Statements of one list: what they bind ends with it. */
  block(body: readonly Stmt[], facts: Facts = this.facts): void {
    const outer: Unrolled = { constants: this.constants, facts: this.facts };
    const mark = this.scratch.mark();
    this.facts = facts;
    this.depth++;
    this.statements(body);
    this.depth--;
    this.scratch.release(mark);
    this.facts = outer.facts;
    this.constants = outer.constants;
  }

  statements(body: readonly Stmt[]): void {
    for (const stmt of body) {
      this.statement(stmt);
      this.facts = factsAfter(this.resolved(stmt), this.facts);
    }
  }

  /** `for (...) {` over a range, and the body. */
  loop(variable: string, extent: Index, body: readonly Stmt[], from = '0', to?: string): void {
    const name = this.kernel.identifiers.of(variable);
    const end = to ?? this.index(extent);
    this.line(`for (${this.indexType} ${name} = ${from}; ${name} < ${end}; ${name}++) {`);
    this.block(body, insideLoop(this.facts, variable, this.fixed(extent)));
    this.line('}');
  }

  // Names and loads, for expressions.

  name(_kind: 'variable' | 'size', name: string): string {
    return this.kernel.identifiers.of(name);
  }

  scalar(name: string): string {
    return this.kernel.identifiers.of(name);
  }

  bind(type: string, value: string): string {
    const name = this.kernel.identifiers.temporary();
    this.line(`const ${type} ${name} = ${value};`, name);
    return name;
  }

  load({ buffer, indices, lanes }: Extract<Expr, { kind: 'load' }>): string {
    if (this.named.has(buffer)) return this.tileElement(buffer, indices);
    const element = this.element(buffer, indices);
    const isHalf = buffer.storage === 'f16' || buffer.storage === 'bf16';
    if (lanes === 1 && !isHalf) return element;
    return `load_${typeSuffix(buffer.storage, lanes)}(&${element})`;
  }

  /** Ends the run of the phase. */
  protected failure(code: number): string {
    return `return ${code};`;
  }

  protected statement(stmt: Stmt): void {
    switch (stmt.kind) {
      case 'for':
        if (stmt.mode === 'unrolled') this.unrolled(stmt);
        else this.loop(stmt.variable, stmt.extent, stmt.body);
        return;
      case 'let': {
        const { type, lanes } = stmt.value;
        const value = this.expr(stmt.value);
        const own = this.scalar(stmt.name);
        this.line(`const ${cType(type, lanes)} ${own} = ${value};`, own);
        return;
      }
      case 'variable': {
        const { type, lanes } = stmt.initial;
        const value = this.expr(stmt.initial);
        this.line(`${cType(type, lanes)} ${this.scalar(stmt.name)} = ${value};`);
        return;
      }
      case 'assign':
        this.line(`${this.scalar(stmt.name)} = ${this.expr(stmt.value)};`);
        return;
      case 'letIndex':
        this.letIndex(stmt.name, stmt.value);
        return;
      case 'checkedIndex':
        this.checkedIndex(stmt);
        return;
      case 'local':
        this.local(stmt.buffer);
        return;
      case 'store':
        this.store(stmt.buffer, stmt.indices, stmt.value);
        return;
      case 'if':
        this.branch(stmt);
        return;
      case 'while':
        this.whileLoop(stmt);
        return;
      case 'check': {
        const { operator, message } = stmt;
        const code = this.kernel.codeOf({ operator, message });
        this.line(`if (!(${this.expr(stmt.condition)})) ${this.failure(code)}`);
        return;
      }
      case 'comment':
        this.line(lineComment(stmt.text));
        return;
    }
  }

  private unrolled({ variable, extent, body }: Extract<Stmt, { kind: 'for' }>): void {
    const fixed = this.fixed(extent);
    if (fixed.kind !== 'constant') throw new Error(`${variable} is unrolled without an end`);
    const scoped = body.some(
      ({ kind }) => kind !== 'store' && kind !== 'assign' && kind !== 'for' && kind !== 'comment',
    );
    const { constants } = this;
    for (let i = 0; i < fixed.value; i++) {
      this.constants = new Map(constants).set(variable, i);
      const facts = this.facts.equals(variable, polyConstant(i));
      if (scoped) {
        this.line('{');
        this.block(body, facts);
        this.line('}');
      } else {
        const outer = this.facts;
        this.facts = facts;
        this.statements(body);
        this.facts = outer;
      }
    }
    this.constants = constants;
  }

  private letIndex(name: string, value: Index): void {
    const simple = this.simple(value);
    if (simple.kind === 'constant') {
      this.constants = new Map(this.constants).set(name, simple.value);
      return;
    }
    const own = this.kernel.identifiers.of(name);
    this.line(`const ${this.indexType} ${own} = ${indexText(simple, this)};`, own);
  }

  private checkedIndex(stmt: Extract<Stmt, { kind: 'checkedIndex' }>): void {
    const { name, value, operator } = stmt;
    const own = this.kernel.identifiers.of(name);
    const extent = this.index(stmt.extent);
    const code = this.kernel.codeOf({ operator, message: 'an index is out of range' });
    const text = this.expr(value);
    if (value.type === 'u64') {
      // Beyond int64_t is beyond every extent.
      const wide = this.bind('uint64_t', text);
      this.line(`if (${wide} > INT64_MAX) ${this.failure(code)}`);
      this.line(`const int64_t ${own} = (int64_t)${wide};`);
    } else {
      this.line(`const int64_t ${own} = ${text};`);
    }
    this.line(`if (${own} < 0 || ${own} >= ${extent}) ${this.failure(code)}`);
  }

  protected local(buffer: Buffer): void {
    const own = this.kernel.identifiers.of(buffer.name);
    if (this.named.has(buffer)) {
      const type = cType(registerType(buffer.storage), buffer.lanes);
      const elements = Array.from({ length: constantCount(buffer)! }, (_, i) => `${own}_${i}`);
      for (let i = 0; i < elements.length; i += 8) {
        this.line(`${type} ${elements.slice(i, i + 8).join(', ')};`);
      }
      return;
    }
    const place = this.scratch.place(buffer, this.facts);
    const element = cStorage(buffer.storage);
    if (place.kind === 'stack') {
      this.line(`${element} ${own}[${place.elements}] __attribute__((aligned(64)));`);
      return;
    }
    const offset = indexText(this.simple(place.offset), this);
    this.line(`${element} *const ${own} = (${element} *)(scratch + ${offset});`, own);
  }

  protected store(buffer: Buffer, indices: readonly Index[], value: Expr): void {
    const text = this.expr(value);
    if (this.named.has(buffer)) {
      const { storage, lanes } = buffer;
      const isHalf = storage === 'f16' || storage === 'bf16';
      const stored = isHalf ? `round_${storage}_${typeSuffix('f32', lanes)}(${text})` : text;
      this.line(`${this.tileElement(buffer, indices)} = ${stored};`);
      return;
    }
    const element = this.element(buffer, indices);
    const isHalf = buffer.storage === 'f16' || buffer.storage === 'bf16';
    if (value.lanes === 1 && !isHalf) this.line(`${element} = ${text};`);
    else this.line(`store_${typeSuffix(buffer.storage, value.lanes)}(&${element}, ${text});`);
  }

  private branch({ condition, then, otherwise }: Extract<Stmt, { kind: 'if' }>): void {
    const [whenTrue, whenFalse] = branchFacts(this.resolvedExpr(condition), this.facts);
    this.line(`if (${this.expr(condition)}) {`);
    this.block(then, whenTrue);
    if (otherwise.length > 0) {
      this.line('} else {');
      this.block(otherwise, whenFalse);
    }
    this.line('}');
  }

  private whileLoop({ condition, body }: Extract<Stmt, { kind: 'while' }>): void {
    const start = this.lines.length;
    this.depth++;
    const text = this.expr(condition);
    this.depth--;
    const parts = this.lines.splice(start);
    if (parts.length === 0) {
      this.line(`while (${text}) {`);
    } else {
      // The condition needs lines of its own, each time.
      this.line('for (;;) {');
      this.lines.push(...parts);
      this.line(`  if (!(${text})) break;`);
    }
    this.block(body);
    this.line('}');
  }

  protected expr(expr: Expr): string {
    return exprText(expr, this);
  }

  protected index(index: Index): string {
    return indexText(this.simple(index), this);
  }

  simple(index: Index): Index {
    return simplifyIndex(this.fixed(index), this.facts);
  }

  /** Variables of unrolled loops replaced by their numbers. */
  protected fixed(index: Index): Index {
    if (this.constants.size === 0) return index;
    return substitute(index, (name) => {
      const value = this.constants.get(name);
      return value === undefined ? undefined : constant(value);
    });
  }

  protected resolved(stmt: Stmt): Stmt {
    if (stmt.kind === 'letIndex') return { ...stmt, value: this.fixed(stmt.value) };
    if (stmt.kind === 'checkedIndex') return { ...stmt, extent: this.fixed(stmt.extent) };
    return stmt;
  }

  protected resolvedExpr(expr: Expr): Expr {
    if (expr.kind === 'compareIndex') {
      const { op, a, b } = expr.condition;
      return { ...expr, condition: { op, a: this.fixed(a), b: this.fixed(b) } };
    }
    if (expr.kind === 'binary') {
      return { ...expr, a: this.resolvedExpr(expr.a), b: this.resolvedExpr(expr.b) };
    }
    return expr;
  }

  protected tileElement(buffer: Buffer, indices: readonly Index[]): string {
    const at = this.flat(buffer, indices);
    if (at.kind !== 'constant') throw new Error(`${buffer.name} is not addressed by constants`);
    return `${this.kernel.identifiers.of(buffer.name)}_${at.value}`;
  }

  protected element(buffer: Buffer, indices: readonly Index[]): string {
    const own = this.kernel.identifiers.of(buffer.name);
    return `${own}[${indexText(this.flat(buffer, indices), this)}]`;
  }

  /** Row-major, in storage elements. */
  protected flat(buffer: Buffer, indices: readonly Index[]): Index {
    const at = indices.reduce(
      (sum, index, axis) => add(multiply(sum, buffer.shape[axis]!), index),
      ZERO,
    );
    return this.simple(this.named.has(buffer) ? at : multiply(at, buffer.lanes));
  }
}
