/**
 * Sizes that an operator decides by running (NonZero's count …) and that another reads although no tensor
 * flows between the two: shape arithmetic was evaluated away and only the size expression is left. Such a
 * reader still has to run later, in another block, so the ECG carries an edge for it.
 */
import { isSymbolic, symbolsOf } from '../graph/dim.ts';
import type { Dim } from '../graph/dim.ts';
import type { Graph, SymbolInfo, Value } from '../graph/graph.ts';
import type { ValueType } from '../graph/types.ts';

export interface SizeRead {
  readonly from: number;
  readonly to: number;
  /** Output of `from` on which the size stands. */
  readonly value: number;
}

/** `decides`: whether a size of the operator's results is known only after it ran. */
export function findSizeReads(
  graph: Graph,
  symbols: ReadonlyMap<string, SymbolInfo>,
  decides: (operator: number) => boolean,
): readonly SizeRead[] {
  if (![...symbols.values()].some(({ origin }) => origin === 'data')) return [];
  const owners = findOwners(graph, symbols);
  const reads: SizeRead[] = [];
  for (const operator of graph.operators) {
    const found = new Map<number, number>();
    for (const input of operator.inputs) {
      const value = graph.values[input];
      if (!value || !isSizeExpression(value)) continue;
      for (const name of symbolsOfElements(value)) {
        const owner = owners.get(name);
        if (owner === undefined) continue;
        const from = graph.values[owner]?.producer ?? -1;
        if (from >= 0 && from !== operator.index && decides(from)) found.set(from, owner);
      }
    }
    for (const [from, value] of found) reads.push({ from, to: operator.index, value });
  }
  return reads;
}

/** The value on which each data-dependent size stands first: its producer brought the size in. */
function findOwners(
  graph: Graph,
  symbols: ReadonlyMap<string, SymbolInfo>,
): ReadonlyMap<string, number> {
  const owners = new Map<string, number>();
  for (const operator of graph.operators) {
    for (const output of operator.outputs) {
      const type = graph.values[output]?.type;
      for (const name of type ? symbolsOfType(type) : []) {
        if (symbols.get(name)?.origin === 'data' && !owners.has(name)) owners.set(name, output);
      }
    }
  }
  return owners;
}

function isSizeExpression(value: Value): boolean {
  return (
    value.producer < 0 &&
    !value.isInput &&
    !value.constant &&
    value.outer === undefined &&
    !!value.known
  );
}

function symbolsOfElements({ known }: Value): ReadonlySet<string> {
  const names = new Set<string>();
  for (const element of known?.data ?? []) if (isSymbolic(element)) symbolsOf(element, names);
  return names;
}

function symbolsOfType(type: ValueType): ReadonlySet<string> {
  const names = new Set<string>();
  if (type.kind === 'tensor') type.shape?.forEach((dim: Dim) => symbolsOf(dim, names));
  return names;
}
