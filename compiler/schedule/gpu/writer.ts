/**
 * Writes the statements of a work-group's kernel front to back, knowing at each place what holds there: indices are
 * simplified and named, conditions decided where ranges prove them, every bound name is new. Loops of groups and
 * items stay even where they run once, since emitters read launch sizes from them.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import { binary, compareIndex } from '../../loop/expr.ts';
import type { Index, IndexCondition } from '../../loop/indexExpr.ts';
import {
  add,
  constant,
  floorDiv,
  min,
  mod,
  multiply,
  product,
  subtract,
  variable,
  ZERO,
} from '../../loop/indexExpr.ts';
import type { LoopMode, Stmt } from '../../loop/ir.ts';
import { branch, loop as loopOf } from '../../loop/ir.ts';
import type { Facts } from '../../loop/facts.ts';
import { factsAfter, simplifyBody } from '../../loop/simplify.ts';
import { assuming, decide, insideLoop, isWithin, simplifyIndex } from '../../loop/simplifyIndex.ts';
import { rangeOf } from './ranges.ts';
import { gathered } from '../transform/affine.ts';
import type { Names } from '../transform/names.ts';
import type { Place } from '../transform/place.ts';
import type { Replacements } from '../transform/rewrite.ts';
import { copyBody } from '../transform/rewrite.ts';

/** An index space in one dimension: loop variables and their extents, outermost first. */
export interface Extent {
  readonly variable: string;
  readonly extent: Index;
}

export class Writer {
  readonly body: Stmt[] = [];
  facts: Facts;
  readonly names: Names;

  constructor({ facts, names }: Place) {
    this.facts = facts;
    this.names = names;
  }

  get place(): Place {
    return { facts: this.facts, names: this.names };
  }

  simplify(index: Index): Index {
    return simplifyIndex(index, this.facts);
  }

  /** The value, simplified; under a name unless it is a sum of multiples. */
  index(hint: string, value: Index): Index {
    const simple = this.simplify(value);
    return gathered(simple) === undefined ? this.named(hint, simple) : simple;
  }

  private named(hint: string, value: Index): Index {
    const name = this.names.fresh(hint);
    this.emit({ kind: 'letIndex', name, value });
    return variable(name);
  }

  /**
   * The index, kept inside [0, extent) where it may leave that. Of an extent that only a run knows, its largest value
   * limits the index: enough to stay inside of memory.
   */
  clamped(hint: string, value: Index, extent: Index): Index {
    const simple = this.simplify(value);
    const limit = this.largest(extent) ?? extent;
    const inside = isWithin(simple, limit, this.facts);
    return this.index(hint, inside ? simple : min(simple, subtract(limit, 1)));
  }

  /** A number that the extent does not exceed, from the bounds of names and sizes in it. */
  private largest(extent: Index): Index | undefined {
    const most = rangeOf(extent, this.facts)[1];
    return Number.isFinite(most) ? constant(most) : undefined;
  }

  /**
   * One index for each part of a flat one, row-major. Quotients are kept in range where that is not proven: of sums the
   * simplifier divides what it can, and the rest may seem to reach too far.
   */
  decoded(flat: Index, parts: readonly Extent[]): ReadonlyMap<string, Index> {
    const result = new Map<string, Index>();
    let rest = flat;
    for (let at = parts.length - 1; at >= 0; at--) {
      const { variable: name, extent } = parts[at]!;
      if (at === 0) result.set(name, this.clamped(name, rest, extent));
      else {
        result.set(name, this.index(name, mod(rest, extent)));
        const left = product(parts.slice(0, at).map((part) => part.extent));
        rest = this.clamped(`${name}q`, floorDiv(rest, extent), left);
      }
    }
    return result;
  }

  /**
   * The parts of a flat index, kept inside `extent`, where `width` elements are taken at a time: indices of the first of
   * them. The width divides the last part, and the flat index where the run starts.
   */
  decodedRun(
    hint: string,
    flat: Index,
    extent: Index,
    parts: readonly Extent[],
    width: number,
  ): ReadonlyMap<string, Index> {
    const at = this.clamped(hint, floorDiv(flat, width), floorDiv(extent, width));
    if (width === 1) return this.decoded(at, parts);
    const last = parts.at(-1)!;
    const runs = [...parts.slice(0, -1), { ...last, extent: floorDiv(last.extent, width) }];
    const decoded = new Map(this.decoded(at, runs));
    return decoded.set(last.variable, multiply(decoded.get(last.variable)!, width));
  }

  emit(stmt: Stmt): void {
    this.body.push(stmt);
    this.facts = factsAfter(stmt, this.facts);
  }

  /** Statements under new names, simplified. */
  copy(body: readonly Stmt[], replacements: Replacements = {}): void {
    const copied = copyBody(body, this.names, replacements);
    for (const stmt of simplifyBody(copied, this.facts)) this.emit(stmt);
  }

  local(buffer: Buffer): void {
    this.emit({ kind: 'local', buffer });
  }

  /** Those of the conditions that ranges do not prove, simplified; `undefined` where one never holds. */
  open(conditions: readonly IndexCondition[]): readonly IndexCondition[] | undefined {
    const open: IndexCondition[] = [];
    let { facts } = this;
    for (const { op, a, b } of conditions) {
      const decided = decide({ op, a, b }, facts);
      if (decided === false) return undefined;
      if (decided === true) continue;
      open.push({ op, a: simplifyIndex(a, facts), b: simplifyIndex(b, facts) });
      facts = assuming(facts, { op, a, b });
    }
    return open;
  }

  /** What `write` writes, where all conditions hold. */
  when(conditions: readonly IndexCondition[], write: (inside: Writer) => void): void {
    const open = this.open(conditions);
    if (open === undefined) return;
    if (open.length === 0) {
      write(this);
      return;
    }
    const inside = this.child(open.reduce((facts, part) => assuming(facts, part), this.facts));
    write(inside);
    if (inside.body.length === 0) return;
    const condition = open
      .map((part): Expr => compareIndex(part))
      .reduce((a, b) => binary('and', a, b));
    this.emit(branch(condition, inside.body));
  }

  /** A loop; gone where it runs once, unless groups or items run it. */
  loop(
    hint: string,
    extent: Index,
    mode: LoopMode,
    write: (inside: Writer, variable: Index) => void,
  ): void {
    const simple = this.simplify(extent);
    const once = simple.kind === 'constant' && simple.value === 1;
    if (once && mode !== 'group' && mode !== 'item') {
      write(this, ZERO);
      return;
    }
    const name = this.names.fresh(hint);
    const inside = this.child(insideLoop(this.facts, name, simple));
    write(inside, variable(name));
    if (inside.body.length > 0) this.emit(loopOf(name, simple, inside.body, mode));
  }

  /** Work-groups, one loop per extent, outermost first. */
  groups(
    extents: readonly Index[],
    write: (inside: Writer, at: readonly Index[]) => void,
    at: readonly Index[] = [],
  ): void {
    const [first, ...rest] = extents;
    if (first === undefined) {
      write(this, at);
      return;
    }
    this.loop('group', first, 'group', (inside, variable) =>
      inside.groups(rest, write, [...at, variable]),
    );
  }

  private child(facts: Facts): Writer {
    return new Writer({ facts, names: this.names });
  }
}

/** a * factor + b. */
export function scaled(a: Index, factor: Index | number, b: Index): Index {
  return add(multiply(a, factor), b);
}
