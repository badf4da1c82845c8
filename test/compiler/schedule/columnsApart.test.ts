// Products whose columns are stored apart, head by head: rows of the result stand side by side in scratch first, and the
// result stays what the unscheduled program gives.
import { describe, expect, it } from 'vitest';
import type { LoopProgram } from '../../../compiler/loop/ir.ts';
import { gatherColumns } from '../../../compiler/schedule/columnsApart.ts';
import { markIndependent } from '../../../compiler/schedule/independent.ts';
import { scheduleProgram } from '../../../compiler/schedule/scheduleProgram.ts';
import type { Target } from '../../../compiler/target/target.ts';
import { Random } from '../lower/randomGraphs.ts';
import { input, node, tensor } from '../onnx/protoWriter.ts';
import { SMALL_TARGET } from './runScheduled.ts';
import { expectSame, lowered } from './transform/equality.ts';

interface Heads {
  readonly batch: number;
  readonly rows: number;
  readonly inner: number;
  readonly heads: number;
  readonly width: number;
  /** Order of [batch, rows, heads, width] in the result. */
  readonly order: readonly number[];
  /** Added where heads stand apart, in the result's order. */
  readonly residual: boolean;
}

const PLAIN: Heads = {
  batch: 1,
  rows: 48,
  inner: 7,
  heads: 3,
  width: 6,
  order: [0, 2, 1, 3],
  residual: false,
};

function headsOf({ batch, rows, inner, heads, width, order, residual }: Heads): LoopProgram {
  const split = [batch, rows, heads, width];
  const columns = heads * width;
  const numbers = Array.from({ length: columns }, (_, i) => i / columns);
  return lowered({
    inputs: [
      input('x', 'float32', [batch, rows, inner]),
      input('w', 'float32', [inner, columns]),
      input(
        'r',
        'float32',
        order.map((axis) => split[axis]!),
      ),
    ],
    initializers: [
      tensor('b', 'float32', [columns], numbers),
      tensor('split', 'int64', [4], split.map(BigInt)),
    ],
    nodes: [
      node('MatMul', ['x', 'w'], ['p']),
      node('Add', ['p', 'b'], ['s']),
      node('Reshape', ['s', 'split'], ['h']),
      node('Transpose', ['h'], [residual ? 't' : 'y'], { perm: order }),
      ...(residual ? [node('Add', ['t', 'r'], ['y'])] : []),
    ],
    outputs: ['y'],
  });
}

const scheduled = (program: LoopProgram): LoopProgram =>
  scheduleProgram(program, {
    target: SMALL_TARGET,
    constants: new Set(),
    layouts: new Map(),
  }).program;

const stagesOf = (program: LoopProgram, target: Target = SMALL_TARGET): number =>
  gatherColumns(markIndependent(program), target).staged.size;

describe('columns that are stored apart', () => {
  it.each([
    [PLAIN],
    [{ ...PLAIN, batch: 2 }],
    [{ ...PLAIN, rows: 40, heads: 5, width: 3, inner: 12 }],
    [{ ...PLAIN, order: [2, 0, 1, 3] }],
  ])('are computed side by side: %j', (shape) => {
    const program = headsOf(shape);
    expect(stagesOf(program)).toBe(1);
    expectSame(program, gatherColumns(markIndependent(program), SMALL_TARGET).program, {
      tolerance: 1e-5,
    });
    expectSame(program, scheduled(program), { tolerance: 1e-5 });
  });

  it('of random shapes are computed as before', () => {
    const random = new Random(5);
    let staged = 0;
    for (let i = 0; i < 20; i++) {
      const program = headsOf({
        batch: 1 + random.below(2),
        rows: 4 * (1 + random.below(12)),
        inner: 1 + random.below(20),
        heads: 1 + random.below(5),
        width: 1 + random.below(11),
        order: [
          [0, 2, 1, 3],
          [0, 2, 3, 1],
          [2, 0, 1, 3],
        ][random.below(3)]!,
        residual: random.below(4) === 0,
      });
      staged += stagesOf(program);
      expectSame(program, scheduled(program), { tolerance: 1e-5 });
    }
    expect(staged).toBeGreaterThan(4);
  });

  it('keep a block of rows within half of the first cache', () => {
    const small: Target = { ...SMALL_TARGET, cache: [2048, 8192] };
    const { program, staged } = gatherColumns(markIndependent(headsOf(PLAIN)), small);
    expect(staged.size).toBe(1);
    const stage = program.body.find((stmt) => stmt.kind === 'for' && staged.has(stmt.variable));
    const local =
      stage?.kind === 'for' ? stage.body.find(({ kind }) => kind === 'local') : undefined;
    const rows = local?.kind === 'local' ? local.buffer.shape : [];
    const bytes = rows.reduce((n, dim) => n * (dim.kind === 'constant' ? dim.value : NaN), 4);
    // 14 rows of 18 columns fit, 12 of them divide 48.
    expect(bytes).toBe(12 * 18 * 4);
  });
});

describe('stay as they are', () => {
  it.each([
    ['where vectors divide a head', { ...PLAIN, width: 8 }],
    ['where a head is turned', { ...PLAIN, order: [0, 2, 3, 1] }],
    ['where rows of all heads are stored together', { ...PLAIN, order: [0, 1, 2, 3] }],
    ['where the epilogue reads them apart', { ...PLAIN, residual: true }],
    ['where rows are few', { ...PLAIN, rows: 3 }],
  ])('%s', (_, shape) => {
    const program = headsOf(shape);
    expect(stagesOf(program)).toBe(0);
    expectSame(program, scheduled(program), { tolerance: 1e-5 });
  });
});
