// Data movement and reductions: mapping types that depend on shapes, attributes and constants; shapes with
// symbolic sizes; what is refused.
import { describe, expect, it } from 'vitest';
import type { InputSpec } from './operatorCase.ts';
import { constant, entryNamed, inferText, mappingOf, runtime } from './operatorCase.ts';
import { dimSymbol } from '../../../compiler/graph/dim.ts';
import { OPERATORS } from '../../../compiler/ops/index.ts';

type Attributes = Readonly<Record<string, number | string | readonly number[]>>;
type Row = readonly [
  name: string,
  inputs: readonly InputSpec[],
  attributes: Attributes,
  expected: string,
];

const x = 'float32 2,3,4';
/** A target computed at run time whose open size is the only thing left to infer. */
const restAndSymbol: InputSpec = {
  dtype: 'int64',
  dims: [3],
  data: [-1, 2, dimSymbol('n')],
  constant: false,
};

const MAPPINGS: readonly Row[] = [
  ['Reshape', [x, constant([6, 4])], {}, 'reorganize'],
  ['Reshape', [x, 'int64 2'], {}, 'reorganize (target known at run time only)'],
  ['Flatten', [x], {}, 'reorganize'],
  ['Transpose', [x], {}, 'shuffle'],
  ['Transpose', [x], { perm: [0, 1, 2] }, 'reorganize (moves only axes of one element)'],
  [
    'Transpose',
    ['float32 n,1,4'],
    { perm: [1, 0, 2] },
    'reorganize (moves only axes of one element)',
  ],
  ['Concat', [x, x], { axis: 1 }, 'one-to-one'],
  ['Slice', [x, constant([0]), constant([1])], {}, 'one-to-one'],
  [
    'Slice',
    [x, constant([-1]), constant([-99]), constant([0]), constant([-1])],
    {},
    'shuffle (a negative step reverses an axis)',
  ],
  ['Slice', [x, 'int64 1', constant([1])], {}, 'one-to-one (bounds known at run time only)'],
  ['Slice', [x, constant([0]), runtime('n')], {}, 'one-to-one'],
  ['Pad', [x, constant([0, 0, 1, 0, 0, 1])], {}, 'one-to-one'],
  [
    'Pad',
    [x, constant([0, 0, 1, 0, 0, 1])],
    { mode: 'edge' },
    'one-to-many (edge repeats elements)',
  ],
  ['Pad', [x, 'int64 6'], {}, 'opaque (pads known at run time only)'],
  ['Expand', ['float32 3,1', constant([3, 4])], {}, 'one-to-many'],
  ['Expand', ['float32 3,4', constant([1, 4])], {}, 'one-to-one (repeats nothing)'],
  ['Tile', [x, constant([1, 1, 1])], {}, 'one-to-one (every repeat is 1)'],
  ['Tile', [x, 'int64 3'], {}, 'opaque (repeats known at run time only)'],
  ['Gather', ['float32 9,4!', 'int64 n'], {}, 'one-to-many'],
  ['Gather', [x, constant(1)], { axis: 1 }, 'reorganize (one constant index)'],
  ['Gather', [x, constant([1, 2])], { axis: 1 }, 'one-to-one (constant run of indices)'],
  ['Gather', [x, constant([2, 0, 1])], { axis: 1 }, 'shuffle (constant permutation)'],
  ['Gather', [x, constant([2, -1])], { axis: 1 }, 'one-to-many'],
  ['ScatterND', [x, 'int64 1,1', 'float32 1,3,4'], {}, 'opaque (two writes may meet)'],
  ['Compress', ['float32 3', 'bool 3'], {}, 'opaque (the condition decides the output size)'],
  ['OneHot', ['int64 n', 'int64 scalar', 'float32 2'], {}, 'opaque (depth known at run time only)'],
  ['ReduceMean', [x, constant([-1])], {}, 'many-to-many'],
  ['ReduceMean', [x], {}, 'many-to-many'],
  ['ReduceMean', [x, 'int64 1'], {}, 'opaque (axes known at run time only)'],
  ['ReduceMean', [x], { noop_with_empty_axes: 1 }, 'one-to-one (reduces no axis)'],
  [
    'ReduceMean',
    ['float32 2,1', constant([1])],
    { keepdims: 0 },
    'reorganize (every reduced axis has one element)',
  ],
  ['CumSum', [x, 'int64 scalar'], {}, 'opaque (axis known at run time only)'],
  ['TopK', [x, constant([2])], {}, 'opaque (sorts)'],
];

describe('mapping types', () => {
  it.each(MAPPINGS)('%s %o %o', (name, inputs, attributes, expected) => {
    const { node, note } = mappingOf(entryNamed(OPERATORS, name, ''), { inputs, attributes });
    expect(note === undefined ? node : `${node} (${note})`).toBe(expected);
  });
});

const SHAPES: readonly Row[] = [
  ['Reshape', ['float32 n,3,4', constant([0, -1])], {}, 'float32 n×12'],
  ['Reshape', ['float32 n,12', constant([-1, 3, 4])], {}, 'float32 n×3×4'],
  ['Reshape', ['float32 n,12', restAndSymbol], {}, 'float32 6×2×n'],
  ['Reshape', ['float32 0,3', constant([0, 5])], { allowzero: 1 }, 'float32 0×5'],
  ['Reshape', [x, constant([5, 5])], {}, '! 2×3×4 has 24 elements, target [5, 5] 25'],
  ['Reshape', [x, constant([-1, -1])], {}, '! target [-1, -1] leaves more than one size open'],
  ['Reshape', [x, 'int64 2'], {}, 'float32 size0×size1'],
  ['Flatten', ['float32 n,3,4'], { axis: 2 }, 'float32 3·n×4'],
  ['Squeeze', ['float32 1,n,1', constant([0, -1])], {}, 'float32 n'],
  ['Squeeze', ['float32 1,3,1'], {}, 'float32 3'],
  ['Squeeze', ['float32 1,n'], {}, 'float32 ?'],
  ['Squeeze', ['float32 2', constant([0])], {}, '! axis 0 has size 2, not 1'],
  ['Unsqueeze', ['float32 n', constant([0, -1])], {}, 'float32 1×n×1'],
  ['Transpose', ['float32 a,b,c'], {}, 'float32 c×b×a'],
  ['DepthToSpace', ['float32 n,8,h,w'], { blocksize: 2 }, 'float32 n×2×2·h×2·w'],
  ['SpaceToDepth', ['float32 n,2,h,4'], { blocksize: 2 }, 'float32 n×8×floordiv(h, 2)×2'],
  ['Concat', ['float32 n,2', 'float32 n,m'], { axis: -1 }, 'float32 n×m + 2'],
  ['Concat', ['float32 2,2', 'float32 3,2'], { axis: 1 }, '! sizes of axis 0 differ: 2 and 3'],
  ['Tile', ['float32 n,2', constant([2, 3])], {}, 'float32 2·n×6'],
  ['Expand', ['float32 n,1', runtime('1,m')], {}, 'float32 n×m'],
  ['Expand', ['float32 3,1', runtime('?,m')], {}, 'float32 3×m'],
  ['Pad', ['float32 n,3', constant([0, 1, 2, 0])], {}, 'float32 n + 2×4'],
  ['Pad', ['float32 2,3', constant([1, 1]), '', constant([-1])], {}, 'float32 2×5'],
  ['Pad', ['float32 3', constant([-2, -2])], {}, '! pads leave -1 elements on axis 0'],
  ['Gather', ['float32 a,b,c', 'int64 n,m'], { axis: 1 }, 'float32 a×n×m×c'],
  ['GatherElements', ['float32 a,b', 'int64 a,3'], { axis: 1 }, 'float32 a×3'],
  ['GatherND', ['float32 a,b,c', 'int64 n,2'], {}, 'float32 n×c'],
  ['GatherND', ['float32 a,b,c', 'int64 a,n,1'], { batch_dims: 1 }, 'float32 a×n×c'],
  ['ScatterElements', ['float32 a,b', 'int64 1,b', 'float32 1,b'], {}, 'float32 a×b'],
  ['Compress', ['float32 a,5', 'bool 3'], { axis: 1 }, 'float32 a×count<=5'],
  ['Compress', ['float32 a,5', constant([1, 0, 1], 'bool')], { axis: 1 }, 'float32 a×2'],
  ['OneHot', ['int64 n', constant(10), 'float32 2'], { axis: 0 }, 'float32 10×n'],
  ['ReduceSum', ['float32 a,b,c', constant([0, -1])], {}, 'float32 1×b×1'],
  ['ReduceSum', ['float32 a,b,c', constant([0, -1])], { keepdims: 0 }, 'float32 b'],
  ['ReduceSum', ['float32 a,b', 'int64 1'], { keepdims: 0 }, 'float32 size0'],
  ['ReduceSum', ['float32 ?'], { keepdims: 0 }, 'float32 scalar'],
  ['ReduceSum', ['float32 2', constant([1])], {}, '! axis 1 is outside a tensor of rank 1'],
  ['ArgMax', ['float32 a,b'], { axis: 1, keepdims: 0 }, 'int64 a'],
  ['NonZero', ['float32 a,b'], {}, 'int64 2×count<=a·b'],
  ['TopK', ['float32 a,b', runtime('k')], {}, 'float32 a×k; int64 a×k'],
  ['TopK', ['float32 a,5', constant([6])], {}, '! k is 6 but axis 1 has 5 elements'],
  [
    'Unique',
    ['float32 a,b'],
    { axis: 1 },
    'float32 a×count<=b; int64 count<=b; int64 b; int64 count<=b',
  ],
  ['Shape', ['float32 a,b,c'], { start: -2 }, 'int64 2'],
  ['Size', ['float32 ?'], {}, 'int64 scalar'],
  ['ConstantOfShape', [runtime('n,2')], {}, 'float32 n×2'],
  ['Range', [constant(10), constant(0), constant(-3)], {}, 'int64 4'],
  ['Range', [constant(0), runtime('n'), constant(2)], {}, 'int64 floordiv(n + 1, 2)'],
  ['EyeLike', ['int32 a,b'], { dtype: 1 }, 'float32 a×b'],
  ['CenterCropPad', ['float32 a,b', constant([3])], { axes: [1] }, 'float32 a×3'],
  ['HannWindow', [constant(8)], {}, 'float32 8'],
  ['Trilu', ['float32 3'], {}, '! input 0 has rank 1; Trilu takes at least 2'],
];

describe('shapes', () => {
  it.each(SHAPES)('%s %o %o', (name, inputs, attributes, expected) => {
    const entry = entryNamed(OPERATORS, name, '');
    const outputs = entry.outputs[1] > 10 ? 1 : entry.outputs[1];
    const found = inferText(entry, { inputs, attributes, outputs });
    expect(found.join('; ')).toBe(expected);
  });
});

describe('Split', () => {
  const split = (opset: number, outputs: number, inputs: InputSpec[]): string =>
    inferText(entryNamed(OPERATORS, 'Split', ''), { inputs, outputs, opset }).join('; ');

  it('takes stated sizes, equal parts, or a smaller last part', () => {
    expect(split(18, 2, ['float32 7', constant([3, 4])])).toBe('float32 3; float32 4');
    expect(split(13, 2, ['float32 6'])).toBe('float32 3; float32 3');
    expect(split(18, 3, ['float32 7'])).toBe('float32 3; float32 3; float32 1');
    expect(split(18, 2, ['float32 n', runtime('n,0')])).toBe('float32 n; float32 0');
  });

  it('refuses parts that do not add up', () => {
    expect(split(18, 2, ['float32 7', constant([3, 3])])).toBe(
      '! the parts add up to 6, the axis has 7',
    );
    expect(split(13, 2, ['float32 7'])).toBe('! an axis of 7 does not divide into 2 equal parts');
  });
});
