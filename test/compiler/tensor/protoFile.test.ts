// Tensors as files: what ONNX's own decoder writes is read, what is written is read by it, and hostile bytes end in
// a TensorFileError, never in a hang or a large allocation.
import { onnx } from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { DATA_TYPES } from '../../../compiler/graph/types.ts';
import type { DataType } from '../../../compiler/graph/types.ts';
import {
  readTensorProto,
  TensorFileError,
  writeTensorProto,
} from '../../../compiler/tensor/protoFile.ts';
import { Random } from '../../../compiler/tensor/randomInput.ts';
import { scalarsOf, tensorOf } from '../../../compiler/tensor/tensor.ts';
import { readFileSync } from 'node:fs';
import { nodeTestCases } from '../../setup/nodeTests.ts';

const INTEGERS = [
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
] as const;

function encode(fields: onnx.ITensorProto): Uint8Array {
  return onnx.TensorProto.encode(onnx.TensorProto.create(fields)).finish();
}

const code = (dtype: DataType): number => DATA_TYPES[dtype].code;

describe('tensor files', () => {
  it.each([...INTEGERS, 'float32', 'float64', 'float16', 'bfloat16', 'bool'] as const)(
    '%s survive writing and reading',
    (dtype) => {
      const elements = dtype === 'bool' ? [1, 0, 1, 1, 0, 0] : [0, 1, 2, 3, 100, 127];
      const tensor = tensorOf(
        dtype,
        [2, 3],
        elements.map((x) => (/64/.test(dtype) ? BigInt(x) : x)),
      );
      const file = writeTensorProto(tensor, 'x');
      expect(readTensorProto(file)).toEqual(tensor);
      const decoded = onnx.TensorProto.decode(file);
      expect(decoded.dims.map(Number)).toEqual([2, 3]);
      expect(decoded.name).toBe('x');
    },
  );

  it('keeps 64-bit integers exact', () => {
    const tensor = tensorOf('int64', [2], [2n ** 63n - 1n, -(2n ** 63n)]);
    expect(scalarsOf(readTensorProto(writeTensorProto(tensor)))).toEqual([
      2n ** 63n - 1n,
      -(2n ** 63n),
    ]);
  });

  it('reads elements from the fields of their type', () => {
    const floats = readTensorProto(encode({ dims: [3], dataType: 1, floatData: [1, -2.5, 3] }));
    expect(scalarsOf(floats)).toEqual([1, -2.5, 3]);
    const bytes = readTensorProto(
      encode({ dims: [2], dataType: code('int8'), int32Data: [-1, 5] }),
    );
    expect(scalarsOf(bytes)).toEqual([-1, 5]);
    const half = readTensorProto(
      encode({ dims: [2], dataType: code('float16'), int32Data: [0x3c00, 0xc000] }),
    );
    expect(scalarsOf(half)).toEqual([1, -2]);
    const wide = readTensorProto(encode({ dims: [], dataType: 7, int64Data: [-3] }));
    expect([wide.dims, scalarsOf(wide)]).toEqual([[], [-3n]]);
  });

  it('reads empty tensors and scalars', () => {
    expect(readTensorProto(encode({ dims: [0, 4], dataType: 1 })).bytes).toHaveLength(0);
    const scalar = tensorOf('float32', [], [7]);
    expect(readTensorProto(writeTensorProto(scalar))).toEqual(scalar);
  });

  it.each<[string, onnx.ITensorProto]>([
    ['no data', { dims: [2], dataType: 1 }],
    ['too little data', { dims: [3], dataType: 1, rawData: new Uint8Array(8) }],
    ['too much data', { dims: [1], dataType: 1, rawData: new Uint8Array(8) }],
    [
      'sizes beyond all memory',
      { dims: [2 ** 40, 2 ** 40], dataType: 1, rawData: new Uint8Array(4) },
    ],
    ['a large size and little data', { dims: [2 ** 29], dataType: 1, rawData: new Uint8Array(4) }],
    ['a negative size', { dims: [-1], dataType: 1, rawData: new Uint8Array(4) }],
    ['strings', { dims: [1], dataType: 8, stringData: [new Uint8Array(1)] }],
    ['an unknown type', { dims: [1], dataType: 99, rawData: new Uint8Array(4) }],
    ['data elsewhere', { dims: [1], dataType: 1, dataLocation: 1 }],
    [
      'too many axes',
      { dims: new Array<number>(100).fill(1), dataType: 1, rawData: new Uint8Array(4) },
    ],
  ])('refuses %s', (_, fields) => {
    expect(() => readTensorProto(encode(fields))).toThrow(TensorFileError);
  });

  it('reads what ONNX wrote, and nothing else goes wrong when it is damaged', () => {
    const random = new Random(5);
    const files = nodeTestCases()
      .flatMap(({ dataSets }) => dataSets.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]))
      .filter((_, i) => i % 40 === 0)
      .map((path) => new Uint8Array(readFileSync(path)));
    let damaged = 0;
    for (const file of files) {
      for (let round = 0; round < 40; round++) {
        const copy = file.slice(0, 1 + Math.floor(random.unit() * file.length));
        for (let i = 0; i < 3; i++) {
          copy[Math.floor(random.unit() * Math.min(copy.length, 24))] = Math.floor(
            random.unit() * 256,
          );
        }
        try {
          readTensorProto(copy);
        } catch (error) {
          expect(error).toBeInstanceOf(TensorFileError);
          damaged++;
        }
      }
    }
    expect(damaged).toBeGreaterThan(files.length * 10);
  });
});
