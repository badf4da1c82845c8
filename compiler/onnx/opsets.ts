/**
 * One canonical form for all opsets: the newest signature up to opset 22. Attributes that became inputs
 * move to constant inputs; operators that were renamed get their new name. What changed in meaning, but not
 * in form, is left to whoever reads `Operator.opset`.
 */
import type { AttributeValue } from '../graph/graph.ts';
import type { DataType } from '../graph/types.ts';
import type { DraftGraph, DraftNode, DraftValue } from './draft.ts';

interface Move {
  /** First opset that has the canonical form. */
  readonly since: number;
  readonly apply: (edit: NodeEdit) => void;
}

const AXES_TO_INPUT = (since: number): Move => ({
  since,
  apply: (edit) => edit.intsToInput('axes', 1),
});

const RESIZE_FROM_SCALES: Move = {
  since: 11,
  apply: (edit) => {
    const scales = edit.node.inputs[1];
    if (scales !== undefined) edit.node.inputs = [edit.node.inputs[0], undefined, scales];
    edit.floatsToInput('scales', 2);
    // What Resize 11 made explicit, Upsample and Resize 10 did silently.
    edit.setString('coordinate_transformation_mode', 'asymmetric');
    edit.setString('nearest_mode', 'floor');
    if (edit.string('mode') === 'bilinear') edit.setString('mode', 'linear');
    edit.become('Resize', 13);
  },
};

/** By operator of ai.onnx. Every move up to the model's version is applied in order. */
const MOVES: ReadonlyMap<string, readonly Move[]> = new Map<string, readonly Move[]>([
  [
    'BatchNormalization',
    [
      {
        since: 14,
        apply: (edit) => {
          // Before 14, asking for the statistics meant training.
          if (edit.node.outputs.slice(1).some(Boolean)) edit.setInt('training_mode', 1);
        },
      },
    ],
  ],
  [
    'Clip',
    [
      {
        since: 11,
        apply: (edit) => {
          edit.floatToInput('min', 1);
          edit.floatToInput('max', 2);
        },
      },
    ],
  ],
  [
    'DFT',
    [
      {
        since: 20,
        apply: (edit) => {
          edit.setInput(2, 'axis', 'int64', [], [edit.int('axis') ?? 1]);
          edit.drop('axis');
        },
      },
    ],
  ],
  [
    'Dropout',
    [
      {
        since: 12,
        apply: (edit) => {
          edit.floatToInput('ratio', 1);
        },
      },
    ],
  ],
  [
    'Pad',
    [
      {
        since: 11,
        apply: (edit) => {
          edit.intsToInput('paddings', 1);
          edit.intsToInput('pads', 1);
          edit.floatToInput('value', 2);
        },
      },
    ],
  ],
  ['ReduceL1', [AXES_TO_INPUT(18)]],
  ['ReduceL2', [AXES_TO_INPUT(18)]],
  ['ReduceLogSum', [AXES_TO_INPUT(18)]],
  ['ReduceLogSumExp', [AXES_TO_INPUT(18)]],
  ['ReduceMax', [AXES_TO_INPUT(18)]],
  ['ReduceMean', [AXES_TO_INPUT(18)]],
  ['ReduceMin', [AXES_TO_INPUT(18)]],
  ['ReduceProd', [AXES_TO_INPUT(18)]],
  ['ReduceSum', [AXES_TO_INPUT(13)]],
  ['ReduceSumSquare', [AXES_TO_INPUT(18)]],
  ['Reshape', [{ since: 5, apply: (edit) => edit.intsToInput('shape', 1) }]],
  ['Resize', [RESIZE_FROM_SCALES]],
  ['Scatter', [{ since: Infinity, apply: (edit) => edit.become('ScatterElements', 11) }]],
  [
    'Slice',
    [
      {
        since: 10,
        apply: (edit) => {
          edit.intsToInput('starts', 1);
          edit.intsToInput('ends', 2);
          edit.intsToInput('axes', 3);
        },
      },
    ],
  ],
  [
    'Split',
    [
      { since: 13, apply: (edit) => edit.intsToInput('split', 1) },
      {
        since: 18,
        apply: (edit) => {
          if (edit.node.inputs[1] === undefined) {
            edit.setInt('num_outputs', edit.node.outputs.length);
          }
        },
      },
    ],
  ],
  ['Squeeze', [AXES_TO_INPUT(13)]],
  [
    'TopK',
    [
      {
        since: 10,
        apply: (edit) => {
          const k = edit.int('k');
          if (k !== undefined) edit.setInput(1, 'k', 'int64', [1], [k]);
          edit.drop('k');
        },
      },
    ],
  ],
  ['Unsqueeze', [AXES_TO_INPUT(13)]],
  ['Upsample', [{ ...RESIZE_FROM_SCALES, since: Infinity }]],
]);

/** Brings one operator into its canonical form, in place. Its inputs and attributes must be complete. */
export function canonicalise(node: DraftNode, graph: DraftGraph): void {
  if (node.domain !== '') return;
  const edit = new NodeEdit(node, graph);
  for (const move of MOVES.get(node.type) ?? []) {
    if (node.opset < move.since) move.apply(edit);
  }
  // Resize 11 and 12 wrote empty tensors for what later versions leave out.
  if (node.type === 'Resize') {
    node.inputs = node.inputs.map((input, slot) =>
      slot > 0 && isEmpty(input) ? undefined : input,
    );
  }
  // Caffe2's memory hints of opsets 1 to 5.
  node.attributes.delete('consumed_inputs');
  while (node.inputs.length > 0 && node.inputs.at(-1) === undefined) node.inputs.pop();
}

function isEmpty(value: DraftValue | undefined): boolean {
  return value?.constant?.dims.includes(0) === true;
}

class NodeEdit {
  constructor(
    readonly node: DraftNode,
    private readonly graph: DraftGraph,
  ) {}

  int(name: string): number | undefined {
    const value = this.get(name);
    return value?.kind === 'int' ? value.value : undefined;
  }

  string(name: string): string | undefined {
    const value = this.get(name);
    return value?.kind === 'string' ? value.value : undefined;
  }

  setInt(name: string, value: number): void {
    this.node.attributes.set(name, { kind: 'int', value });
  }

  /** Keeps a value that the file gives. */
  setString(name: string, value: string): void {
    if (name === 'mode' || !this.node.attributes.has(name)) {
      this.node.attributes.set(name, { kind: 'string', value });
    }
  }

  drop(name: string): void {
    this.node.attributes.delete(name);
  }

  become(type: string, opset: number): void {
    this.node.type = type;
    this.node.opset = Math.max(this.node.opset, opset);
  }

  intsToInput(name: string, slot: number): void {
    const value = this.get(name);
    if (value?.kind === 'ints') {
      this.setInput(slot, name, 'int64', [value.value.length], value.value);
    }
    this.drop(name);
  }

  floatsToInput(name: string, slot: number): void {
    const value = this.get(name);
    if (value?.kind === 'floats') {
      this.setInput(slot, name, 'float32', [value.value.length], value.value);
    }
    this.drop(name);
  }

  /** A scalar of the element type of input 0, as far as the model declares it. */
  floatToInput(name: string, slot: number): void {
    const value = this.get(name);
    if (value?.kind === 'float') {
      const type = this.node.inputs[0]?.type;
      const declared = type?.kind === 'tensor' ? type.dtype : 'undefined';
      const dtype = declared === 'undefined' || name === 'ratio' ? 'float32' : declared;
      this.setInput(slot, name, dtype, [], [value.value]);
    }
    this.drop(name);
  }

  /** Does nothing where the input is there already. */
  setInput(
    slot: number,
    name: string,
    dtype: DataType,
    dims: readonly number[],
    data: readonly number[],
  ): void {
    const { inputs } = this.node;
    if (inputs[slot] !== undefined) return;
    while (inputs.length < slot) inputs.push(undefined);
    const owner = this.node.outputs.find((output) => output !== undefined)?.name ?? '';
    const value = this.graph.computed(`${owner}/${name}`, dtype, dims, [...data]);
    value.uses++;
    inputs[slot] = value;
  }

  private get(name: string): AttributeValue | undefined {
    return this.node.attributes.get(name);
  }
}
