/**
 * What code generation says to planners: an operator may share a block when its rule lowers it. Rules are run, but
 * nothing is emitted, once per operator and only when a planner asks. Sizes that are still open do not count: a
 * value is demanded only to run, and rules that want one are asked again then.
 */
import type { CanCompile } from '../fusion/canCompile.ts';
import { hasKernel } from '../fusion/canCompile.ts';
import { symbolsOf } from '../graph/dim.ts';
import type { Graph, Model } from '../graph/graph.ts';
import type { ValueFacts } from '../ops/operatorView.ts';
import type { Field } from './field.ts';
import { sizesFoundIn } from './foundSizes.ts';
import type { SymbolInfos } from './largestDim.ts';
import { lookupLowering } from './lowerings.ts';
import type { Host } from './region.ts';
import { Region } from './region.ts';
import { Sizes } from './sizes.ts';
import { Unsupported } from './unsupported.ts';
import { valueFacts } from './valueFacts.ts';

/** Completes "... cannot be fused: <reason>"; `undefined` where the operator may share a block. */
export type OperatorReason = string | undefined;

/**
 * Operators whose rules refuse nothing but element types: most of every model, so that opening one runs few rules.
 */
const PLAIN: ReadonlySet<string> = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Min', 'Max', 'And', 'Or', 'Equal', 'Less', 'Greater'],
  ...['Relu', 'Sigmoid', 'Tanh', 'Erf', 'Exp', 'Log', 'Sqrt', 'Neg', 'Abs', 'Floor', 'Ceil', 'Not'],
  ...['Cast', 'Where', 'Clip', 'Reshape', 'Transpose', 'Concat', 'Gather', 'MatMul'],
]);

/** `hasKernel`, and every operator of the block has a lowering and leaves the sizes of its results to nobody. */
export function loweringCanCompile({
  graph,
  symbols,
}: Pick<Model, 'graph' | 'symbols'>): CanCompile {
  const operators = new CompilableOperators(graph, symbols);
  return (ecg, members) => {
    const declared = hasKernel(ecg, members);
    if (!declared.ok || members.length < 2) return declared;
    for (const operator of members) {
      const detail = operators.reason(operator);
      if (detail !== undefined) return { ok: false, reason: 'no-kernel', detail };
    }
    return declared;
  };
}

export class CompilableOperators {
  private readonly known = new Map<number, { readonly reason: OperatorReason }>();
  private facts: ValueFacts | undefined;

  constructor(
    private readonly graph: Graph,
    private readonly symbols: SymbolInfos,
  ) {}

  reason(operator: number): OperatorReason {
    let answer = this.known.get(operator);
    if (answer === undefined) {
      answer = { reason: this.find(operator) };
      this.known.set(operator, answer);
    }
    return answer.reason;
  }

  private find(index: number): OperatorReason {
    const { domain, type, subgraphs } = this.graph.operators[index]!;
    if (lookupLowering(domain, type) === undefined) return `${type} has no kernel yet`;
    if (subgraphs.size > 0) return `${type} has graphs of its own`;
    if (
      sizesFoundIn(this.graph)
        .get(index)
        ?.some((name) => this.isData(name))
    ) {
      return `only a run of ${type} tells the size of its result`;
    }
    if (this.isOpen(index)) return undefined;
    if (domain === '' && PLAIN.has(type) && this.hasPlainTypes(index)) return undefined;
    this.facts ??= valueFacts(this.graph);
    try {
      const host = new DryHost(this.symbols);
      new Region(host, this.graph, '', undefined, this.facts).lower([index]);
      return undefined;
    } catch (error) {
      if (error instanceof Unsupported) return error.reason;
      throw error;
    }
  }

  private isData(symbol: string): boolean {
    return this.symbols.get(symbol)?.origin === 'data';
  }

  private hasPlainTypes(index: number): boolean {
    const { inputs, outputs } = this.graph.operators[index]!;
    return [...inputs, ...outputs].every((value) => {
      const type = this.graph.values[value]?.type;
      return type?.kind === 'tensor' && type.dtype === 'float32' && type.shape !== null;
    });
  }

  /** A size of an input of the model is not bound yet. */
  private isOpen(index: number): boolean {
    const { inputs, outputs } = this.graph.operators[index]!;
    return [...inputs, ...outputs].some((value) => {
      const type = this.graph.values[value]?.type;
      if (type?.kind !== 'tensor' || type.shape === null) return false;
      return type.shape.some(
        (dim) =>
          typeof dim !== 'number' && [...symbolsOf(dim)].some((symbol) => !this.isData(symbol)),
      );
    });
  }
}

/** Of a region that is never emitted. */
class DryHost implements Host {
  readonly sizes: Sizes;
  readonly manyThreads = false;

  constructor(symbols: SymbolInfos) {
    this.sizes = new Sizes(symbols);
  }

  argument(region: Region, value: number, shape: Field['shape'], storage: Field['storage']): Field {
    const element = (): never => {
      throw new Error('nothing is emitted');
    };
    return { key: `${region.prefix}v${value}`, hint: 'x', storage, shape, cost: 'free', element };
  }

  adopt(): void {
    // No memory.
  }
  materialise(): void {
    // No memory.
  }
  inside(): void {
    // No statements.
  }
  found(): void {
    // No sizes.
  }
}
