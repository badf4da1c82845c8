/**
 * Infers the operators that a rule puts in place, one at a time, by the same table as the whole model. A rule never
 * brings in sizes or problems that were not there: where the table has anything to complain about, it does not apply.
 */
import type { Dim } from '../graph/dim.ts';
import type { KnownTensor, Operator } from '../graph/graph.ts';
import type { ValueType } from '../graph/types.ts';
import type { InferContext, OperatorEntry } from '../ops/define.ts';
import { countOf, isNumeric, smallDims } from '../ops/known.ts';
import type { ValueFacts } from '../ops/operatorView.ts';
import { OperatorView } from '../ops/operatorView.ts';

export interface Inferred {
  readonly types: readonly ValueType[];
  /** All inputs are constants. */
  readonly isConstant: boolean;
}

class Refused extends Error {}

class LocalView extends OperatorView implements InferContext {
  dataDim(): Dim {
    throw new Refused();
  }
  inferSubgraph(): readonly ValueType[] {
    throw new Refused();
  }
  report(): void {
    throw new Refused();
  }
  fail(): never {
    throw new Refused();
  }
}

/** Undefined where the operator does not fit its inputs. */
export function inferLocally(
  operator: Operator,
  entry: OperatorEntry,
  facts: ValueFacts,
): Inferred | undefined {
  const view = new LocalView(operator, facts);
  const count = operator.inputs.length;
  if (count < entry.inputs[0] || count > entry.inputs[1]) return undefined;
  try {
    const types = entry.infer(view).slice(0, operator.outputs.length);
    if (types.length < operator.outputs.length || !types.every(isComplete)) return undefined;
    const read = operator.inputs.filter((value) => value >= 0);
    const isConstant =
      read.length > 0 ? read.every((value) => facts.constant[value]) : entry.source === true;
    return { types, isConstant };
  } catch {
    return undefined;
  }
}

function isComplete(type: ValueType): boolean {
  return type.kind === 'tensor' && type.dtype !== 'undefined' && type.shape !== null;
}

/** Elements of a constant that is computed while rules are tried; larger ones wait until all is decided. */
const MOST_EVALUATED = 64;

/**
 * Values of the outputs of an operator over constants, where they are small: conditions of other rules may look at
 * them. The outputs have their types already.
 */
export function evaluateLocally(
  operator: Operator,
  entry: OperatorEntry,
  facts: ValueFacts,
): readonly (KnownTensor | undefined)[] {
  const { inputs, outputs } = operator;
  const isSmall = outputs.every((value) => {
    const type = facts.types[value];
    const dims = type?.kind === 'tensor' ? smallDims(type.shape) : undefined;
    return dims !== undefined && countOf(dims) <= MOST_EVALUATED;
  });
  const areKnown = inputs.every((value) => value < 0 || facts.known[value]);
  if (!entry.evaluate || !isSmall || !areKnown) return [];
  const results = entry.evaluate(new OperatorView(operator, facts)) ?? [];
  return results.map((result) => (result && isNumeric(result) ? result : undefined));
}
