/**
 * Numbers for ranking while sizes are open: bound symbols have their value, the others their default (1
 * for a batch, 64 otherwise, less where an upper bound is smaller).
 */
import type { Bindings, Dim } from '../graph/dim.ts';
import { evaluateDim, isSymbolic } from '../graph/dim.ts';
import type { SymbolInfo } from '../graph/graph.ts';

/** For sizes that no symbol table knows. */
const DEFAULT_SIZE = 64;

export class Estimator {
  /** By canonical text: the same few expressions stand on thousands of tensors. */
  private readonly values = new Map<string, number>();

  constructor(
    private readonly symbols: ReadonlyMap<string, SymbolInfo>,
    private readonly bindings: Bindings,
  ) {}

  /** Never negative and always finite. */
  value(dim: Dim): number {
    if (!isSymbolic(dim)) return bounded(dim);
    const cached = this.values.get(dim.key);
    if (cached !== undefined) return cached;
    const value = bounded(evaluateDim(dim, (name) => this.symbol(name)));
    this.values.set(dim.key, value);
    return value;
  }

  private symbol(name: string): number {
    return this.bindings.get(name) ?? this.symbols.get(name)?.fallback ?? DEFAULT_SIZE;
  }
}

function bounded(value: number): number {
  return Number.isFinite(value) ? Math.max(0, value) : value > 0 ? Number.MAX_SAFE_INTEGER : 0;
}
