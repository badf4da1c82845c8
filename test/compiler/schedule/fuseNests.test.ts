// Nests over the same rows as one: what is stored between them shrinks to a row, and results stay the same.
import { describe, expect, it } from 'vitest';
import type { LoopProgram, Stmt } from '../../../compiler/loop/ir.ts';
import { fuseNests } from '../../../compiler/schedule/fuseNests.ts';
import { markIndependent } from '../../../compiler/schedule/independent.ts';
import { input, node, tensor } from '../onnx/protoWriter.ts';
import { expectSame, lowered } from './transform/equality.ts';

const NONE: ReadonlySet<string> = new Set();

function softmaxOf(shape: readonly number[], axis: number): LoopProgram {
  return lowered({
    inputs: [input('x', 'float32', shape)],
    nodes: [node('Softmax', ['x'], ['y'], { axis })],
    outputs: ['y'],
  });
}

const rootOf = ({ body }: LoopProgram, kind: Stmt['kind']): readonly Stmt[] =>
  body.filter((stmt) => stmt.kind === kind);

describe('nests over the same rows', () => {
  it.each([
    [[30, 40], 1],
    [[2, 3, 17], 2],
  ])('softmax of %j keeps one row of exponentials', (shape, axis) => {
    const program = softmaxOf(shape, axis);
    const fused = fuseNests(markIndependent(program), NONE);
    expectSame(program, fused, { tolerance: 1e-6 });
    expect([rootOf(program, 'local').length, rootOf(program, 'for').length]).toEqual([1, 2]);
    expect([rootOf(fused, 'local').length, rootOf(fused, 'for').length]).toEqual([0, 1]);
  });

  it('softmax in front of a product: the product keeps its own nest', () => {
    const program = lowered({
      inputs: [input('x', 'float32', [40, 30]), input('v', 'float32', [30, 8])],
      nodes: [node('Softmax', ['x'], ['p'], { axis: 1 }), node('MatMul', ['p', 'v'], ['y'])],
      outputs: ['y'],
    });
    const fused = fuseNests(markIndependent(program), NONE);
    expectSame(program, fused, { tolerance: 1e-6 });
    expect(rootOf(program, 'for').length - rootOf(fused, 'for').length).toBe(1);
  });

  it('stays apart across rows', () => {
    const program = softmaxOf([30, 40], 0);
    const fused = fuseNests(markIndependent(program), NONE);
    expectSame(program, fused, { tolerance: 1e-6 });
    expect(rootOf(fused, 'for').length).toBe(rootOf(program, 'for').length);
  });

  it('stays apart where layouts are given', () => {
    const program = softmaxOf([30, 40], 1);
    const marked = markIndependent(program);
    expect(fuseNests(marked, new Set(['in0']))).toBe(marked);
  });

  it('stays apart where windows slide along the row', () => {
    const program = lowered({
      inputs: [input('x', 'float32', [1, 40, 12, 12])],
      nodes: [
        node('Exp', ['x'], ['e']),
        node('Conv', ['e', 'w'], ['y'], { group: 40, pads: [1, 1, 1, 1] }),
      ],
      initializers: [tensor('w', 'float32', [40, 1, 3, 3], new Array<number>(360).fill(0.5))],
      outputs: ['y'],
    });
    const fused = fuseNests(markIndependent(program), NONE);
    expect(rootOf(program, 'for').length).toBe(2);
    expect(rootOf(fused, 'for').length).toBe(2);
  });

  it('keeps what leaves the block', () => {
    const program = lowered({
      inputs: [input('x', 'float32', [32, 24])],
      nodes: [
        node('Exp', ['x'], ['e']),
        node('ReduceSum', ['e', 'axes'], ['s'], { keepdims: 1 }),
        node('Div', ['e', 's'], ['y']),
      ],
      initializers: [tensor('axes', 'int64', [1], [1n])],
      outputs: ['e', 'y'],
    });
    const fused = fuseNests(markIndependent(program), NONE);
    expectSame(program, fused, { tolerance: 1e-6 });
    expect(fused.outputs).toEqual(program.outputs);
  });
});
