// Convolutions through Winograd's domain against direct sums, on the interpreter: whole blocks, parts of tiles and of
// vectors, padding, planes, batches, and what is fused around them. What must stay direct does.
import { describe, expect, it } from 'vitest';
import { runGraph } from '../../../compiler/lower/runGraph.ts';
import type { Blocking } from '../../../compiler/schedule/winograd/block.ts';
import { transformFilters } from '../../../compiler/schedule/winograd/transforms.ts';
import { TARGETS } from '../../../compiler/target/target.ts';
import { Random } from '../lower/randomGraphs.ts';
import { floats, oneBlock, prepareSpec } from '../lower/running.ts';
import type { AttributeSpec, Bytes } from '../onnx/protoWriter.ts';
import { input, node } from '../onnx/protoWriter.ts';
import { runScheduled, SMALL_TARGET } from './runScheduled.ts';

interface Case {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  readonly blocking?: Blocking;
  /** Default: a bias and an activation behind. */
  readonly nodes?: readonly Bytes[];
  /** Only a run knows the batch: as many images as `x` says. */
  readonly open?: true;
}

const SAME = { pads: [1, 1, 1, 1] };
const WHOLE: Blocking = { tile: 4, rows: 8, columns: 8 };

const count = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** Runs the case both ways and compares; says whether filters were transformed. */
function runs(
  { x, w, attributes = {}, blocking = WHOLE, nodes, open }: Case,
  target = SMALL_TARGET,
) {
  const dims = [x, w, [w[0]!]];
  const { model } = prepareSpec({
    opset: 11,
    inputs: dims.map((shape, i) =>
      input(`x${i}`, 'float32', open && i === 0 ? ['n', ...shape.slice(1)] : shape),
    ),
    nodes: nodes ?? [
      node('Conv', ['x0', 'x1', 'x2'], ['c'], attributes),
      node('Relu', ['c'], ['y']),
    ],
    outputs: ['y'],
  });
  const random = new Random(count(x) + count(w));
  const inputs = dims.map((shape) =>
    floats(
      shape,
      Array.from({ length: count(shape) }, () => random.real()),
    ),
  );
  const expected = runGraph(model, oneBlock(model), inputs);
  let asked = 0;
  for (const blocked of [false, true]) {
    const result = runGraph(model, oneBlock(model), inputs, {
      run: runScheduled({
        target,
        blocked,
        blocking: () => {
          asked++;
          return blocking;
        },
      }),
    });
    result.forEach(({ elements }, i) => {
      const reference = expected[i]!.elements.map(Number);
      const rms = Math.sqrt(reference.reduce((sum, b) => sum + b * b, 0) / reference.length);
      elements.forEach((element, at) => {
        const b = reference[at]!;
        if (!(Math.abs(Number(element) - b) <= 1e-5 * Math.abs(b) + 2e-5 * rms))
          expect.fail(`element ${at}: ${element}, expected ${b}`);
      });
    });
  }
  return asked > 0;
}

const fused = [
  node('Sigmoid', ['x0'], ['s']),
  node('Conv', ['s', 'x1', 'x2'], ['c'], SAME),
  node('Tanh', ['c'], ['t']),
  node('Mul', ['t', 'c'], ['y']),
];
const residual = [
  node('Conv', ['x0', 'x1', 'x2'], ['c'], SAME),
  node('Add', ['c', 'x0'], ['a']),
  node('Relu', ['a'], ['y']),
];

describe('through the domain', () => {
  const cases: readonly (readonly [string, Case])[] = [
    ['one block', { x: [1, 8, 8, 8], w: [8, 8, 3, 3], attributes: SAME }],
    ['no padding', { x: [1, 8, 10, 10], w: [8, 8, 3, 3] }],
    ['parts of tiles', { x: [1, 8, 7, 9], w: [8, 8, 3, 3], attributes: SAME }],
    ['parts of vectors', { x: [1, 6, 7, 9], w: [11, 6, 3, 3], attributes: SAME }],
    ['uneven padding', { x: [1, 5, 9, 6], w: [4, 5, 3, 3], attributes: { pads: [2, 0, 1, 3] } }],
    ['a batch', { x: [3, 8, 7, 5], w: [8, 8, 3, 3], attributes: SAME }],
    ['an open batch', { x: [3, 8, 7, 5], w: [8, 8, 3, 3], attributes: SAME, open: true }],
    [
      'blocks of an open batch',
      {
        x: [3, 8, 9, 13],
        w: [12, 8, 3, 3],
        attributes: SAME,
        blocking: { tile: 4, rows: 2, columns: 3 },
        open: true,
      },
    ],
    [
      'planes together in an open batch',
      {
        x: [2, 4, 4, 6, 5],
        w: [5, 4, 3, 3, 3],
        attributes: { pads: [1, 1, 1, 1, 1, 1] },
        blocking: { tile: 4, rows: 2, columns: 2, planes: 2 },
        open: true,
      },
    ],
    [
      'blocks',
      {
        x: [2, 8, 17, 18],
        w: [12, 8, 3, 3],
        attributes: SAME,
        blocking: { tile: 4, rows: 2, columns: 3 },
      },
    ],
    [
      'small tiles',
      {
        x: [1, 8, 9, 7],
        w: [8, 8, 3, 3],
        attributes: SAME,
        blocking: { tile: 2, rows: 2, columns: 4 },
      },
    ],
    [
      'planes',
      {
        x: [1, 4, 3, 6, 7],
        w: [8, 4, 3, 3, 3],
        attributes: { pads: [1, 1, 1, 1, 1, 1] },
        blocking: { tile: 4, rows: 1, columns: 2 },
      },
    ],
    [
      'planes together',
      {
        x: [1, 4, 4, 6, 5],
        w: [5, 4, 3, 3, 3],
        attributes: { pads: [1, 1, 1, 1, 1, 1] },
        blocking: { tile: 4, rows: 2, columns: 2, planes: 2 },
      },
    ],
    [
      'images together',
      {
        x: [3, 5, 5, 4],
        w: [8, 5, 3, 3],
        attributes: SAME,
        blocking: { tile: 2, rows: 3, columns: 2, planes: 3 },
      },
    ],
    [
      'planes apart',
      {
        x: [1, 4, 5, 6, 7],
        w: [8, 4, 3, 3, 3],
        attributes: { strides: [2, 1, 1], dilations: [2, 1, 1], pads: [1, 1, 1, 1, 1, 1] },
      },
    ],
    [
      'one plane',
      { x: [1, 8, 2, 6, 6], w: [8, 8, 1, 3, 3], attributes: { pads: [0, 1, 1, 0, 1, 1] } },
    ],
    ['fused around', { x: [1, 8, 8, 6], w: [8, 8, 3, 3], nodes: fused }],
    ['a residual', { x: [1, 8, 8, 6], w: [8, 8, 3, 3], nodes: residual }],
  ];
  it.each(cases)('%s', (_, one) => {
    expect(runs(one)).toBe(true);
  });

  it('vectors of eight', () => {
    expect(
      runs({ x: [1, 20, 9, 6], w: [24, 20, 3, 3], attributes: SAME }, TARGETS['x86_64-avx2']),
    ).toBe(true);
  });

  it('random shapes', { timeout: 120_000 }, () => {
    const random = new Random(3);
    const upTo = (most: number): number => 1 + random.below(most);
    for (let round = 0; round < 10; round++) {
      const [channels, outputs] = [1 + upTo(11), 1 + upTo(13)];
      runs({
        x: [upTo(2), channels, 2 + upTo(13), 2 + upTo(13)],
        w: [outputs, channels, 3, 3],
        attributes: { pads: Array.from({ length: 4 }, () => random.below(3)) },
        blocking: { tile: random.below(2) === 0 ? 2 : 4, rows: upTo(4), columns: upTo(4) },
      });
    }
  });
});

describe('direct', () => {
  const cases: readonly (readonly [string, Case])[] = [
    ['strides', { x: [1, 8, 9, 9], w: [8, 8, 3, 3], attributes: { ...SAME, strides: [1, 2] } }],
    ['dilations', { x: [1, 8, 9, 9], w: [8, 8, 3, 3], attributes: { ...SAME, dilations: [2, 1] } }],
    ['groups', { x: [1, 8, 9, 9], w: [8, 4, 3, 3], attributes: { ...SAME, group: 2 } }],
    ['channel by channel', { x: [1, 8, 9, 9], w: [8, 1, 3, 3], attributes: { ...SAME, group: 8 } }],
    ['other taps', { x: [1, 8, 9, 9], w: [8, 8, 3, 5], attributes: SAME }],
    ['one channel', { x: [1, 1, 9, 9], w: [8, 1, 3, 3], attributes: SAME }],
    ['one tap', { x: [1, 8, 9, 9], w: [8, 8, 1, 1] }],
    [
      'filters that are computed',
      {
        x: [1, 8, 9, 9],
        w: [8, 8, 3, 3],
        nodes: [node('Relu', ['x1'], ['f']), node('Conv', ['x0', 'f', 'x2'], ['y'], SAME)],
      },
    ],
    [
      'filters that something else reads',
      {
        x: [1, 8, 9, 9],
        w: [8, 8, 3, 3],
        nodes: [
          node('Conv', ['x0', 'x1', 'x2'], ['c'], SAME),
          node('ReduceMax', ['x1'], ['r']),
          node('Add', ['c', 'r'], ['y']),
        ],
      },
    ],
  ];
  it.each(cases)('%s', (_, one) => {
    expect(runs(one)).toBe(false);
  });
});

describe('filters', () => {
  it.each([2, 4] as const)('of ones, tiles of %i', (tile) => {
    const out = transformFilters(new Float32Array(9).fill(1), tile);
    expect(out).toHaveLength((tile + 2) ** 2);
    // The corner point is the last tap itself; the first one is scaled.
    expect(out.at(-1)).toBe(1);
    expect(out[0]).toBe(tile === 4 ? 1 / 16 : 1);
  });
});
