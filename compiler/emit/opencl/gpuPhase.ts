/**
 * One phase as the body of an OpenCL kernel. Items of a work-group run the item nests; where a nest ends, all of them wait
 * for each other. What is written once in C is inherited; memory, vectors and failures are OpenCL's.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import type { Facts } from '../../loop/facts.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { ZERO } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { branchFacts, factsAfter } from '../../loop/simplify.ts';
import { decide, insideLoop } from '../../loop/simplifyIndex.ts';
import { cType } from '../c/cTypes.ts';
import { namesIn } from '../names.ts';
import type { GpuScope } from './gpuMemory.ts';
import { GpuMemoryPhase } from './gpuMemory.ts';
import type { Loop } from './itemNests.ts';
import { holdsItems, isGroup, passedOn, waits } from './itemNests.ts';

/** Between item nests that pass data on through group memory only, and others. */
const FENCE = 'barrier(CLK_LOCAL_MEM_FENCE);';
const WIDE_FENCE = 'barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);';

export class GpuPhase extends GpuMemoryPhase {
  /** Items wait for each other. */
  readonly hasBarriers: boolean;
  /** Memory that one item writes and another reads. */
  private readonly passedOn: ReadonlySet<Buffer>;
  private readonly fence: string;
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
}
