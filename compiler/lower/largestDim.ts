/**
 * Upper bounds of dims whose sizes only a run knows: what memory is laid out for. Interval arithmetic over the
 * bounds that inference gave to data-dependent sizes; sizes of inputs stay as they are.
 */
import type { Dim } from '../graph/dim.ts';
import {
  dimAdd,
  dimFloorDiv,
  dimMax,
  dimMin,
  dimMul,
  dimSub,
  dimSymbol,
  isSymbolic,
} from '../graph/dim.ts';
import type { SymbolInfo } from '../graph/graph.ts';
import { smallerDim } from '../ops/dimBounds.ts';

export type SymbolInfos = ReadonlyMap<string, Pick<SymbolInfo, 'origin' | 'upperBound'>>;

interface Interval {
  /** `undefined` where nothing is known. */
  readonly low: Dim | undefined;
  readonly high: Dim | undefined;
}

type Atom = Extract<Dim, object>['terms'][number]['atoms'][number];

/** The largest value of a dim over sizes of inputs; `undefined` where a size has no bound. */
export function largestDim(dim: Dim, symbols: SymbolInfos): Dim | undefined {
  return new Bounds(symbols).of(dim).high;
}

class Bounds {
  /** Symbols whose bounds are being looked at: hostile bounds may name each other. */
  private readonly open = new Set<string>();
  private readonly known = new Map<string, Interval>();

  constructor(private readonly symbols: SymbolInfos) {}

  of(dim: Dim): Interval {
    if (!isSymbolic(dim)) return { low: dim, high: dim };
    let total: Interval = { low: 0, high: 0 };
    for (const { coefficient, atoms } of dim.terms) {
      // Factors are sizes and functions of sizes, none of them negative.
      let factor: Interval = { low: 1, high: 1 };
      for (const atom of atoms) factor = each(factor, this.atom(atom), dimMul);
      const scaled = each(factor, { low: coefficient, high: coefficient }, dimMul);
      const part = coefficient < 0 ? { low: scaled.high, high: scaled.low } : scaled;
      total = each(total, part, dimAdd);
    }
    return total;
  }

  private atom(atom: Atom): Interval {
    if (atom.kind === 'symbol') return this.symbol(atom.name);
    const [a, b] = atom.args.map((arg) => this.of(arg)) as [Interval, Interval];
    switch (atom.fn) {
      case 'min':
        return {
          low: either(a.low, b.low, dimMin),
          high:
            a.high === undefined || b.high === undefined
              ? (a.high ?? b.high)
              : smallerDim(a.high, b.high),
        };
      case 'max':
      case 'broadcast':
        return each(a, b, dimMax);
      case 'floordiv':
        return {
          low: a.low === 0 ? 0 : undefined,
          high:
            a.high === undefined || !(typeof b.low === 'number' && b.low >= 1)
              ? a.high
              : dimFloorDiv(a.high, b.low),
        };
      case 'mod':
        return { low: 0, high: b.high === undefined ? undefined : dimSub(b.high, 1) };
    }
  }

  private symbol(name: string): Interval {
    const info = this.symbols.get(name);
    if (info?.origin !== 'data') return { low: dimSymbol(name), high: dimSymbol(name) };
    const before = this.known.get(name);
    if (before !== undefined) return before;
    if (info.upperBound === undefined || this.open.has(name)) return { low: 0, high: undefined };
    this.open.add(name);
    const { high } = this.of(info.upperBound);
    this.open.delete(name);
    const found = { low: 0, high };
    this.known.set(name, found);
    return found;
  }
}

function each(a: Interval, b: Interval, of: (x: Dim, y: Dim) => Dim): Interval {
  return { low: either(a.low, b.low, of), high: either(a.high, b.high, of) };
}

function either(
  a: Dim | undefined,
  b: Dim | undefined,
  of: (x: Dim, y: Dim) => Dim,
): Dim | undefined {
  return a === undefined || b === undefined ? undefined : of(a, b);
}
