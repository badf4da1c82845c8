// The chains that exporters write around shapes: evaluated with symbolic sizes, they disappear.
import { describe, expect, it } from 'vitest';
import { constant, inferSpec, ints, knownOf, left, messages, typeOf } from './inferring.ts';
import { input, node, tensor } from '../onnx/protoWriter.ts';
import type { Bytes } from '../onnx/protoWriter.ts';

const x = input('x', 'float32', ['batch', 'seq', 768]);

describe('shape arithmetic', () => {
  it("folds PyTorch's view(batch, -1, heads, size)", () => {
    const inferred = inferSpec({
      inputs: [x],
      initializers: [ints('i0', 0), ints('i1', 1), ints('axes', [0]), ints('tail', [12, 64])],
      nodes: [
        node('Shape', ['x'], ['s']),
        node('Gather', ['s', 'i0'], ['b']),
        node('Gather', ['s', 'i1'], ['n']),
        node('Unsqueeze', ['b', 'axes'], ['b1']),
        node('Unsqueeze', ['n', 'axes'], ['n1']),
        node('Concat', ['b1', 'n1', 'tail'], ['target'], { axis: 0 }),
        node('Reshape', ['x', 'target'], ['y']),
      ],
      outputs: ['y'],
    });
    expect(typeOf(inferred, 'y')).toBe('float32 batch×seq×12×64');
    expect(knownOf(inferred, 'target')).toBe('batch, seq, 12, 64');
    expect(left(inferred)).toEqual(['y = Reshape(x, target)']);
    expect(messages(inferred)).toEqual([]);
  });

  it('gives plain numbers, and a constant, when the sizes are bound', () => {
    const inferred = inferSpec(
      {
        inputs: [x],
        initializers: [ints('tail', [-1])],
        nodes: [
          node('Shape', ['x'], ['s'], { end: 1 }),
          node('Concat', ['s', 'tail'], ['target'], { axis: 0 }),
          node('Reshape', ['x', 'target'], ['y']),
        ],
        outputs: ['y'],
      },
      { batch: 2, seq: 5 },
    );
    expect(typeOf(inferred, 'y')).toBe('float32 2×3840');
    const target = inferred.graph.values.find(({ name }) => name === 'target');
    expect(target?.constant?.source.kind).toBe('computed');
  });

  it("folds TensorFlow's product of a slice of the shape", () => {
    const inferred = inferSpec({
      inputs: [x],
      initializers: [ints('from', [0]), ints('to', [2]), ints('axes', [0]), ints('last', [768])],
      nodes: [
        node('Shape', ['x'], ['s']),
        node('Cast', ['s'], ['s32'], { to: 6 }),
        node('Slice', ['s32', 'from', 'to'], ['front']),
        node('ReduceProd', ['front', 'axes'], ['rows'], { keepdims: 1 }),
        node('Cast', ['rows'], ['rows64'], { to: 7 }),
        node('Concat', ['rows64', 'last'], ['target'], { axis: 0 }),
        node('Reshape', ['x', 'target'], ['y']),
      ],
      outputs: ['y'],
    });
    expect(typeOf(inferred, 'y')).toBe('float32 batch·seq×768');
    expect(left(inferred)).toHaveLength(1);
  });

  it('reduces sizes to extremes', () => {
    const inferred = inferSpec({
      inputs: [x],
      initializers: [ints('from', [1]), ints('to', [3])],
      nodes: [
        node('Shape', ['x'], ['s']),
        node('Slice', ['s', 'from', 'to'], ['two']),
        node('ReduceMax', ['two'], ['most'], { keepdims: 0 }),
        node('Min', ['s', 's'], ['same']),
      ],
      outputs: ['most', 'same'],
    });
    expect(knownOf(inferred, 'most')).toBe('max(768, seq)');
    expect(knownOf(inferred, 'same')).toBe('batch, seq, 768');
  });

  it('resolves the guard that exporters put around Expand', () => {
    const inferred = inferSpec({
      inputs: [input('x', 'float32', [1, 'seq']), input('z', 'float32', ['batch', 'seq'])],
      initializers: [constant('minus', 'int64', -1), ints('rank', [2])],
      nodes: [
        node('Shape', ['z'], ['s']),
        node('ConstantOfShape', ['rank'], ['ones'], {
          value: { tensor: tensor('', 'int64', [1], [1]) },
        }),
        node('Equal', ['s', 'minus'], ['open']),
        node('Where', ['open', 'ones', 's'], ['target']),
        node('Expand', ['x', 'target'], ['y']),
      ],
      outputs: ['y'],
    });
    expect(typeOf(inferred, 'y')).toBe('float32 batch×seq');
    expect(left(inferred)).toEqual(['y = Expand(x, target)']);
  });

  it('counts positions with a symbolic Range and keeps what needs data', () => {
    const inferred = inferSpec({
      inputs: [x],
      initializers: [ints('zero', 0), ints('one', 1), ints('i1', 1)],
      nodes: [
        node('Shape', ['x'], ['s']),
        node('Gather', ['s', 'i1'], ['n']),
        node('Range', ['zero', 'n', 'one'], ['y']),
      ],
      outputs: ['y'],
    });
    expect(typeOf(inferred, 'y')).toBe('int64 seq');
    expect(left(inferred)).toEqual(['y = Range(zero, n, one)']);
  });

  it('follows halves, remainders and floats of sizes', () => {
    const arithmetic: Bytes[] = [
      node('Shape', ['x'], ['s']),
      node('Gather', ['s', 'i1'], ['n']),
      node('Div', ['n', 'two'], ['half']),
      node('Sub', ['n', 'half'], ['rest']),
      node('Mod', ['n', 'two'], ['odd']),
      node('Mul', ['n', 'two'], ['twice']),
      node('Div', ['twice', 'two'], ['again']),
      node('Cast', ['n'], ['f'], { to: 1 }),
      node('Mul', ['f', 'factor'], ['scaled']),
      node('Floor', ['scaled'], ['whole']),
      node('Cast', ['whole'], ['int'], { to: 7 }),
    ];
    const outputs = ['half', 'rest', 'odd', 'again', 'int'];
    const inferred = inferSpec({
      inputs: [x],
      initializers: [ints('i1', 1), ints('two', 2), constant('factor', 'float32', 2)],
      nodes: arithmetic,
      outputs,
    });
    expect(outputs.map((name) => knownOf(inferred, name))).toEqual([
      'floordiv(seq, 2)',
      '-floordiv(seq, 2) + seq',
      'mod(seq, 2)',
      'seq',
      '2·seq',
    ]);
  });

  it('keeps half-known targets: one open size follows from the count', () => {
    const inferred = inferSpec({
      inputs: [x, input('k', 'int64', [1])],
      initializers: [ints('front', [2, 384])],
      nodes: [
        node('Concat', ['front', 'k'], ['target'], { axis: 0 }),
        node('Reshape', ['x', 'target'], ['y']),
      ],
      outputs: ['y'],
    });
    expect(knownOf(inferred, 'target')).toBe('2, 384, ?');
    expect(typeOf(inferred, 'y')).toBe('float32 2×384×batch·seq');
    expect(left(inferred)).toHaveLength(2);
  });

  it('keeps the operator that decides a size even if only the size is used', () => {
    const inferred = inferSpec({
      inputs: [input('x', 'float32', [8]), input('z', 'float32', [1])],
      nodes: [
        node('NonZero', ['x'], ['found']),
        node('Shape', ['found'], ['s'], { start: 1 }),
        node('Expand', ['z', 's'], ['y']),
      ],
      outputs: ['y'],
    });
    expect(typeOf(inferred, 'y')).toBe('float32 found.count');
    expect(inferred.symbols.get('found.count')).toEqual({
      name: 'found.count',
      origin: 'data',
      fallback: 8,
      upperBound: 8,
    });
    expect(left(inferred)).toEqual(['found = NonZero(x)', 'y = Expand(z, s)']);
  });

  it('never takes a count for positive: it may be 0', () => {
    const inferred = inferSpec({
      inputs: [input('x', 'float32', [8])],
      initializers: [ints('zero', 0)],
      nodes: [
        node('NonZero', ['x'], ['found']),
        node('Size', ['found'], ['n']),
        node('Equal', ['n', 'zero'], ['none']),
        node('Less', ['n', 'zero'], ['negative']),
      ],
      outputs: ['none', 'negative'],
    });
    expect(knownOf(inferred, 'none')).toBe('-');
    expect(knownOf(inferred, 'negative')).toBe('0');
  });

  it('slices from both ends of a symbolic axis', () => {
    const slice = (name: string, from: number, to: number): [Bytes, Bytes[]] => [
      node('Slice', ['x', `${name}0`, `${name}1`, 'axis'], [name]),
      [ints(`${name}0`, [from]), ints(`${name}1`, [to])],
    ];
    const max = Number.MAX_SAFE_INTEGER;
    const slices = [slice('a', 0, -1), slice('b', 1, max), slice('c', -1, max), slice('d', 0, 128)];
    const inferred = inferSpec({
      inputs: [x],
      initializers: [ints('axis', [1]), ...slices.flatMap(([, bounds]) => bounds)],
      nodes: slices.map(([one]) => one),
      outputs: ['a', 'b', 'c', 'd'],
    });
    expect(['a', 'b', 'c', 'd'].map((name) => typeOf(inferred, name))).toEqual([
      'float32 batch×seq - 1×768',
      'float32 batch×seq - 1×768',
      'float32 batch×1×768',
      'float32 batch×min(128, seq)×768',
    ]);
  });
});
