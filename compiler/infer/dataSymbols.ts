/**
 * Names of sizes that only a run knows. A name comes from the operator's id and a hint, so that it is the
 * same in every session and however often a body is inferred; two operators never share one.
 */
import type { Dim } from '../graph/dim.ts';
import { dimSymbol } from '../graph/dim.ts';
import type { SymbolInfo } from '../graph/graph.ts';

/** Value for ranking while nothing better is known (reference default for sizes that are not a batch). */
const FALLBACK = 64;
/** The end of an id tells operators apart, its start is mostly shared scopes. */
const LONGEST_STEM = 48;

export class DataSymbols {
  private readonly infos = new Map<string, SymbolInfo>();
  private readonly names = new Map<string, string>();

  constructor(private readonly taken: ReadonlyMap<string, SymbolInfo>) {}

  /** The size `hint` of operator `id`. */
  dim(id: string, hint: string, upperBound?: Dim): Dim {
    const key = `${id}\n${hint}`;
    const name = this.names.get(key) ?? this.freshName(id, hint);
    this.names.set(key, name);
    const bounded = typeof upperBound === 'number' ? Math.min(FALLBACK, upperBound) : FALLBACK;
    this.infos.set(name, {
      name,
      origin: 'data',
      fallback: bounded,
      ...(upperBound !== undefined && { upperBound }),
    });
    return dimSymbol(name);
  }

  has(name: string): boolean {
    return this.infos.has(name);
  }

  get all(): ReadonlyMap<string, SymbolInfo> {
    return this.infos;
  }

  private freshName(id: string, hint: string): string {
    const stem = `${harmless(id.slice(-LONGEST_STEM))}.${harmless(hint)}`;
    let name = stem;
    for (let i = 2; this.infos.has(name) || this.taken.has(name); i++) name = `${stem}_${i}`;
    return name;
  }
}

/** Nothing that has a meaning in the canonical form of dims, and nothing invisible. */
function harmless(text: string): string {
  return text.normalize('NFC').replace(/[^\p{L}\p{N}_.:]+/gu, '_');
}
