// Elementwise operators: when an edge counts as broadcast, types, FLOPs.
import { describe, expect, it } from 'vitest';
import type { InputSpec } from './operatorCase.ts';
import { constant, entryNamed, flopsOf, inferText, mappingOf } from './operatorCase.ts';
import { OPERATORS } from '../../../compiler/ops/index.ts';

function mapping(name: string, ...inputs: InputSpec[]): string {
  const { node, edges } = mappingOf(entryNamed(OPERATORS, name, ''), { inputs });
  return `${node}: ${edges.join(', ')}`;
}

function types(name: string, inputs: InputSpec[], attributes = {}): string {
  return inferText(entryNamed(OPERATORS, name, ''), { inputs, attributes }).join('; ');
}

describe('mapping types of elementwise operators', () => {
  it.each([
    ['equal shapes', 'float32 2,3', 'float32 2,3', 'one-to-one: one-to-one, one-to-one'],
    ['equal symbolic shapes', 'float32 n,3', 'float32 n,3', 'one-to-one: one-to-one, one-to-one'],
    ['a runtime broadcast', 'float32 2,3', 'float32 2,1', 'one-to-many: one-to-one, one-to-many'],
    ['a runtime row', 'float32 2,3', 'float32 3', 'one-to-many: one-to-one, one-to-many'],
    ['a runtime scalar', 'float32 2,3', 'float32 scalar', 'one-to-many: one-to-one, one-to-many'],
    ['a scalar constant', 'float32 2,3', 'float32 scalar!', 'one-to-one: one-to-one, one-to-one'],
    ['one constant element', 'float32 2,3', 'float32 1,1!', 'one-to-one: one-to-one, one-to-one'],
    ['a constant bias', 'float32 2,3', 'float32 3!', 'one-to-one: one-to-one, one-to-many'],
    [
      'leading axes of size 1',
      'float32 1,2,3',
      'float32 2,3',
      'one-to-one: one-to-one, one-to-one',
    ],
    ['both sides repeated', 'float32 2,1', 'float32 1,3', 'one-to-many: one-to-many, one-to-many'],
    [
      'a data input under a weight',
      'float32 1,3',
      'float32 2,3!',
      'one-to-many: one-to-many, one-to-one',
    ],
    ['sizes that may differ', 'float32 n', 'float32 m', 'one-to-many: one-to-many, one-to-many'],
    ['constants alone', 'float32 2,3!', 'float32 3!', 'one-to-many: one-to-one, one-to-many'],
  ])('%s', (_, a, b, expected) => {
    expect(mapping('Add', a, b)).toBe(expected);
  });

  it('treats slopes, bounds and branches alike', () => {
    expect(mapping('PRelu', 'float32 1,8,4,4', 'float32 8,1,1!')).toBe(
      'one-to-one: one-to-one, one-to-many',
    );
    expect(mapping('Clip', 'float32 4', 'float32 scalar!', '')).toBe(
      'one-to-one: one-to-one, one-to-one, one-to-one',
    );
    expect(mapping('Clip', 'float32 4', 'float32 scalar')).toBe(
      'one-to-many: one-to-one, one-to-many',
    );
    expect(mapping('Where', 'bool 4,1', 'float32 4,4', 'float32 scalar!')).toBe(
      'one-to-many: one-to-many, one-to-one, one-to-one',
    );
  });

  it('makes string work opaque', () => {
    expect(mapping('Equal', 'string 4', 'string 4')).toBe('opaque: opaque, opaque');
    const cast = mappingOf(entryNamed(OPERATORS, 'Cast', ''), {
      inputs: ['string 4'],
      attributes: { to: 1 },
    });
    expect(cast.node).toBe('opaque');
  });
});

describe('types of elementwise operators', () => {
  it.each([
    ['Add', ['float16 n,1', 'float16 3'], {}, 'float16 n×3'],
    ['Less', ['int64 2', 'int64 2'], {}, 'bool 2'],
    ['IsNaN', ['float32 n'], {}, 'bool n'],
    ['Pow', ['float32 2', 'int64 scalar'], {}, 'float32 2'],
    ['Where', ['bool 2,1', 'float16 3', 'float16 scalar'], {}, 'float16 2×3'],
    ['Cast', ['int64 n'], { to: 10 }, 'float16 n'],
    ['CastLike', ['int64 n', 'float32 5'], {}, 'float32 n'],
    ['BitCast', ['float32 n,2'], { to: 2 }, 'uint8 n×8'],
    ['Max', ['float32 1', 'float32 3', 'float32 2,1'], {}, 'float32 2×3'],
    ['Dropout', ['float32 2'], {}, 'float32 2; bool 2'],
  ] satisfies [string, string[], Record<string, number>, string][])(
    '%s of %o',
    (name, inputs, attributes, expected) => {
      expect(types(name, inputs, attributes)).toBe(expected);
    },
  );

  it('says what does not broadcast', () => {
    expect(types('Mul', ['float32 2,3', 'float32 4'])).toBe('! shapes 2×3 and 4 do not broadcast');
    expect(types('PRelu', ['float32 2,3', 'float32 2'])).toBe(
      '! shapes 2×3 and 2 do not broadcast',
    );
  });
});

describe('FLOPs', () => {
  it('counts scalar operations per output element', () => {
    const flops = (name: string, ...inputs: InputSpec[]): string =>
      flopsOf(entryNamed(OPERATORS, name, ''), { inputs });
    expect(flops('Add', 'float32 n,1', 'float32 3')).toBe('3·n');
    expect(flops('Sum', 'float32 4', 'float32 4', 'float32 4')).toBe('8');
    expect(flops('Sigmoid', 'float32 10')).toBe('40');
    expect(flops('ReduceSum', 'float32 4,5', constant([1]))).toBe('20');
    expect(flops('Transpose', 'float32 4,5')).toBe('0');
    expect(flops('Relu', 'float32 ?')).toBe('0');
  });
});
