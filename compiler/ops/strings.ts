/**
 * Text operators: StringNormalizer 10, StringConcat 20, StringSplit 20, RegexFullMatch 20 and
 * TfIdfVectorizer 9. They run on the host and fuse with nothing.
 */
import type { Dim } from '../graph/dim.ts';
import type { ValueType } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import { expectRank } from './axes.ts';
import type { InferContext, OperatorEntry } from './define.ts';
import { operator } from './entry.ts';
import { broadcastInputs, sameShape } from './inferRules.ts';
import type { InferRule } from './inferRules.ts';
import { opaqueMapping } from './mappingRules.ts';

export const FAMILY: readonly OperatorEntry[] = [
  text('StringNormalizer', 10, [1, 1], [1, 1], normalised),
  text('StringConcat', 20, [2, 2], [1, 1], broadcastInputs('string')),
  text('StringSplit', 20, [1, 1], [2, 2], split),
  text('RegexFullMatch', 20, [1, 1], [1, 1], sameShape('bool')),
  text('TfIdfVectorizer', 9, [1, 1], [1, 1], counted),
];

function text(
  name: string,
  since: number,
  inputs: readonly [number, number],
  outputs: readonly [number, number],
  infer: InferRule,
): OperatorEntry {
  return operator(name, {
    since: [since],
    inputs,
    outputs,
    mapping: (op) => opaqueMapping(op, 'strings'),
    infer,
  });
}

/** Stop words are dropped; without any the shape stays (an empty result is one empty string). */
function normalised(op: InferContext): readonly ValueType[] {
  expectRank(op, 0, 1, 2);
  const shape = op.shape(0);
  const stop = op.attribute('stopwords');
  const drops = stop?.kind === 'strings' && stop.value.length > 0;
  if (!shape || !drops) return [tensorType('string', shape)];
  return [tensorType('string', [...shape.slice(0, -1), op.dataDim('words', shape.at(-1))])];
}

/** Parts with one more axis, as long as the longest split; and how many parts each text has. */
function split(op: InferContext): readonly ValueType[] {
  const shape = op.shape(0);
  return [
    tensorType('string', shape && [...shape, op.dataDim('parts')]),
    tensorType('int64', shape),
  ];
}

/** One weight per n-gram of the pool: as many as the largest index says. */
function counted(op: InferContext): readonly ValueType[] {
  expectRank(op, 0, 1, 2);
  const indices = op.ints('ngram_indexes') ?? [];
  const size = indices.reduce((most, index) => Math.max(most, index + 1), 0);
  const shape = op.shape(0);
  const batch: readonly Dim[] = shape?.length === 2 ? shape.slice(0, 1) : [];
  return [tensorType('float32', shape && [...batch, size])];
}
