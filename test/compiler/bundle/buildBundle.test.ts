// Bundles of small models, run on the interpreter with dead memory poisoned: the same results as the graph run operator
// by operator, whatever is fused, shared, packed or written in place.
import { describe, expect, it } from 'vitest';
import { BundleError } from '../../../compiler/bundle/bundleError.ts';
import type { Bundle } from '../../../compiler/bundle/bundle.ts';
import { RunError } from '../../../compiler/loop/interpret.ts';
import type { Scalar } from '../../../compiler/loop/arithmetic.ts';
import { runGraph } from '../../../compiler/lower/runGraph.ts';
import { readConstant } from '../../../compiler/onnx/constantData.ts';
import { modelFromBytes } from '../../../compiler/onnx/source.ts';
import type { TargetName } from '../../../compiler/target/target.ts';
import { TARGETS } from '../../../compiler/target/target.ts';
import { compareTensors } from '../../../compiler/tensor/compare.ts';
import { randomTensor } from '../../../compiler/tensor/randomInput.ts';
import type { Tensor } from '../../../compiler/tensor/tensor.ts';
import { scalarsOf, tensorOf } from '../../../compiler/tensor/tensor.ts';
import { randomModel } from '../lower/randomGraphs.ts';
import { planOf, prepare } from '../lower/running.ts';
import { importBytes } from '../onnx/importing.ts';
import type { ModelSpec } from '../onnx/protoWriter.ts';
import { input, model, node, tensor, valueInfo } from '../onnx/protoWriter.ts';
import type { BundlingOptions } from './bundling.ts';
import { bundleOf, runBundle } from './bundling.ts';

interface Ran {
  readonly bundle: Bundle;
  readonly outputs: readonly Tensor[];
}

async function run(
  spec: ModelSpec,
  inputs: readonly Tensor[],
  options: BundlingOptions = {},
): Promise<Ran> {
  const bytes = model(spec);
  const bundle = await bundleOf(importBytes(bytes), { inputs, ...options });
  return { bundle, outputs: runBundle(bundle, modelFromBytes(bytes), inputs) };
}

const floats = (dims: readonly number[], elements: readonly number[]): Tensor =>
  tensorOf('float32', dims, elements);
const longs = (dims: readonly number[], elements: readonly number[]): Tensor =>
  tensorOf('int64', dims, elements.map(BigInt));
const elementsOf = ({ outputs }: Ran): (readonly Scalar[])[] => outputs.map(scalarsOf);

/** The graph's own results, one operator after the other. */
function reference(spec: ModelSpec, inputs: readonly Tensor[]): readonly Tensor[] {
  const prepared = prepare(importBytes(model(spec)));
  const given = inputs.map(({ dims, bytes }) => ({
    storage: 'f32' as const,
    dims,
    elements: scalarsOf({ dtype: 'float32', dims, bytes }),
  }));
  return runGraph(prepared.model, planOf(prepared.ecg, 'none'), given).map(({ dims, elements }) =>
    tensorOf('float32', dims, elements),
  );
}

describe('random graphs', () => {
  const targets: readonly TargetName[] = ['x86_64', 'x86_64-avx512', 'wasm'];

  it('give the same fused and unfused, in place or not', async () => {
    let [replaced, shared] = [0, 0];
    for (let seed = 0; seed < 24; seed++) {
      const { spec, inputs } = randomModel(seed);
      const tensors = inputs.map(({ dims }, i) => randomTensor('float32', dims, seed * 10 + i));
      const expected = reference(spec, tensors);
      const target = TARGETS[targets[seed % 3]!];
      for (const planner of ['none', 'dnnfusion'] as const) {
        const { bundle, outputs } = await run(spec, tensors, { planner, target });
        outputs.forEach((output, i) => {
          const { passed, mismatch, largestError } = compareTensors(output, expected[i]!);
          const what = `seed ${seed}, ${planner}, ${target.name}, output ${i}: ${mismatch ?? largestError}`;
          expect(passed, what).toBe(true);
        });
        shared += bundle.steps.length - bundle.kernels.length;
        const apart = await run(spec, tensors, { planner, target, inPlace: false });
        replaced += apart.bundle.report.peakLiveBytes - bundle.report.peakLiveBytes;
        expect(apart.outputs).toEqual(outputs);
      }
    }
    // Neither sharing nor replacing went untested.
    expect(replaced).toBeGreaterThan(200);
    expect(shared).toBeGreaterThan(0);
  });
});

describe('in place', () => {
  const vector = randomTensor('float32', [1000], 1);

  it('a chain of pointwise blocks needs the memory of one tensor', async () => {
    const nodes = [
      node('Relu', ['x'], ['a']),
      node('Sigmoid', ['a'], ['b']),
      node('Neg', ['b'], ['y']),
    ];
    const spec = {
      opset: 17,
      inputs: [input('x', 'float32', [1000])],
      nodes,
      outputs: ['y'],
    };
    const { bundle } = await run(spec, [vector]);
    expect(bundle.steps).toHaveLength(3);
    expect(bundle.arenaBytes).toBe(4032);
    // Each of the three writes and reads, but for the model's own input and output.
    expect(bundle.report.movedBytes).toBe(5 * 4000);
  });

  it.each([
    ['another place is read', [node('Transpose', ['x'], ['t'], { perm: [1, 0] })], ['t']],
    [
      'the value is read again',
      [node('Neg', ['x'], ['n']), node('Add', ['x', 'n'], ['y'])],
      ['y', 'n'],
    ],
    ['it is an output', [node('Neg', ['x'], ['n']), node('Abs', ['n'], ['y'])], ['y', 'n']],
    [
      'rows are read before they are normalised',
      [node('Softmax', ['x'], ['y'], { axis: 0 })],
      ['y'],
    ],
  ])('not where %s, or only soundly', async (_, nodes, outputs) => {
    const spec = { opset: 17, inputs: [input('x', 'float32', [20, 20])], nodes, outputs };
    const x = randomTensor('float32', [20, 20], 3);
    const expected = reference(spec, [x]);
    for (const planner of ['none', 'dnnfusion'] as const) {
      const { outputs: actual } = await run(spec, [x], { planner });
      actual.forEach((output, i) => expect(compareTensors(output, expected[i]!).passed).toBe(true));
    }
    const { bundle } = await run(spec, [x]);
    if (outputs[0] === 't') expect(bundle.arenaBytes).toBe(2 * 1600);
  });
});

describe('layouts', () => {
  /** Channels that fill no whole number of blocks, a residual, a concatenation, pools and a head. */
  const network = (c: number): ModelSpec => {
    const weights = (name: string, ...dims: number[]) => {
      const count = dims.reduce((a, b) => a * b, 1);
      const data = scalarsOf(randomTensor('float32', [count], name.length + count)).map(Number);
      return tensor(name, 'float32', dims, data);
    };
    return {
      opset: 17,
      inputs: [input('x', 'float32', [1, 3, 9, 9])],
      nodes: [
        node('Conv', ['x', 'w0', 'b0'], ['c0'], { pads: [1, 1, 1, 1] }),
        node('Relu', ['c0'], ['r0']),
        node('Conv', ['r0', 'w1'], ['c1'], { pads: [1, 1, 1, 1] }),
        node('Add', ['c1', 'r0'], ['sum']),
        node('Clip', ['sum', 'low', 'high'], ['r1']),
        node('MaxPool', ['r1'], ['p'], { kernel_shape: [3, 3], strides: [2, 2] }),
        node('Conv', ['p', 'w2'], ['d'], { group: c, pads: [1, 1, 1, 1] }),
        node('Concat', ['p', 'd'], ['both'], { axis: 1 }),
        node('Conv', ['both', 'w3'], ['e']),
        node('GlobalAveragePool', ['e'], ['g']),
        node('Flatten', ['g'], ['f']),
        node('Gemm', ['f', 'w4', 'b4'], ['y'], { transB: 1 }),
      ],
      outputs: ['y', 'e'],
      initializers: [
        weights('w0', c, 3, 3, 3),
        weights('b0', c),
        weights('w1', c, c, 3, 3),
        weights('w2', c, 1, 3, 3),
        weights('w3', 10, 2 * c, 1, 1),
        weights('w4', 7, 10),
        weights('b4', 7),
        tensor('low', 'float32', [], [-3]),
        tensor('high', 'float32', [], [3]),
      ],
    };
  };

  it.each<[TargetName, number]>([
    ['x86_64', 4],
    ['x86_64', 6],
    ['x86_64-avx512', 16],
    ['x86_64-avx512', 20],
  ])('%s, %i channels: blocked or not, the results are the same', async (name, channels) => {
    const spec = network(channels);
    const source = modelFromBytes(model(spec));
    const x = randomTensor('float32', [1, 3, 9, 9], channels);
    const prepared = prepare(importBytes(model(spec)));
    const expected = runGraph(
      prepared.model,
      planOf(prepared.ecg, 'none'),
      [{ storage: 'f32', dims: x.dims, elements: scalarsOf(x) }],
      {
        constantOf: (value) => {
          const { constant, known } = prepared.model.graph.values[value]!;
          if (constant === undefined) return undefined;
          const bytes = readConstant(constant, source, known);
          const read = { dtype: constant.dtype, dims: constant.dims, bytes: bytes.slice() };
          return { storage: 'f32', dims: read.dims, elements: scalarsOf(read) };
        },
      },
    ).map(({ dims, elements }) => tensorOf('float32', dims, elements));
    for (const planner of ['none', 'dnnfusion'] as const) {
      const { bundle, outputs } = await run(spec, [x], { planner, target: TARGETS[name] });
      expected.forEach((tensor, i) => {
        const { passed, mismatch, largestError } = compareTensors(outputs[i]!, tensor);
        expect(passed, `${planner}, output ${i}: ${mismatch ?? largestError}`).toBe(true);
      });
      // The case shows nothing unless weights are packed.
      expect(bundle.buffers.some(({ space, layout }) => space === 'weights' && layout)).toBe(true);
      const blocked = bundle.buffers.filter(({ space, layout }) => space === 'arena' && layout);
      if (name !== 'x86_64') expect(blocked.length).toBeGreaterThan(1);
      const plain = await run(spec, [x], { planner, target: TARGETS[name], layouts: 'plain' });
      expected.forEach((tensor, i) => {
        const { passed, mismatch, largestError } = compareTensors(plain.outputs[i]!, tensor);
        expect(passed, `${planner}, plain, output ${i}: ${mismatch ?? largestError}`).toBe(true);
      });
      const laidOut = plain.bundle.buffers.filter(({ layout }) => layout !== undefined);
      expect(new Set(laidOut.map(({ space }) => space))).toEqual(new Set(['weights']));
      expect(plain.bundle.report.layoutConversions.count).toBe(0);
    }
  });
});

describe('kernels', () => {
  const gathers: ModelSpec = {
    opset: 17,
    inputs: [input('x', 'float32', [4]), input('at', 'int64', [2]), input('too', 'int64', [2])],
    nodes: [node('Gather', ['x', 'at'], ['a']), node('Gather', ['x', 'too'], ['b'])],
    outputs: ['a', 'b'],
  };
  const x = floats([4], [1, 2, 3, 4]);

  it('are shared by equal blocks', async () => {
    const ran = await run(gathers, [x, longs([2], [0, 3]), longs([2], [-1, 1])]);
    expect(ran.bundle.kernels.map(({ name }) => name)).toEqual(['k0_gather']);
    expect(elementsOf(ran)).toEqual([
      [1, 4],
      [4, 2],
    ]);
  });

  it.each([
    [[9, 0], [0, 0], 'a'],
    [[0, 0], [0, 9], 'b'],
  ])('indices %j and %j: the right operator is blamed', async (first, second, operator) => {
    const failed = await run(gathers, [x, longs([2], first), longs([2], second)]).catch(
      (error: unknown) => error,
    );
    expect(failed).toBeInstanceOf(RunError);
    expect((failed as RunError).operator).toBe(operator);
  });

  it('differ where a constant differs', async () => {
    const nodes = [
      node('Mul', ['x', 'two'], ['a']),
      node('Mul', ['x', 'minusZero'], ['b']),
      node('Mul', ['x', 'zero'], ['c']),
    ];
    const initializers = [
      tensor('two', 'float32', [1], [2]),
      tensor('zero', 'float32', [1], [0]),
      tensor('minusZero', 'float32', [1], [-0]),
    ];
    const spec = {
      opset: 17,
      inputs: gathers.inputs!.slice(0, 1),
      nodes,
      initializers,
      outputs: ['a', 'b', 'c'],
    };
    const ran = await run(spec, [x]);
    expect(elementsOf(ran).map(([first]) => first)).toEqual([2, -0, 0]);
  });
});

describe('outputs', () => {
  it('that are inputs or constants are copies', async () => {
    const spec: ModelSpec = {
      opset: 17,
      inputs: [input('x', 'float32', [2, 3])],
      nodes: [
        node('Identity', ['x'], ['same']),
        node('Identity', ['c'], ['fixed']),
        node('Neg', ['x'], ['y']),
      ],
      outputs: ['same', 'fixed', 'y', 'x'],
      initializers: [tensor('c', 'int64', [2], [5, -6])],
    };
    const ran = await run(spec, [floats([2, 3], [1, 2, 3, 4, 5, 6])]);
    expect(elementsOf(ran)).toEqual([
      [1, 2, 3, 4, 5, 6],
      [5n, -6n],
      [-1, -2, -3, -4, -5, -6],
      [1, 2, 3, 4, 5, 6],
    ]);
  });

  it('scalars and empty tensors work', async () => {
    const spec: ModelSpec = {
      opset: 17,
      inputs: [input('x', 'float32', []), input('none', 'float32', [0, 3])],
      nodes: [
        node('Neg', ['x'], ['y']),
        node('Relu', ['none'], ['still']),
        node('ReduceSum', ['none', 'axis'], ['sums'], { keepdims: 0 }),
      ],
      outputs: ['y', 'still', 'sums'],
      initializers: [tensor('axis', 'int64', [1], [0])],
    };
    const ran = await run(spec, [floats([], [4]), floats([0, 3], [])]);
    expect(elementsOf(ran)).toEqual([[-4], [], [0, 0, 0]]);
    expect(ran.outputs.map(({ dims }) => dims)).toEqual([[], [0, 3], [3]]);
  });

  it('whole numbers of sizes that only the run knows are written by a step of their own', async () => {
    const spec: ModelSpec = {
      opset: 17,
      inputs: [input('x', 'float32', [2, 3])],
      nodes: [
        node('NonZero', ['x'], ['at']),
        node('Shape', ['at'], ['size']),
        node('Cast', ['at'], ['y'], { to: 1 }),
      ],
      outputs: ['at', 'size', 'y'],
    };
    for (const planner of ['none', 'dnnfusion'] as const) {
      const ran = await run(spec, [floats([2, 3], [0, 1, 0, 2, 0, 3])], { planner });
      expect(ran.outputs.map(({ dims }) => dims)).toEqual([[2, 3], [2], [2, 3]]);
      expect(elementsOf(ran)).toEqual([
        [0n, 1n, 1n, 1n, 0n, 2n],
        [2n, 3n],
        [0, 1, 1, 1, 0, 2],
      ]);
      const none = await run(spec, [floats([2, 3], [0, 0, 0, 0, 0, 0])], { planner });
      expect(none.outputs.map(({ dims }) => dims)).toEqual([[2, 0], [2], [2, 0]]);
    }
  });
});

describe('limits', () => {
  const wide = (n: number): ModelSpec => ({
    opset: 17,
    inputs: [input('x', 'float32', [1])],
    nodes: [node('Expand', ['x', 'to'], ['huge']), node('Neg', ['huge'], ['y'])],
    outputs: ['y'],
    initializers: [tensor('to', 'int64', [2], [n, n])],
  });

  it('a tensor beyond the limit is named', async () => {
    const bytes = model(wide(1 << 15));
    const tooLarge = bundleOf(importBytes(bytes), { mostBytes: 2 ** 30 });
    await expect(tooLarge).rejects.toThrow(/GiB.*largest tensor is (huge|y) \(32768×32768\)/);
  });

  it('sizes that leave the exact numbers are an error, not memory', async () => {
    const bytes = model(wide(2 ** 30));
    await expect(bundleOf(importBytes(bytes))).rejects.toThrow(BundleError);
  });

  it('models on sequences are refused', async () => {
    const bytes = model({
      opset: 17,
      inputs: [valueInfo('s')],
      nodes: [node('SequenceLength', ['s'], ['y'])],
      outputs: ['y'],
    });
    await expect(bundleOf(importBytes(bytes))).rejects.toThrow(/is no tensor/);
  });
});
