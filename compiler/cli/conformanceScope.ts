/**
 * What a conformance run counts: cases of ai.onnx on tensors of numbers. Cases with small floats and integers are
 * counted apart; strings, containers, training, random and other domains are left out, with the reason.
 */
import type { Graph, Model } from '../graph/graph.ts';
import type { ValueType } from '../graph/types.ts';

const RANDOM = new Set([
  'Bernoulli',
  'Multinomial',
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
]);

const SMALL = /^(b?float16|float8|float4|u?int4|u?int2)/;

/** Why a case is not counted; `undefined` for one that is. */
export function exclusionOf({ graph, opsets }: Model): string | undefined {
  for (const domain of opsets.keys()) {
    if (domain === 'ai.onnx.ml') return 'classical machine learning';
    if (domain.includes('training')) return 'training';
  }
  for (const value of [...graph.inputs, ...graph.outputs]) {
    const { type } = graph.values[value]!;
    const reason = typeReason(type);
    if (reason !== undefined) return reason;
  }
  return operatorReason(graph);
}

function typeReason(type: ValueType): string | undefined {
  if (type.kind === 'sequence' || type.kind === 'optional') return `${type.kind} values`;
  if (type.kind === 'tensor' && type.dtype === 'string') return 'strings';
  return undefined;
}

function operatorReason(graph: Graph): string | undefined {
  for (const operator of graph.operators) {
    const { type, domain, inputs, subgraphs } = operator;
    if (RANDOM.has(type)) return 'random numbers';
    if (type === 'ImageDecoder') return 'decodes image files';
    if (domain.includes('training')) return 'training';
    if (type === 'Dropout' && (inputs[2] ?? -1) >= 0) return 'training';
    for (const inner of subgraphs.values()) {
      const reason = operatorReason(inner);
      if (reason !== undefined) return reason;
    }
  }
  return undefined;
}

/** Whether any tensor is of 16 bits of float, or smaller. */
export function isSmall({ graph }: Model): boolean {
  return graph.values.some(({ type }) => type.kind === 'tensor' && SMALL.test(type.dtype));
}
