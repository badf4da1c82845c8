// Folding, dead code, declared types, subgraphs and messages of inference.
import { describe, expect, it } from 'vitest';
import { allOperators, inferSpec, ints, knownOf, left, messages, typeOf } from './inferring.ts';
import { importSpec, valueNamed } from '../onnx/importing.ts';
import { inferModel } from '../../../compiler/infer/inferModel.ts';
import {
  input,
  node,
  sequenceTypeProto,
  tensor,
  tensorTypeProto,
  valueInfo,
} from '../onnx/protoWriter.ts';
import type { Bytes } from '../onnx/protoWriter.ts';

const x = input('x', 'float32', [2, 3]);

describe('folding', () => {
  it('computes constants from constants', () => {
    const inferred = inferSpec({
      inputs: [x],
      initializers: [
        tensor('a', 'float32', [3], [1, 2, 3]),
        tensor('b', 'float32', [3], [0.1, 0, 0]),
      ],
      nodes: [node('Add', ['a', 'b'], ['c']), node('Mul', ['x', 'c'], ['y'])],
      outputs: ['y'],
    });
    expect(left(inferred)).toEqual(['y = Mul(x, c)']);
    expect(knownOf(inferred, 'c')).toBe(`${Math.fround(1 + Math.fround(0.1))}, 2, 3`);
    expect(valueNamed(inferred.graph, 'c').constant).toEqual({
      dtype: 'float32',
      dims: [3],
      source: { kind: 'computed' },
    });
  });

  it('leaves results above the cap to the package, as constants all the same', () => {
    const inferred = inferSpec({
      inputs: [x],
      initializers: [ints('n', [5000]), tensor('one', 'float32', [1], [1])],
      nodes: [node('ConstantOfShape', ['n'], ['zeros']), node('Add', ['zeros', 'one'], ['y'])],
      outputs: ['y'],
    });
    expect(left(inferred)).toEqual(['zeros = ConstantOfShape(n)', 'y = Add(zeros, one)']);
    expect(typeOf(inferred, 'y')).toBe('float32 5000');
  });

  it('turns a graph output that is constant into a constant', () => {
    const inferred = inferSpec({
      inputs: [x],
      nodes: [node('Shape', ['x'], ['y'])],
      outputs: ['y'],
    });
    expect(left(inferred)).toEqual([]);
    expect(knownOf(inferred, 'y')).toBe('2, 3');
    expect(valueNamed(inferred.graph, 'y').isOutput).toBe(true);
  });

  it('keeps the operator of a graph output that is only symbolic', () => {
    const open = input('x', 'float32', ['n']);
    const inferred = inferSpec({
      inputs: [open],
      nodes: [node('Shape', ['x'], ['y'])],
      outputs: ['y'],
    });
    expect(left(inferred)).toEqual(['y = Shape(x)']);
    expect(knownOf(inferred, 'y')).toBe('n');
  });

  it('never folds random numbers', () => {
    const inferred = inferSpec({
      nodes: [node('RandomNormal', [], ['r'], { shape: [2] }), node('Abs', ['r'], ['y'])],
      outputs: ['y'],
    });
    expect(left(inferred)).toHaveLength(2);
  });

  it('drops what nothing reads and keeps unused inputs', () => {
    const inferred = inferSpec({
      inputs: [x, input('unused', 'float32', [1])],
      nodes: [
        node('Relu', ['x'], ['y']),
        node('Exp', ['x'], ['dead']),
        node('Log', ['dead'], ['gone']),
      ],
      outputs: ['y'],
    });
    expect(left(inferred)).toEqual(['y = Relu(x)']);
    expect(inferred.graph.inputs).toHaveLength(2);
  });

  it('keeps ids and leaves its input as it was', () => {
    const model = importSpec({
      inputs: [x],
      nodes: [node('Shape', ['x'], ['s']), node('Reshape', ['x', 's'], ['y'])],
      outputs: ['y'],
    });
    const before = JSON.stringify(model.graph.operators.map(({ id, index }) => [id, index]));
    const inferred = inferModel(model, { bindings: new Map() });
    expect(inferred.graph.operators.map(({ id }) => id)).toEqual(['y']);
    expect(JSON.stringify(model.graph.operators.map(({ id, index }) => [id, index]))).toBe(before);
  });
});

describe('declared types', () => {
  const relu = [node('Relu', ['x'], ['y'])];

  it('fill what inference cannot know', () => {
    const inferred = inferSpec({
      inputs: [x],
      nodes: [
        node('Strange', ['x'], ['s'], {}, { domain: 'my.domain' }),
        node('Relu', ['s'], ['y']),
      ],
      valueInfos: [input('s', 'float32', [2, 'k'])],
      outputs: ['y'],
      opset: { '': 18, 'my.domain': 1 },
    });
    expect(typeOf(inferred, 'y')).toBe('float32 2×k');
    expect(inferred.symbols.get('k')?.origin).toBe('data');
  });

  it('lose against inference, with a warning', () => {
    const inferred = inferSpec({
      inputs: [x],
      nodes: relu,
      outputs: [input('y', 'float16', [2, 4])],
    });
    expect(typeOf(inferred, 'y')).toBe('float32 2×3');
    expect(messages(inferred)).toEqual([
      "shape/declared-differs: Relu 'y': output 0 is declared as float16, inferred float32.",
    ]);
    const shapes = inferSpec({
      inputs: [x],
      nodes: relu,
      outputs: [input('y', 'float32', [2, 4])],
    });
    expect(messages(shapes)).toEqual([
      "shape/declared-differs: Relu 'y': output 0 is declared as 2×4, inferred 2×3.",
    ]);
  });

  it('may name a symbolic size: that is no contradiction', () => {
    const inferred = inferSpec({
      inputs: [x],
      nodes: relu,
      outputs: [input('y', 'float32', ['a', 'b'])],
    });
    expect(typeOf(inferred, 'y')).toBe('float32 2×3');
    expect(messages(inferred)).toEqual([]);
  });

  it('give a number to a size that only the data decides', () => {
    const inferred = inferSpec({
      inputs: [x],
      nodes: [node('NonZero', ['x'], ['y'])],
      outputs: [input('y', 'int64', [2, 6])],
    });
    expect(typeOf(inferred, 'y')).toBe('int64 2×6');
  });
});

describe('problems', () => {
  it('names unknown operators and domains and goes on', () => {
    const inferred = inferSpec({
      inputs: [x],
      nodes: [
        node('Strange', ['x'], ['a']),
        node('Odd', ['x'], ['b'], {}, { domain: 'other' }),
        node('Relu', ['x'], ['y']),
      ],
      outputs: ['a', 'b', 'y'],
      opset: { '': 18, other: 1 },
    });
    expect(messages(inferred)).toEqual([
      "operator/unknown: Strange 'a': not an operator that this version knows; it stays opaque.",
      "operator/unknown-domain: Odd 'b': the domain 'other' is not known; it stays opaque.",
    ]);
    expect(typeOf(inferred, 'a')).toBe('?');
    expect(typeOf(inferred, 'y')).toBe('float32 2×3');
  });

  it('reports wrong arity', () => {
    const inferred = inferSpec({
      inputs: [x],
      nodes: [node('Add', ['x'], ['y']), node('Relu', ['x', 'x'], ['z'])],
      outputs: ['y', 'z'],
    });
    expect(messages(inferred)).toEqual([
      "operator/bad-arity: Add 'y': inputs: 1, but it takes at least 2.",
      "operator/bad-arity: Relu 'z': inputs: 2, but it takes at most 1.",
    ]);
  });

  it('says which shapes do not fit and leaves the rest of the graph', () => {
    const inferred = inferSpec({
      inputs: [x, input('z', 'float32', [4])],
      initializers: [ints('target', [5, -1])],
      nodes: [
        node('Add', ['x', 'z'], ['a']),
        node('Reshape', ['x', 'target'], ['b']),
        node('Transpose', ['x'], ['c'], { perm: [0, 0] }),
        node('Relu', ['x'], ['y']),
      ],
      outputs: ['a', 'b', 'c', 'y'],
    });
    expect(messages(inferred)).toEqual([
      "shape/mismatch: Add 'a': shapes 2×3 and 4 do not broadcast.",
      "shape/mismatch: Reshape 'b': 2×3 does not divide into target [5, -1].",
      "shape/mismatch: Transpose 'c': perm [0, 0] does not fit rank 2.",
    ]);
    expect(typeOf(inferred, 'y')).toBe('float32 2×3');
  });

  it('reports inputs of two element types', () => {
    const inferred = inferSpec({
      inputs: [x, input('z', 'int64', [3])],
      nodes: [node('Add', ['x', 'z'], ['y'])],
      outputs: ['y'],
    });
    expect(messages(inferred)).toEqual([
      "type/mismatch: Add 'y': its inputs have element types float32 and int64.",
    ]);
  });
});

describe('subgraphs', () => {
  const branch = (name: string, operator: string): { nodes: Bytes[]; outputs: string[] } => ({
    nodes: [node(operator, ['x'], [name])],
    outputs: [name],
  });

  it('are inferred with the values around them', () => {
    const inferred = inferSpec({
      inputs: [x, input('c', 'bool', [])],
      nodes: [
        node('If', ['c'], ['y'], {
          then_branch: { graph: branch('t', 'Relu') },
          else_branch: { graph: branch('e', 'Exp') },
        }),
      ],
      outputs: ['y'],
    });
    expect(typeOf(inferred, 'y')).toBe('float32 2×3');
    const [then] = [...inferred.graph.operators[0]!.subgraphs.values()];
    expect(then!.operators.map(({ type }) => type)).toEqual(['Relu']);
    expect(then!.values.map(({ name, type }) => [name, type])).toContainEqual([
      't',
      { kind: 'tensor', dtype: 'float32', shape: [2, 3] },
    ]);
  });

  it('may guard against shapes that they do not fit', () => {
    const inferred = inferSpec({
      inputs: [x, input('c', 'bool', [])],
      initializers: [ints('axis', [0])],
      nodes: [
        node('If', ['c'], ['y'], {
          then_branch: {
            graph: { nodes: [node('Squeeze', ['x', 'axis'], ['t'])], outputs: ['t'] },
          },
          else_branch: { graph: branch('e', 'Exp') },
        }),
      ],
      outputs: ['y'],
    });
    expect(messages(inferred)).toEqual([]);
  });

  it('fold too, and then capture less', () => {
    const body = {
      nodes: [node('Shape', ['x'], ['s']), node('Cast', ['s'], ['t'], { to: 1 })],
      outputs: ['t'],
    };
    const inferred = inferSpec({
      inputs: [x, input('c', 'bool', [])],
      nodes: [
        node('If', ['c'], ['y'], { then_branch: { graph: body }, else_branch: { graph: body } }),
      ],
      outputs: ['y'],
    });
    expect(allOperators(inferred.graph)).toBe(1);
    expect(inferred.graph.operators[0]!.captures).toEqual([]);
  });

  it('of an unknown operator are inferred as well', () => {
    const inferred = inferSpec({
      inputs: [x],
      nodes: [node('Odd', ['x'], ['y'], { body: { graph: branch('t', 'Relu') } }, { domain: 'o' })],
      outputs: ['y'],
      opset: { '': 18, o: 1 },
    });
    const [body] = [...inferred.graph.operators[0]!.subgraphs.values()];
    expect(body!.values.at(-1)?.type).toEqual({ kind: 'tensor', dtype: 'float32', shape: [2, 3] });
  });
});

describe('other kinds of values', () => {
  it('passes sequences through', () => {
    const inferred = inferSpec({
      inputs: [valueInfo('q', sequenceTypeProto(tensorTypeProto('float32', ['n'])))],
      nodes: [node('SequenceLength', ['q'], ['n']), node('SequenceAt', ['q', 'n'], ['y'])],
      outputs: ['y'],
    });
    expect(typeOf(inferred, 'n')).toBe('int64 scalar');
    expect(messages(inferred)).toEqual([]);
  });
});
