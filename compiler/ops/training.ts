/**
 * Optimiser steps of ai.onnx.preview.training 1: Adagrad, Adam, Momentum. Inputs are the rate, the step count
 * and then, group by group, the weights, gradients and states of n tensors; outputs are the weights and states anew.
 */
import type { ValueType } from '../graph/types.ts';
import type { InferContext, OperatorEntry } from './define.ts';
import { operator, VARIADIC } from './entry.ts';
import { opaqueMapping } from './mappingRules.ts';

export const FAMILY: readonly OperatorEntry[] = [
  step('Adagrad', 3, [0, 2]),
  step('Adam', 4, [0, 2, 3]),
  step('Momentum', 3, [0, 2]),
];

/** `groups` of inputs behind rate and count; `renewed` are those that come out again. */
function step(name: string, groups: number, renewed: readonly number[]): OperatorEntry {
  return operator(name, {
    domain: 'ai.onnx.preview.training',
    since: [1],
    inputs: [2 + groups, VARIADIC],
    outputs: [renewed.length, VARIADIC],
    mapping: (op) => opaqueMapping(op, 'optimiser step'),
    infer: (op) => renewedTypes(op, groups, renewed),
  });
}

function renewedTypes(
  op: InferContext,
  groups: number,
  renewed: readonly number[],
): readonly ValueType[] {
  const count = (op.inputCount - 2) / groups;
  if (!Number.isInteger(count)) {
    op.fail(`its ${op.inputCount} inputs do not divide into ${groups} groups behind the first two`);
  }
  return renewed.flatMap((group) =>
    Array.from({ length: count }, (_, i) => op.inputType(2 + group * count + i)),
  );
}
