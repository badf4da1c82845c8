/**
 * Recurrent layers: RNN 22, LSTM 22, GRU 22. Sequential over time, hence opaque. Data is S×B×I (layout 0) or
 * B×S×I (layout 1, from opset 14), W is D×(gates·H)×I, R is D×(gates·H)×H.
 */
import type { Dim } from '../graph/dim.ts';
import { dimAdd, dimMul, dimProduct } from '../graph/dim.ts';
import type { ValueType } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import { expectRank } from './axes.ts';
import type { InferContext, OperatorEntry, OpView } from './define.ts';
import { operator } from './entry.ts';
import { opaqueMapping } from './mappingRules.ts';

export const FAMILY: readonly OperatorEntry[] = [
  layer('RNN', [1, 7, 14, 22], { gates: 1, elementwise: 2, states: 1, inputs: 6 }),
  layer('GRU', [1, 3, 7, 14, 22], { gates: 3, elementwise: 12, states: 1, inputs: 6 }),
  layer('LSTM', [1, 7, 14, 22], { gates: 4, elementwise: 18, states: 2, inputs: 8 }),
];

interface LayerFacts {
  readonly gates: number;
  /** Operations per hidden cell and step beside the matrix products. */
  readonly elementwise: number;
  /** Final states among the outputs: hidden, and the cell of LSTM. */
  readonly states: number;
  readonly inputs: number;
}

function layer(name: string, since: readonly number[], facts: LayerFacts): OperatorEntry {
  return operator(name, {
    since,
    inputs: [3, facts.inputs],
    outputs: [0, 1 + facts.states],
    mapping: (op) => opaqueMapping(op, 'carries a state over time'),
    infer: (op) => recurrentTypes(op, facts.states),
    flops: (op) => recurrentFlops(op, facts),
  });
}

/** Outputs: all hidden states, then the final ones. */
export function recurrentTypes(op: InferContext, states: number): readonly ValueType[] {
  expectRank(op, 0, 3);
  const data = op.shape(0);
  const batchFirst = op.int('layout', 0) !== 0;
  const steps = data?.[batchFirst ? 1 : 0] ?? op.dataDim('steps');
  const batch = data?.[batchFirst ? 0 : 1] ?? op.dataDim('batch');
  const directions = directionCount(op);
  const hidden = hiddenSize(op) ?? op.dataDim('hidden');
  const all = batchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden];
  const last = batchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
  const dtype = op.dtype(0);
  return [tensorType(dtype, all), ...new Array<ValueType>(states).fill(tensorType(dtype, last))];
}

function directionCount(op: OpView): number {
  return op.string('direction', 'forward') === 'bidirectional' ? 2 : 1;
}

function hiddenSize(op: OpView): Dim | undefined {
  const stated = op.int('hidden_size', 0);
  return stated > 0 ? stated : op.shape(2)?.[2];
}

function recurrentFlops(op: OpView, facts: LayerFacts): Dim {
  const data = op.shape(0);
  const hidden = hiddenSize(op);
  if (!data || data.length !== 3 || hidden === undefined) return 0;
  const [a, b, width] = data as [Dim, Dim, Dim];
  const products = dimMul(dimMul(dimAdd(width, hidden), hidden), 2 * facts.gates);
  const perStep = dimAdd(products, dimMul(hidden, facts.elementwise));
  return dimProduct([a, b, directionCount(op), perStep]);
}
