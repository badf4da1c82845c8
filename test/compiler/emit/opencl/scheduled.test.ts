// Programs scheduled for a GPU on an OpenCL device: groups, items, memory that a group shares, barriers. The interpreter's
// numbers of the program before it was scheduled.
import { describe, expect, it } from 'vitest';
import { emitGpuKernel } from '../../../../compiler/emit/opencl/emitKernel.ts';
import type { Scalar } from '../../../../compiler/loop/arithmetic.ts';
import { shapeOf } from '../../../../compiler/loop/interpret.ts';
import type { LoopProgram } from '../../../../compiler/loop/ir.ts';
import { isFloat } from '../../../../compiler/loop/scalarType.ts';
import { scheduleGpu } from '../../../../compiler/schedule/gpu/scheduleGpu.ts';
import { TARGETS } from '../../../../compiler/target/target.ts';
import { Random } from '../../lower/randomGraphs.ts';
import { run } from '../../loop/programs.ts';
import type { AttributeSpec, Bytes } from '../../onnx/protoWriter.ts';
import { input, node } from '../../onnx/protoWriter.ts';
import { lowered } from '../../schedule/transform/equality.ts';
import { openclLacks, suiteName } from './openclLacks.ts';
import type { GpuRun } from './runOnDevice.ts';
import { runOnDevice } from './runOnDevice.ts';

interface Case {
  readonly name: string;
  readonly program: LoopProgram;
}

function model(
  name: string,
  dims: readonly (readonly number[])[],
  nodes: readonly Bytes[],
  integers: readonly number[] = [],
): Case {
  const inputs = dims.map((shape, i) =>
    input(`x${i}`, integers.includes(i) ? 'int64' : 'float32', shape),
  );
  return { name, program: lowered({ inputs, nodes, outputs: ['y'] }) };
}

function single(
  type: string,
  dims: readonly (readonly number[])[],
  attributes: Readonly<Record<string, AttributeSpec>> = {},
  integers: readonly number[] = [],
): Case {
  const names = dims.map((_, i) => `x${i}`);
  return model(type, dims, [node(type, names, ['y'], attributes)], integers);
}

const CASES: readonly Case[] = [
  single('Relu', [[3, 5, 8]]),
  single('Erf', [[1, 1, 37]]),
  single('Add', [[2, 9, 12], [12]]),
  single('Transpose', [[5, 4, 3, 8]], { perm: [0, 2, 1, 3] }),
  single(
    'Concat',
    [
      [2, 3, 4],
      [2, 5, 4],
    ],
    { axis: 1 },
  ),
  single('MaxPool', [[1, 4, 9, 9]], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  single('Gather', [[9, 6], [5]], {}, [1]),
  single('Softmax', [[5, 300]], { axis: -1 }),
  single('LayerNormalization', [[7, 96], [96], [96]]),
  single('ReduceMean', [[6, 50]], { axes: [0, 1] }),
  single('GlobalAveragePool', [[1, 12, 7, 7]]),
  model(
    'a product between activations',
    [
      [40, 33],
      [33, 68],
    ],
    [
      node('Sigmoid', ['x0'], ['s']),
      node('MatMul', ['s', 'x1'], ['c']),
      node('Tanh', ['c'], ['y']),
    ],
  ),
  single('MatMul', [
    [20, 600],
    [600, 12],
  ]),
  single(
    'Gemm',
    [
      [1, 70],
      [9, 70],
    ],
    { transB: 1 },
  ),
  single('Conv', [[2, 9, 6, 11], [10, 9, 3, 3], [10]], { pads: [1, 1, 1, 1] }),
  single('Conv', [[1, 3, 12, 13], [16, 3, 3, 3], [16]], {
    strides: [2, 2],
    pads: [1, 1, 1, 1],
  }),
  single('Conv', [[1, 12, 9, 9], [12, 1, 5, 5], [12]], {
    group: 12,
    strides: [2, 2],
    pads: [2, 2, 2, 2],
  }),
  single('Conv', [[1, 8, 3, 6, 7], [8, 8, 3, 3, 3], [8]], { pads: [1, 1, 1, 1, 1, 1] }),
];

/** Small, so that small shapes fill several groups and leave tails. */
const GPU = { ...TARGETS.opencl, computeUnits: 16, groupSize: 64 };

function inputsOf({ inputs }: LoopProgram): readonly (readonly Scalar[])[] {
  const random = new Random(7);
  return inputs.map(({ shape, storage }) => {
    const count = shapeOf(shape, new Map()).reduce((product, dim) => product * dim, 1);
    const element = (): Scalar =>
      isFloat(storage as 'f32') ? random.below(2001) / 1000 - 1 : BigInt(random.below(5));
    return Array.from({ length: count }, element);
  });
}

describe.skipIf(openclLacks() !== undefined)(suiteName('programs scheduled for GPUs'), () => {
  it('give what the program gives', { timeout: 300_000 }, () => {
    const runs: GpuRun[] = CASES.map(({ program }, i) => {
      const request = { target: GPU, constants: new Set<string>(), layouts: new Map() };
      const scheduled = scheduleGpu(program, request);
      expect(scheduled.nests.flatMap(({ refused }) => refused ?? [])).toEqual([]);
      return { kernel: emitGpuKernel(`case${i}`, scheduled.program), inputs: inputsOf(program) };
    });
    expect(runs.some(({ kernel }) => kernel.code.includes('barrier('))).toBe(true);
    const results = runOnDevice(runs);
    const wrong = CASES.flatMap(({ name, program }, i) => {
      const [expected = []] = run(program, runs[i]!.inputs, {});
      const { code, outputs } = results[i]!;
      const [actual = []] = outputs;
      const scale = Math.max(1e-30, ...expected.map((value) => Math.abs(Number(value))));
      const worst = Math.max(
        ...expected.map((value, at) => Math.abs(Number(value) - Number(actual[at])) / scale),
      );
      return code === 0 && worst <= 1e-5 ? [] : [`${name}: check ${code}, ${worst} apart`];
    });
    expect(wrong).toEqual([]);
  });
});
