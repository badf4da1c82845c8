// Row kernels and reductions: vectors of partial results, rows side by side, shared and invariant work.
import { describe, expect, it } from 'vitest';
import type { LoopProgram } from '../../../../compiler/loop/ir.ts';
import { printProgram } from '../../../../compiler/loop/print.ts';
import { Refused, rewriteLoop } from '../../../../compiler/schedule/transform/place.ts';
import {
  inTiles,
  unrollAndJam,
  vectorise,
} from '../../../../compiler/schedule/transform/unrollAndJam.ts';
import { vectoriseReduction } from '../../../../compiler/schedule/transform/vectoriseReduction.ts';
import { input, node } from '../../onnx/protoWriter.ts';
import { expectSame, lowered } from './equality.ts';

function logSoftmax(rows: number, columns: number): LoopProgram {
  return lowered({
    inputs: [input('x', 'float32', [rows, columns])],
    nodes: [node('LogSoftmax', ['x'], ['y'], { axis: 1 })],
    outputs: ['y'],
  });
}

function layerNorm(rows: number, columns: number): LoopProgram {
  return lowered({
    inputs: [
      input('x', 'float32', [rows, columns]),
      input('s', 'float32', [columns]),
      input('b', 'float32', [columns]),
    ],
    nodes: [node('LayerNormalization', ['x', 's', 'b'], ['y'], { axis: 1 })],
    outputs: ['y'],
  });
}

function reduceAll(
  program: LoopProgram,
  loops: readonly string[],
  lanes: number,
  accumulators = 1,
) {
  return loops.reduce(
    (result, name) =>
      rewriteLoop(result, name, (loop, place) =>
        vectoriseReduction(loop, lanes, place, accumulators),
      ),
    program,
  );
}

describe('reductions along rows', () => {
  it.each([
    [3, 64, 16, 1],
    [2, 64, 16, 4],
    [2, 77, 8, 2],
    [5, 3, 8, 1],
    [1, 255, 16, 4],
  ])(
    'log softmax of %i x %i in vectors of %i, %i accumulators',
    (rows, columns, lanes, accumulators) => {
      const program = logSoftmax(rows, columns);
      const row =
        rows === 1 ? { i1: 'i0', max: 'k3', sum: 'k6' } : { i1: 'i1', max: 'k4', sum: 'k7' };
      const reduced = reduceAll(program, [row.max, row.sum], lanes, accumulators);
      const result = rewriteLoop(reduced, row.i1, (loop, place) => vectorise(loop, lanes, place));
      expectSame(program, result, { tolerance: 1e-6 });
      if (columns >= lanes) expect(printProgram(result)).toContain('reduce_max');
    },
  );

  it('layer normalisation, six rows at once', () => {
    const program = layerNorm(8, 40);
    const reduced = reduceAll(program, ['k4', 'k8'], 8, 2);
    const columns = rewriteLoop(reduced, 'i1', (loop, place) =>
      inTiles(loop, { points: 2, lanes: 8 }, place),
    );
    const result = rewriteLoop(columns, 'i0', (loop, place) => unrollAndJam(loop, 6, place));
    expectSame(program, result, { tolerance: 1e-5 });
  });

  it('over two axes, along the inner one', () => {
    const program = lowered({
      inputs: [input('x', 'float32', [2, 3, 5, 20])],
      nodes: [node('GlobalAveragePool', ['x'], ['y'])],
      outputs: ['y'],
    });
    const [outer] = /for (k\d+) < 5/.exec(printProgram(program))!.slice(1);
    expectSame(program, reduceAll(program, [outer!], 8), { tolerance: 1e-6 });
  });

  it('integers are exact', () => {
    const program = lowered({
      inputs: [input('a', 'int32', [3, 37]), input('b', 'int32', [37, 2])],
      nodes: [node('MatMul', ['a', 'b'], ['y'])],
      outputs: ['y'],
    });
    expectSame(program, reduceAll(program, ['k3'], 8, 2), { integers: [-9, 9] });
  });

  it('refuses loops that keep more than a result', () => {
    const program = lowered({
      inputs: [input('x', 'float32', [4, 16])],
      nodes: [node('ArgMax', ['x'], ['y'], { axis: 1, keepdims: 0 })],
      outputs: ['y'],
    });
    const [name] = /for (k\d+) < 16/.exec(printProgram(program))!.slice(1);
    expect(() => reduceAll(program, [name!], 8)).toThrow(Refused);
  });
});

describe('lanes', () => {
  it('a condition that differs from lane to lane becomes a select', () => {
    const program = lowered({
      inputs: [input('x', 'float32', [3, 12])],
      nodes: [node('Trilu', ['x'], ['y'], { upper: 1 })],
      outputs: ['y'],
    });
    const result = rewriteLoop(program, 'i1', (loop, place) => vectorise(loop, 4, place));
    expectSame(program, result);
    expect(printProgram(result)).toContain('f32x4');
  });

  it('checks every lane of a gather', () => {
    const program = lowered({
      inputs: [input('x', 'float32', [9]), input('i', 'int64', [13])],
      nodes: [node('Gather', ['x', 'i'], ['y'])],
      outputs: ['y'],
    });
    const result = rewriteLoop(program, 'i0', (loop, place) => vectorise(loop, 4, place));
    expectSame(program, result, { integers: [-9, 8] });
    expect(() => expectSame(program, result, { integers: [9, 9] })).toThrow(/outside of 0 to 8/);
  });

  it('common work of several points stands once, invariant work before the loop', () => {
    const program = lowered({
      inputs: [input('x', 'float32', [6, 16]), input('v', 'float32', [16])],
      nodes: [node('Sqrt', ['v'], ['r']), node('Mul', ['x', 'r'], ['y'])],
      outputs: ['y'],
    });
    const rows = rewriteLoop(program, 'i0', (loop, place) => unrollAndJam(loop, 3, place));
    expectSame(program, rows);
    expect(printProgram(rows).match(/sqrt\(/g)).toHaveLength(1);
  });
});
