/**
 * Symbolic dims of the graph as index expressions. Sizes that are known before the program runs are its
 * parameters, numbered in order of first use: names out of a model never reach a program. Sizes that an
 * operator of the program finds out are names bound while it runs (`SizeFinder`).
 */
import type { Dim } from '../graph/dim.ts';
import { symbolsOf } from '../graph/dim.ts';
import type { Index } from '../loop/indexExpr.ts';
import {
  add,
  constant,
  floorDiv,
  max,
  min,
  mod,
  multiply,
  size,
  variable,
  visitNames,
  ZERO,
} from '../loop/indexExpr.ts';
import type { SizeParameter } from '../loop/ir.ts';
import { largestExtent } from './extents.ts';
import type { SymbolInfos } from './largestDim.ts';
import { largestDim } from './largestDim.ts';

/** A size bound inside the program. */
export interface InnerSize {
  readonly symbol: string;
  /** Name of the index variable that holds it. */
  readonly name: string;
  /** `undefined`: nothing bounds it, so nothing of that size can be kept in memory. */
  readonly atMost: Index | undefined;
}

/** A size without a bound is checked against this, so that no product of sizes leaves the exact integers. */
export const MOST_UNBOUNDED = 2 ** 20;

/** A larger bound is none: memory of that size does not exist. */
const MOST_BOUND = 2 ** 31;

interface Parameter extends SizeParameter {
  readonly symbol: string;
}

export class Sizes {
  private readonly byName = new Map<string, Parameter>();
  private readonly bySymbol = new Map<string, Parameter>();
  private readonly inner = new Map<string, InnerSize>();
  private readonly innerNames = new Map<string, InnerSize>();

  /** @param leastSize what a symbol is promised to be at least; default: 0 for data-dependent sizes, else 1. */
  constructor(
    private readonly symbols: SymbolInfos = new Map(),
    private readonly leastSize?: (symbol: string) => number,
  ) {}

  indexOf(dim: Dim): Index {
    if (typeof dim === 'number') return constant(dim);
    return dim.terms.reduce<Index>((sum, { coefficient, atoms }) => {
      const product = atoms.reduce<Index>((index, atom) => {
        if (atom.kind === 'symbol') return multiply(index, this.sizeOf(atom.name));
        const [a, b] = atom.args.map((arg) => this.indexOf(arg)) as [Index, Index];
        return multiply(index, callOf(atom.fn, a, b));
      }, constant(coefficient));
      return add(sum, product);
    }, ZERO);
  }

  shapeOf(shape: readonly Dim[]): readonly Index[] {
    return shape.map((dim) => this.indexOf(dim));
  }

  /** Size parameters used so far, with the symbols they stand for. */
  get parameters(): readonly Parameter[] {
    return [...this.bySymbol.values()];
  }

  /** The program finds this symbol out itself; before the symbol is first used. */
  declareInner(symbol: string): InnerSize {
    const known = this.inner.get(symbol);
    if (known !== undefined) return known;
    const largest = this.largestOf(symbol);
    const atMost = largest === undefined ? undefined : this.indexOf(largest);
    const found = { symbol, name: `inner${this.inner.size}_`, atMost };
    this.inner.set(symbol, found);
    this.innerNames.set(found.name, found);
    return found;
  }

  innerSize(symbol: string): InnerSize | undefined {
    return this.inner.get(symbol);
  }

  isData(symbol: string): boolean {
    return this.symbols.get(symbol)?.origin === 'data';
  }

  /** Whether an extent has a size in it that only a run knows. */
  isDataDependent(dim: Index): boolean {
    let isData = false;
    visitNames(dim, (kind, name) => {
      if (this.largestNamed(kind, name) !== 'fixed') isData = true;
    });
    return isData;
  }

  /** Extents in memory, data-dependent sizes at their bounds; `undefined` where one has none. */
  physical(shape: readonly Index[]): readonly Index[] | undefined {
    const extents = shape.map((dim) => this.physicalDim(dim));
    return extents.includes(undefined) ? undefined : (extents as Index[]);
  }

  private physicalDim(dim: Index): Index | undefined {
    if (!this.isDataDependent(dim)) return dim;
    return largestExtent(dim, (kind, name) => this.largestNamed(kind, name));
  }

  private largestNamed(kind: 'size' | 'variable', name: string): Index | 'fixed' | undefined {
    if (kind === 'variable') return this.innerNames.get(name)?.atMost;
    const parameter = this.byName.get(name);
    if (parameter === undefined || !this.isData(parameter.symbol)) return 'fixed';
    return parameter.atMost;
  }

  private sizeOf(symbol: string): Index {
    const found = this.inner.get(symbol);
    return found === undefined ? size(this.parameterOf(symbol).name) : variable(found.name);
  }

  private parameterOf(symbol: string): Parameter {
    const known = this.bySymbol.get(symbol);
    if (known !== undefined) return known;
    const isData = this.isData(symbol);
    // The bound first: it mentions sizes of inputs only, which become parameters before this one.
    const largest = isData ? this.largestOf(symbol) : undefined;
    const atMost = largest === undefined ? undefined : this.indexOf(largest);
    const parameter: Parameter = {
      symbol,
      name: `size${this.bySymbol.size}`,
      atLeast: this.leastSize?.(symbol) ?? (isData ? 0 : 1),
      ...(atMost !== undefined && { atMost }),
    };
    this.bySymbol.set(symbol, parameter);
    this.byName.set(parameter.name, parameter);
    return parameter;
  }

  /** A bound over sizes of inputs. */
  private largestOf(symbol: string): Dim | undefined {
    const bound = this.symbols.get(symbol)?.upperBound;
    const largest = bound === undefined ? undefined : largestDim(bound, this.symbols);
    if (largest === undefined || Number(largest) > MOST_BOUND) return undefined;
    return [...symbolsOf(largest)].some((name) => this.isData(name)) ? undefined : largest;
  }
}

function callOf(fn: string, a: Index, b: Index): Index {
  switch (fn) {
    case 'floordiv':
      return floorDiv(a, b);
    case 'mod':
      return mod(a, b);
    case 'min':
      return min(a, b);
    default:
      // Sizes that broadcast are equal or 1; none of them is 0 unless both are.
      return max(a, b);
  }
}
