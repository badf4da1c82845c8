/**
 * Operators of the canonical form as nodes of one opset: what newer versions take as inputs goes back into attributes
 * where the opset has them there, and what changed its meaning between the operator's version and the opset is said
 * explicitly. Versions as in the ONNX operator changelog.
 */
import type { AttributeValue, KnownTensor, Operator } from '../graph/graph.ts';
import type { ValueType } from '../graph/types.ts';
import { lookupOperator } from '../ops/index.ts';
import { quoted } from '../onnx/names.ts';
import { ExportError } from './exportError.ts';

/** What the form of a node depends on. */
export interface FormFacts {
  readonly known: (value: number) => KnownTensor | undefined;
  readonly type: (value: number) => ValueType;
}

export interface NodeForm {
  /** Value indices; -1: absent. */
  readonly inputs: readonly number[];
  readonly attributes: ReadonlyMap<string, AttributeValue>;
}

/** An input of the canonical form that older versions have as an attribute. */
interface Moved {
  /** First version that has the input. */
  readonly since: number;
  readonly slot: number;
  readonly attribute: string;
  readonly kind: 'ints' | 'int' | 'float';
  /** Older versions know nothing of it and always do what this says. */
  readonly only?: (numbers: readonly number[]) => boolean;
}

const axes = (since: number): readonly Moved[] => [
  { since, slot: 1, attribute: 'axes', kind: 'ints' },
];

const MOVED: Readonly<Record<string, readonly Moved[]>> = {
  Clip: [
    { since: 11, slot: 1, attribute: 'min', kind: 'float' },
    { since: 11, slot: 2, attribute: 'max', kind: 'float' },
  ],
  DFT: [{ since: 20, slot: 2, attribute: 'axis', kind: 'int' }],
  Dropout: [{ since: 12, slot: 1, attribute: 'ratio', kind: 'float' }],
  Pad: [
    { since: 11, slot: 1, attribute: 'pads', kind: 'ints' },
    { since: 11, slot: 2, attribute: 'value', kind: 'float' },
  ],
  ReduceL1: axes(18),
  ReduceL2: axes(18),
  ReduceLogSum: axes(18),
  ReduceLogSumExp: axes(18),
  ReduceMax: axes(18),
  ReduceMean: axes(18),
  ReduceMin: axes(18),
  ReduceProd: axes(18),
  ReduceSum: axes(13),
  ReduceSumSquare: axes(18),
  Slice: [
    { since: 10, slot: 1, attribute: 'starts', kind: 'ints' },
    { since: 10, slot: 2, attribute: 'ends', kind: 'ints' },
    { since: 10, slot: 3, attribute: 'axes', kind: 'ints' },
    {
      since: 10,
      slot: 4,
      attribute: '',
      kind: 'ints',
      only: (steps) => steps.every((step) => step === 1),
    },
  ],
  Split: [{ since: 13, slot: 1, attribute: 'split', kind: 'ints' }],
  Squeeze: axes(13),
  TopK: [{ since: 10, slot: 1, attribute: 'k', kind: 'int' }],
  Unsqueeze: axes(13),
};

/** Attributes that older versions do not have; they mean nothing there. */
const YOUNG: Readonly<Record<string, readonly (readonly [since: number, attribute: string])[]>> = {
  BatchNormalization: [[14, 'training_mode']],
  Split: [[18, 'num_outputs']],
};

/** First versions that have the canonical form, where that is not when the operator came. */
const FIRST: Readonly<Record<string, number>> = {
  // ONNX Runtime has it from the start; ONNX does not.
  LayerNormalization: 17,
  Resize: 13,
  ScatterElements: 11,
};

/** The lowest opset of ai.onnx, from `least` on, that has all of these operators in their form. */
export function opsetFor(
  operators: Iterable<readonly [Operator, FormFacts]>,
  least: number,
): number {
  let opset = least;
  const all = [...operators];
  for (const [{ domain, type }] of all) {
    if (domain !== '') continue;
    const first = FIRST[type] ?? lookupOperator(domain, type)?.since[0] ?? 1;
    opset = Math.max(opset, first);
  }
  // An input that is no constant needs a version that has it.
  for (const [operator, facts] of all) {
    if (operator.domain !== '') continue;
    for (const moved of MOVED[operator.type] ?? []) {
      if (opset < moved.since && !isMovable(operator, moved, facts)) opset = moved.since;
    }
  }
  return opset;
}

/** Throws ExportError where the opset cannot say what the operator means. */
export function nodeForm(operator: Operator, opset: number, facts: FormFacts): NodeForm {
  const { domain, type } = operator;
  if (domain !== '') return operator;
  const inputs = [...operator.inputs];
  const attributes = new Map(operator.attributes);
  for (const moved of MOVED[type] ?? []) {
    if (opset >= moved.since || (inputs[moved.slot] ?? -1) < 0) continue;
    const numbers = numbersOf(facts.known(inputs[moved.slot]!))!;
    if (moved.attribute !== '') attributes.set(moved.attribute, attributeOf(moved, numbers));
    inputs[moved.slot] = -1;
  }
  while (inputs.length > 0 && inputs.at(-1)! < 0) inputs.pop();
  for (const [since, attribute] of YOUNG[type] ?? []) {
    if (opset < since) attributes.delete(attribute);
  }
  sayWhatChanged(operator, opset, attributes, facts);
  return { inputs, attributes };
}

function isMovable({ inputs }: Operator, { slot, only }: Moved, facts: FormFacts): boolean {
  if ((inputs[slot] ?? -1) < 0) return true;
  const numbers = numbersOf(facts.known(inputs[slot]!));
  return numbers !== undefined && (only === undefined || only(numbers));
}

function attributeOf({ kind }: Moved, numbers: readonly number[]): AttributeValue {
  if (kind === 'ints') return { kind, value: numbers };
  return { kind, value: numbers[0] ?? 0 };
}

function numbersOf(known: KnownTensor | undefined): readonly number[] | undefined {
  const data = known?.data;
  return data?.every((element) => typeof element === 'number')
    ? (data as readonly number[])
    : undefined;
}

/** Defaults and spellings that a version between the operator's own and the opset changed. */
function sayWhatChanged(
  operator: Operator,
  opset: number,
  attributes: Map<string, AttributeValue>,
  facts: FormFacts,
): void {
  const { type, opset: own } = operator;
  const crosses = (version: number): boolean => own < version && opset >= version;
  const text = (name: string): string | undefined => {
    const value = attributes.get(name);
    return value?.kind === 'string' ? value.value : undefined;
  };
  if (/^(Softmax|LogSoftmax|Hardmax)$/.test(type) && crosses(13)) {
    // Before, all axes from this one on were one row.
    const axis = attributes.get('axis');
    const input = facts.type(operator.inputs[0] ?? -1);
    const rank = input.kind === 'tensor' ? input.shape?.length : undefined;
    const first = axis?.kind === 'int' ? axis.value : 1;
    if (rank === undefined || (first < 0 ? first + rank : first) !== rank - 1) {
      throw new ExportError(
        `${type} ${quoted(operator.id)} over several axes cannot be written in opset ${opset}.`,
      );
    }
    attributes.set('axis', { kind: 'int', value: -1 });
  }
  if (type === 'BatchNormalization' && crosses(9)) attributes.delete('spatial');
  if (type === 'RoiAlign' && crosses(16) && text('coordinate_transformation_mode') === undefined) {
    attributes.set('coordinate_transformation_mode', {
      kind: 'string',
      value: 'output_half_pixel',
    });
  }
  if (type === 'GridSample' && crosses(20)) {
    const mode = text('mode');
    const newer = mode === 'bicubic' ? 'cubic' : mode === 'nearest' ? mode : 'linear';
    attributes.set('mode', { kind: 'string', value: newer });
  }
  if (type === 'GroupNormalization' && crosses(21)) {
    throw new ExportError(
      `GroupNormalization ${quoted(operator.id)} of opset ${own} cannot be written in opset ${opset}.`,
    );
  }
}
