/** Permutations, slices, joins and casts: what two in a row come to. */
import { shapesEqual } from '../../graph/dim.ts';
import type { DataType } from '../../graph/types.ts';
import { DATA_TYPES } from '../../graph/types.ts';
import { axisIn } from '../../ops/axes.ts';
import { isOneElement, numbersOf, rankOf, scalarOf, shapeOf } from '../constants.ts';
import type { Match } from '../match.ts';
import type { Condition, Given, GivenRule } from '../rule.ts';
import { intsAttribute, intVector, shapeConstant } from './tensors.ts';

function permutation(match: Match, label: string): readonly number[] | undefined {
  const view = match.view(label);
  const rank = view.shape(0)?.length;
  if (rank === undefined) return undefined;
  return view.ints('perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
}

/** The permutation of `outer(inner(x))`. */
export function composedPermutation(outer: string, inner: string): GivenRule {
  return (match) => {
    const [p, q] = [permutation(match, outer), permutation(match, inner)];
    if (!p || q?.length !== p.length) return undefined;
    return intsAttribute(p.map((axis) => q[axis] as number));
  };
}

/** The shape of a view's result, as the operand of a Reshape. */
export function targetShape(label: string): GivenRule {
  return (match) => shapeConstant(match, match.node(label).operator.outputs[0] ?? -1);
}

/** The operator gives back what it reads: same shape, and every element at its place. */
export function keepsEveryByte(label: string): Condition {
  return (match) => {
    const { type, inputs, outputs } = match.node(label).operator;
    const view = match.view(label);
    const before = shapeOf(match.graph, inputs[0] ?? -1);
    const after = shapeOf(match.graph, outputs[0] ?? -1);
    if (!before || !after || !shapesEqual(before, after)) return false;
    if (type === 'Transpose') return movesOnlyOnes(permutation(match, label) ?? [], before);
    if (type === 'Slice') {
      const steps = view.has(4) ? view.numbers(4) : [];
      return steps?.every((step) => step === 1) === true;
    }
    if (type === 'Pad') return view.numbers(1)?.every((pad) => pad === 0) === true;
    return true;
  };
}

/** Axes of more than one element keep their order. */
function movesOnlyOnes(perm: readonly number[], shape: readonly unknown[]): boolean {
  const places = perm.filter((axis) => shape[axis] !== 1);
  return (
    perm.length === shape.length && places.every((axis, i) => i === 0 || axis > places[i - 1]!)
  );
}

interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
}

/** What a Slice of step 1 takes of axes of known sizes. */
function cutsOf(match: Match, label: string): readonly Cut[] | undefined {
  const { inputs } = match.node(label).operator;
  const shape = shapeOf(match.graph, inputs[0] ?? -1);
  const [starts, ends, axes, steps] = [1, 2, 3, 4].map((slot) => {
    const value = inputs[slot] ?? -1;
    return value < 0 ? null : numbersOf(match.graph, value);
  });
  if (!shape || !starts || !ends || axes === undefined || steps === undefined) return undefined;
  if (steps && !steps.every((step) => step === 1)) return undefined;
  const cuts: Cut[] = [];
  for (const [i, start] of starts.entries()) {
    const axis = axisIn(axes ? (axes[i] ?? 0) : i, shape.length);
    const size = axis === undefined ? undefined : shape[axis];
    if (axis === undefined || typeof size !== 'number') return undefined;
    const clamp = (at: number): number => Math.min(Math.max(at < 0 ? at + size : at, 0), size);
    cuts.push({ axis, start: clamp(start), end: clamp(ends[i] ?? 0) });
  }
  return cuts;
}

/** One operand of the Slice that does what two in a row do. */
export function mergedSlice(
  outer: string,
  inner: string,
  part: 'starts' | 'ends' | 'axes',
): GivenRule {
  return (match) => {
    const [first, second] = [cutsOf(match, inner), cutsOf(match, outer)];
    if (!first || !second) return undefined;
    const merged = new Map(first.map((cut) => [cut.axis, cut]));
    for (const { axis, start, end } of second) {
      const from = merged.get(axis)?.start ?? 0;
      merged.set(axis, { axis, start: from + start, end: from + end });
    }
    return operandOf([...merged.values()], part);
  };
}

function operandOf(cuts: readonly Cut[], part: 'starts' | 'ends' | 'axes'): Given {
  const sorted = [...cuts].sort((a, b) => a.axis - b.axis);
  const field = part === 'starts' ? 'start' : part === 'ends' ? 'end' : 'axis';
  return intVector(sorted.map((cut) => cut[field]));
}

function concatAxisOf(match: Match, label: string): number | undefined {
  const view = match.view(label);
  const rank = rankOf(match.graph, match.node(label).operator.outputs[0] ?? -1);
  return rank === undefined ? undefined : axisIn(view.int('axis', 0), rank);
}

/** All parts of a Concat with those of Concats inside it along the same axis. */
export function flattenedConcat(label: string): GivenRule {
  return (match) => {
    const axis = concatAxisOf(match, label);
    const { inputs } = match.node(label).operator;
    let nested = false;
    const all = inputs.flatMap((input) => {
      const node = match.graph.producerOf(input);
      const { type, domain, attributes } = node?.operator ?? {};
      if (type !== 'Concat' || domain !== '') return [input];
      const own = attributes?.get('axis');
      const rank = rankOf(match.graph, input);
      const at = own?.kind === 'int' && rank !== undefined ? axisIn(own.value, rank) : undefined;
      if (axis === undefined || at !== axis) return [input];
      nested = true;
      return node?.operator.inputs ?? [];
    });
    return nested ? { values: all } : undefined;
  };
}

/** What was split, where a Concat joins all parts again in their order. */
export function rejoined(label: string): GivenRule {
  return (match) => {
    const axis = concatAxisOf(match, label);
    const { inputs } = match.node(label).operator;
    const split = match.graph.producerOf(inputs[0] ?? -1)?.operator;
    if (axis === undefined || split?.type !== 'Split' || split.domain !== '') return undefined;
    const own = split.attributes.get('axis');
    const whole = split.inputs[0] ?? -1;
    const rank = rankOf(match.graph, whole) ?? 0;
    if (axisIn(own?.kind === 'int' ? own.value : 0, rank) !== axis) return undefined;
    const { outputs } = split;
    if (outputs.length !== inputs.length) return undefined;
    return outputs.every((output, i) => output === inputs[i]) ? { value: whole } : undefined;
  };
}

interface Within {
  readonly owner: number;
  readonly cut: Cut;
  readonly size: number;
}

/** The part of a Concat that a Slice along its axis takes, or takes from. */
function withinPart(match: Match, slice: string, concat: string): Within | undefined {
  const axis = concatAxisOf(match, concat);
  const cuts = cutsOf(match, slice);
  const [cut] = cuts ?? [];
  if (axis === undefined || cuts?.length !== 1 || cut?.axis !== axis) return undefined;
  let start = 0;
  for (const owner of match.node(concat).operator.inputs) {
    const size = shapeOf(match.graph, owner)?.[axis];
    if (typeof size !== 'number') return undefined;
    if (cut.start >= start && cut.end <= start + size) {
      return { owner, size, cut: { axis, start: cut.start - start, end: cut.end - start } };
    }
    start += size;
  }
  return undefined;
}

/** The whole part of a Concat that a Slice takes. */
export function concatenated(slice: string, concat: string): GivenRule {
  return (match) => {
    const within = withinPart(match, slice, concat);
    if (!within || within.cut.start !== 0 || within.cut.end !== within.size) return undefined;
    return { value: within.owner };
  };
}

/** The part of a Concat that a Slice takes from, or an operand of the Slice of that part alone. */
export function concatWithin(
  slice: string,
  concat: string,
  part: 'owner' | 'starts' | 'ends' | 'axes',
): GivenRule {
  return (match) => {
    const within = withinPart(match, slice, concat);
    if (!within) return undefined;
    return part === 'owner' ? { value: within.owner } : operandOf([within.cut], part);
  };
}

/** Bits of the whole numbers that a type holds exactly, sign apart; undefined for types that are not compared. */
function wholeBits(dtype: DataType): number | undefined {
  const floats: Partial<Record<DataType, number>> = {
    float64: 53,
    float32: 24,
    float16: 11,
    bfloat16: 8,
  };
  const float = floats[dtype];
  if (float !== undefined) return float;
  if (dtype === 'bool') return 1;
  if (/^u?int(8|16|32|64)$/.test(dtype)) {
    return DATA_TYPES[dtype].bits - (dtype.startsWith('u') ? 0 : 1);
  }
  return undefined;
}

/** Whether the type that a Cast goes to holds every value of the type it comes from. */
export function isLosslessCast(x: string, cast: string): Condition {
  return (match) => {
    const from = match.graph.types[match.value(x)];
    const to = match.graph.types[match.node(cast).operator.outputs[0] ?? -1];
    if (from?.kind !== 'tensor' || to?.kind !== 'tensor') return false;
    return holds(to.dtype, from.dtype);
  };
}

function holds(to: DataType, from: DataType): boolean {
  if (to === from) return true;
  const isFloat = (dtype: DataType): boolean => /^b?float/.test(dtype);
  const isSigned = (dtype: DataType): boolean => isFloat(dtype) || dtype.startsWith('int');
  const [most, needed] = [wholeBits(to), wholeBits(from)];
  if (most === undefined || needed === undefined || most < needed) return false;
  if (isFloat(from)) {
    // float16 and bfloat16 trade range for precision.
    return isFloat(to) && !(to === 'float16') && !(from === 'float16' && to === 'bfloat16');
  }
  // float16 ends below 2^16, which its 11 bits of whole numbers do not reach anyway.
  return isSigned(to) || !isSigned(from);
}

/** Scale and zero point are the same along the same axis, and the integers have one type. */
export function sameQuantisation(quantise: string, dequantise: string): Condition {
  return (match) => {
    const [q, d] = [match.view(quantise), match.view(dequantise)];
    if (q.int('block_size', 0) !== 0 || d.int('block_size', 0) !== 0) return false;
    if (isOneElement(match.graph, match.value('s'))) return true;
    return q.int('axis', 1) === d.int('axis', 1);
  };
}

/** One scale and one zero point for all elements. */
export function sameScalarQuantisation(label: string): Condition {
  return (match) => {
    const scale = scalarOf(match.graph, match.value('s'));
    const isPlain = match.view(label).int('block_size', 0) === 0;
    return isPlain && scale !== undefined && scale > 0;
  };
}
