// Attention block by block: scores live for a few rows, and results stay what the unscheduled program gives.
import { describe, expect, it } from 'vitest';
import type { LoopProgram, Stmt } from '../../../compiler/loop/ir.ts';
import { bodiesOf } from '../../../compiler/loop/ir.ts';
import { markIndependent } from '../../../compiler/schedule/independent.ts';
import { fuseNests } from '../../../compiler/schedule/fuseNests.ts';
import { scheduleProgram } from '../../../compiler/schedule/scheduleProgram.ts';
import { stageNests } from '../../../compiler/schedule/stageNests.ts';
import type { Target } from '../../../compiler/target/target.ts';
import { Random } from '../lower/randomGraphs.ts';
import { input, node } from '../onnx/protoWriter.ts';
import { SMALL_TARGET } from './runScheduled.ts';
import { expectSame, lowered } from './transform/equality.ts';

/** Scores of small shapes are large for it. */
const TARGET: Target = { ...SMALL_TARGET, cache: [4096, 8192] };

interface Attention {
  readonly batch: number;
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  readonly width: number;
  readonly mask: boolean;
  /** Keys come as [batch, heads, keys, width] and are transposed inside. */
  readonly turned: boolean;
  /** Heads end up side by side in a row. */
  readonly merged: boolean;
}

function attention({ batch, heads, queries, keys, width, ...form }: Attention): LoopProgram {
  const k = form.turned ? [batch, heads, keys, width] : [batch, heads, width, keys];
  return lowered({
    inputs: [
      input('q', 'float32', [batch, heads, queries, width]),
      input('k', 'float32', k),
      input('v', 'float32', [batch, heads, keys, width]),
      input('mask', 'float32', [batch, 1, 1, keys]),
    ],
    nodes: [
      ...(form.turned ? [node('Transpose', ['k'], ['kt'], { perm: [0, 1, 3, 2] })] : []),
      node('MatMul', ['q', form.turned ? 'kt' : 'k'], ['s']),
      ...(form.mask ? [node('Add', ['s', 'mask'], ['m'])] : []),
      node('Softmax', [form.mask ? 'm' : 's'], ['p'], { axis: -1 }),
      node('MatMul', ['p', 'v'], [form.merged ? 'o' : 'y']),
      ...(form.merged ? [node('Transpose', ['o'], ['y'], { perm: [0, 2, 1, 3] })] : []),
    ],
    outputs: ['y'],
  });
}

const scheduled = (program: LoopProgram): LoopProgram =>
  scheduleProgram(program, { target: TARGET, constants: new Set(), layouts: new Map() }).program;

/** Elements of the memory that the statements declare themselves, inner loops aside. */
const localsOf = (body: readonly Stmt[]): readonly number[] =>
  body.flatMap((stmt) =>
    stmt.kind === 'local'
      ? [stmt.buffer.shape.reduce((n, dim) => n * (dim.kind === 'constant' ? dim.value : 0), 1)]
      : [],
  );

const stagesOf = ({ body }: LoopProgram): readonly Stmt[] =>
  body.filter((stmt) => bodiesOf(stmt).some((inner) => localsOf(inner).length > 1));

const PLAIN: Attention = {
  batch: 1,
  heads: 3,
  queries: 24,
  keys: 20,
  width: 5,
  mask: true,
  turned: false,
  merged: true,
};

describe('attention in one kernel', () => {
  it.each([
    [PLAIN],
    [{ ...PLAIN, turned: true }],
    [{ ...PLAIN, merged: false, mask: false }],
    [{ ...PLAIN, batch: 2, heads: 2, queries: 16, keys: 33, width: 8 }],
    [{ ...PLAIN, heads: 1, queries: 40, keys: 31, width: 6 }],
  ])('keeps a few rows of scores: %j', (shape) => {
    const program = attention(shape);
    const whole = shape.batch * shape.heads * shape.queries * shape.keys;
    expect(Math.max(...localsOf(program.body))).toBe(whole);
    const result = scheduled(program);
    expect(stagesOf(result).length).toBe(1);
    expect(Math.max(0, ...localsOf(result.body))).toBeLessThan(whole);
    expectSame(program, result, { tolerance: 1e-5 });
  });

  it('of random shapes computes what it computed', () => {
    const random = new Random(11);
    let staged = 0;
    for (let i = 0; i < 12; i++) {
      const program = attention({
        batch: 1 + random.below(2),
        heads: 1 + random.below(3),
        queries: 4 * (1 + random.below(9)),
        keys: 12 + random.below(30),
        width: 2 + random.below(9),
        mask: random.below(2) === 1,
        turned: random.below(2) === 1,
        merged: random.below(2) === 1,
      });
      const result = scheduled(program);
      staged += stagesOf(result).length;
      expectSame(program, result, { tolerance: 1e-5 });
    }
    expect(staged).toBeGreaterThan(3);
  });
});

describe('stays as it is', () => {
  const prepared = (program: LoopProgram): LoopProgram =>
    fuseNests(markIndependent(program), new Set());

  it('where the scores fit into the cache', () => {
    const program = prepared(attention(PLAIN));
    expect(stageNests(program, SMALL_TARGET).program).toBe(program);
  });

  it('where the probabilities leave the block', () => {
    const program = lowered({
      inputs: [input('s', 'float32', [60, 40]), input('v', 'float32', [40, 8])],
      nodes: [node('Softmax', ['s'], ['p'], { axis: 1 }), node('MatMul', ['p', 'v'], ['y'])],
      outputs: ['p', 'y'],
    });
    expect(stageNests(prepared(program), TARGET).staged.size).toBe(0);
  });

  it('where another product reads them too', () => {
    const program = lowered({
      inputs: [
        input('s', 'float32', [60, 40]),
        input('v', 'float32', [40, 8]),
        input('w', 'float32', [40, 8]),
      ],
      nodes: [
        node('Softmax', ['s'], ['p'], { axis: 1 }),
        node('MatMul', ['p', 'v'], ['y']),
        node('MatMul', ['p', 'w'], ['z']),
      ],
      outputs: ['y', 'z'],
    });
    expect(stageNests(prepared(program), TARGET).staged.size).toBe(0);
    expectSame(program, scheduled(program), { tolerance: 1e-5 });
  });

  it('where rows are normalised along queries', () => {
    const program = lowered({
      inputs: [input('s', 'float32', [60, 40]), input('v', 'float32', [40, 8])],
      nodes: [node('Softmax', ['s'], ['p'], { axis: 0 }), node('MatMul', ['p', 'v'], ['y'])],
      outputs: ['y'],
    });
    expectSame(program, scheduled(program), { tolerance: 1e-5 });
  });
});
