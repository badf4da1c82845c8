/**
 * Collects the sizes that a model leaves open, in the order in which they are met: graph inputs first.
 */
import { dimSymbol, symbolsOf } from '../graph/dim.ts';
import type { Dim } from '../graph/dim.ts';
import type { SymbolInfo } from '../graph/graph.ts';
import { dimOfParam, symbolName } from './dimParam.ts';

/** Sizes for ranking while unbound (design section 4). */
const BATCH_FALLBACK = 1;
const OTHER_FALLBACK = 64;

export class Symbols {
  private readonly infos = new Map<string, SymbolInfo>();
  /** Symbol name -> value name that it was made of; two values must never share a symbol by accident. */
  private readonly owners = new Map<string, string>();
  /** Given to symbols that are new: 'input' while the main graph's inputs are read, then 'data'. */
  origin: SymbolInfo['origin'] = 'input';

  get all(): ReadonlyMap<string, SymbolInfo> {
    return this.infos;
  }

  /** The dim of a `dim_param`; unusable texts count as unnamed. */
  ofParam(text: string, owner: string, axis: number): Dim {
    const dim = dimOfParam(text);
    if (dim === undefined) return this.unnamed(owner, axis);
    for (const name of symbolsOf(dim)) this.add(name, axis);
    return dim;
  }

  /** A size without a name: '<value>.<axis>'. */
  unnamed(owner: string, axis: number): Dim {
    let base = symbolName(owner);
    for (let count = 2; (this.owners.get(base) ?? owner) !== owner; count++) {
      base = `${symbolName(owner)}_${count}`;
    }
    this.owners.set(base, owner);
    const name = `${base}.${axis}`;
    this.add(name, axis);
    return dimSymbol(name);
  }

  private add(name: string, axis: number): void {
    if (this.infos.has(name)) return;
    const fallback = axis === 0 || /batch/i.test(name) ? BATCH_FALLBACK : OTHER_FALLBACK;
    this.infos.set(name, { name, origin: this.origin, fallback });
  }
}
