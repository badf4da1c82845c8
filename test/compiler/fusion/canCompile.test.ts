import { describe, expect, it } from 'vitest';
import { canCompile } from '../../../compiler/fusion/canCompile.ts';
import { ecgOf } from './ecgFixture.ts';
import { modelEcg } from './modelEcg.ts';

function answer(text: string, ...operators: number[]): string {
  const result = canCompile(ecgOf(text), operators);
  return result.ok ? 'yes' : `${result.reason}: ${result.detail}`;
}

describe('canCompile', () => {
  it('takes any operator alone', () => {
    expect(answer('a:NonZero', 0)).toBe('yes');
    expect(answer('a:Add[?]', 0)).toBe('yes');
  });

  it('takes one Many-to-Many with prologue and epilogue', () => {
    expect(answer('a:Relu -> b:Conv -> c:Add -> d:Reshape -> e:Transpose', 0, 1, 2, 3, 4)).toBe(
      'yes',
    );
  });

  it('takes symbolic sizes', () => {
    expect(answer('a:Relu[batchx8] -> b:Add[batchx8]', 0, 1)).toBe('yes');
  });

  it('refuses what no kernel computes', () => {
    expect(answer('a:Relu -> b:NonZero', 0, 1)).toBe('opaque: NonZero is opaque (no mapping type)');
    expect(answer('a:Relu -> b:Add[?]', 0, 1)).toBe(
      'unbound-shape: Add touches "b" of unknown type',
    );
    expect(answer('a:Conv -> b:Relu -> c:MatMul', 0, 1, 2)).toBe(
      'no-kernel: Conv and MatMul are all Many-to-Many',
    );
    expect(answer('a:Relu -> b:Sigmoid -> c:Add; a -> c', 0, 2)).toBe(
      'cycle: a value goes through Sigmoid outside and back',
    );
    expect(answer('a:Relu -> b:Add; a -> c:Mul', 1, 2)).toBe(
      'no-kernel: the operators do not read from each other',
    );
  });

  it('takes row reductions over the same rows together', () => {
    expect(answer('a:ReduceMean -> b:Add -> c:ReduceMean', 0, 1, 2)).toBe('yes');
    expect(answer('a:ReduceMean -> b:Add[1x4x8x4] -> c:ReduceMean', 0, 1, 2)).toBe(
      'no-kernel: ReduceMean and ReduceMean reduce different rows',
    );
    expect(answer('a:Softmax -> b:Add -> c:Conv', 0, 1, 2)).toMatch(/^no-kernel/);
  });

  it('takes attention, and the parts of it that clicks make one after the other', () => {
    const text = 'a:MatMul -> b:Add -> c:Softmax -> d:MatMul -> e:Transpose';
    expect(answer(text, 0, 1, 2, 3, 4)).toBe('yes');
    expect(answer(text, 0, 1, 2)).toBe('yes');
    expect(answer(text, 2, 3)).toBe('yes');
    expect(answer('a:MatMul -> b:Softmax -> c:Conv', 0, 1, 2)).toMatch(/^no-kernel/);
    expect(answer('a:MatMul -> b:Softmax -> c:MatMul -> d:MatMul', 0, 1, 2, 3)).toMatch(
      /^no-kernel/,
    );
    expect(answer('a:MatMul -> b:Softmax -> c:Add -> d:Softmax', 0, 1, 2, 3)).toMatch(/^no-kernel/);
    // Two products in front of it: only the nearer one makes its rows.
    expect(answer('a:MatMul -> b:MatMul -> c:Softmax', 0, 1, 2)).toMatch(/^no-kernel/);
  });

  it('takes a whole layer normalisation of a real model', () => {
    const ecg = modelEcg('tinybert');
    const start = ecg.nodes.findIndex(({ operator }) => operator.type === 'ReduceMean');
    const types = ecg.nodes.slice(start, start + 9).map(({ operator }) => operator.type);
    expect(types).toEqual([
      'ReduceMean',
      'Sub',
      'Pow',
      'ReduceMean',
      'Add',
      'Sqrt',
      'Div',
      'Mul',
      'Add',
    ]);
    expect(
      canCompile(
        ecg,
        types.map((_, i) => start + i),
      ),
    ).toEqual({ ok: true });
  });
});
