/**
 * Random numbers: RandomNormal 22, RandomUniform 22, their Like forms, Bernoulli 22, Multinomial 22. Not pure,
 * hence opaque: never merged, duplicated or folded.
 */
import type { ValueType } from '../graph/types.ts';
import { dataTypeOfCode, tensorType } from '../graph/types.ts';
import { expectRank } from './axes.ts';
import type { InferContext, OperatorEntry } from './define.ts';
import { operator } from './entry.ts';
import { perOutputElement } from './flops.ts';
import { dtypeAttribute } from './inferRules.ts';
import { opaqueMapping } from './mappingRules.ts';

export const FAMILY: readonly OperatorEntry[] = [
  random('RandomNormal', [1, 22], 0, ofStatedShape),
  random('RandomUniform', [1, 22], 0, ofStatedShape),
  random('RandomNormalLike', [1, 22], 1, likeInput),
  random('RandomUniformLike', [1, 22], 1, likeInput),
  random('Bernoulli', [15, 22], 1, likeInput),
  random('Multinomial', [7, 22], 1, samples),
];

function random(
  name: string,
  since: readonly number[],
  inputs: number,
  output: (op: InferContext) => ValueType,
): OperatorEntry {
  return operator(name, {
    since,
    inputs: [inputs, inputs],
    mapping: (op) => opaqueMapping(op, 'random'),
    infer: (op) => [output(op)],
    flops: perOutputElement(1),
    properties: ['impure'],
  });
}

function ofStatedShape(op: InferContext): ValueType {
  const shape = op.ints('shape');
  if (!shape) return op.fail('attribute shape is missing');
  if (shape.some((size) => size < 0)) op.fail(`shape [${shape.join(', ')}] has a negative size`);
  return tensorType(dtypeAttribute(op, 'dtype', 'float32'), shape);
}

function likeInput(op: InferContext): ValueType {
  const stated = op.int('dtype', 0);
  return tensorType(stated === 0 ? op.dtype(0) : dataTypeOfCode(stated), op.shape(0));
}

/** Log-probabilities B×classes to B×sample_size class numbers. */
function samples(op: InferContext): ValueType {
  expectRank(op, 0, 2);
  const batch = op.shape(0)?.[0] ?? op.dataDim('batch');
  return tensorType(dtypeAttribute(op, 'dtype', 'int32'), [batch, op.int('sample_size', 1)]);
}
