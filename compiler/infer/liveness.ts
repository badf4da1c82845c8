/**
 * Which operators of an inferred graph are still needed.
 *
 * A value is *settled* when it needs no operator any more: all its elements are numbers (it becomes a
 * constant), or it holds whole numbers that are known as expressions of sizes. The latter are what exporters'
 * `Shape → Gather → Concat` chains compute; a run evaluates the expressions in `known` once the sizes
 * are there. Operators that only feed settled values, or nothing, are dead.
 */
import type { Dim } from '../graph/dim.ts';
import { isSymbolic, symbolsOf } from '../graph/dim.ts';
import type { Graph, KnownTensor, Operator } from '../graph/graph.ts';
import type { ValueType } from '../graph/types.ts';
import { isInteger } from '../ops/arithmetic.ts';
import { isFullyKnown, isNumeric } from '../ops/known.ts';
import type { GraphFacts } from './facts.ts';

export interface Liveness {
  /** By operator index. */
  readonly operators: readonly boolean[];
  /** By value index. */
  readonly settled: readonly boolean[];
}

/** `bodies`: final graphs of an operator's subgraphs (their sizes keep operators alive too). */
export function findLive(
  facts: GraphFacts,
  capturesOf: (operator: Operator) => readonly number[],
  bodies: (operator: Operator) => Iterable<Graph>,
): Liveness {
  const { graph } = facts;
  const settled = graph.values.map(
    (value) => value.producer >= 0 && isSettled(facts, value.index, value.isOutput),
  );
  const live = new Array<boolean>(graph.operators.length).fill(false);
  const pending: number[] = [];
  const need = (operator: number | undefined): void => {
    if (operator === undefined || operator < 0 || live[operator]) return;
    live[operator] = true;
    pending.push(operator);
  };
  const needValue = (index: number): void => {
    if (index >= 0 && !settled[index]) need(graph.values[index]?.producer);
  };
  const sizes = new SizeOwners(facts, need);

  graph.outputs.forEach((output) => {
    needValue(output);
    sizes.needValue(output);
  });
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const operator = graph.operators[next] as Operator;
    for (const value of [...operator.inputs, ...capturesOf(operator)]) {
      needValue(value);
      sizes.needValue(value);
    }
    operator.outputs.forEach((value) => sizes.needValue(value));
    for (const body of bodies(operator)) sizes.needGraph(body);
  }
  return { operators: live, settled };
}

/** Graph outputs have to be written by someone: only plain constants are settled there. */
function isSettled({ known, types }: GraphFacts, index: number, isOutput: boolean): boolean {
  const value = known[index];
  const type = types[index];
  if (!value || type?.kind !== 'tensor') return false;
  if (isNumeric(value)) return true;
  return !isOutput && (isInteger(type.dtype) || type.dtype === 'bool') && isFullyKnown(value);
}

/** Keeps the operators alive whose data-dependent results are the sizes of values still in use. */
class SizeOwners {
  private readonly seen = new Set<string>();

  constructor(
    private readonly facts: GraphFacts,
    private readonly need: (operator: number | undefined) => void,
  ) {}

  needValue(index: number): void {
    if (index < 0 || this.facts.symbolOwners.size === 0) return;
    this.needType(this.facts.types[index]);
    this.needKnown(this.facts.known[index]);
  }

  needGraph(graph: Graph): void {
    if (this.facts.symbolOwners.size === 0) return;
    for (const value of graph.values) {
      this.needType(value.type);
      this.needKnown(value.known);
    }
    for (const operator of graph.operators) {
      for (const body of operator.subgraphs.values()) this.needGraph(body);
    }
  }

  private needType(type: ValueType | undefined): void {
    if (type?.kind === 'tensor') type.shape?.forEach((dim) => this.needDim(dim));
    else if (type?.kind === 'sequence' || type?.kind === 'optional') this.needType(type.element);
  }

  private needKnown(known: KnownTensor | undefined): void {
    known?.data.forEach((element) => this.needDim(element));
  }

  private needDim(dim: Dim | undefined): void {
    if (!isSymbolic(dim) || this.seen.has(dim.key)) return;
    this.seen.add(dim.key);
    for (const name of symbolsOf(dim)) this.need(this.facts.symbolOwners.get(name));
  }
}
