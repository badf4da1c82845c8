/**
 * One phase as the body of an OpenCL kernel. Items of a work-group run the item nests; where a nest ends, all of them wait
 * for each other. What is written once in C is inherited; memory, vectors and failures are OpenCL's.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import type { Facts } from '../../loop/facts.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { operandsOf } from '../../loop/expr.ts';
import { add, mod, multiply, ZERO } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf, expressionsOf } from '../../loop/ir.ts';
import { branchFacts, factsAfter } from '../../loop/simplify.ts';
import { decide, insideLoop, simplifyIndex } from '../../loop/simplifyIndex.ts';
import { cStorage, cType } from '../c/cTypes.ts';
import type { KernelScope } from '../c/emitPhase.ts';
import { PhaseEmitter } from '../c/emitPhase.ts';
import { constantCount } from '../c/registerTiles.ts';
import { namesIn } from '../names.ts';
import { elementName } from './preamble.ts';
import { laneOf } from './support.ts';

/** Between item nests that pass data on through group memory only, and others. */
const FENCE = 'barrier(CLK_LOCAL_MEM_FENCE);';
const WIDE_FENCE = 'barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);';
const MOST_PRIVATE = 16 << 10;

type Loop = Extract<Stmt, { kind: 'for' }>;

export interface GpuScope extends KernelScope {
  /** 32 bits are enough for every index. */
  readonly small: boolean;
}

export class GpuPhase extends PhaseEmitter {
  protected override readonly indexType: string;
  /** Declarations at the top of the kernel: memory that a group shares. */
  readonly shared: string[] = [];
  /** Items wait for each other. */
  readonly hasBarriers: boolean;
  /** Memory that one item writes and another reads. */
  private readonly passedOn: ReadonlySet<Buffer>;
  private readonly fence: string;
  private privateBytes = 0;
  private itemDepth = 0;
  /** Conditions that are open until the end of a statement list. */
  private opened = 0;
  /** Extents of the items, by depth. */
  readonly items: number[] = [];

  constructor(scope: GpuScope, facts: Facts, body: readonly Stmt[]) {
    super(scope, facts, body);
    this.hasBarriers = waits(body);
    this.passedOn = this.hasBarriers ? passedOn(body) : new Set();
    this.fence = this.passedOn.size > 0 ? WIDE_FENCE : FENCE;
    this.indexType = scope.small ? 'int' : 'long';
  }

  /** Nested group loops and what a group does. @returns the extents by dimension: the innermost loop's first. */
  groups(loop: Loop | undefined, body: readonly Stmt[]): readonly Index[] {
    const loops: Loop[] = loop ? [loop] : [];
    let inner = loop ? loop.body : body;
    for (let only = inner[0]; inner.length === 1 && isGroup(only); only = inner[0]) {
      loops.push(only);
      inner = only.body;
    }
    // The innermost is the first dimension: the others are limited to 65,535 groups on some devices.
    loops.forEach((each, depth) => this.group(each, loops.length - 1 - depth));
    this.together(inner, true);
    return loops.map(({ extent }) => extent).reverse();
  }

  private group({ variable, extent }: Loop, depth: number): void {
    const own = this.kernel.identifiers.of(variable);
    this.line(`const ${this.indexType} ${own} = get_group_id(${depth});`, own);
    this.facts = insideLoop(this.facts, variable, this.fixed(extent));
  }

  /** Statements that all items of a group run together. */
  private together(body: readonly Stmt[], isLast: boolean): void {
    body.forEach((stmt, at) => {
      if (stmt.kind === 'for' && stmt.mode === 'item') {
        this.itemNest(stmt);
        if (!isLast || at < body.length - 1) this.line(this.fence);
      } else if (stmt.kind === 'for' && holdsItems(stmt)) {
        const name = this.kernel.identifiers.of(stmt.variable);
        const end = this.index(stmt.extent);
        this.line(`for (${this.indexType} ${name} = 0; ${name} < ${end}; ${name}++) {`);
        const { facts } = this;
        this.facts = insideLoop(facts, stmt.variable, this.fixed(stmt.extent));
        this.depth++;
        this.together(stmt.body, false);
        this.depth--;
        this.facts = facts;
        this.line('}');
      } else if (stmt.kind === 'if' && holdsItems(stmt)) this.branchTogether(stmt);
      else if (stmt.kind === 'while' && holdsItems(stmt)) {
        this.line('for (;;) {');
        this.depth++;
        this.line(`if (!${this.condition(stmt.condition)}) break;`);
        this.listTogether(stmt.body, this.facts);
        this.depth--;
        this.line('}');
      } else {
        this.statements([stmt]);
        // Nobody may write what others still read.
        if (this.hasBarriers && this.usesPassedOn([stmt])) this.line(this.fence);
        return;
      }
      this.facts = factsAfter(this.resolved(stmt), this.facts);
    });
  }

  /** All items decide alike. */
  private branchTogether({ condition, then, otherwise }: Extract<Stmt, { kind: 'if' }>): void {
    const [whenTrue, whenFalse] = branchFacts(this.resolvedExpr(condition), this.facts);
    this.line(`if (${this.condition(condition)}) {`);
    this.depth++;
    this.listTogether(then, whenTrue);
    this.depth--;
    if (otherwise.length > 0) {
      this.line('} else {');
      this.depth++;
      this.listTogether(otherwise, whenFalse);
      this.depth--;
    }
    this.line('}');
  }

  /** Evaluated by every item before one of them may write what it reads. */
  private condition(of: Expr): string {
    const name = this.bind('int', this.expr(of));
    if (this.usesPassedOn([{ kind: 'check', condition: of, operator: '', message: '' }])) {
      this.line(this.fence);
    }
    return name;
  }

  private listTogether(body: readonly Stmt[], facts: Facts): void {
    const outer = this.facts;
    this.facts = facts;
    this.together(body, false);
    this.facts = outer;
  }

  private usesPassedOn(body: readonly Stmt[]): boolean {
    if (body.every(({ kind }) => kind === 'local')) return false;
    return [...namesIn(body).buffers].some(
      (buffer) => buffer.space === 'group' || this.passedOn.has(buffer),
    );
  }

  private itemNest(stmt: Loop): void {
    this.line('{');
    this.depth++;
    const { facts } = this;
    const own = this.kernel.identifiers.of(stmt.variable);
    const { extent } = stmt;
    if (extent.kind !== 'constant') throw new Error('a work-group of varying size');
    this.items[this.itemDepth] = extent.value;
    this.line(`const ${this.indexType} ${own} = get_local_id(${this.itemDepth});`, own);
    this.facts = insideLoop(facts, stmt.variable, extent);
    this.itemDepth++;
    const [only] = stmt.body;
    if (stmt.body.length === 1 && only?.kind === 'for' && only.mode === 'item') this.itemNest(only);
    else {
      const mark = this.privateBytes;
      this.block(stmt.body);
      this.privateBytes = mark;
    }
    this.itemDepth--;
    this.facts = facts;
    this.depth--;
    this.line('}');
  }

  /** What failed first is what is said: a later step may fail because of it. */
  protected override failure(code: number): string {
    return `{ ${this.said(code)} return; }`;
  }

  private said(code: number): string {
    return `if (status[0] == 0) { status[1] = step; status[0] = ${code}; }`;
  }

  /**
   * An item that returned would leave its group waiting at the next barrier for ever: where there is one, an item with a
   * wrong index goes on with the first. What all items of a group decide alike is no item's own.
   */
  protected override statement(stmt: Stmt): void {
    if (!this.hasBarriers || this.itemDepth === 0) return super.statement(stmt);
    if (stmt.kind === 'checkedIndex') return this.replacedIndex(stmt);
    if (stmt.kind === 'check') throw new Error('a check between the barriers of a group');
    super.statement(stmt);
  }

  private replacedIndex(stmt: Extract<Stmt, { kind: 'checkedIndex' }>): void {
    const { name, value, operator } = stmt;
    const code = this.kernel.codeOf({ operator, message: 'an index is out of range' });
    const isWide = value.type === 'u64';
    // As a number without a sign, what is below 0 is beyond the end as well.
    const wanted = this.bind(
      'ulong',
      isWide ? this.expr(value) : `(ulong)(long)${this.bind(cType(value.type), this.expr(value))}`,
    );
    const inRange = this.bind(
      'int',
      `${wanted} < (ulong)${this.bind('long', this.index(stmt.extent))}`,
    );
    this.line(`if (!${inRange}) { ${this.said(code)} }`);
    const own = this.kernel.identifiers.of(name);
    if (decide({ op: 'lt', a: ZERO, b: this.simple(stmt.extent) }, this.facts) === true) {
      this.line(`const long ${own} = ${inRange} ? (long)${wanted} : 0;`, own);
      return;
    }
    // There may be no first element either: such an item leaves out the rest of its statements.
    this.line(`if (${inRange}) {`);
    this.opened++;
    this.line(`const long ${own} = (long)${wanted};`, own);
  }

  override statements(body: readonly Stmt[]): void {
    const { opened } = this;
    super.statements(body);
    for (; this.opened > opened; this.opened--) this.line('}');
  }

  /** Text of an index at this place. */
  indexOf(index: Index): string {
    return this.index(index);
  }

  lane(vector: string, lane: number): string {
    return `${vector}.${laneOf(lane)}`;
  }

  pack(type: string, elements: readonly string[]): string {
    return `(${type})(${elements.join(', ')})`;
  }

  override load(expr: Extract<Expr, { kind: 'load' }>): string {
    const { buffer, indices, lanes } = expr;
    if (this.named.has(buffer)) return super.load(expr);
    const element = this.element(buffer, indices);
    const { storage } = buffer;
    if (storage === 'f16' || storage === 'bf16') {
      return lanes === 1
        ? `widen_${storage}(${element})`
        : this.pack(cType('f32', lanes), this.elements(buffer, indices, lanes, `widen_${storage}`));
    }
    if (lanes === 1) return element;
    if (buffer.lanes > 1) return element;
    if (storage === 'bool') {
      return this.pack(
        cType('bool', lanes),
        this.elements(buffer, indices, lanes).map((one) => `-(int)(${one} != 0)`),
      );
    }
    if (this.isAligned(buffer, indices, lanes)) {
      const space = spaceOf(buffer);
      return `(*(${space} const ${elementName(storage)}${lanes} *)&${element})`;
    }
    return `vload${lanes}(0, &${element})`;
  }

  protected override store(buffer: Buffer, indices: readonly Index[], value: Expr): void {
    if (this.named.has(buffer)) return super.store(buffer, indices, value);
    const { storage } = buffer;
    const text = this.expr(value);
    const element = this.element(buffer, indices);
    const { lanes } = value;
    if (lanes === 1 || buffer.lanes > 1) {
      const isHalf = storage === 'f16' || storage === 'bf16';
      this.line(`${element} = ${isHalf ? `(ushort)narrow_${storage}(${text})` : text};`);
      return;
    }
    if (storage === 'f16' || storage === 'bf16' || storage === 'bool') {
      const vector = this.bind(cType(value.type, lanes), text);
      this.elements(buffer, indices, lanes).forEach((one, i) => {
        const part = this.lane(vector, i);
        const stored = storage === 'bool' ? `${part} & 1` : `(ushort)narrow_${storage}(${part})`;
        this.line(`${one} = ${stored};`);
      });
      return;
    }
    if (this.isAligned(buffer, indices, lanes)) {
      const pointer = `(${spaceOf(buffer)} ${elementName(storage)}${lanes} *)`;
      this.line(`*${pointer}&${element} = ${text};`);
    } else this.line(`vstore${lanes}(${text}, 0, &${element});`);
  }

  protected override local(buffer: Buffer): void {
    if (this.named.has(buffer)) return super.local(buffer);
    const own = this.kernel.identifiers.of(buffer.name);
    const type =
      buffer.lanes > 1 ? cType(registerOf(buffer), buffer.lanes) : cStorage(buffer.storage);
    const shape = buffer.space === 'item' ? buffer.shape.slice(this.itemRank) : buffer.shape;
    const count = constantCount({ ...buffer, shape });
    if (buffer.space === 'group') {
      if (count === undefined) throw new Error(`${buffer.name}: shared memory of varying size`);
      this.shared.push(`__local ${type} ${own}[${count}] __attribute__((aligned(16)));`);
      return;
    }
    const bytes = (count ?? Infinity) * 4 * buffer.lanes;
    if (count !== undefined && this.privateBytes + bytes <= MOST_PRIVATE) {
      this.privateBytes += bytes;
      this.line(`${type} ${own}[${Math.max(1, count)}];`);
      return;
    }
    const place = this.scratch.place(buffer, this.facts);
    if (place.kind === 'stack') {
      this.line(`${type} ${own}[${place.elements}];`);
      return;
    }
    this.inScratch.add(buffer);
    const offset = this.index(place.offset);
    this.line(`__global ${type} *const ${own} = (__global ${type} *)(scratch + ${offset});`, own);
  }

  /** Buffers that are too large for an item's own memory. */
  private readonly inScratch = new Set<Buffer>();

  /** How many item loops a nest of this kernel has; known before locals are declared. */
  itemRank = 1;

  protected override flat(buffer: Buffer, indices: readonly Index[]): Index {
    if (buffer.space !== 'item') {
      if (buffer.lanes === 1 || this.named.has(buffer)) return super.flat(buffer, indices);
      return this.simple(rowMajor(buffer.shape, indices));
    }
    const skip = this.itemRank;
    return this.simple(rowMajor(buffer.shape.slice(skip), indices.slice(skip)));
  }

  private elements(
    buffer: Buffer,
    indices: readonly Index[],
    lanes: number,
    wrap = '',
  ): readonly string[] {
    return Array.from({ length: lanes }, (_, i) => {
      const last = add(indices.at(-1)!, i);
      const element = this.element(buffer, [...indices.slice(0, -1), last]);
      return wrap === '' ? element : `${wrap}(${element})`;
    });
  }

  /** Memory is 64-byte aligned: a multiple of the lanes is aligned like a vector of up to 16 bytes. */
  private isAligned(buffer: Buffer, indices: readonly Index[], lanes: number): boolean {
    if (lanes !== 2 && lanes !== 4) return false;
    if (buffer.space === 'item' || buffer.space === 'local') return false;
    const rest = simplifyIndex(mod(this.flat(buffer, indices), lanes), this.facts);
    return rest.kind === 'constant' && rest.value === 0;
  }
}

function rowMajor(shape: readonly Index[], indices: readonly Index[]): Index {
  return indices.reduce((sum, index, axis) => add(multiply(sum, shape[axis]!), index), ZERO);
}

function registerOf({ storage }: Buffer): 'f32' | 'f64' | 'i32' | 'i64' {
  if (storage === 'f32' || storage === 'f64' || storage === 'i32' || storage === 'i64') {
    return storage;
  }
  throw new Error(`a tile of ${storage}`);
}

function spaceOf({ space }: Buffer): string {
  return space === 'global' ? '__global' : space === 'group' ? '__local' : '__private';
}

function isGroup(stmt: Stmt | undefined): stmt is Loop {
  return stmt?.kind === 'for' && stmt.mode === 'group';
}

export function holdsItems(stmt: Stmt): boolean {
  if (stmt.kind === 'for' && stmt.mode === 'item') return true;
  return bodiesOf(stmt).some((body) => body.some(holdsItems));
}

/** Memory outside of the group's own that the statements write and read. */
function passedOn(body: readonly Stmt[]): ReadonlySet<Buffer> {
  const written = new Set<Buffer>();
  const read = new Set<Buffer>();
  const expression = (expr: Expr): void => {
    if (expr.kind === 'load') read.add(expr.buffer);
    operandsOf(expr).forEach(expression);
  };
  const visit = (stmts: readonly Stmt[]): void => {
    for (const stmt of stmts) {
      if (stmt.kind === 'store') written.add(stmt.buffer);
      expressionsOf(stmt).forEach(expression);
      bodiesOf(stmt).forEach(visit);
    }
  };
  visit(body);
  const own = ownOfItems(body);
  return new Set([...written].filter((buffer) => read.has(buffer) && !own.has(buffer)));
}

/** Memory that is declared for every item. */
function ownOfItems(body: readonly Stmt[], inItems = false): ReadonlySet<Buffer> {
  const own = new Set<Buffer>();
  for (const stmt of body) {
    if (stmt.kind === 'local' && (inItems || stmt.buffer.space !== 'local')) own.add(stmt.buffer);
    const isItem = stmt.kind === 'for' && stmt.mode === 'item';
    for (const inner of bodiesOf(stmt)) {
      for (const buffer of ownOfItems(inner, inItems || isItem)) own.add(buffer);
    }
  }
  return own;
}

/** Whether anything follows an item nest, as the next round of a loop does. */
function waits(body: readonly Stmt[]): boolean {
  return body.some((stmt, at) => {
    if (!holdsItems(stmt)) return false;
    if (at < body.length - 1) return true;
    if (stmt.kind !== 'for') return true;
    return stmt.mode === 'group' ? waits(stmt.body) : stmt.mode !== 'item';
  });
}

/** Item loops nested in the first nest. */
export function itemRankOf(body: readonly Stmt[]): number {
  for (const stmt of body) {
    if (stmt.kind === 'for' && stmt.mode === 'item') return 1 + itemRankOf(stmt.body);
    for (const inner of bodiesOf(stmt)) {
      const rank = itemRankOf(inner);
      if (rank > 0) return rank;
    }
  }
  return 0;
}
