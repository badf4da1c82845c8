import { describe, expect, it } from 'vitest';
import { failure, importSpec } from './importing.ts';
import {
  bytesField,
  concat,
  input,
  model,
  node,
  textField,
  varint,
  varintField,
} from './protoWriter.ts';

const small = model({
  inputs: [input('x', 'float32', [1, 3])],
  nodes: [node('Relu', ['x'], ['y'])],
  outputs: ['y'],
});

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('files that are no models', () => {
  it.each([
    ['empty', new Uint8Array(0)],
    ['text', ascii('# A readme\n\nThis is text.\n')],
    ['json', ascii('{"format": "onnx"}')],
    ['protobuf text', ascii('ir_version: 8\ngraph {\n}\n')],
    ['a line that looks like a field', ascii(':Blah blah blah blah blah blah')],
    ['png', Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13])],
    ['zeros', new Uint8Array(100)],
    ['a version alone', varintField(1, 8)],
  ])('%s', (_, bytes) => {
    expect(failure(bytes)).toMatch(/^model\/not-onnx: model\.onnx [^\n]+$/);
  });

  it('says how to get the model behind a Git LFS pointer', () => {
    const pointer = ascii('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n');
    expect(failure(pointer)).toContain('git lfs pull');
  });

  it('names other formats', () => {
    expect(failure(ascii('PK\u0003\u0004 archive'))).toContain('zip archive');
    expect(failure(concat(varint(8), Uint8Array.from([0, 0, 0]), ascii('TFL3....')))).toContain(
      'TensorFlow Lite',
    );
  });
});

describe('damaged models', () => {
  it('tells every cut after the version from other damage', () => {
    const graphEnd = small.length - 8;
    for (let length = 20; length < graphEnd; length += 7) {
      expect(failure(small.subarray(0, length))).toMatch(/^model\/truncated: .* is cut off/);
    }
  });

  it('reports the place where an inner length is wrong', () => {
    // A node of 100 bytes in a graph of 4.
    const graph = concat(varint(8 + 2), varint(100), Uint8Array.from([10, 0]));
    const bytes = concat(varintField(1, 8), bytesField(7, graph), textField(2, 'end'));
    expect(failure(bytes)).toMatch(
      /^model\/not-onnx: model.onnx is damaged: .* \(at byte \d+\)\.$/,
    );
  });

  it('refuses numbers of more than ten bytes', () => {
    const endless = concat(varint(8), new Uint8Array(11).fill(255));
    expect(failure(concat(varintField(1, 8), endless))).toContain('a number is too long');
  });

  it('stops at the nesting limit, below it reads types of types', () => {
    const nestedType = (depth: number): Uint8Array => {
      let type = bytesField(1, varintField(1, 1));
      for (let i = 0; i < depth; i++) type = bytesField(4, bytesField(1, type));
      return concat(textField(1, 'x'), bytesField(2, type));
    };
    expect(failure(model({ inputs: [nestedType(40)] }))).toMatch(/^model\/too-deep: /);
    expect(failure(model({ inputs: [nestedType(25)] }))).toBe('imported');
  });

  it('refuses more structure than fits in memory', () => {
    // Two million empty nodes: 4 MB in the file, much more when decoded.
    const nodes = new Uint8Array(4_000_000).fill(0).map((_, i) => (i % 2 === 0 ? 10 : 0));
    const bytes = concat(varintField(1, 8), bytesField(7, nodes));
    expect(failure(bytes)).toMatch(/^model\/too-large: /);
  });
});

describe('fields that the decoder does not know', () => {
  it('skips unknown fields of every wire type', () => {
    const unknown = concat(
      varintField(900, 5),
      bytesField(901, Uint8Array.from([1, 2, 3])),
      concat(varint(902 * 8 + 5), new Uint8Array(4)),
      concat(varint(903 * 8 + 1), new Uint8Array(8)),
    );
    const imported = importSpec({
      inputs: [input('x', 'float32', [1])],
      nodes: [node('Relu', ['x'], ['y'], {}, { extra: unknown })],
      outputs: ['y'],
      extra: unknown,
      modelExtra: unknown,
    });
    expect(imported.graph.operators).toHaveLength(1);
  });

  it('treats a known field of the wrong kind as unknown', () => {
    const imported = importSpec({
      inputs: [input('x', 'float32', [1])],
      nodes: [node('Relu', ['x'], ['y'], {}, { extra: varintField(3, 7) })],
      outputs: ['y'],
    });
    expect(imported.graph.operators[0]?.name).toBe('');
  });

  it('reads metadata of nodes', () => {
    const imported = importSpec({
      inputs: [input('x', 'float32', [1])],
      nodes: [
        node('Relu', ['x'], ['y'], {}, { metadata: { namespace: 'encoder/0', __proto__x: '1' } }),
        node('Relu', ['y'], ['z']),
      ],
      outputs: ['z'],
    });
    expect(imported.graph.operators.map(({ metadata }) => metadata)).toEqual([
      new Map([
        ['namespace', 'encoder/0'],
        ['__proto__x', '1'],
      ]),
      undefined,
    ]);
  });

  it('leaves out long lists and texts with a warning', () => {
    const imported = importSpec({
      inputs: [input('x', 'float32', [1])],
      nodes: [
        node('Custom', ['x'], ['y'], {
          many: Array.from({ length: 70_000 }, (_, i) => i),
          blob: 'x'.repeat(2 ** 20 + 1),
        }),
      ],
      outputs: ['y'],
    });
    expect(imported.diagnostics.map(({ message }) => message)).toEqual([
      expect.stringContaining('more than 65,536 elements'),
      expect.stringContaining('more than 1 MiB'),
    ]);
    const many = imported.graph.operators[0]?.attributes.get('many');
    expect(many?.kind === 'ints' && many.value.length).toBe(65_536);
  });

  it('leaves out the training part with a warning', () => {
    const imported = importSpec({
      inputs: [input('x', 'float32', [1])],
      nodes: [node('Relu', ['x'], ['y'])],
      outputs: ['y'],
      modelExtra: bytesField(20, bytesField(1, textField(2, 'training'))),
    });
    expect(imported.diagnostics.map(({ code }) => code)).toEqual(['model/unsupported']);
  });
});
