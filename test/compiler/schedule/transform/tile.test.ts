// Tiles of whole nests: results do not change, and the code has the shape that fast kernels have.
import { describe, expect, it } from 'vitest';
import type { LoopProgram, Stmt } from '../../../../compiler/loop/ir.ts';
import { bodiesOf } from '../../../../compiler/loop/ir.ts';
import type { Layout } from '../../../../compiler/loop/layout.ts';
import { channelBlocked } from '../../../../compiler/loop/layout.ts';
import { printProgram } from '../../../../compiler/loop/print.ts';
import { Refused, rewriteLoop } from '../../../../compiler/schedule/transform/place.ts';
import { relayout } from '../../../../compiler/schedule/transform/relayout.ts';
import type { TileRequest } from '../../../../compiler/schedule/transform/tile.ts';
import { tile } from '../../../../compiler/schedule/transform/tile.ts';
import { input, node } from '../../onnx/protoWriter.ts';
import { expectSame, lowered } from './equality.ts';

function tiled(program: LoopProgram, variable: string, request: TileRequest): LoopProgram {
  return rewriteLoop(program, variable, (loop, place) => tile(loop, request, place));
}

function gemm(m: number, k: number, n: number): LoopProgram {
  return lowered({
    inputs: [
      input('a', 'float32', [m, k]),
      input('b', 'float32', [k, n]),
      input('c', 'float32', [n]),
    ],
    nodes: [
      node('MatMul', ['a', 'b'], ['m']),
      node('Add', ['m', 'c'], ['s']),
      node('Gelu', ['s'], ['y']),
    ],
    outputs: ['y'],
  });
}

interface ConvShape {
  readonly channels: number;
  readonly filters: number;
  readonly size: readonly number[];
  readonly kernel: number;
  readonly attributes: Readonly<Record<string, number | readonly number[]>>;
}

function conv({ channels, filters, size, kernel, attributes }: ConvShape): LoopProgram {
  const group = typeof attributes['group'] === 'number' ? attributes['group'] : 1;
  const taps = size.map(() => kernel);
  return lowered({
    inputs: [
      input('x', 'float32', [1, channels, ...size]),
      input('w', 'float32', [filters, channels / group, ...taps]),
      input('b', 'float32', [filters]),
    ],
    nodes: [node('Conv', ['x', 'w', 'b'], ['m'], attributes), node('Relu', ['m'], ['y'])],
    outputs: ['y'],
  });
}

/** Statement lists of innermost loops, by loop variable. */
function innermost(body: readonly Stmt[]): readonly Stmt[][] {
  return body.flatMap((stmt): Stmt[][] => {
    const inner = bodiesOf(stmt).flatMap(innermost);
    return stmt.kind === 'for' && inner.length === 0 ? [[...stmt.body]] : inner;
  });
}

function counts(body: readonly Stmt[]) {
  const count = (of: (stmt: Stmt) => boolean): number => body.filter(of).length;
  return {
    scalarLoads: count((s) => s.kind === 'let' && s.value.kind === 'load' && s.value.lanes === 1),
    vectorLoads: count((s) => s.kind === 'let' && s.value.kind === 'load' && s.value.lanes > 1),
    products: count((s) => s.kind === 'assign' && s.value.lanes > 1),
    all: body.length,
  };
}

describe('products of matrices', () => {
  const request = (mr: number, nv: number, lanes: number): TileRequest => ({
    axes: [
      { variable: 'i1', points: nv, lanes },
      { variable: 'i0', points: mr },
    ],
    parallel: 1,
  });

  it.each([
    [12, 5, 32, 6, 2, 8],
    [13, 7, 45, 6, 2, 8],
    [2, 9, 30, 6, 4, 16],
    [7, 3, 5, 4, 2, 4],
    [384, 2, 3, 6, 4, 16],
  ])('%i x %i x %i in tiles of %i x %i vectors of %i', (m, k, n, mr, nv, lanes) => {
    const program = gemm(m, k, n);
    expectSame(program, tiled(program, 'i0', request(mr, nv, lanes)));
  });

  it('keeps a rolled loop of nothing but loads and products', () => {
    const program = relayout(gemm(12, 16, 128), new Map([['in1', panels(64)]]));
    const result = tiled(program, 'i0', request(6, 4, 16));
    const [inner, ...others] = innermost(result.body);
    expect(others).toEqual([]);
    expect(counts(inner!)).toEqual({ scalarLoads: 6, vectorLoads: 4, products: 24, all: 34 });
    expect(printProgram(result)).toContain('for i1 < 2 parallel\n    for i0 < 2\n');
  });

  it('reads packed panels', () => {
    const program = gemm(10, 6, 72);
    const layouts = new Map([['in1', panels(32)]]);
    const result = tiled(relayout(program, layouts), 'i0', request(4, 2, 16));
    expectSame(program, result, { layouts });
  });
});

function panels(width: number): Layout {
  return [{ axis: 1, divide: width }, { axis: 0 }, { axis: 1, modulo: width }];
}

describe('convolutions in channel blocks', () => {
  const blocked = (c: number, tileChannels: number, rank = 4): ReadonlyMap<string, Layout> => {
    const spatial = Array.from({ length: rank - 2 }, (_, i) => ({ axis: i + 2 }));
    return new Map<string, Layout>([
      ['in0', channelBlocked(rank, c)],
      ['out0', channelBlocked(rank, c)],
      [
        'in1',
        [
          { axis: 0, divide: tileChannels },
          { axis: 1, divide: c },
          ...spatial,
          { axis: 1, modulo: c },
          { axis: 0, modulo: tileChannels },
        ],
      ],
    ]);
  };
  const request = (points: number, vectors: number, lanes: number): TileRequest => ({
    axes: [
      { variable: 'i0', points: vectors, lanes },
      { variable: 'i1' },
      { variable: 'i2', points },
    ],
    parallel: 2,
    reductions: [
      { variable: 'k4', step: lanes },
      { variable: 'k5' },
      { variable: 'k6' },
      { variable: 'k4' },
    ],
  });
  const shapes: readonly (readonly [string, ConvShape, number, number])[] = [
    [
      '3x3',
      { channels: 8, filters: 8, size: [6, 9], kernel: 3, attributes: { pads: [1, 1, 1, 1] } },
      3,
      2,
    ],
    [
      'a whole row',
      { channels: 4, filters: 8, size: [5, 7], kernel: 3, attributes: { pads: [1, 1, 1, 1] } },
      7,
      1,
    ],
    [
      'strides',
      {
        channels: 8,
        filters: 4,
        size: [7, 8],
        kernel: 3,
        attributes: { pads: [1, 1, 1, 1], strides: [2, 2] },
      },
      2,
      1,
    ],
    [
      '5x5',
      { channels: 4, filters: 4, size: [6, 11], kernel: 5, attributes: { pads: [2, 2, 2, 2] } },
      4,
      1,
    ],
    [
      'uneven padding',
      { channels: 4, filters: 4, size: [5, 6], kernel: 3, attributes: { pads: [0, 2, 1, 0] } },
      2,
      1,
    ],
    [
      'dilation',
      {
        channels: 4,
        filters: 4,
        size: [9, 9],
        kernel: 3,
        attributes: { pads: [2, 2, 2, 2], dilations: [2, 2] },
      },
      3,
      1,
    ],
    [
      'channels that do not divide',
      { channels: 6, filters: 10, size: [4, 5], kernel: 3, attributes: { pads: [1, 1, 1, 1] } },
      2,
      2,
    ],
    [
      'more padding than image',
      { channels: 4, filters: 4, size: [2, 2], kernel: 5, attributes: { pads: [4, 4, 4, 4] } },
      3,
      1,
    ],
    ['no padding', { channels: 4, filters: 4, size: [5, 8], kernel: 3, attributes: {} }, 3, 1],
  ];

  it.each(shapes)('%s', (_, shape, points, vectors) => {
    const program = conv(shape);
    const layouts = blocked(4, 4 * vectors);
    const result = tiled(relayout(program, layouts), 'i0', request(points, vectors, 4));
    expectSame(program, result, { layouts, tolerance: 1e-5 });
  });

  it('splits the border from the interior, without conditions in either', () => {
    const shape = {
      channels: 16,
      filters: 64,
      size: [8, 21],
      kernel: 3,
      attributes: { pads: [1, 1, 1, 1] },
    };
    const result = tiled(relayout(conv(shape), blocked(16, 64)), 'i0', request(7, 4, 16));
    const text = printProgram(result);
    expect(text).not.toContain('if ');
    const bodies = innermost(result.body).map(counts);
    // Left: 6, 7, 7 pixels for the three columns of the kernel; middle: 7, rolled; right: 7, 7, 6.
    const products = bodies.map(({ products }) => products);
    expect(products).toEqual([24, 28, 28, 28, 28, 28, 24]);
    for (const { scalarLoads, vectorLoads, products: made, all } of bodies) {
      expect(vectorLoads).toBe(4);
      expect(scalarLoads * 4).toBe(made);
      expect(all).toBe(vectorLoads + scalarLoads + made);
    }
  });

  it('tiles rows and pixels of a depthwise convolution', () => {
    const shape = {
      channels: 8,
      filters: 8,
      size: [7, 9],
      kernel: 3,
      attributes: { pads: [1, 1, 1, 1], group: 8 },
    };
    const program = conv(shape);
    const layouts = new Map<string, Layout>([
      ['in0', channelBlocked(4, 4)],
      ['out0', channelBlocked(4, 4)],
      [
        'in1',
        [{ axis: 0, divide: 4 }, { axis: 1 }, { axis: 2 }, { axis: 3 }, { axis: 0, modulo: 4 }],
      ],
    ]);
    const result = tiled(relayout(program, layouts), 'i0', {
      axes: [
        { variable: 'i0', lanes: 4 },
        { variable: 'i1', points: 2 },
        { variable: 'i2', points: 3 },
      ],
      parallel: 1,
    });
    expectSame(program, result, { layouts });
  });

  it('vectorises rows of a row-major convolution, scalar at the borders', () => {
    const program = conv({
      channels: 3,
      filters: 4,
      size: [6, 19],
      kernel: 3,
      attributes: { pads: [1, 1, 1, 1] },
    });
    const result = tiled(program, 'i0', {
      axes: [
        { variable: 'i0', points: 2 },
        { variable: 'i1' },
        { variable: 'i2', points: 2, lanes: 8 },
      ],
      parallel: 1,
    });
    expectSame(program, result, {});
    expect(printProgram(result)).toContain('f32x8');
  });

  it('three dimensions', () => {
    const program = conv({
      channels: 4,
      filters: 4,
      size: [3, 4, 6],
      kernel: 3,
      attributes: { pads: [1, 1, 1, 1, 1, 1] },
    });
    const layouts = blocked(4, 4, 5);
    const result = tiled(relayout(program, layouts), 'i0', {
      axes: [
        { variable: 'i0', lanes: 4 },
        { variable: 'i1' },
        { variable: 'i2' },
        { variable: 'i3', points: 3 },
      ],
      parallel: 3,
    });
    expectSame(program, result, { layouts });
  });
});

describe('other nests', () => {
  it('pools', () => {
    const program = lowered({
      inputs: [input('x', 'float32', [1, 6, 9, 11])],
      nodes: [
        node('MaxPool', ['x'], ['y'], {
          kernel_shape: [3, 3],
          strides: [2, 2],
          pads: [1, 1, 1, 1],
        }),
      ],
      outputs: ['y'],
    });
    const layouts = new Map([
      ['in0', channelBlocked(4, 4)],
      ['out0', channelBlocked(4, 4)],
    ]);
    const result = tiled(relayout(program, layouts), 'i0', {
      axes: [{ variable: 'i0', lanes: 4 }, { variable: 'i1' }, { variable: 'i2', points: 2 }],
    });
    expectSame(program, result, { layouts });
  });

  it('transposes and gathers', () => {
    const program = lowered({
      inputs: [input('x', 'float32', [9, 12]), input('i', 'int64', [7])],
      nodes: [node('Transpose', ['x'], ['t']), node('Gather', ['t', 'i'], ['y'])],
      outputs: ['y'],
    });
    const result = tiled(program, 'i0', {
      axes: [
        { variable: 'i0', points: 2 },
        { variable: 'i1', lanes: 4 },
      ],
      parallel: 1,
    });
    expectSame(program, result, { integers: [0, 11] });
  });

  it('64-bit integers, booleans and half floats beside each other', () => {
    const program = lowered({
      inputs: [input('x', 'float16', [5, 13]), input('i', 'int64', [5, 13])],
      nodes: [
        node('Cast', ['i'], ['f'], { to: 10 }),
        node('Greater', ['x', 'f'], ['g']),
        node('Where', ['g', 'x', 'f'], ['y']),
      ],
      outputs: ['y', 'g'],
    });
    const [nest] = program.body;
    const variable = nest!.kind === 'for' ? nest!.variable : '';
    const inner = nest!.kind === 'for' ? nest!.body.at(-1)! : undefined;
    const result = tiled(program, variable, {
      axes: [{ variable }, { variable: inner?.kind === 'for' ? inner.variable : '', lanes: 8 }],
    });
    expectSame(program, result);
  });

  it('symbolic extents take whole tiles, then single iterations', () => {
    const program = lowered({
      inputs: [input('a', 'float32', ['n', 3]), input('b', 'float32', [3, 'm'])],
      nodes: [node('MatMul', ['a', 'b'], ['y'])],
      outputs: ['y'],
    });
    const result = tiled(program, 'i0', {
      axes: [
        { variable: 'i1', points: 2, lanes: 4 },
        { variable: 'i0', points: 3 },
      ],
      parallel: 1,
    });
    for (const [n, m] of [
      [3, 8],
      [1, 1],
      [7, 21],
      [6, 12],
    ] as const) {
      expectSame(program, result, {
        sizes: Object.fromEntries(program.sizes.map(({ name }, i) => [name, i === 0 ? n : m])),
      });
    }
  });

  it('refuses axes that are not the nest, and loops that depend on each other', () => {
    const program = gemm(4, 4, 4);
    expect(() => tiled(program, 'i0', { axes: [{ variable: 'i1' }] })).toThrow(Refused);
    expect(() => tiled(program, 'k3', { axes: [{ variable: 'k3', points: 2 }] })).toThrow(
      /carried/,
    );
    expect(() => tiled(program, 'nothing', { axes: [] })).toThrow(Refused);
  });
});
