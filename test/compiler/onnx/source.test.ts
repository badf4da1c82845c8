import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Constant } from '../../../compiler/graph/graph.ts';
import { constantChunks } from '../../../compiler/onnx/constantData.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { openModelFile } from '../../../compiler/onnx/source.ts';
import type { ModelSource } from '../../../compiler/onnx/source.ts';
import { formulas, valueNamed } from './importing.ts';
import {
  bytesField,
  concat,
  graph,
  input,
  model,
  node,
  tensor,
  varint,
  varintField,
} from './protoWriter.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fusion-source-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** A sparse file: a model whose tensor 'w' has `length` bytes of raw_data, of which only the end is written. */
function writeLargeModel(path: string, length: number, end: Uint8Array): void {
  const head = concat(
    tensor('w', 'float32', [length / 4], [], { storage: 'none' }),
    varint(9 * 8 + 2),
    varint(length),
  );
  const rest = graph({
    inputs: [input('x', 'float32', [1])],
    nodes: [node('Mul', ['x', 'w'], ['y'])],
    outputs: ['y'],
  });
  const tensorLength = head.length + length;
  const tensorHead = concat(varint(5 * 8 + 2), varint(tensorLength), head);
  const graphLength = tensorHead.length + length + rest.length;
  const start = concat(varintField(1, 8), varint(7 * 8 + 2), varint(graphLength), tensorHead);
  const tail = concat(rest, bytesField(8, varintField(2, 18)));
  const file = openSync(path, 'w');
  ftruncateSync(file, start.length + length + tail.length);
  writeSync(file, start, 0, start.length, 0);
  writeSync(file, end, 0, end.length, start.length + length - end.length);
  writeSync(file, tail, 0, tail.length, start.length + length);
  closeSync(file);
}

/** Counts the bytes that are read. */
function counting(source: ModelSource): ModelSource & { bytesRead: () => number } {
  let count = 0;
  return {
    ...source,
    read: (offset, length) => {
      count += length;
      return source.read(offset, length);
    },
    bytesRead: () => count,
  };
}

describe('model files', () => {
  it('imports 3 GiB of embedded weights without reading them, and reads them by position', () => {
    const path = join(folder, 'large.onnx');
    writeLargeModel(path, 3 * 2 ** 30, new Uint8Array(Float32Array.of(42).buffer));
    const source = counting(openModelFile(path));
    const imported = importModel(source);
    expect(imported.diagnostics).toEqual([]);
    expect(formulas(imported.graph)).toEqual(['y = Mul(x, w)']);
    expect(source.bytesRead()).toBeLessThan(2 ** 18);

    const constant = valueNamed(imported.graph, 'w').constant as Constant;
    expect(constant.source).toMatchObject({ kind: 'model', length: 3 * 2 ** 30, field: 'raw' });
    const place = constant.source as Extract<Constant['source'], { kind: 'model' }>;
    const end: Constant = {
      ...constant,
      dims: [1],
      source: { ...place, offset: place.offset + place.length - 4, length: 4 },
    };
    const [chunk] = constantChunks(end, source);
    expect(new Float32Array((chunk as Uint8Array).slice().buffer)).toEqual(Float32Array.of(42));
    source.close();
  });

  it('finds a cut without reading the rest', () => {
    const path = join(folder, 'cut.onnx');
    writeLargeModel(path, 2 ** 24, new Uint8Array(4));
    truncateSync(path, 2 ** 23);
    const source = counting(openModelFile(path));
    expect(() => importModel(source)).toThrow(/cut.onnx is cut off/);
    expect(source.bytesRead()).toBeLessThan(2 ** 18);
    source.close();
  });

  it('notices that the file became shorter', () => {
    const path = join(folder, 'shrinking.onnx');
    writeLargeModel(path, 2 ** 20, new Uint8Array(4));
    const source = openModelFile(path);
    const constant = valueNamed(importModel(source).graph, 'w').constant as Constant;
    truncateSync(path, 1000);
    expect(() => [...constantChunks(constant, source)]).toThrow(/became shorter/);
    source.close();
  });

  it('says what is wrong with the path', () => {
    expect(() => openModelFile(join(folder, 'absent.onnx'))).toThrow(
      'absent.onnx cannot be read: there is no such file.',
    );
    const directory = join(folder, 'folder.onnx');
    mkdirSync(directory);
    expect(() => openModelFile(directory)).toThrow('folder.onnx is not a file.');
  });

  it('refuses to read after closing', () => {
    const path = join(folder, 'small.onnx');
    writeFileSync(path, model({ outputs: [] }));
    const source = openModelFile(path);
    source.close();
    source.close();
    expect(() => importModel(source)).toThrow(/was closed/);
  });
});
