/**
 * The sizes that a bundle finds out while it runs: numbered, named by the compiler, each with the bound that memory
 * is laid out for.
 */
import type { Dim } from '../graph/dim.ts';
import { dimSymbol } from '../graph/dim.ts';
import type { Model } from '../graph/graph.ts';
import type { Index } from '../loop/indexExpr.ts';
import type { LoweredBlock } from '../lower/block.ts';
import { MOST_UNBOUNDED, Sizes } from '../lower/sizes.ts';
import { quoted } from '../onnx/names.ts';
import type { Bundle } from './bundle.ts';
import { BundleError } from './bundleError.ts';

export class BundleSizes {
  private readonly sizes: Sizes;
  /** Symbols that some step has found by now. */
  private readonly known = new Set<string>();

  constructor(model: Model) {
    this.sizes = new Sizes(model.symbols);
  }

  get symbols(): Bundle['symbols'] {
    return this.sizes.parameters.map(({ name, symbol, atMost }) => ({
      name,
      symbol,
      upperBound: atMost?.kind === 'constant' ? atMost.value : MOST_UNBOUNDED,
    }));
  }

  indexOf(dim: Dim): Index {
    return this.sizes.indexOf(dim);
  }

  /** Index into `symbols`. */
  symbol(name: string): number {
    this.sizes.indexOf(dimSymbol(name));
    return this.sizes.parameters.findIndex(({ symbol }) => symbol === name);
  }

  /** The same, for a step that finds it out. */
  found(name: string): number {
    this.known.add(name);
    return this.symbol(name);
  }

  /** Throws BundleError unless everything that the program needs to know was found by an earlier step. */
  require({ symbols }: LoweredBlock): void {
    for (const symbol of symbols.values()) {
      if (!this.sizes.isData(symbol)) {
        throw new BundleError(`The size ${quoted(symbol)} is open: give a number for it.`);
      }
      if (!this.known.has(symbol)) {
        throw new BundleError(`The size ${quoted(symbol)} is used before anything gives it.`);
      }
    }
  }
}
