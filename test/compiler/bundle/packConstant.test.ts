// Packed constants have every element where the layout says, and zeros everywhere else.
import { describe, expect, it } from 'vitest';
import { packedChunks } from '../../../compiler/bundle/packConstant.ts';
import type { Packing } from '../../../compiler/bundle/packConstant.ts';
import { ModelError } from '../../../compiler/diagnostics.ts';
import type { Constant } from '../../../compiler/graph/graph.ts';
import { constant, evaluateIndex } from '../../../compiler/loop/indexExpr.ts';
import type { Layout } from '../../../compiler/loop/layout.ts';
import { channelBlocked, physicalIndex, physicalShape } from '../../../compiler/loop/layout.ts';
import { modelFromBytes } from '../../../compiler/onnx/source.ts';
import { Random } from '../../../compiler/tensor/randomInput.ts';
import type { Tensor } from '../../../compiler/tensor/tensor.ts';
import { elementView, storageOfDtype, tensorOf } from '../../../compiler/tensor/tensor.ts';

const NO_FILE = modelFromBytes(new Uint8Array(0));

function packed(packing: Packing, source = NO_FILE): Uint8Array {
  const pieces = [...packedChunks(packing, source)].map((piece) => piece.slice());
  return new Uint8Array(pieces.flatMap((piece) => [...piece]));
}

function constantOf({ dtype, dims, bytes }: Tensor): Constant {
  return { dtype, dims, source: { kind: 'bytes', bytes } };
}

const number = (index: Parameters<typeof evaluateIndex>[0]): number =>
  evaluateIndex(
    index,
    () => Number.NaN,
    () => Number.NaN,
  );

/** Element by element, as the layout's own index functions say. */
function expected(tensor: Tensor, layout: Layout): unknown[] {
  const storage = storageOfDtype(tensor.dtype)!;
  const elements = elementView(storage, tensor.bytes);
  const extents = physicalShape(layout, tensor.dims.map(constant)).map(number);
  const result = new Array<unknown>(extents.reduce((a, b) => a * b, 1)).fill(
    typeof elements[0] === 'bigint' ? 0n : 0,
  );
  elements.forEach((element: number | bigint, flat: number) => {
    const index: number[] = [];
    let rest = flat;
    for (const dim of [...tensor.dims].reverse()) {
      index.unshift(rest % dim);
      rest = Math.floor(rest / dim);
    }
    const at = physicalIndex(layout, index.map(constant)).map(number);
    result[at.reduce((sum, position, axis) => sum * extents[axis]! + position, 0)] = element;
  });
  return result;
}

const LAYOUTS: readonly (readonly [string, readonly number[], Layout])[] = [
  ['panels of a matrix', [7, 19], [{ axis: 1, divide: 8 }, { axis: 0 }, { axis: 1, modulo: 8 }]],
  ['transposed', [5, 3], [{ axis: 1 }, { axis: 0 }]],
  ['channel-blocked', [2, 5, 3, 2], channelBlocked(4, 4)],
  [
    'convolution weights',
    [10, 6, 3, 3],
    [
      { axis: 0, divide: 8 },
      { axis: 1, divide: 4 },
      { axis: 2 },
      { axis: 3 },
      { axis: 1, modulo: 4 },
      { axis: 0, modulo: 8 },
    ],
  ],
  [
    'two levels',
    [37],
    [
      { axis: 0, divide: 12 },
      { axis: 0, divide: 4, modulo: 3 },
      { axis: 0, modulo: 4 },
    ],
  ],
  ['an empty matrix', [0, 4], [{ axis: 1 }, { axis: 0 }]],
];

describe('packed constants', () => {
  it.each(LAYOUTS)('%s', (_, dims, layout) => {
    const random = new Random(3);
    const count = dims.reduce((a, b) => a * b, 1);
    for (const dtype of ['float32', 'int8', 'float16', 'int64', 'bool'] as const) {
      const elements = Array.from({ length: count }, () => {
        const drawn = Math.floor(random.unit() * 100) + 1;
        return dtype === 'int64' ? BigInt(drawn) : drawn;
      });
      const tensor = tensorOf(dtype, dims, elements);
      const physical = physicalShape(layout, dims.map(constant)).map(number);
      const storage = storageOfDtype(dtype)!;
      const bytes = packed({ constant: constantOf(tensor), storage, layout, physical });
      expect([...elementView(storage, bytes)]).toEqual(expected(tensor, layout));
    }
  });

  it('rows stay as they are, in pieces', () => {
    const tensor = tensorOf(
      'float32',
      [600, 600],
      Array.from({ length: 360_000 }, (_, i) => i),
    );
    const file = modelFromBytes(tensor.bytes);
    const constant: Constant = {
      dtype: 'float32',
      dims: [600, 600],
      source: { kind: 'model', field: 'raw', offset: 0, length: tensor.bytes.length },
    };
    const packing: Packing = { constant, storage: 'f32', physical: [600, 600] };
    const pieces = [...packedChunks(packing, file)];
    expect(pieces.length).toBeGreaterThan(1);
    expect(Buffer.concat(pieces).equals(Buffer.from(tensor.bytes))).toBe(true);
    // The same through a layout, where rows are cut between two pieces of the file.
    const layout = [{ axis: 1 }, { axis: 0 }];
    const turned = elementView('f32', packed({ ...packing, layout }, file));
    expect([turned[1], turned[600], turned[359_999]]).toEqual([600, 1, 359_999]);
  });

  it('bytes of booleans become 0 and 1', () => {
    const constant: Constant = {
      dtype: 'bool',
      dims: [4],
      source: { kind: 'bytes', bytes: new Uint8Array([0, 1, 7, 255]) },
    };
    expect([...packed({ constant, storage: 'bool', physical: [4] })]).toEqual([0, 1, 1, 1]);
  });

  it('computed constants come from their known elements', () => {
    const constant: Constant = { dtype: 'int64', dims: [2], source: { kind: 'computed' } };
    const known = { dtype: 'int64', dims: [2], data: [3, -1] } as const;
    const bytes = packed({ constant, known, storage: 'i64', physical: [2] });
    expect([...elementView('i64', bytes)]).toEqual([3n, -1n]);
  });

  describe('sparse initialisers', () => {
    const sparse = (indices: Tensor, values: readonly number[]): Constant => ({
      ...constantOf(tensorOf('float32', [values.length], values)),
      dims: [2, 3],
      sparse: { indices: constantOf(indices) },
    });
    const dense = (constant: Constant): unknown[] => [
      ...elementView('f32', packed({ constant, storage: 'f32', physical: [2, 3] })),
    ];

    it('become dense, by flat positions or index tuples', () => {
      expect(dense(sparse(tensorOf('int64', [2], [1n, 5n]), [7, 8]))).toEqual([0, 7, 0, 0, 0, 8]);
      const tuples = tensorOf('int64', [2, 2], [0n, 2n, 1n, 0n]);
      expect(dense(sparse(tuples, [7, 8]))).toEqual([0, 0, 7, 8, 0, 0]);
    });

    it.each([6n, -1n, 2n ** 40n])('position %s is refused', (bad) => {
      expect(() => dense(sparse(tensorOf('int64', [1], [bad]), [7]))).toThrow(ModelError);
      expect(() => dense(sparse(tensorOf('int64', [1, 2], [0n, bad]), [7]))).toThrow(ModelError);
    });
  });
});
