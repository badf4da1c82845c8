/**
 * Symbolic dims of the graph as index expressions over size parameters. Parameters are numbered in order of
 * first use: names out of a model never reach a program.
 */
import type { Dim } from '../graph/dim.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, constant, floorDiv, max, min, mod, multiply, size, ZERO } from '../loop/indexExpr.ts';
import type { SizeParameter } from '../loop/ir.ts';

export class Sizes {
  private readonly names = new Map<string, string>();

  /** @param least value that a symbol is promised to have at least; 0 for sizes that only a run knows. */
  constructor(private readonly least: (symbol: string) => number = () => 1) {}

  indexOf(dim: Dim): Index {
    if (typeof dim === 'number') return constant(dim);
    return dim.terms.reduce<Index>((sum, { coefficient, atoms }) => {
      const product = atoms.reduce<Index>((index, atom) => {
        if (atom.kind === 'symbol') return multiply(index, size(this.nameOf(atom.name)));
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
  get parameters(): readonly (SizeParameter & { readonly symbol: string })[] {
    return [...this.names].map(([symbol, name]) => ({ symbol, name, atLeast: this.least(symbol) }));
  }

  private nameOf(symbol: string): string {
    let name = this.names.get(symbol);
    if (name === undefined) {
      name = `size${this.names.size}`;
      this.names.set(symbol, name);
    }
    return name;
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
