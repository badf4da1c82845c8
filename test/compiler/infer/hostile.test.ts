// Files that mean harm: inference must end soon, without an exception, on sizes, ranks and nests that no real
// model has.
import { describe, expect, it } from 'vitest';
import { inferSpec, ints, messages, typeOf } from './inferring.ts';
import { input, node, tensor } from '../onnx/protoWriter.ts';
import type { Bytes, GraphSpec } from '../onnx/protoWriter.ts';

/** Wall-clock bound that only an endless (exponential, quadratic in elements) computation exceeds. */
const SOON = 20_000;

function timed<T>(run: () => T): T {
  const start = performance.now();
  const result = run();
  expect(performance.now() - start).toBeLessThan(SOON);
  return result;
}

const HUGE = 2 ** 52;

describe('hostile models', () => {
  it('refuses sizes beyond whole numbers', () => {
    const inferred = inferSpec({
      inputs: [input('x', 'float32', [HUGE, HUGE, HUGE])],
      initializers: [ints('target', [-1])],
      nodes: [node('Reshape', ['x', 'target'], ['y'])],
      outputs: ['y'],
    });
    expect(messages(inferred)[0]).toMatch(
      /^shape\/mismatch: Reshape 'y': output 0 would have an axis/,
    );
  });

  it.each([
    ['ConstantOfShape', [ints('n', [HUGE, HUGE])], ['n'], {}],
    ['ConstantOfShape', [ints('n', [-5])], ['n'], {}],
    ['Range', [ints('a', 0), ints('b', HUGE), ints('c', 1)], ['a', 'b', 'c'], {}],
    ['Range', [ints('a', 0), ints('b', 5), ints('c', 0)], ['a', 'b', 'c'], {}],
    ['Tile', [ints('r', [HUGE, HUGE])], ['x', 'r'], {}],
    ['Tile', [ints('r', [-1, 0])], ['x', 'r'], {}],
    ['Expand', [ints('r', [HUGE, 2, 3])], ['x', 'r'], {}],
    ['Pad', [ints('r', [HUGE, -HUGE, -9, 9])], ['x', 'r'], {}],
    ['OneHot', [ints('d', HUGE), ints('v', [0, 1])], ['x', 'd', 'v'], {}],
    ['OneHot', [ints('d', -1), ints('v', [0, 1])], ['x', 'd', 'v'], { axis: 99 }],
    ['Split', [], ['x'], { num_outputs: 1_000_000_000 }],
    ['Flatten', [], ['x'], { axis: -99 }],
    ['Gather', [ints('i', [99, -99])], ['x', 'i'], { axis: -3 }],
    ['GatherND', [ints('i', [1, 1, 1])], ['x', 'i'], { batch_dims: 9 }],
    ['Transpose', [], ['x'], { perm: [9, -9] }],
    ['DepthToSpace', [], ['x'], { blocksize: 0 }],
    ['TopK', [ints('k', [HUGE])], ['x', 'k'], {}],
    ['ReduceSum', [ints('a', [7, 7, 7])], ['x', 'a'], {}],
    ['Squeeze', [ints('a', [0, 0])], ['x', 'a'], {}],
    ['Slice', [ints('a', [0, 0]), ints('b', [1])], ['x', 'a', 'b'], {}],
    ['EyeLike', [], ['x'], { k: HUGE, dtype: 99 }],
    ['HannWindow', [ints('n', HUGE)], ['n'], {}],
    ['Conv', [], ['x', 'x'], { strides: [0, 0], pads: [-1] }],
    ['MaxPool', [], ['x'], { kernel_shape: [0] }],
    ['Concat', [], ['x', 'x'], { axis: 1e15 }],
    ['CumSum', [ints('a', 3)], ['x', 'a'], {}],
  ] satisfies [string, Bytes[], string[], Record<string, number | number[]>][])(
    '%s with absurd parameters ends with a message or a type (case %#)',
    (type, initializers, inputs, attributes) => {
      const inferred = timed(() =>
        inferSpec({
          inputs: [input('x', 'float32', [2, 3])],
          initializers,
          nodes: [node(type, inputs, ['y'], attributes)],
          outputs: ['y'],
        }),
      );
      expect(messages(inferred).filter((text) => text.startsWith('internal/'))).toEqual([]);
    },
  );

  it('bounds the rank', () => {
    const inferred = inferSpec({
      inputs: [input('x', 'float32', [1])],
      initializers: [ints('target', new Array<number>(3000).fill(1))],
      nodes: [node('Reshape', ['x', 'target'], ['y']), node('Expand', ['x', 'target'], ['z'])],
      outputs: ['y', 'z'],
    });
    expect(messages(inferred)).toHaveLength(2);
    expect(typeOf(inferred, 'y')).toBe('?');
  });

  it('survives sizes that grow without end', () => {
    const nodes = Array.from({ length: 300 }, (_, i) =>
      node('Concat', [`v${i}`, `v${i}`, 'x'], [`v${i + 1}`], { axis: 0 }),
    );
    const products = Array.from({ length: 300 }, (_, i) =>
      node('Mul', [`w${i}`, `w${i}`], [`w${i + 1}`]),
    );
    timed(() =>
      inferSpec({
        inputs: [input('x', 'float32', ['a']), input('v0', 'float32', ['b'])],
        nodes: [...nodes, node('Shape', ['v3'], ['w0']), ...products],
        outputs: ['v300', 'w300'],
      }),
    );
  });

  it('does not evaluate many large tensors', () => {
    const data = Array.from({ length: 4096 }, (_, i) => i);
    const nodes = Array.from({ length: 3000 }, (_, i) =>
      node('Add', [`v${i}`, 'v0'], [`v${i + 1}`]),
    );
    timed(() =>
      inferSpec({ initializers: [tensor('v0', 'int64', [4096], data)], nodes, outputs: ['v3000'] }),
    );
  });

  it('ends on deep nests of loops whose states change', () => {
    const nest = (depth: number): GraphSpec => ({
      name: `g${depth}`,
      inputs: [
        input(`i${depth}`, 'int64', []),
        input(`c${depth}`, 'bool', []),
        input(`s${depth}`, 'float32'),
      ],
      nodes:
        depth === 0
          ? [node('Concat', ['s0', 's0'], ['r0'], { axis: 0 })]
          : [
              node('Loop', ['trips', '', `s${depth}`], [`l${depth}`], {
                body: { graph: nest(depth - 1) },
              }),
              node('Concat', [`l${depth}`, `l${depth}`], [`r${depth}`], { axis: 0 }),
            ],
      outputs: [`c${depth}`, `r${depth}`],
    });
    const inferred = timed(() =>
      inferSpec({
        inputs: [input('x', 'float32', [3])],
        initializers: [ints('trips', 7)],
        nodes: [node('Loop', ['trips', '', 'x'], ['y'], { body: { graph: nest(15) } })],
        outputs: ['y'],
      }),
    );
    expect(typeOf(inferred, 'y')).toMatch(/^float32 /);
  });
});
