// Memory between an elementwise nest and a product lies as the product reads it, and only then.
import { describe, expect, it } from 'vitest';
import type { LoopProgram } from '../../../compiler/loop/ir.ts';
import { markIndependent } from '../../../compiler/schedule/independent.ts';
import { matchDivisions } from '../../../compiler/schedule/divisions.ts';
import { packableLocals } from '../../../compiler/schedule/packableLocals.ts';
import { scheduleProgram } from '../../../compiler/schedule/scheduleProgram.ts';
import type { Bytes } from '../onnx/protoWriter.ts';
import { input, node } from '../onnx/protoWriter.ts';
import { SMALL_TARGET } from './runScheduled.ts';
import { expectSame, lowered } from './transform/equality.ts';

function block(
  shapes: Readonly<Record<string, readonly number[]>>,
  nodes: readonly Bytes[],
): LoopProgram {
  return lowered({
    inputs: Object.entries(shapes).map(([name, dims]) => input(name, 'float32', dims)),
    nodes,
    outputs: ['y'],
  });
}

const packable = (program: LoopProgram): number =>
  packableLocals(markIndependent(matchDivisions(program))).size;

/** Shapes of the memory at the root of the scheduled program; its results are compared. */
function localsOf(program: LoopProgram): readonly (readonly unknown[])[] {
  const scheduled = scheduleProgram(program, {
    target: SMALL_TARGET,
    constants: new Set(),
    layouts: new Map(),
  });
  expectSame(program, scheduled.program, { tolerance: 1e-5 });
  return scheduled.program.body.flatMap((stmt) =>
    stmt.kind === 'local'
      ? [stmt.buffer.shape.map((dim) => (dim.kind === 'constant' ? dim.value : dim))]
      : [],
  );
}

describe('memory in front of a product', () => {
  it('the second operand comes in panels', () => {
    const program = block({ x: [12, 20], w: [20, 64], b: [64] }, [
      node('Add', ['w', 'b'], ['s']),
      node('MatMul', ['x', 's'], ['y']),
    ]);
    expect(packable(program)).toBe(1);
    const [shape] = localsOf(program);
    expect(shape).toHaveLength(3);
    expect(shape![1]).toBe(20);
  });

  it('transposed, without another copy', () => {
    const program = block({ x: [24, 16], w: [40, 16], b: [16] }, [
      node('Mul', ['w', 'b'], ['s']),
      node('Gemm', ['x', 's'], ['y'], { transB: 1 }),
    ]);
    expect(packable(program)).toBe(1);
    expect(localsOf(program)).toHaveLength(1);
  });

  it('not where several read it, a window slides over it, or a reduction fills it', () => {
    const twice = block({ x: [12, 16], w: [16, 16], b: [16] }, [
      node('Exp', ['w'], ['s']),
      node('MatMul', ['x', 's'], ['p']),
      node('MatMul', ['p', 's'], ['y']),
    ]);
    expect(packable(twice)).toBeLessThan(2);
    localsOf(twice);
    const window = block({ x: [1, 4, 6, 6], w: [8, 4, 3, 3] }, [
      node('Sigmoid', ['x'], ['s']),
      node('Conv', ['s', 'w'], ['y']),
    ]);
    expect(packable(window)).toBe(0);
    const reduced = block({ x: [12, 30], w: [30, 30] }, [
      node('Softmax', ['w'], ['s'], { axis: 1 }),
      node('MatMul', ['x', 's'], ['y']),
    ]);
    localsOf(reduced);
  });
});
