/** Models of a few operators for tests of whole runs. */
import type { ModelLocation } from '../../../compiler/protocol.ts';
import type { Bytes } from '../onnx/protoWriter.ts';
import { input, model, node, tensor } from '../onnx/protoWriter.ts';

const wave = (count: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(1 + i * 0.7));

/** Several kinds of blocks, more work than one thread's share. */
export const NETWORK: Bytes = model({
  opset: 17,
  inputs: [input('x', 'float32', [1, 8, 24, 24])],
  initializers: [
    tensor('w', 'float32', [16, 8, 3, 3], wave(16 * 72)),
    tensor('b', 'float32', [16], wave(16)),
    tensor('m', 'float32', [16, 10], wave(160)),
  ],
  nodes: [
    node('Conv', ['x', 'w', 'b'], ['c'], { pads: [1, 1, 1, 1] }),
    node('Relu', ['c'], ['r']),
    node('GlobalAveragePool', ['r'], ['p']),
    node('Flatten', ['p'], ['f']),
    node('MatMul', ['f', 'm'], ['l']),
    node('Softmax', ['l'], ['y'], { axis: 1 }),
  ],
  outputs: ['y', 'r'],
});

/** The output's size is known when it ran. */
export const COUNTING: Bytes = model({
  opset: 17,
  inputs: [input('x', 'float32', [5, 7])],
  nodes: [
    node('Relu', ['x'], ['r']),
    node('NonZero', ['r'], ['places']),
    node('Cast', ['places'], ['f'], { to: 1 }),
    node('Transpose', ['f'], ['y'], { perm: [1, 0] }),
  ],
  outputs: ['y', 'places'],
});

/** An index that is not checked before it runs. */
export const LOOKUP: Bytes = model({
  opset: 17,
  inputs: [input('x', 'float32', [4, 3]), input('at', 'int64', [2])],
  nodes: [node('Relu', ['x'], ['r']), node('Gather', ['r', 'at'], ['y'], {}, { name: 'pick' })],
  outputs: ['y'],
});

/** Rounds of a little work. */
const looping = (rounds: number): Bytes =>
  model({
    opset: 17,
    inputs: [input('x', 'float32', [64])],
    initializers: [
      tensor('rounds', 'int64', [], [rounds]),
      tensor('always', 'bool', [], [1]),
      tensor('most', 'float32', [], [0.5]),
    ],
    nodes: [
      node('Loop', ['rounds', 'always', 'x'], ['y'], {
        body: {
          graph: {
            name: 'body',
            inputs: [input('i', 'int64', []), input('c', 'bool', []), input('v', 'float32', [64])],
            nodes: [
              node('Sin', ['v'], ['s']),
              node('Add', ['s', 'most'], ['t']),
              node('Identity', ['c'], ['d']),
            ],
            outputs: ['d', 't'],
          },
        },
      }),
    ],
    outputs: ['y'],
  });

/** A hostile trip count. */
export const SLOW: Bytes = looping(1e15);

/** Milliseconds an inference, on any machine. */
export const LENGTHY: Bytes = looping(1e5);

/** Few blocks, which compile quickly. */
export const PLAIN: Bytes = model({
  opset: 17,
  inputs: [input('x', 'float32', [12, 50])],
  initializers: [tensor('w', 'float32', [50], wave(50))],
  nodes: [
    node('Relu', ['x'], ['r']),
    node('Mul', ['r', 'w'], ['m']),
    node('ReduceSum', ['m'], ['s'], { keepdims: 0 }),
    node('Cos', ['s'], ['y']),
  ],
  outputs: ['y', 'r'],
});

export const OPEN_SIZE: Bytes = model({
  opset: 17,
  inputs: [input('x', 'float32', [1, 'n'])],
  nodes: [node('Relu', ['x'], ['y'])],
  outputs: ['y'],
});

export function inMemory(bytes: Bytes): ModelLocation {
  return { kind: 'bytes', name: 'model.onnx', bytes };
}
