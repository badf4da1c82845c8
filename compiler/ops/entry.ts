/**
 * Shorthand for entries of the operator table, so that most operators take one line of their family.
 * Defaults: domain ai.onnx, one input, one output, no FLOPs (data movement), no properties.
 */
import type { OperatorEntry } from './define.ts';
import { noFlops } from './flops.ts';

type Required = 'since' | 'mapping' | 'infer';

export type OperatorSpec = Pick<OperatorEntry, Required> &
  Partial<Omit<OperatorEntry, Required | 'name'>>;

export function operator(name: string, spec: OperatorSpec): OperatorEntry {
  return {
    domain: '',
    inputs: [1, 1],
    outputs: [1, 1],
    flops: noFlops,
    properties: [],
    ...spec,
    name,
  };
}

/** Upper arity of variadic operators (Concat, Sum, Max …): as many as a file can hold. */
export const VARIADIC = Number.MAX_SAFE_INTEGER;
