// Procedures for many threads, and what has to run in order on one work-group: they give what the procedures of least
// work give, scheduled or not.
import { describe, expect, it } from 'vitest';
import type { LoopProgram, Stmt } from '../../../../compiler/loop/ir.ts';
import { bodiesOf } from '../../../../compiler/loop/ir.ts';
import type { RunGraphOptions, Tensor } from '../../../../compiler/lower/runGraph.ts';
import { runGraph } from '../../../../compiler/lower/runGraph.ts';
import { Random } from '../../lower/randomGraphs.ts';
import { oneBlock, prepareSpec } from '../../lower/running.ts';
import type { ModelSpec } from '../../onnx/protoWriter.ts';
import { input, node, tensor } from '../../onnx/protoWriter.ts';
import { runScheduled } from '../runScheduled.ts';
import { GPU, problemsOf } from './judge.ts';

interface Case {
  readonly name: string;
  readonly spec: Omit<ModelSpec, 'opset'>;
}

function topK(
  name: string,
  shape: readonly number[],
  k: number,
  attributes: Parameters<typeof node>[3],
  type: 'float32' | 'int64' = 'float32',
): Case {
  return {
    name: `TopK ${name}`,
    spec: {
      inputs: [input('x', type, shape)],
      initializers: [tensor('k', 'int64', [1], [k])],
      nodes: [node('TopK', ['x', 'k'], ['y', 'at'], attributes)],
      outputs: ['y', 'at'],
    },
  };
}

function suppression(
  name: string,
  scores: readonly [number, number, number],
  limits: object,
): Case {
  const [batches, , count] = scores;
  const {
    most = 1000,
    overlap = 0.2,
    least,
  } = limits as {
    most?: number;
    overlap?: number;
    least?: number;
  };
  return {
    name: `NonMaxSuppression ${name}`,
    spec: {
      inputs: [input('boxes', 'float32', [batches, count, 4]), input('scores', 'float32', scores)],
      initializers: [
        tensor('most', 'int64', [1], [most]),
        tensor('overlap', 'float32', [1], [overlap]),
        ...(least === undefined ? [] : [tensor('least', 'float32', [1], [least])]),
      ],
      nodes: [
        node(
          'NonMaxSuppression',
          ['boxes', 'scores', 'most', 'overlap', ...(least === undefined ? [] : ['least'])],
          ['y'],
        ),
      ],
      outputs: ['y'],
    },
  };
}

const CASES: readonly Case[] = [
  topK('of one chunk', [1, 200], 20, {}),
  topK('of several chunks', [1, 600], 300, {}),
  topK('smallest, rows of several chunks', [2, 300], 7, { largest: 0 }),
  topK('of equal values', [1, 400], 100, {}, 'int64'),
  topK('of columns', [40, 3], 5, { axis: 0 }),
  {
    name: 'NonZero of a matrix',
    spec: {
      inputs: [input('x', 'int64', [40, 33])],
      nodes: [node('NonZero', ['x'], ['y'])],
      outputs: ['y'],
    },
  },
  suppression('of all boxes', [1, 1, 120], {}),
  suppression('of those above a score, by class', [1, 3, 90], { least: 0.3 }),
  suppression('of a few', [2, 1, 70], { most: 3, overlap: 0.5 }),
  {
    name: 'RoiAlign',
    spec: {
      inputs: [
        input('x', 'float32', [1, 5, 12, 12]),
        input('regions', 'float32', [6, 4]),
        input('batches', 'int64', [6]),
      ],
      nodes: [
        node('Mul', ['batches', 'zero'], ['first']),
        node('RoiAlign', ['x', 'regions', 'first'], ['y'], {
          output_height: 3,
          output_width: 2,
          sampling_ratio: 2,
        }),
      ],
      initializers: [tensor('zero', 'int64', [1], [0])],
      outputs: ['y'],
    },
  },
];

/** Outputs of the model as one block. */
function run(spec: Case['spec'], options: RunGraphOptions): readonly Tensor[] {
  const { model } = prepareSpec({ opset: 20, ...spec });
  const random = new Random(11);
  const inputs = model.graph.inputs.map((value): Tensor => {
    const { type } = model.graph.values[value]!;
    if (type.kind !== 'tensor') throw new Error('a tensor');
    const dims = (type.shape ?? []).map(Number);
    const count = dims.reduce((a, b) => a * b, 1);
    const isFloat = type.dtype === 'float32';
    const elements = Array.from({ length: count }, () =>
      isFloat ? Math.fround(random.real()) : BigInt(random.below(4)),
    );
    return { storage: isFloat ? 'f32' : 'i64', dims, elements };
  });
  return runGraph(model, oneBlock(model), inputs, { maxSteps: 3e7, ...options });
}

/** Loops that one item alone runs. */
function alone(body: readonly Stmt[]): readonly string[] {
  return body.flatMap((stmt) =>
    stmt.kind === 'while' || (stmt.kind === 'for' && stmt.mode === 'serial')
      ? [stmt.kind === 'for' ? stmt.variable : 'while']
      : bodiesOf(stmt).flatMap((inner) => (stmt.kind === 'if' ? alone(inner) : [])),
  );
}

describe('many threads', () => {
  it.each(CASES)('$name', { timeout: 120_000 }, ({ spec }) => {
    const expected = run(spec, {});
    expect(run(spec, { manyThreads: true })).toEqual(expected);
    const problems: string[] = [];
    const scheduled = run(spec, {
      manyThreads: true,
      run: runScheduled({
        target: GPU,
        onSchedule: ({ body }) =>
          problems.push(...problemsOf({ body } as LoopProgram), ...alone(body)),
      }),
    });
    expect(scheduled).toEqual(expected);
    expect(problems).toEqual([]);
  });
});
