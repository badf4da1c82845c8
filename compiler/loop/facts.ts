/**
 * What is known of variables and sizes at one place of a program: loop bounds, least sizes, conditions of the
 * branches around it. Immutable; each loop or branch derives facts of its own.
 */
import type { Index } from './indexExpr.ts';
import type { Polynomial } from './polynomial.ts';
import { NOUGHT, polyConstant, polySubtract, TooComplex } from './polynomial.ts';

export interface Bounds {
  /** Later bindings have larger numbers, so bounds mention only smaller ones. */
  readonly order: number;
  /** Inclusive. */
  readonly min: Polynomial;
  readonly max: Polynomial;
  /** Kept as a name although its value is known: what stands for it is longer and takes time to compute. */
  readonly opaque?: true;
}

/** Work that one question may take, in terms looked at: hostile expressions must not hang the compiler. */
const MOST_WORK = 20_000;

export class OutOfWork extends TooComplex {}

/** Shared by all facts derived from one root, since one question may ask under several of them. */
export class WorkBudget {
  private left = MOST_WORK;

  refill(): void {
    this.left = MOST_WORK;
  }

  /** Throws OutOfWork when nothing is left. */
  spend(work: number): void {
    this.left -= work;
    if (this.left < 0) throw new OutOfWork();
  }
}

export class Facts {
  /** Results of proofs under these facts, by polynomial. */
  readonly proofs = new Map<string, boolean>();
  /** Normal forms of expressions under these facts: shared parts are walked once. */
  readonly forms = new WeakMap<Index, Polynomial>();

  private constructor(
    private readonly variables: ReadonlyMap<string, Bounds>,
    private readonly sizes: ReadonlyMap<string, number>,
    /** Polynomials that are not negative. */
    readonly assumptions: readonly Polynomial[],
    readonly budget: WorkBudget,
    private readonly largest: ReadonlyMap<string, Polynomial>,
  ) {}

  /**
   * @param sizes least value by name; 1 for every other size.
   * @param largest values that sizes do not exceed, in terms of sizes that are not named here.
   */
  static of(
    sizes: ReadonlyMap<string, number> = new Map(),
    largest: ReadonlyMap<string, Polynomial> = new Map(),
  ): Facts {
    return new Facts(new Map(), sizes, [], new WorkBudget(), largest);
  }

  boundsOf(name: string): Bounds | undefined {
    return this.variables.get(name);
  }

  leastSize(name: string): number {
    return this.sizes.get(name) ?? 1;
  }

  largestSize(name: string): Polynomial | undefined {
    return this.largest.get(name);
  }

  /** Inside a loop of this extent, or after an index was checked against it. */
  within(name: string, extent: Polynomial): Facts {
    return this.bound(name, NOUGHT, polySubtract(extent, polyConstant(1)));
  }

  /** A name for a value. */
  equals(name: string, value: Polynomial): Facts {
    return this.bound(name, value, value);
  }

  /** A name for a value that expressions go on calling by the name. */
  named(name: string, value: Polynomial): Facts {
    return this.set(name, { order: this.variables.size, min: value, max: value, opaque: true });
  }

  bound(name: string, min: Polynomial, max: Polynomial): Facts {
    return this.set(name, { order: this.variables.size, min, max });
  }

  /** Other bounds for a variable that is bound already. */
  rebound(name: string, bounds: Bounds): Facts {
    return this.set(name, bounds);
  }

  private set(name: string, bounds: Bounds): Facts {
    const variables = new Map(this.variables).set(name, bounds);
    return new Facts(variables, this.sizes, this.assumptions, this.budget, this.largest);
  }

  assume(...notNegative: readonly Polynomial[]): Facts {
    if (notNegative.length === 0) return this;
    const all = [...this.assumptions, ...notNegative];
    return new Facts(this.variables, this.sizes, all, this.budget, this.largest);
  }
}
