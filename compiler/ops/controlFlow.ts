/**
 * Control flow: If 25, Loop 25, Scan 25 and SequenceMap 17. Opaque for fusion (blocks form inside their
 * bodies); shapes come from inferring the bodies, weakened where iterations or branches disagree.
 */
import type { Dim } from '../graph/dim.ts';
import type { ValueType } from '../graph/types.ts';
import { tensorType, UNKNOWN_TYPE } from '../graph/types.ts';
import type { InferContext, OperatorEntry } from './define.ts';
import { operator, VARIADIC } from './entry.ts';
import { inferStates, tripCount } from './loopState.ts';
import { opaqueMapping } from './mappingRules.ts';
import { mapDims, mergeTypes } from './mergeTypes.ts';
import { scanTypes } from './scanTypes.ts';

export const FAMILY: readonly OperatorEntry[] = [
  operator('If', {
    since: [1, 11, 13, 16, 19, 21, 23, 24, 25],
    outputs: [1, VARIADIC],
    mapping: (op) => opaqueMapping(op, 'control flow'),
    infer: ifTypes,
  }),
  operator('Loop', {
    since: [1, 11, 13, 16, 19, 21, 23, 24, 25],
    inputs: [2, VARIADIC],
    outputs: [0, VARIADIC],
    mapping: (op) => opaqueMapping(op, 'control flow'),
    infer: loopTypes,
  }),
  operator('Scan', {
    since: [8, 9, 11, 16, 19, 21, 23, 24, 25],
    inputs: [1, VARIADIC],
    outputs: [1, VARIADIC],
    mapping: (op) => opaqueMapping(op, 'control flow'),
    infer: scanTypes,
  }),
  operator('SequenceMap', {
    since: [17],
    inputs: [1, VARIADIC],
    outputs: [1, VARIADIC],
    mapping: (op) => opaqueMapping(op, 'sequence'),
    infer: sequenceMapTypes,
  }),
];

/** The branch that is taken where the condition is a constant, else what both branches agree on. */
function ifTypes(op: InferContext): readonly ValueType[] {
  const condition = op.numbers(0)?.[0];
  const thenTypes = op.inferSubgraph('then_branch', []);
  const elseTypes = op.inferSubgraph('else_branch', []);
  if (condition !== undefined) return condition !== 0 ? thenTypes : elseTypes;
  return Array.from({ length: op.outputCount }, (_, slot) =>
    mergeTypes(
      thenTypes[slot] ?? UNKNOWN_TYPE,
      elseTypes[slot] ?? UNKNOWN_TYPE,
      (axis, upperBound) => op.dataDim(`branch${slot}_${axis}`, upperBound),
    ),
  );
}

/** Inputs: trip count, condition, states. Body: (iteration, condition, states) → (condition, states, scans). */
function loopTypes(op: InferContext): readonly ValueType[] {
  const initial = Array.from({ length: Math.max(op.inputCount - 2, 0) }, (_, i) =>
    op.inputType(i + 2),
  );
  const iteration = tensorType('int64', []);
  const condition = tensorType('bool', []);
  const { finals, body } = inferStates(
    op,
    initial,
    (states) => op.inferSubgraph('body', [iteration, condition, ...states]),
    (outputs) => outputs.slice(1, 1 + initial.length),
    op.has(0) ? op.known(0)?.data[0] : undefined,
  );
  const trips = tripCount(op);
  const scans = body.slice(1 + initial.length).map((type) => stack(type, trips));
  return [...finals, ...scans];
}

/** One more leading axis, one entry per iteration. */
function stack(type: ValueType, trips: Dim): ValueType {
  if (type.kind !== 'tensor') return UNKNOWN_TYPE;
  return tensorType(type.dtype, type.shape && [trips, ...type.shape]);
}

/** The body sees one element of each sequence; further tensors reach every call unchanged. */
function sequenceMapTypes(op: InferContext): readonly ValueType[] {
  const elements = Array.from({ length: op.inputCount }, (_, input) => {
    const type = op.inputType(input);
    if (type.kind !== 'sequence') return type;
    return mapDims(type.element, (dim, axis) =>
      typeof dim === 'number' ? dim : op.dataDim(`element${input}_${axis}`),
    );
  });
  return op.inferSubgraph('body', elements).map((element) => ({ kind: 'sequence', element }));
}
