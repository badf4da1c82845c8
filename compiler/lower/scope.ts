/**
 * Where statements go while lowering: a stack of open loops and branches. Every value is bound in the
 * outermost loop whose variables its index needs, and found there again: common sub-trees are computed
 * once, invariant work leaves inner loops, and a reduction over a row stands once per row although it is read
 * for every element. Conditions are decided by ranges before a branch is opened.
 */
import type { Buffer, Expr } from '../loop/expr.ts';
import { binary, compareIndex, indexValue, literal, load, operandsOf, read } from '../loop/expr.ts';
import type { Facts } from '../loop/facts.ts';
import type { Index, IndexCondition } from '../loop/indexExpr.ts';
import { add, constant, variable } from '../loop/indexExpr.ts';
import type { LoopMode, Stmt } from '../loop/ir.ts';
import { store } from '../loop/ir.ts';
import type { Polynomial } from '../loop/polynomial.ts';
import { UNIT } from '../loop/polynomial.ts';
import { printExpr, printIndex } from '../loop/print.ts';
import {
  assuming,
  decide,
  insideLoop,
  isWithin,
  normalForm,
  productOf,
  simplifyIndex,
} from '../loop/simplifyIndex.ts';
import type { Field } from './field.ts';
import { Frame } from './frame.ts';

/** What the block decides about fields while they are emitted. */
export interface FieldPolicy {
  /** Memory of a field that is stored, filled when it is first asked for; undefined: computed in place. */
  memoryOf(field: Field): Buffer | undefined;
  /** A field is about to be computed in place once more, so many times; may throw to start over. */
  computing(field: Field, iterations: Polynomial | undefined): void;
  /** It was computed so: may throw to start over as well. */
  computed(field: Field, value: Expr, iterations: Polynomial | undefined): void;
  /** Id of the operator that gives the field: told when a check on it fails. */
  operatorOf(field: Field): string;
}

interface Shared {
  readonly policy: FieldPolicy;
  /** Names that `mutable` gave out. */
  readonly mutables: Set<string>;
}

export class Scope {
  private constructor(
    private readonly shared: Shared,
    private readonly frame: Frame,
  ) {}

  static root(facts: Facts, policy: FieldPolicy): Scope {
    return new Scope({ policy, mutables: new Set() }, Frame.root(facts));
  }

  get body(): readonly Stmt[] {
    return this.frame.body;
  }

  get facts(): Facts {
    return this.frame.facts;
  }

  /** The whole program's scope: for memory that is filled before the current loops start. */
  get outermost(): Scope {
    return new Scope(this.shared, this.frame.outermost);
  }

  /** Outside of all loops and branches. */
  get isRoot(): boolean {
    return this.frame.parent === undefined;
  }

  simplify(index: Index): Index {
    return simplifyIndex(index, this.frame.facts);
  }

  /** The element of a field: loaded, found again, or computed in the outermost fitting loop. */
  at(field: Field, index: readonly Index[]): Expr {
    const memory = this.shared.policy.memoryOf(field);
    const at = index.map((part) => this.simplify(part));
    if (field.cost === 'free' && memory === undefined) {
      this.shared.policy.computing(field, this.frame.iterations);
      return field.element(this, at);
    }
    const key = `${field.key}[${at.map((part) => printIndex(part)).join(',')}]`;
    const found = this.frame.found(key);
    if (found !== undefined) return found;
    const target = new Scope(this.shared, this.frame.homeOf(at));
    if (memory !== undefined) return target.loaded(field, memory, at, key, this);
    this.shared.policy.computing(field, target.frame.iterations);
    const value = field.element(target, at);
    this.shared.policy.computed(field, value, target.frame.iterations);
    const bound = target.bind(field.hint, value);
    target.frame.memo.set(key, bound);
    return bound;
  }

  /**
   * An element of memory. Positions that are not proven in bounds are checked, and only where they are read
   * (`reader`): an outer loop may run where the inner one does not.
   */
  private loaded(
    field: Field,
    memory: Buffer,
    at: readonly Index[],
    key: string,
    reader: Scope,
  ): Expr {
    // Memory may be larger than the value: positions are judged by the value's own extents.
    const open = at.map(
      (part, axis) =>
        !isWithin(part, field.shape[axis]!, this.facts) ||
        !isWithin(part, memory.shape[axis]!, this.facts),
    );
    const target = open.includes(true) ? reader : this;
    const safe = at.map((part, axis) => {
      if (open[axis]) return reader.checked(part, axis, field);
      // One position is in range: its formula may be one that later proofs lose.
      const extent = memory.shape[axis]!;
      return extent.kind === 'constant' && extent.value === 1 ? constant(0) : part;
    });
    const bound = target.bind(field.hint, load(memory, safe));
    target.frame.memo.set(key, bound);
    return bound;
  }

  private checked(index: Index, axis: number, field: Field): Index {
    const extent = field.shape[axis]!;
    const { policy } = this.shared;
    return this.bindChecked('in', indexValue(index), extent, policy.operatorOf(field));
  }

  /** Names a value, unless it is as short as a name. */
  bind(hint: string, value: Expr): Expr {
    if (value.kind === 'literal' || value.kind === 'read') return value;
    const name = this.fresh(hint);
    this.emit({ kind: 'let', name, value });
    return read(name, value.type, value.lanes);
  }

  /** An index that data gives; the run ends with the operator's id where it is outside [0, extent). */
  checkedIndex(hint: string, value: Expr, extent: Index, operator: string): Index {
    // What changes is looked at again every time.
    if (this.readsMutable(value)) return this.bindChecked(hint, value, extent, operator);
    const target = new Scope(this.shared, this.frame.homeOfExpr(value));
    const key = `checked ${printExpr(value)} in ${printIndex(extent)}`;
    const found = this.frame.found(key);
    if (found?.kind === 'indexValue') return found.index;
    const index = target.bindChecked(hint, value, extent, operator);
    target.frame.memo.set(key, { kind: 'indexValue', index, type: 'i64', lanes: 1 });
    return index;
  }

  private bindChecked(hint: string, value: Expr, extent: Index, operator: string): Index {
    return this.bindNamed(this.fresh(hint), value, extent, operator);
  }

  /** As `checkedIndex`, under a name that was given out before: a size that the program finds out. */
  bindSize(name: string, value: Expr, atMost: Index, operator: string): Index {
    this.frame.own(name);
    return this.bindNamed(name, value, add(atMost, 1), operator);
  }

  private bindNamed(name: string, value: Expr, extent: Index, operator: string): Index {
    this.emit({ kind: 'checkedIndex', name, value, extent, operator });
    const bound = normalForm(extent, this.frame.facts);
    if (bound !== undefined) this.frame.within(name, bound);
    return variable(name);
  }

  /** Runs `body` for every index below `extents`, outermost first. Extents of 1 need no loop. */
  loops(
    hint: string,
    extents: readonly Index[],
    body: (scope: Scope, index: readonly Index[]) => void,
    mode: LoopMode = 'serial',
    index: readonly Index[] = [],
  ): void {
    const [first, ...rest] = extents;
    if (first === undefined) return body(this, index);
    const extent = this.simplify(first);
    const next = (scope: Scope, at: Index): void => {
      scope.loops(hint, rest, body, mode === 'parallel' ? 'serial' : mode, [...index, at]);
    };
    if (extent.kind === 'constant') {
      if (extent.value <= 0) return;
      if (extent.value === 1) return this.loops(hint, rest, body, mode, [...index, constant(0)]);
    }
    const name = this.fresh(hint);
    const factor = normalForm(extent, this.frame.facts);
    const { iterations } = this.frame;
    const runs = iterations && factor && productOf(iterations, factor, this.frame.facts);
    const inner = this.child(insideLoop(this.frame.facts, name, extent), false, runs);
    inner.frame.own(name);
    next(inner, variable(name));
    inner.frame.close();
    if (inner.body.length === 0) return;
    this.emit({ kind: 'for', variable: name, extent, mode, body: inner.body });
  }

  /** `then` where all conditions hold, else `otherwise`; only one of them is evaluated. */
  choose(
    conditions: readonly IndexCondition[],
    then: (scope: Scope) => Expr,
    otherwise: (scope: Scope) => Expr,
  ): Expr {
    const open: IndexCondition[] = [];
    let { facts } = this.frame;
    for (const { op, a, b } of conditions) {
      const decided = decide({ op, a, b }, facts);
      if (decided === false) return otherwise(this);
      if (decided === true) continue;
      open.push({ op, a: simplifyIndex(a, facts), b: simplifyIndex(b, facts) });
      facts = assuming(facts, { op, a, b });
    }
    if (open.length === 0) return then(this);
    const condition = open.map(compareIndex).reduce((a, b) => binary('and', a, b));
    const [only] = open;
    const opposite =
      open.length === 1 && only ? assuming(this.frame.facts, only, false) : this.frame.facts;
    return this.select(condition, facts, opposite, then, otherwise);
  }

  /** As `choose`, on data. */
  chooseBy(condition: Expr, then: (scope: Scope) => Expr, otherwise: (scope: Scope) => Expr): Expr {
    const { facts } = this.frame;
    return this.select(condition, facts, facts, then, otherwise);
  }

  private select(
    condition: Expr,
    whenTrue: Facts,
    whenFalse: Facts,
    then: (scope: Scope) => Expr,
    otherwise: (scope: Scope) => Expr,
  ): Expr {
    const [yes, no] = [whenTrue, whenFalse].map((facts) =>
      this.child(facts, true, this.frame.iterations),
    ) as [Scope, Scope];
    const taken = then(yes);
    yes.frame.close();
    const other = otherwise(no);
    no.frame.close();
    const name = this.fresh('chosen');
    const simple = no.body.length === 0 && other.kind === 'literal';
    const initial: Expr = simple ? other : literal(taken.type, 0);
    this.emit({ kind: 'variable', name, initial });
    yes.emit({ kind: 'assign', name, value: taken });
    if (!simple) no.emit({ kind: 'assign', name, value: other });
    this.emit({ kind: 'if', condition, then: yes.body, otherwise: no.body });
    return read(name, taken.type);
  }

  /** Runs `body` only where the condition holds: imperative code. */
  when(condition: Expr, body: (scope: Scope) => void): void {
    const inner = this.child(this.frame.facts, true, this.frame.iterations);
    body(inner);
    inner.frame.close();
    this.emit({ kind: 'if', condition, then: inner.body, otherwise: [] });
  }

  /** One of two statement lists. */
  either(condition: Expr, then: (scope: Scope) => void, otherwise: (scope: Scope) => void): void {
    const [yes, no] = [
      this.child(this.frame.facts, true, UNIT),
      this.child(this.frame.facts, true, UNIT),
    ];
    then(yes);
    yes.frame.close();
    otherwise(no);
    no.frame.close();
    this.emit({ kind: 'if', condition, then: yes.body, otherwise: no.body });
  }

  /** Runs `body` again and again while the condition holds. Nothing moves out of the body. */
  repeat(condition: Expr, body: (scope: Scope) => void): void {
    const inner = this.child(this.frame.facts, true, UNIT);
    body(inner);
    inner.frame.close();
    this.emit({ kind: 'while', condition, body: inner.body });
  }

  /** Ends the run with the operator's id where the condition does not hold. */
  check(condition: Expr, operator: string, message: string): void {
    this.emit({ kind: 'check', condition, operator, message });
  }

  /** A scalar that changes: read it before or after, never keep the expression across an assignment. */
  mutable(hint: string, initial: Expr): Mutable {
    const name = this.fresh(hint);
    this.shared.mutables.add(name);
    this.emit({ kind: 'variable', name, initial });
    return {
      value: read(name, initial.type),
      set: (scope, value) => scope.emit({ kind: 'assign', name, value }),
    };
  }

  /** Combines `step` over all indices below `extents`, starting with `initial`. */
  fold(
    hint: string,
    initial: Expr,
    extents: readonly Index[],
    step: (scope: Scope, index: readonly Index[], soFar: Expr) => Expr,
  ): Expr {
    const total = this.mutable(hint, initial);
    this.loops('k', extents, (scope, index) => {
      total.set(scope, step(scope, index, total.value));
    });
    return total.value;
  }

  /** @param operator told where a position that is not proven in range is outside of the buffer. */
  store(
    buffer: Buffer,
    index: readonly Index[],
    value: Expr,
    operator: string = buffer.name,
  ): void {
    const at = index.map((part, axis) => {
      const simple = this.simplify(part);
      const extent = buffer.shape[axis]!;
      if (isWithin(simple, extent, this.frame.facts)) return simple;
      return this.bindChecked('in', indexValue(simple), extent, operator);
    });
    this.emit(store(buffer, at, isRoundedBy(buffer, value) ? value.a : value));
  }

  emit(stmt: Stmt): void {
    this.frame.body.push(stmt);
  }

  /** A name that no other statement has. `hint` must be an identifier of the compiler's own. */
  fresh(hint: string): string {
    return this.frame.fresh(hint);
  }

  private readsMutable(value: Expr): boolean {
    if (value.kind === 'read') return this.shared.mutables.has(value.name);
    return operandsOf(value).some((part) => this.readsMutable(part));
  }

  private child(facts: Facts, isBranch: boolean, iterations: Polynomial | undefined): Scope {
    return new Scope(this.shared, this.frame.child(facts, isBranch, iterations));
  }
}

export interface Mutable {
  readonly value: Expr;
  readonly set: (scope: Scope, value: Expr) => void;
}

/** Stores round to the type of the memory themselves. */
function isRoundedBy(
  { storage }: Buffer,
  value: Expr,
): value is Extract<Expr, { readonly kind: 'unary' }> {
  if (value.kind !== 'unary') return false;
  return value.op === (storage === 'f16' ? 'roundF16' : storage === 'bf16' ? 'roundBf16' : '');
}
