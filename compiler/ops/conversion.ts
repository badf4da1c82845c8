/**
 * Element type conversions, and the operators that hand their input on: Identity, Dropout, Constant
 * (the importer removes most of these).
 */
import type { Dim } from '../graph/dim.ts';
import { dimFloorDiv, dimMul, isSymbolic } from '../graph/dim.ts';
import type { KnownTensor } from '../graph/graph.ts';
import type { DataType } from '../graph/types.ts';
import { DATA_TYPES, dataTypeOfCode, tensorType } from '../graph/types.ts';
import { isEvaluable, isInteger, storeAs } from './arithmetic.ts';
import type { InferContext, Mapping, OperatorEntry, OpView, Property } from './define.ts';
import { operator } from './entry.ts';
import { perOutputElement } from './flops.ts';
import { dtypeAttribute, sameAsInput } from './inferRules.ts';
import type { KnownElement } from './known.ts';
import { knownTensor, outputDtype } from './known.ts';
import {
  dataMapping,
  elementwiseEdge,
  fixedMapping,
  nodeMapping,
  opaqueMapping,
} from './mappingRules.ts';

const CASTS: readonly Property[] = ['idempotent', 'monotone-increasing', 'commutes-with-movement'];

export const FAMILY: readonly OperatorEntry[] = [
  operator('Cast', {
    since: [1, 6, 9, 13, 19, 21],
    mapping: castMapping,
    infer: (op) => [tensorType(dtypeAttribute(op, 'to', 'undefined'), op.shape(0))],
    flops: perOutputElement(1),
    properties: CASTS,
    evaluate: evaluateCast,
  }),
  operator('CastLike', {
    since: [15, 19, 21],
    inputs: [2, 2],
    mapping: castMapping,
    infer: (op) => [tensorType(op.dtype(1), op.shape(0))],
    flops: perOutputElement(1),
    properties: CASTS,
    evaluate: evaluateCast,
  }),
  operator('BitCast', {
    since: [26],
    mapping: bitCastMapping,
    infer: inferBitCast,
    properties: ['commutes-with-movement', 'exact'],
  }),
  operator('Identity', {
    since: [1, 13, 14, 16, 19, 21],
    mapping: identityMapping,
    infer: sameAsInput(),
    properties: ['idempotent', 'involutive', 'linear', 'commutes-with-movement', 'exact'],
    evaluate: (op) => [op.known(0)],
  }),
  operator('Dropout', {
    since: [1, 6, 7, 10, 12, 13],
    inputs: [1, 3],
    outputs: [1, 2],
    mapping: dropoutMapping,
    infer: (op) => [op.inputType(0), tensorType('bool', op.shape(0))],
    properties: ['linear'],
  }),
  operator('Constant', {
    since: [1, 9, 11, 12, 13, 19, 21],
    inputs: [0, 0],
    mapping: fixedMapping('one-to-one'),
    infer: inferConstant,
    evaluate: evaluateConstant,
    source: true,
  }),
];

/** Only the element type of CastLike's second input is read. */
function castMapping(op: OpView): Mapping {
  if (op.dtype(0) === 'string' || outputDtype(op) === 'string') {
    return opaqueMapping(op, 'converts strings');
  }
  return dataMapping('one-to-one')(op);
}

function evaluateCast(op: OpView): readonly (KnownTensor | undefined)[] | undefined {
  const input = op.known(0);
  const to = outputDtype(op);
  if (!input || !isEvaluable(to)) return undefined;
  if (input.dtype !== to && !isEvaluable(input.dtype)) return undefined;
  return [
    knownTensor(
      to,
      input.dims,
      input.data.map((element) => castElement(element, to)),
    ),
  ];
}

/** Sizes survive a cast to any type that holds them: 32 bits are enough for every real tensor. */
function castElement(element: KnownElement, to: DataType): KnownElement {
  if (element === undefined) return undefined;
  if (!isSymbolic(element)) return storeAs(to, element);
  const holds =
    to === 'float32' || to === 'float64' || (isInteger(to) && DATA_TYPES[to].bits >= 32);
  return holds ? element : undefined;
}

function bitCastMapping(op: OpView): Mapping {
  const same = DATA_TYPES[op.dtype(0)].bits === DATA_TYPES[outputDtype(op)].bits;
  return same
    ? fixedMapping('one-to-one')(op)
    : fixedMapping('reorganize', 'element width changes')(op);
}

/** A narrower or wider element type changes the last axis. */
function inferBitCast(op: InferContext): ReturnType<OperatorEntry['infer']> {
  const to = dataTypeOfCode(op.int('to', 0));
  const shape = op.shape(0);
  const [from, into] = [DATA_TYPES[op.dtype(0)].bits, DATA_TYPES[to].bits];
  if (shape === null || from === into || from === 0 || into === 0) return [tensorType(to, shape)];
  if (shape.length === 0) op.fail(`a scalar cannot change its element width`);
  const last = dimFloorDiv(dimMul(shape.at(-1) as Dim, from), into);
  return [tensorType(to, [...shape.slice(0, -1), last])];
}

function identityMapping(op: OpView): Mapping {
  const { kind } = op.inputType(0);
  const container = kind === 'sequence' || kind === 'optional';
  return container ? opaqueMapping(op, `passes a ${kind}`) : fixedMapping('one-to-one')(op);
}

function dropoutMapping(op: OpView): Mapping {
  const training = op.has(2) && op.numbers(2)?.[0] !== 0;
  if (training) return opaqueMapping(op, 'training mode draws random numbers');
  const edges = Array.from({ length: op.inputCount }, (_, i) =>
    i === 0 ? elementwiseEdge(op, 0, op.outputShape(0)) : 'one-to-one',
  );
  return nodeMapping(op, edges);
}

function inferConstant(op: InferContext): ReturnType<OperatorEntry['infer']> {
  const value = constantOf(op);
  if (value) return [tensorType(value.dtype, value.dims)];
  const tensor = op.attribute('value') ?? op.attribute('sparse_value');
  if (tensor?.kind === 'tensor') return [tensorType(tensor.value.dtype, tensor.value.dims)];
  const { strings, string } = {
    strings: op.attribute('value_strings'),
    string: op.attribute('value_string'),
  };
  if (strings?.kind === 'strings') return [tensorType('string', [strings.value.length])];
  return [tensorType(string ? 'string' : 'undefined', string ? [] : null)];
}

function evaluateConstant(op: OpView): readonly (KnownTensor | undefined)[] | undefined {
  const value = constantOf(op);
  return value && [value];
}

/** The numeric forms of the Constant operator. */
function constantOf(op: OpView): KnownTensor | undefined {
  const tensor = op.attribute('value');
  if (tensor?.kind === 'tensor') return tensor.known;
  for (const [name, dtype] of [
    ['value_int', 'int64'],
    ['value_ints', 'int64'],
    ['value_float', 'float32'],
    ['value_floats', 'float32'],
  ] as const) {
    const attribute = op.attribute(name);
    if (attribute?.kind === 'int' || attribute?.kind === 'float') {
      return knownTensor(dtype, [], [attribute.value]);
    }
    if (attribute?.kind === 'ints' || attribute?.kind === 'floats') {
      return knownTensor(dtype, [attribute.value.length], attribute.value);
    }
  }
  return undefined;
}
