/**
 * Sequences (opset 11) and optionals (15/18). Opaque for fusion. Elements of a sequence share one
 * type; a size that varies between elements is one symbol there and another one for each element taken out.
 */
import type { Dim } from '../graph/dim.ts';
import { dimEqual } from '../graph/dim.ts';
import type { KnownTensor } from '../graph/graph.ts';
import type { ValueType } from '../graph/types.ts';
import { tensorType, UNKNOWN_TYPE } from '../graph/types.ts';
import { normaliseAxis } from './axes.ts';
import type { InferContext, OperatorEntry, OpView } from './define.ts';
import { operator, VARIADIC } from './entry.ts';
import { dtypeAttribute } from './inferRules.ts';
import { opaqueMapping } from './mappingRules.ts';
import { mapDims, mergeTypes } from './mergeTypes.ts';

export const FAMILY: readonly OperatorEntry[] = [
  sequenceOperator('SequenceEmpty', [0, 0], (op) =>
    sequenceOf(tensorType(dtypeAttribute(op, 'dtype', 'float32'), null)),
  ),
  sequenceOperator('SequenceConstruct', [1, VARIADIC], (op) => {
    const types = Array.from({ length: op.inputCount }, (_, i) => op.inputType(i));
    return sequenceOf(types.reduce((all, type) => joinElements(op, all, type)));
  }),
  sequenceOperator('SequenceAt', [2, 2], (op) => {
    const element = elementOf(op.inputType(0));
    return mapDims(element, (dim, axis) => apart(op, dim, axis));
  }),
  sequenceOperator('SequenceInsert', [2, 3], (op) =>
    sequenceOf(joinElements(op, elementOf(op.inputType(0)), op.inputType(1))),
  ),
  sequenceOperator('SequenceErase', [1, 2], (op) => op.inputType(0)),
  sequenceOperator('SequenceLength', [1, 1], () => tensorType('int64', [])),
  sequenceOperator('SplitToSequence', [1, 2], splitElements, [11, 24]),
  sequenceOperator('ConcatFromSequence', [1, 1], concatenated),
  sequenceOperator('Optional', [0, 1], optionalOf, [15]),
  sequenceOperator(
    'OptionalGetElement',
    [1, 1],
    (op) => {
      const type = op.inputType(0);
      return type.kind === 'optional' ? type.element : type;
    },
    [15, 18],
  ),
  {
    ...sequenceOperator('OptionalHasElement', [0, 1], () => tensorType('bool', []), [15, 18]),
    evaluate: presence,
  },
];

function sequenceOperator(
  name: string,
  inputs: readonly [number, number],
  output: (op: InferContext) => ValueType,
  since: readonly number[] = [11],
): OperatorEntry {
  return operator(name, {
    since,
    inputs,
    mapping: (op) => opaqueMapping(op, 'sequence or optional'),
    infer: (op) => [output(op)],
  });
}

function sequenceOf(element: ValueType): ValueType {
  return { kind: 'sequence', element };
}

function elementOf(type: ValueType): ValueType {
  return type.kind === 'sequence' ? type.element : UNKNOWN_TYPE;
}

function joinElements(op: InferContext, a: ValueType, b: ValueType): ValueType {
  return mergeTypes(a, b, (axis, upperBound) => op.dataDim(`each${axis}`, upperBound));
}

/** A symbolic size of a sequence's element may differ between elements: this one gets its own name. */
function apart(op: InferContext, dim: Dim, axis: number): Dim {
  return typeof dim === 'number' ? dim : op.dataDim(`element${axis}`);
}

/** Chunks along `axis`: of length 1 (axis dropped without keepdims), of one size, or of listed sizes. */
function splitElements(op: InferContext): ValueType {
  const data = op.shape(0);
  const dtype = op.dtype(0);
  if (!data) return sequenceOf(tensorType(dtype, null));
  const axis = normaliseAxis(op, op.int('axis', 0), data.length);
  if (!op.has(1)) {
    const single = data.flatMap((dim, at) => (at !== axis ? [dim] : []));
    const kept = data.map((dim, at) => (at === axis ? 1 : dim));
    return sequenceOf(tensorType(dtype, op.int('keepdims', 1) !== 0 ? kept : single));
  }
  const size = chunkSize(op, data[axis] as Dim) ?? op.dataDim('chunk', data[axis]);
  return sequenceOf(
    tensorType(
      dtype,
      data.map((dim, at) => (at === axis ? size : dim)),
    ),
  );
}

/** Size that all chunks share, where they do. */
function chunkSize(op: InferContext, length: Dim): Dim | undefined {
  const sizes = op.numbers(1);
  const [first] = sizes ?? [];
  if (!sizes || first === undefined) return undefined;
  if (op.shape(1)?.length === 0) {
    const even = typeof length === 'number' && first > 0 && length % first === 0;
    return even ? first : undefined;
  }
  return sizes.every((size) => dimEqual(size, first)) ? first : undefined;
}

function concatenated(op: InferContext): ValueType {
  const element = elementOf(op.inputType(0));
  if (element.kind !== 'tensor') return UNKNOWN_TYPE;
  if (!element.shape) return element;
  const shape = element.shape;
  const stacked = op.int('new_axis', 0) !== 0;
  const axis = normaliseAxis(op, op.int('axis', 0), shape.length + (stacked ? 1 : 0));
  const length = op.dataDim('joined');
  const joined = stacked
    ? [...shape.slice(0, axis), length, ...shape.slice(axis)]
    : shape.map((dim, at) => (at === axis ? length : dim));
  return tensorType(element.dtype, joined);
}

/** Known where nothing is passed, or a value that is no optional. */
function presence(op: OpView): readonly KnownTensor[] | undefined {
  const { kind } = op.inputType(0);
  if (op.has(0) && (kind === 'optional' || kind === 'unknown')) return undefined;
  return [{ dtype: 'bool', dims: [], data: [op.has(0) ? 1 : 0] }];
}

function optionalOf(op: InferContext): ValueType {
  const stated = op.attribute('type');
  const element = op.has(0)
    ? op.inputType(0)
    : stated?.kind === 'type'
      ? stated.value
      : UNKNOWN_TYPE;
  return { kind: 'optional', element };
}
