// Operators whose sizes or order come from data, against ONNX Runtime on random inputs with many ties; control
// flow on plain numbers; and hostile sizes, counts and indices, which end the run with the operator's id.
import { describe, expect, it } from 'vitest';
import { RunError } from '../../../compiler/loop/interpret.ts';
import type { Tensor } from '../../../compiler/lower/runGraph.ts';
import { onnxRuntimeInstalled } from '../../setup/onnxRuntime.ts';
import type { ModelSpec } from '../onnx/protoWriter.ts';
import { input, node, tensor } from '../onnx/protoWriter.ts';
import type { Operand, OperatorRun } from './againstOnnxRuntime.ts';
import { differences, floats, given } from './againstOnnxRuntime.ts';
import { Random } from './randomGraphs.ts';
import {
  floats as data,
  oneBlock,
  planOf,
  prepareSpec,
  programTexts,
  runPrepared,
} from './running.ts';

/** Few distinct values, so that many are equal. */
function coarse(seed: number, dims: readonly number[], values = 5): Operand {
  const random = new Random(seed);
  const count = dims.reduce((a, b) => a * b, 1);
  return given(
    'float32',
    dims,
    Array.from({ length: count }, () => random.below(values) - Math.floor(values / 2)),
  );
}

/** Corners in any order, some boxes empty, many the same. */
function boxes(seed: number, batch: number, count: number): Operand {
  const random = new Random(seed);
  const corner = (): number => random.below(12) / 4;
  return given('float32', [batch, count, 4], Array.from({ length: batch * count * 4 }, corner));
}

const constant = (operand: Operand): Operand => ({ ...operand, constant: true });
const int64 = (...elements: readonly number[]): Operand =>
  constant(given('int64', [elements.length], elements));
const scalar = (value: number): Operand => constant(given('float32', [1], [value]));

const regions = given(
  'float32',
  [5, 4],
  [
    ...[0, 0, 7, 7],
    ...[1.3, 2.2, 5.9, 4.1],
    ...[-3, -2, 12, 3],
    ...[4, 4, 4, 4],
    ...[6.5, 6.5, 9, 30],
  ],
);

const roi = (attributes: OperatorRun['attributes'], opset = 16): OperatorRun => ({
  type: 'RoiAlign',
  opset,
  inputs: [floats(2, 3, 8, 8), regions, given('int64', [5], [0, 1, 1, 0, 1])],
  attributes: { output_height: 3, output_width: 2, ...attributes },
});

const suppression = (seed: number, most: number, centre = 0): OperatorRun => ({
  type: 'NonMaxSuppression',
  opset: 11,
  inputs: [boxes(seed, 2, 20), coarse(seed, [2, 3, 20], 7), int64(most), scalar(0.3), scalar(-2)],
  attributes: { center_point_box: centre },
});

const CASES: Readonly<Record<string, OperatorRun>> = {
  'NonZero of a matrix': { type: 'NonZero', inputs: [coarse(1, [5, 7], 3)] },
  'NonZero of nothing': { type: 'NonZero', inputs: [given('float32', [2, 2], [0, 0, 0, 0])] },
  'Compress along an axis': {
    type: 'Compress',
    inputs: [floats(4, 3), given('bool', [3], [1, 0, 1])],
    attributes: { axis: 0 },
  },
  'Compress of all elements': {
    type: 'Compress',
    inputs: [floats(2, 3), given('bool', [5], [0, 1, 1, 0, 1])],
  },
  'Unique sorted': {
    type: 'Unique',
    inputs: [coarse(2, [4, 9], 9)],
    outputs: [true, true, true, true],
  },
  'Unique in order': {
    type: 'Unique',
    inputs: [coarse(3, [30], 9)],
    attributes: { sorted: 0 },
    outputs: [true, false, true, true],
  },
  'Unique rows': {
    type: 'Unique',
    inputs: [coarse(4, [12, 2], 3)],
    attributes: { axis: 0 },
    outputs: [true, true, true, true],
  },
  'Unique columns': {
    type: 'Unique',
    inputs: [coarse(5, [2, 9, 2], 2)],
    attributes: { axis: 1 },
    outputs: [true, true, true, true],
  },
  'TopK with ties': {
    type: 'TopK',
    inputs: [coarse(6, [3, 40]), int64(17)],
    outputs: [true, true],
  },
  'TopK of the smallest': {
    type: 'TopK',
    inputs: [coarse(7, [11, 4]), int64(5)],
    attributes: { axis: 0, largest: 0 },
    outputs: [true, true],
  },
  'TopK of everything': {
    type: 'TopK',
    inputs: [coarse(8, [2, 33], 9), int64(33)],
    outputs: [true, true],
  },
  'NonMaxSuppression with ties': suppression(1, 10),
  'NonMaxSuppression of centres': suppression(2, 10, 1),
  'NonMaxSuppression, few kept': suppression(3, 2),
  'NonMaxSuppression, none kept': suppression(4, 0),
  'RoiAlign mean': roi({ sampling_ratio: 2 }),
  'RoiAlign mean, adaptive': roi({}),
  'RoiAlign, scaled': roi({ spatial_scale: { float: 0.5 }, sampling_ratio: 3 }),
  'RoiAlign of whole pixels': roi({ coordinate_transformation_mode: 'output_half_pixel' }),
  'RoiAlign 10': roi({ sampling_ratio: 2 }, 10),
  'RoiAlign largest': roi({ mode: 'max', sampling_ratio: 2 }),
  'RoiAlign largest, adaptive': roi({ mode: 'max' }),
};

describe.skipIf(!onnxRuntimeInstalled())('as ONNX Runtime', () => {
  it.each(Object.entries(CASES))('%s', async (_, run) => {
    expect(await differences({ opset: 13, ...run })).toEqual([]);
  });
});

const ints = (...elements: readonly number[]): Tensor => ({
  storage: 'i64',
  dims: [elements.length],
  elements: elements.map(BigInt),
});
const whole = (value: number | bigint): Tensor => ({
  storage: 'i64',
  dims: [],
  elements: [BigInt(value)],
});

/** What the model gives, the same fused by the planner and alone; all accesses proven. */
function outputsOf(spec: ModelSpec, inputs: readonly Tensor[]) {
  const prepared = prepareSpec(spec);
  programTexts(prepared, planOf(prepared.ecg, 'none'));
  const alone = runPrepared(prepared, planOf(prepared.ecg, 'none'), inputs);
  expect(runPrepared(prepared, planOf(prepared.ecg, 'dnnfusion'), inputs)).toEqual(alone);
  return alone.map(({ dims, elements }) => ({ dims, elements: elements.map(Number) }));
}

function blamed(spec: ModelSpec, inputs: readonly Tensor[]): string {
  const prepared = prepareSpec(spec);
  try {
    runPrepared(prepared, planOf(prepared.ecg, 'none'), inputs);
  } catch (error) {
    if (error instanceof RunError) return error.operator;
    throw error;
  }
  return 'nothing';
}

const vector = (name: string, ...elements: readonly number[]) =>
  tensor(name, 'int64', [elements.length], elements);

/** Slices of a counter: the state grows by one in every iteration, and each iteration is collected. */
const growing: ModelSpec = {
  opset: 13,
  inputs: [input('x', 'float32', [1, 2])],
  initializers: [tensor('five', 'int64', [], [5]), tensor('on', 'bool', [], [1])],
  nodes: [
    node('Loop', ['five', 'on', 'x'], ['grown', 'collected'], {
      body: {
        graph: {
          inputs: [
            input('i', 'int64', []),
            input('go', 'bool', []),
            // What exporters write: the first iteration's size.
            input('state', 'float32', [1, 2]),
          ],
          initializers: [vector('last', -1), vector('end', 2147483647), vector('first', 0)],
          nodes: [
            node('Slice', ['state', 'last', 'end', 'first'], ['row']),
            node('Add', ['row', 'x'], ['next']),
            node('Concat', ['state', 'next'], ['longer'], { axis: 0 }),
            node('Identity', ['go'], ['still']),
          ],
          outputs: ['still', 'longer', 'next'],
        },
      },
    }),
    node('Relu', ['grown'], ['y']),
  ],
  outputs: ['y', 'collected'],
};

/** Stops when the sum passes a limit. */
const counting = (most: string): ModelSpec => ({
  opset: 13,
  inputs: [input('limit', 'float32', []), input('most', 'int64', [])],
  initializers: [tensor('zero', 'float32', [], [0]), tensor('few', 'int64', [], [9])],
  nodes: [
    node('Loop', [most, '', 'zero'], ['sum', most === 'few' ? 'sums' : ''], {
      body: {
        graph: {
          inputs: [input('i', 'int64', []), input('go', 'bool', []), input('s', 'float32', [])],
          initializers: [tensor('one', 'float32', [], [1])],
          nodes: [
            node('Add', ['s', 'one'], ['more']),
            node('Less', ['more', 'limit'], ['still']),
            node('Mul', ['more', 'more'], ['square']),
          ],
          outputs: ['still', 'more', 'square'],
        },
      },
    }),
  ],
  outputs: most === 'few' ? ['sum', 'sums'] : ['sum'],
});

const branching: ModelSpec = {
  opset: 13,
  inputs: [input('which', 'bool', []), input('x', 'float32', [4])],
  nodes: [
    node('If', ['which'], ['chosen'], {
      then_branch: {
        graph: {
          nodes: [node('NonZero', ['x'], ['found']), node('Cast', ['found'], ['a'], { to: 1 })],
          outputs: ['a'],
        },
      },
      else_branch: {
        graph: {
          initializers: [vector('shape', 1, 4)],
          nodes: [node('Reshape', ['x', 'shape'], ['b'])],
          outputs: ['b'],
        },
      },
    }),
    node('Neg', ['chosen'], ['y']),
  ],
  outputs: ['y'],
};

describe('control flow', () => {
  it('grows a state in place', () => {
    const [y, collected] = outputsOf(growing, [data([1, 2], [1, 2])]);
    const rows = [1, 2, 3, 4, 5, 6].flatMap((times) => [times, 2 * times]);
    expect(y).toEqual({ dims: [6, 2], elements: rows });
    expect(collected).toEqual({ dims: [5, 1, 2], elements: rows.slice(2) });
  });

  it('stops when the body says so', () => {
    const [sum, sums] = outputsOf(counting('few'), [data([], [4]), whole(0)]);
    expect(sum).toEqual({ dims: [], elements: [4] });
    expect(sums).toEqual({ dims: [4], elements: [1, 4, 9, 16] });
  });

  it('runs not at all where the count is 0 or negative', () => {
    for (const most of [0, -3]) {
      const [sum] = outputsOf(counting('most'), [data([], [4]), whole(most)]);
      expect(sum).toEqual({ dims: [], elements: [0] });
    }
  });

  it('takes the size of the branch that ran', () => {
    const x = data([4], [3, 0, 0, 2]);
    const which = (value: number): Tensor => ({ storage: 'bool', dims: [], elements: [value] });
    expect(outputsOf(branching, [which(1), x])).toEqual([{ dims: [1, 2], elements: [-0, -3] }]);
    const other = outputsOf(branching, [which(0), x]);
    expect(other).toEqual([{ dims: [1, 4], elements: [-3, -0, -0, -2] }]);
  });
});

describe('hostile data', () => {
  it('a loop without an end', () => {
    const prepared = prepareSpec(counting('most'));
    const [text] = programTexts(prepared, oneBlock(prepared.model));
    // Too many iterations for the interpreter: the check itself has to be there.
    expect(text).toMatch(/check \(trip\d+ < 10000000\) "it runs more than 10000000 times"/);
  });

  const sliced: ModelSpec = {
    opset: 13,
    inputs: [input('x', 'float32', [6]), input('start', 'int64', [1]), input('end', 'int64', [1])],
    nodes: [node('Slice', ['x', 'start', 'end'], ['s']), node('Neg', ['s'], ['y'])],
    outputs: ['y'],
  };

  it.each([
    [1, 4],
    [-2, 100],
    [4, 1],
    [Number(2n ** 62n), 3],
    [-(2 ** 62), -1],
  ])('Slice [%s, %s) is clamped', (start, end) => {
    const x = [1, 2, 3, 4, 5, 6];
    const [y] = outputsOf(sliced, [data([6], x), ints(start), ints(end)]);
    expect(y!.elements).toEqual(x.slice(start, end).map((element) => -element));
  });

  const filled: ModelSpec = {
    opset: 13,
    inputs: [input('x', 'float32', [4]), input('sizes', 'int64', [1])],
    initializers: [vector('zero', 0), vector('four', 4)],
    nodes: [
      node('ConstantOfShape', ['sizes'], ['z']),
      node('Slice', ['z', 'zero', 'four'], ['cut']),
      node('Add', ['cut', 'x'], ['y']),
    ],
    outputs: ['y'],
  };

  const picked: ModelSpec = {
    opset: 13,
    inputs: [input('x', 'float32', [4]), input('k', 'int64', [1])],
    nodes: [node('TopK', ['x', 'k'], ['best', 'places']), node('Neg', ['best'], ['y'])],
    outputs: ['y', 'places'],
  };

  it('k above the axis, or below 0', () => {
    const x = data([4], [1, 5, 5, 2]);
    const [y, places] = outputsOf(picked, [x, ints(3)]);
    expect(y).toEqual({ dims: [3], elements: [-5, -5, -2] });
    expect(places!.elements).toEqual([1, 2, 3]);
    for (const k of [5, -1, 2 ** 40]) expect(blamed(picked, [x, ints(k)])).toBe('best');
  });

  it('sizes out of data have bounds, or the tensor is refused', () => {
    const prepared = prepareSpec(filled);
    expect(() => runPrepared(prepared, planOf(prepared.ecg, 'none'), [])).toThrow(/no bound/);
  });

  it('batch indices of regions', () => {
    const spec: ModelSpec = {
      opset: 16,
      inputs: [input('x', 'float32', [1, 1, 4, 4]), input('at', 'int64', [1])],
      initializers: [tensor('regions', 'float32', [1, 4], [0, 0, 3, 3])],
      nodes: [node('RoiAlign', ['x', 'regions', 'at'], ['y'], { sampling_ratio: 1 })],
      outputs: ['y'],
    };
    const x = data(
      [1, 1, 4, 4],
      Array.from({ length: 16 }, (_, i) => i),
    );
    expect(blamed(spec, [x, ints(0)])).toBe('nothing');
    for (const at of [1, -1, 2 ** 50]) expect(blamed(spec, [x, ints(at)])).toBe('y');
  });

  it('regions that would take forever', () => {
    const spec: ModelSpec = {
      opset: 16,
      inputs: [input('x', 'float32', [1, 1, 4, 4]), input('r', 'float32', [1, 4])],
      initializers: [vector('at', 0)],
      nodes: [node('RoiAlign', ['x', 'r', 'at'], ['y'])],
      outputs: ['y'],
    };
    const x = data(
      [1, 1, 4, 4],
      Array.from({ length: 16 }, (_, i) => i),
    );
    for (const end of [1e9, Infinity]) {
      expect(blamed(spec, [x, data([1, 4], [0, 0, end, end])])).toBe('y');
    }
    expect(blamed(spec, [x, data([1, 4], [NaN, NaN, NaN, NaN])])).toBe('nothing');
  });

  it('sizes that do not fit together', () => {
    const spec: ModelSpec = {
      opset: 13,
      inputs: [input('x', 'float32', [4]), input('z', 'float32', [4])],
      nodes: [
        node('NonZero', ['x'], ['a']),
        node('NonZero', ['z'], ['b']),
        node('Concat', ['a', 'b'], ['y'], { axis: 0 }),
      ],
      outputs: ['y'],
    };
    const x = data([4], [1, 0, 1, 0]);
    expect(outputsOf(spec, [x, x])).toEqual([{ dims: [2, 2], elements: [0, 2, 0, 2] }]);
    expect(blamed(spec, [x, data([4], [1, 1, 1, 0])])).toBe('y');
  });
});
