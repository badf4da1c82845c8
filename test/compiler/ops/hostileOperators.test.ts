/**
 * Every entry of the table on types, shapes, elements and attributes that no exporter would write: a rule may
 * call the model contradictory, but it must neither throw anything else, nor hang, nor invent odd sizes. Mapping
 * and FLOPs are also asked with outputs that contradict the inputs, as they stand after a failed inference.
 */
import { expect, it } from 'vitest';
import type { Dim } from '../../../compiler/graph/dim.ts';
import { dimSymbol, formatDim } from '../../../compiler/graph/dim.ts';
import type { AttributeValue } from '../../../compiler/graph/graph.ts';
import type { DataType, ValueType } from '../../../compiler/graph/types.ts';
import { tensorType, UNKNOWN_TYPE } from '../../../compiler/graph/types.ts';
import { MAPPING_TYPES } from '../../../compiler/mapping/mappingTypes.ts';
import type { Mapping, OperatorEntry } from '../../../compiler/ops/define.ts';
import { OPERATORS } from '../../../compiler/ops/index.ts';
import type { InputSpec, OperatorCase } from './operatorCase.ts';
import { context, Contradiction } from './operatorCase.ts';

const RUNS = 80;

/** Names that some rule reads; a rule sees only those that it asks for. */
const LISTS = [
  'axes',
  'kernel_shape',
  'strides',
  'dilations',
  'pads',
  'output_padding',
  'output_shape',
  'perm',
  'split',
  'pooled_shape',
  'shape',
  'scan_input_axes',
  'scan_output_axes',
  'qkv_hidden_sizes',
  'scales',
  'repeats',
  'ngram_indexes',
  'inputdimensions',
  'starts',
  'ends',
] as const;
const INTS = [
  'axis',
  'group',
  'keepdims',
  'ceil_mode',
  'num_groups',
  'hidden_size',
  'layout',
  'blocksize',
  'to',
  'dtype',
  'block_size',
  'num_heads',
  'kv_num_heads',
  'q_num_heads',
  'num_scan_inputs',
  'transA',
  'transB',
  'transBatchA',
  'batch_dims',
  'noop_with_empty_axes',
  'allowzero',
  'new_axis',
  'onesided',
  'inverse',
  'training_mode',
  'num_outputs',
  'K',
  'N',
  'bits',
  'gather_axis',
  'channels',
  'channels_last',
  'dim',
  'size',
  'step',
  'antialias',
  'output_height',
  'sampling_ratio',
  'batch_axis',
  'time_axis',
  'sample_size',
  'k',
  'start',
  'end',
] as const;
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  auto_pad: ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID', 'odd'],
  mode: ['nearest', 'linear', 'cubic', 'constant', 'wrap', 'DCR', 'odd'],
  direction: ['forward', 'bidirectional', 'odd'],
  reduction: ['none', 'mean', 'add', 'odd'],
  equation: ['ij,jk->ik', '...i->...', 'ii', 'i->', 'ij->ji', '->', '.', 'a,b,c'],
  keep_aspect_ratio_policy: ['stretch', 'not_larger', 'not_smaller'],
  coordinate_transformation_mode: ['half_pixel', 'tf_crop_and_resize'],
};

it.each(OPERATORS.map((entry) => [`${entry.domain || 'ai.onnx'}.${entry.name}`, entry] as const))(
  '%s',
  (name, entry) => {
    const random = new Random(name);
    let inferred = 0;
    const started = performance.now();
    for (let run = 0; run < RUNS; run++) {
      const spec = randomCase(entry, random);
      let outputs: readonly ValueType[] | undefined;
      try {
        outputs = entry.infer(context(entry, spec, []));
        outputs.forEach(expectWhole);
        inferred += 1;
      } catch (error) {
        if (!(error instanceof Contradiction)) throw describe(error, spec);
      }
      const odd = Array.from({ length: 2 }, () => random.type());
      for (const types of [outputs ?? [], odd]) {
        const view = context(entry, spec, types);
        try {
          checkMapping(entry.mapping(view), spec.inputs.length);
          if (/NaN|undefined/.test(formatDim(entry.flops(view)))) throw new Error('odd FLOPs');
          // Elements are only ever computed behind an inference that succeeded.
          if (types === outputs && types.every(isSound)) entry.evaluate?.(view);
        } catch (error) {
          throw describe(error, spec);
        }
      }
    }
    expect(performance.now() - started).toBeLessThan(5000);
    // Random cases must not all be contradictions, or nothing was tested.
    expect(inferred).toBeGreaterThan(0);
  },
);

function checkMapping({ node, edges }: Mapping, inputs: number): void {
  if (!MAPPING_TYPES.includes(node)) throw new Error(`'${node}' is no mapping type`);
  if (edges.length !== inputs) throw new Error(`${edges.length} edges for ${inputs} inputs`);
}

/** Negative sizes are refused by the engine, which then asks for no elements. */
function isSound(type: ValueType): boolean {
  if (type.kind !== 'tensor' || type.shape === null) return true;
  return type.shape.every(
    (dim) => typeof dim !== 'number' || (dim >= 0 && Number.isSafeInteger(dim)),
  );
}

/** No hole where a size should be. */
function expectWhole(type: ValueType): void {
  if (type.kind === 'sequence' || type.kind === 'optional') expectWhole(type.element);
  if (type.kind !== 'tensor' || type.shape === null) return;
  for (const dim of type.shape)
    if (formatDim(dim) === 'NaN') throw new Error('a size is no number');
}

function describe(error: unknown, spec: OperatorCase): Error {
  return new Error(`${String(error)} for ${JSON.stringify(spec)}`, { cause: error });
}

function randomCase(entry: OperatorEntry, random: Random): OperatorCase {
  const [fewest, most] = entry.inputs;
  const count = fewest + random.below(Math.min(most - fewest, 3) + 1);
  const attributes: Record<string, AttributeValue> = {};
  for (const name of LISTS) {
    if (random.below(3) === 0) attributes[name] = { kind: 'ints', value: random.list() };
  }
  for (const name of INTS) {
    if (random.below(3) === 0) attributes[name] = { kind: 'int', value: random.integer() };
  }
  for (const [name, values] of Object.entries(TEXTS)) {
    if (random.below(2) === 0) attributes[name] = { kind: 'string', value: random.pick(values) };
  }
  const body = (): ValueType[] => Array.from({ length: random.below(5) }, () => random.type());
  return {
    inputs: Array.from({ length: count }, () => random.input()),
    attributes,
    opset: random.pick([7, 9, 11, 13, 18, 22]),
    outputs: 1 + random.below(3),
    subgraphs: { body, then_branch: body, else_branch: body },
  };
}

/** A small deterministic generator, seeded by a name. */
class Random {
  private state = 2166136261;

  constructor(seed: string) {
    for (const letter of seed) this.state = Math.imul(this.state ^ letter.charCodeAt(0), 16777619);
  }

  below(limit: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 4294967296) * limit);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  integer(): number {
    return this.pick([-7, -2, -1, 0, 1, 2, 3, 4, 8, 1000, Number.MAX_SAFE_INTEGER]);
  }

  list(): number[] {
    return Array.from({ length: this.below(5) }, () => this.integer());
  }

  dim(): Dim {
    return this.pick<Dim>([0, 1, 1, 2, 3, 4, 8, 2 ** 40, dimSymbol('n'), dimSymbol('m')]);
  }

  type(): ValueType {
    const choice = this.below(12);
    if (choice === 0) return UNKNOWN_TYPE;
    if (choice === 1) return { kind: 'sequence', element: this.type() };
    if (choice === 2) return { kind: 'optional', element: this.type() };
    const dtype = this.pick<DataType>([
      'float32',
      'float32',
      'int64',
      'uint8',
      'string',
      'undefined',
    ]);
    if (choice === 3) return tensorType(dtype, null);
    return tensorType(
      dtype,
      Array.from({ length: this.below(6) }, () => this.dim()),
    );
  }

  input(): InputSpec {
    const choice = this.below(8);
    if (choice === 0) return '';
    if (choice > 2) return this.type();
    const data: (Dim | undefined)[] = this.list();
    if (data.length > 0 && this.below(3) === 0) data[0] = this.pick([undefined, dimSymbol('n')]);
    const dims = data.length === 1 && this.below(2) === 0 ? [] : [data.length];
    return { dtype: 'int64', dims, data, constant: choice === 1 };
  }
}
