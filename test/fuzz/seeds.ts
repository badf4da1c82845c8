// The models that the fuzzer starts from: small, and together with every part that a model can have.
import { readFileSync, statSync } from 'node:fs';
import {
  entry,
  externalTensor,
  input,
  model,
  node,
  sparseTensor,
  tensor,
  tensorTypeProto,
  sequenceTypeProto,
  valueInfo,
} from '../compiler/onnx/protoWriter.ts';
import type { GraphSpec } from '../compiler/onnx/protoWriter.ts';
import { nodeTestCases } from '../setup/nodeTests.ts';

const image = input('x', 'float32', ['batch', 3, 8, 8]);

function convolutions(): Uint8Array {
  return model({
    opset: 9,
    inputs: [image],
    initializers: [
      tensor('w', 'float32', [4, 3, 3, 3], new Uint8Array(4 * 27 * 4)),
      tensor('b', 'float32', [4], [1, 2, 3, 4], { storage: 'packed' }),
      tensor('s', 'int64', [2], [0, -1], { storage: 'unpacked' }),
      externalTensor('m', 'float32', [256, 10], 'weights.bin', { offset: 0, length: 10240 }),
    ],
    nodes: [
      node('Conv', ['x', 'w', 'b'], ['c'], { pads: [1, 1, 1, 1], kernel_shape: [3, 3] }),
      node('Clip', ['c'], ['r'], { min: { float: 0 }, max: { float: 6 } }),
      node('Dropout', ['r'], ['d', 'mask']),
      node('Reshape', ['d', 's'], ['f']),
      node('MatMul', ['f', 'm'], ['g']),
      node('Softmax', ['g'], ['h'], { axis: 1 }),
      node('Upsample', ['c'], ['u'], { scales: { floats: [1, 1, 2, 2] }, mode: 'nearest' }),
      node('Identity', ['h'], ['y']),
    ],
    outputs: [input('y', 'float32', ['batch', 10]), 'u'],
    metadata: { author: 'test' },
  });
}

function shapeArithmetic(): Uint8Array {
  return model({
    inputs: [input('ids', 'int64', ['batch', 'seq', 64])],
    initializers: [
      tensor('zero', 'int64', [], [0]),
      tensor('one', 'int64', [1], [1]),
      tensor('heads', 'int64', [2], [4, 16]),
      tensor('axes', 'int64', [1], [2]),
    ],
    nodes: [
      node('Cast', ['ids'], ['x'], { to: 1 }),
      node('Shape', ['x'], ['sizes']),
      node('Gather', ['sizes', 'zero'], ['b']),
      node('Slice', ['sizes', 'one', 'axes'], ['rest']),
      node('Unsqueeze', ['b', 'zero0'], ['b1']),
      node('Constant', [], ['zero0'], { value_ints: [0] }),
      node('Concat', ['b1', 'rest', 'heads'], ['target'], { axis: 0 }),
      node('Reshape', ['x', 'target'], ['split']),
      node('Transpose', ['split'], ['t'], { perm: [0, 2, 1, 3] }),
      node('ReduceMean', ['t', 'axes'], ['mean'], { keepdims: 1 }),
      node('Sub', ['t', 'mean'], ['y']),
      node('NonZero', ['y'], ['where']),
      node('TopK', ['y', 'one'], ['v', 'i']),
      node('Range', ['zero', 'b', 'step'], ['range']),
      node('Constant', [], ['step'], { value: { tensor: tensor('', 'int64', [], [1]) } }),
    ],
    outputs: ['y', 'where', 'i', 'range'],
  });
}

function controlFlow(): Uint8Array {
  const then: GraphSpec = {
    nodes: [node('Neg', ['x'], ['t']), node('Identity', ['t'], ['t2'])],
    outputs: [input('t2', 'float32', [null])],
  };
  const other: GraphSpec = {
    initializers: [tensor('k', 'float32', [1], [2])],
    nodes: [node('Mul', ['x', 'k'], ['e'])],
    outputs: ['e'],
  };
  const body: GraphSpec = {
    inputs: [input('i', 'int64', []), input('go', 'bool', []), input('state', 'float32', [4])],
    nodes: [
      node('Add', ['state', 'x'], ['next']),
      node('If', ['go'], ['chosen'], {
        then_branch: { graph: then },
        else_branch: { graph: other },
      }),
      node('Identity', ['go'], ['again']),
    ],
    outputs: ['again', 'next', 'chosen'],
  };
  return model({
    inputs: [input('x', 'float32', [4]), input('flag', 'bool', []), input('trips', 'int64', [])],
    nodes: [
      node('Loop', ['trips', 'flag', 'x'], ['last', 'trace'], { body: { graph: body } }),
      node('Scan', ['last', 'trace'], ['final', 'all'], {
        num_scan_inputs: 1,
        body: {
          graph: {
            inputs: ['s', 'one'],
            nodes: [node('Add', ['s', 'one'], ['n']), node('Relu', ['n'], ['o'])],
            outputs: ['n', 'o'],
          },
        },
      }),
      node('SequenceConstruct', ['last', 'final'], ['list']),
    ],
    outputs: ['all', valueInfo('list', sequenceTypeProto(tensorTypeProto('float32')))],
  });
}

function functions(): Uint8Array {
  const local = { domain: 'local' };
  return model({
    irVersion: 10,
    opset: { '': 21, local: 1, 'com.microsoft': 1 },
    inputs: [input('x', 'float32', [2, 8])],
    sparseInitializers: [
      sparseTensor(tensor('sp', 'float32', [1], [1]), tensor('', 'int64', [1], [3]), [2, 8]),
    ],
    initializers: [tensor('q', 'int4', [2, 8], Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]))],
    functions: [
      {
        domain: 'local',
        name: 'Scale',
        inputs: ['X'],
        outputs: ['Y'],
        attributes: ['alpha'],
        defaults: { beta: { float: 2 } },
        nodes: [
          node('LeakyRelu', ['X'], ['t'], { alpha: { ref: 'alpha', kind: 1 } }),
          node('Constant', [], ['k'], { value_float: { ref: 'beta', kind: 1 } }),
          node('Mul', ['t', 'k'], ['Y']),
        ],
        opsets: { '': 21 },
      },
      {
        domain: 'local',
        name: 'Twice',
        overload: 'v2',
        inputs: ['X'],
        outputs: ['Y'],
        nodes: [
          node('Scale', ['X'], ['a'], { alpha: { float: 0.5 } }, local),
          node('Scale', ['a'], ['Y'], {}, local),
        ],
        opsets: { '': 21, local: 1 },
      },
    ],
    nodes: [
      node('Twice', ['x'], ['a'], {}, { ...local, overload: 'v2', metadata: { namespace: 'n' } }),
      node('Add', ['a', 'sp'], ['b']),
      node('Gelu', ['b'], ['c'], {}, { domain: 'com.microsoft' }),
      node('Einsum', ['c', 'c'], ['y'], { equation: 'bi,bj->ij' }),
      node('DequantizeLinear', ['q', 'scale'], ['z'], { axis: 0 }),
      node('Constant', [], ['scale'], { value_float: { float: 0.5 } }),
    ],
    outputs: ['y', 'z'],
    metadata: { k: 'v' },
    extra: entry('unused', 'field'),
  });
}

/** Largest case of ONNX that is used, in bytes. */
const LARGEST_CASE = 3000;

/** Own models (each several times, so that they are chosen often) and every sixth operator case. */
export function seedModels(modelFolder: string): readonly Uint8Array[] {
  const own = [convolutions(), shapeArithmetic(), controlFlow(), functions()];
  const cases = nodeTestCases()
    .map(({ model: path }) => path)
    .filter((path, index) => index % 6 === 0 && statSync(path).size <= LARGEST_CASE)
    .map((path) => new Uint8Array(readFileSync(path)));
  const large = ['c3d', 'vgg-16', 'u-net', 'mobilenetv1-ssd'].map(
    (name) => new Uint8Array(readFileSync(`${modelFolder}/${name}.onnx`)),
  );
  const often = Array.from({ length: 20 }, () => own).flat();
  return [...often, ...cases, ...large];
}
