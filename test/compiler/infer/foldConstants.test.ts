// Operators over constants leave the graph, as long as what they give is worth keeping; everything else stays.
import { describe, expect, it } from 'vitest';
import type { Model } from '../../../compiler/graph/graph.ts';
import { verifyGraph } from '../../../compiler/graph/verify.ts';
import { foldConstants } from '../../../compiler/infer/foldConstants.ts';
import { valueNamed } from '../onnx/importing.ts';
import type { ModelSpec } from '../onnx/protoWriter.ts';
import { input, node, tensor } from '../onnx/protoWriter.ts';
import { inferSpec, ints, left } from './inferring.ts';

function folded(spec: ModelSpec): Model {
  const model = foldConstants(inferSpec(spec));
  expect(verifyGraph(model.graph)).toEqual([]);
  return model;
}

const ones = (count: number): number[] => new Array<number>(count).fill(1);
const weights = tensor('w', 'float32', [100, 80], ones(8000));
const x = input('x', 'float32', [4, 100]);

describe('foldConstants', () => {
  it('keeps computations as the source of constants', () => {
    const model = folded({
      inputs: [input('x', 'float32', [4, 80])],
      initializers: [weights, tensor('s', 'float32', [1], [2])],
      nodes: [
        node('Transpose', ['w'], ['t']),
        node('Mul', ['t', 's'], ['scaled']),
        node('MatMul', ['x', 'scaled'], ['y']),
      ],
      outputs: ['y'],
    });
    expect(left(model)).toEqual(['y = MatMul(x, scaled)']);
    const { constant } = valueNamed(model.graph, 'scaled');
    expect(constant).toMatchObject({ dtype: 'float32', dims: [80, 100] });
    const { source } = constant!;
    if (source.kind !== 'operators') throw new Error('not computed');
    expect(source.computation.operator.type).toBe('Mul');
    const [inner] = source.computation.inputs;
    expect(inner!.constant.source).toMatchObject({ kind: 'operators', slot: 0 });
    expect(() => valueNamed(model.graph, 'w')).toThrow();
  });

  it('computes equal things once', () => {
    const model = folded({
      inputs: [x],
      initializers: [weights],
      nodes: [
        node('Neg', ['w'], ['a']),
        node('Neg', ['w'], ['b']),
        node('MatMul', ['x', 'a'], ['y']),
        node('MatMul', ['x', 'b'], ['z']),
      ],
      outputs: ['y', 'z'],
    });
    const [a, b] = ['a', 'b'].map((name) => valueNamed(model.graph, name).constant);
    expect(a).toBe(b);
  });

  it('tells attributes apart', () => {
    const model = folded({
      initializers: [weights],
      nodes: [
        node('LeakyRelu', ['w'], ['a'], { alpha: { float: 0.5 } }),
        node('LeakyRelu', ['w'], ['b'], { alpha: { float: 0.25 } }),
      ],
      outputs: ['a', 'b'],
    });
    expect(left(model)).toEqual([]);
    const [a, b] = ['a', 'b'].map((name) => valueNamed(model.graph, name).constant);
    expect(a).not.toBe(b);
  });

  it('leaves what is cheaper to compute than to keep', () => {
    const model = folded({
      initializers: [tensor('one', 'float32', [1], [1]), ints('shape', [1024, 1024])],
      nodes: [node('Expand', ['one', 'shape'], ['y'])],
      outputs: ['y'],
    });
    expect(left(model)).toEqual(['y = Expand(one, shape)']);
  });

  it('leaves random numbers, integers for floats, sizes that data decides, and operators on inputs', () => {
    const random = node('RandomNormalLike', ['w'], ['r']);
    expect(left(folded({ initializers: [weights], nodes: [random], outputs: ['r'] }))).toHaveLength(
      1,
    );
    const quantised = folded({
      initializers: [
        tensor('q', 'int8', [100, 80], ones(8000)),
        tensor('s', 'float32', [], [0.5]),
        tensor('p', 'int8', [], [0]),
      ],
      nodes: [node('DequantizeLinear', ['q', 's', 'p'], ['y'])],
      outputs: ['y'],
    });
    expect(left(quantised)).toHaveLength(1);
    const counted = {
      initializers: [weights],
      nodes: [node('NonZero', ['w'], ['n'])],
      outputs: ['n'],
    };
    expect(left(folded(counted))).toHaveLength(1);
    const added = {
      inputs: [x],
      initializers: [tensor('b', 'float32', [100], ones(100))],
      nodes: [node('Add', ['x', 'b'], ['y'])],
      outputs: ['y'],
    };
    expect(left(folded(added))).toHaveLength(1);
  });

  it('changes nothing the second time', () => {
    const model = folded({
      inputs: [x],
      initializers: [weights],
      nodes: [node('Neg', ['w'], ['a']), node('MatMul', ['x', 'a'], ['y'])],
      outputs: ['y'],
    });
    expect(foldConstants(model)).toBe(model);
  });
});
