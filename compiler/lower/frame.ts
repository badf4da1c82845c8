/**
 * The stack of open loops and branches while lowering: the statements of each, what is known inside of it, the values that
 * were found there, and in which one a name is bound.
 */
import type { Expr } from '../loop/expr.ts';
import { indicesOf, operandsOf } from '../loop/expr.ts';
import type { Facts } from '../loop/facts.ts';
import type { Index } from '../loop/indexExpr.ts';
import { visitNames } from '../loop/indexExpr.ts';
import type { Stmt } from '../loop/ir.ts';
import type { Polynomial } from '../loop/polynomial.ts';
import { UNIT } from '../loop/polynomial.ts';

/** Hints that names of arguments start with: those are numbered as well. */
const ARGUMENTS: ReadonlySet<string> = new Set(['in', 'out', 'size', 'count', 'inner']);

/** What all frames of a program share. */
interface Bound {
  /** Frame in which a name is bound. */
  readonly owner: Map<string, Frame>;
  readonly open: Set<Frame>;
  counter: number;
}

export class Frame {
  readonly body: Stmt[] = [];
  /** Values found in the frame, by what they are: good for all frames inside. */
  readonly memo = new Map<string, Expr>();
  private readonly depth: number;

  private constructor(
    private readonly bound: Bound,
    readonly parent: Frame | undefined,
    /** Nothing moves out of a branch: what it holds may be undefined outside. */
    private readonly isBranch: boolean,
    public facts: Facts,
    /** Times that a statement of the frame runs; undefined where too complex. */
    readonly iterations: Polynomial | undefined,
  ) {
    this.depth = parent ? parent.depth + 1 : 0;
    bound.open.add(this);
  }

  static root(facts: Facts): Frame {
    const bound = { owner: new Map<string, Frame>(), open: new Set<Frame>(), counter: 0 };
    return new Frame(bound, undefined, false, facts, UNIT);
  }

  child(facts: Facts, isBranch: boolean, iterations: Polynomial | undefined): Frame {
    return new Frame(this.bound, this, isBranch, facts, iterations);
  }

  close(): void {
    this.bound.open.delete(this);
  }

  get outermost(): Frame {
    return this.parent?.outermost ?? this;
  }

  /** A value that was found here or in a frame around this one. */
  found(key: string): Expr | undefined {
    return this.memo.get(key) ?? this.parent?.found(key);
  }

  /** A name that no other statement has, bound here. `hint` must be an identifier of the compiler's own. */
  fresh(hint: string): string {
    const name = `${hint}${ARGUMENTS.has(hint) ? '_' : ''}${this.bound.counter++}`;
    this.own(name);
    return name;
  }

  own(name: string): void {
    this.bound.owner.set(name, this);
  }

  /** The index `name` is below `extent`, here and in all open frames inside. */
  within(name: string, extent: Polynomial): void {
    for (const frame of this.bound.open) {
      if (frame.isInside(this)) frame.facts = frame.facts.within(name, extent);
    }
  }

  private isInside(ancestor: Frame): boolean {
    return this === ancestor || this.parent?.isInside(ancestor) === true;
  }

  /** The outermost frame in which everything that the indices mention is bound. */
  homeOf(indices: readonly Index[], least = 0): Frame {
    let depth = least;
    for (const index of indices) {
      visitNames(index, (_, name) => {
        depth = Math.max(depth, this.depthOf(name));
      });
    }
    return this.outTo(depth);
  }

  /** Out of loops, not of branches. */
  private outTo(depth: number): Frame {
    return this.depth <= depth || this.isBranch ? this : this.parent!.outTo(depth);
  }

  homeOfExpr(value: Expr): Frame {
    let depth = 0;
    const indices: Index[] = [];
    const walk = (expr: Expr): void => {
      indices.push(...indicesOf(expr));
      if (expr.kind === 'read') depth = Math.max(depth, this.depthOf(expr.name));
      operandsOf(expr).forEach(walk);
    };
    walk(value);
    return this.homeOf(indices, depth);
  }

  private depthOf(name: string): number {
    return this.bound.owner.get(name)?.depth ?? 0;
  }
}
