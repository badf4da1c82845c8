import { describe, expect, it } from 'vitest';
import type { Constant } from '../../../compiler/graph/graph.ts';
import type { DataType } from '../../../compiler/graph/types.ts';
import {
  constantChunks,
  constantNumbers,
  readConstant,
} from '../../../compiler/onnx/constantData.ts';
import { decodeElements, encodeElements } from '../../../compiler/onnx/elements.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { modelFromBytes } from '../../../compiler/onnx/source.ts';
import type { ModelSource } from '../../../compiler/onnx/source.ts';
import { codes, importSpec, valueNamed } from './importing.ts';
import {
  bytesField,
  concat,
  model,
  node,
  sparseTensor,
  tensor,
  textField,
  varint,
  varintField,
} from './protoWriter.ts';
import type { Storage } from './protoWriter.ts';

/** A model whose only node reads the tensor 'w'. */
function holding(bytes: Uint8Array): Uint8Array {
  return model({
    initializers: [bytes],
    nodes: [node('Op', ['w'], ['y'])],
    outputs: ['y'],
  });
}

function importTensor(bytes: Uint8Array) {
  const source = modelFromBytes(holding(bytes));
  const imported = importModel(source);
  const { constant, known } = valueNamed(imported.graph, 'w');
  return { constant: constant as Constant, known, source, imported };
}

function numbersOf(constant: Constant, source: ModelSource): number[] {
  return [...constantNumbers(constant, source)].flatMap((chunk) => [...chunk]);
}

const NUMBERS: readonly (readonly [DataType, readonly number[]])[] = [
  ['float32', [1.5, -2, 0, 1e20]],
  ['float64', [Math.PI, -1e300]],
  ['int8', [-128, 127, -1]],
  ['uint8', [0, 255]],
  ['int16', [-32768, 32767]],
  ['uint16', [65535]],
  ['int32', [-2147483648, 2147483647]],
  ['uint32', [4294967295, 0]],
  ['int64', [-1, 2 ** 53 - 1, -(2 ** 40)]],
  ['uint64', [2 ** 53 - 1]],
  ['bool', [1, 0, 1]],
];

describe('data fields', () => {
  for (const storage of ['raw', 'packed', 'unpacked'] as const satisfies readonly Storage[]) {
    it.each(NUMBERS)(`reads small ${storage} %s`, (dtype, values) => {
      const { known, constant, source, imported } = importTensor(
        tensor('w', dtype, [values.length], round(dtype, values), { storage }),
      );
      expect(imported.diagnostics).toEqual([]);
      expect(known?.data).toEqual(round(dtype, values));
      expect(numbersOf(constant, source)).toEqual(round(dtype, values));
    });

    it.each(NUMBERS)(`cuts large ${storage} %s by position`, (dtype, values) => {
      const count = 5000;
      const many = Array.from({ length: count }, (_, i) => values[i % values.length] as number);
      const { known, constant, source, imported } = importTensor(
        tensor('w', dtype, [count], round(dtype, many), { storage }),
      );
      expect(imported.diagnostics).toEqual([]);
      expect(known).toBeUndefined();
      expect(constant.source.kind).toBe('model');
      expect(numbersOf(constant, source)).toEqual(round(dtype, many));
      expect(readConstant(constant, source).length).toBe(
        encodeElements(round(dtype, many), dtype).length,
      );
    });
  }

  it('knows values up to the folding cap also when they were cut', () => {
    const data = Array.from({ length: 4096 }, (_, i) => i);
    const { known, constant } = importTensor(tensor('w', 'int64', [4096], data));
    expect(constant.source.kind).toBe('model');
    expect(known?.data).toEqual(data);
  });

  it('reads half floats from int32_data', () => {
    // 1.0 and -2.0 as float16 and bfloat16.
    for (const [dtype, bits] of [
      ['float16', [0x3c00, 0xc000]],
      ['bfloat16', [0x3f80, 0xc000]],
    ] as const) {
      const { known } = importTensor(tensor('w', dtype, [2], bits, { storage: 'packed' }));
      expect(known?.data).toEqual([1, -2]);
    }
  });

  it('joins several packed runs and runs between other fields', () => {
    const run = (...values: number[]): Uint8Array => bytesField(7, concat(...values.map(varint)));
    const bytes = concat(
      varintField(1, 5),
      varintField(2, 7),
      run(1, 2),
      textField(8, 'w'),
      run(),
      varintField(7, 300),
      run(4, 5),
    );
    expect(importTensor(bytes).known?.data).toEqual([1, 2, 300, 4, 5]);
  });

  it('prefers raw_data, and of two the last', () => {
    const bytes = concat(
      tensor('w', 'int32', [1], [1]),
      bytesField(9, Uint8Array.from([2, 0, 0, 0])),
      varintField(5, 3),
    );
    expect(importTensor(bytes).known?.data).toEqual([2]);
  });

  it('gives chunks of at most 1 MiB that hold whole elements', () => {
    const count = 700_001;
    const { constant, source } = importTensor(
      tensor('w', 'float32', [count], new Uint8Array(count * 4).fill(63)),
    );
    const lengths = [...constantChunks(constant, source)].map((chunk) => chunk.length);
    expect(lengths.reduce((a, b) => a + b)).toBe(count * 4);
    expect(lengths.every((length) => length <= 2 ** 20 && length % 4 === 0)).toBe(true);
  });

  it('does not decode strings', () => {
    const { constant, known, imported } = importTensor(
      tensor('w', 'string', [2], ['a', 'b'.repeat(5000)]),
    );
    expect(constant.source).toEqual({ kind: 'unavailable' });
    expect(known).toBeUndefined();
    expect(imported.diagnostics).toEqual([]);
  });

  it('keeps values and indices of sparse initialisers', () => {
    const { graph } = importSpec({
      sparseInitializers: [
        sparseTensor(
          tensor('w', 'float32', [2], [5, 6]),
          tensor('', 'int64', [2], [0, 9]),
          [100, 100],
        ),
      ],
      nodes: [node('Op', ['w'], ['y'])],
      outputs: ['y'],
    });
    const { constant, type, known } = valueNamed(graph, 'w');
    expect(type).toMatchObject({ dtype: 'float32', shape: [100, 100] });
    expect(constant?.sparse?.indices).toMatchObject({ dtype: 'int64', dims: [2] });
    expect(known).toBeUndefined();
  });
});

describe('bad tensors are reported and do not stop the import', () => {
  it.each([
    ['negative dims', tensor('w', 'float32', [-1], [1]), /dims that cannot be: -1/],
    ['huge dims', tensor('w', 'float32', [2 ** 40, 2 ** 40], [1]), /dims that cannot be/],
    [
      'dims whose product is not a number',
      tensor('w', 'float32', [...Array<number>(60).fill(2 ** 52), 0], []),
      /dims that cannot be/,
    ],
    ['rank 100', tensor('w', 'float32', Array<number>(100).fill(1), [1]), /rank 100/],
    ['too little data', tensor('w', 'float32', [3], [1]), /needs 12 bytes of data but has 4/],
    ['too much data', tensor('w', 'float32', [1], [1, 2, 3]), /needs 4 bytes of data but has 12/],
    [
      'too few packed numbers',
      tensor('w', 'int64', [9], [1], { storage: 'packed' }),
      /needs 72 bytes/,
    ],
    [
      'one packed number too few',
      tensor('w', 'int64', [2], [300], { storage: 'packed' }),
      /needs 16 bytes of data but has 8/,
    ],
    ['no data', tensor('w', 'float32', [3], [], { storage: 'none' }), /has no data/],
    ['no type', concat(varintField(1, 1), textField(8, 'w')), /has no element type/],
    [
      'a number that is cut off',
      concat(
        varintField(1, 1),
        varintField(2, 7),
        textField(8, 'w'),
        bytesField(7, Uint8Array.of(255)),
      ),
      /has damaged data: the file ends/,
    ],
    [
      'an endless number',
      concat(
        varintField(1, 1),
        varintField(2, 7),
        textField(8, 'w'),
        bytesField(7, new Uint8Array(11).fill(255)),
      ),
      /needs 8 bytes|damaged/,
    ],
  ])('%s', (_, bytes, message) => {
    const { imported, constant, source } = importTensor(bytes);
    expect(codes(imported)).toEqual(['model/bad-tensor']);
    expect(imported.diagnostics[0]?.message).toMatch(message);
    expect(constant.source.kind).toBe('unavailable');
    expect(() => readConstant(constant, source)).toThrow(/cannot be read/);
  });

  it('warns of an element type that it does not know', () => {
    const { imported } = importTensor(
      concat(varintField(1, 1), varintField(2, 77), textField(8, 'w')),
    );
    expect(codes(imported)).toEqual(['model/unsupported']);
  });

  it('reports only the first of very many', () => {
    const imported = importSpec({
      initializers: Array.from({ length: 300 }, (_, i) => tensor(`w${i}`, 'float32', [2], [1])),
      nodes: [node('Op', ['w0'], ['y'])],
      outputs: ['y'],
    });
    expect(imported.diagnostics).toHaveLength(51);
    expect(imported.diagnostics.at(-1)?.message).toBe('There are 250 more problems of this kind.');
  });

  it('takes a tensor without elements and without data', () => {
    const { imported, known } = importTensor(tensor('w', 'int64', [0], [], { storage: 'none' }));
    expect(imported.diagnostics).toEqual([]);
    expect(known?.data).toEqual([]);
  });
});

describe('elements', () => {
  it.each([
    ['float8e4m3fn', [0x38, 0xb8, 0x7e, 0x7f, 0x01], [1, -1, 448, NaN, 2 ** -9]],
    ['float8e4m3fnuz', [0x40, 0x80, 0x7f], [1, NaN, 240]],
    ['float8e5m2', [0x3c, 0x7c, 0xfc, 0x7e, 0x01], [1, Infinity, -Infinity, NaN, 2 ** -16]],
    ['float8e5m2fnuz', [0x40, 0x80, 0x7f], [1, NaN, 57344]],
    ['float8e8m0', [127, 128, 255], [1, 2, NaN]],
    ['float4e2m1', [0x21, 0xf7], [0.5, 1, 6, -6]],
    ['int4', [0x8f, 0x07], [-1, -8, 7]],
    ['uint4', [0x8f], [15, 8]],
    ['int2', [0b11100100], [0, 1, -2, -1]],
    ['uint2', [0b11100100], [0, 1, 2, 3]],
    ['complex64', [0, 0, 128, 63, 0, 0, 0, 192], [1, -2]],
  ] as const)('decodes %s', (dtype, bytes, values) => {
    const count = dtype === 'complex64' ? 1 : values.length;
    expect([...decodeElements(Uint8Array.from(bytes), dtype, count)]).toEqual(values);
  });

  it('encodes float16 and bfloat16 to the nearest value', () => {
    const halves = [0, -0, 1, -2, 65504, 1e6, 2 ** -24, 2 ** -26, 0.1, 1 + 2 ** -11, NaN];
    expect([
      ...decodeElements(encodeElements(halves, 'float16'), 'float16', halves.length),
    ]).toEqual([0, -0, 1, -2, 65504, Infinity, 2 ** -24, 0, 0.0999755859375, 1, NaN]);
    const brains = [1, -2, 1 + 2 ** -9, NaN];
    expect([...decodeElements(encodeElements(brains, 'bfloat16'), 'bfloat16', 4)]).toEqual([
      1,
      -2,
      1,
      NaN,
    ]);
  });
});

function round(dtype: DataType, values: readonly number[]): number[] {
  return dtype === 'float32' ? values.map(Math.fround) : [...values];
}
