import { describe, expect, it } from 'vitest';
import { explainVerdict } from '../../../compiler/fusion/explain.ts';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import type { FusionPlan, Override, PlannerName } from '../../../compiler/fusion/plan.ts';
import { MAX_OVERRIDES, planGraph } from '../../../compiler/fusion/planGraph.ts';
import { createPlanner } from '../../../compiler/fusion/planner.ts';
import { whatIf } from '../../../compiler/fusion/whatIf.ts';
import { blocksText, ecgOf } from './ecgFixture.ts';

const fuse = (a: string, b: string): Override => ({ kind: 'fuse', a, b });
const cut = (a: string, b: string): Override => ({ kind: 'cut', a, b });
const seed = (op: string): Override => ({ kind: 'seed', op });
const noSeed = (op: string): Override => ({ kind: 'noSeed', op });
const pin = (...ops: string[]): Override => ({ kind: 'pin', ops });

interface Result {
  readonly blocks: string;
  readonly plan: FusionPlan;
  /** Status and message of the last override. */
  readonly outcome: string;
}

function plan(
  text: string,
  overrides: readonly Override[],
  when: 'repaired' | 'replanned',
  planner: PlannerName = 'dnnfusion',
): Result {
  const ecg = ecgOf(text);
  const replannedAt = when === 'replanned' ? overrides.length : 0;
  const result = planGraph(ecg, { ...NO_EDITS, planner, overrides, replannedAt });
  const { status, message } = result.overrides[result.overrides.length - 1]!;
  const outcome = message === undefined ? status : `${status}: ${message}`;
  return { blocks: blocksText(ecg, result), plan: result, outcome };
}

const CHAIN = 'a:Conv -> b:Relu -> c:Conv -> d:Relu';

describe('fuse', () => {
  it('holds in a planning and as a repair', () => {
    for (const when of ['repaired', 'replanned'] as const) {
      expect(plan(CHAIN, [fuse('a', 'b')], when, 'none')).toMatchObject({
        blocks: 'a b | c | d',
        outcome: 'applied',
      });
    }
  });

  it('moves an operator over when the whole blocks have no kernel together', () => {
    expect(planText(CHAIN)).toBe('a | b c d');
    const { blocks, outcome } = plan(CHAIN, [fuse('a', 'b')], 'repaired');
    expect(blocks).toBe('a b | c d');
    expect(outcome).toBe('applied: 2 operators (Conv, Relu) cannot join and stay outside.');
    expect(plan(CHAIN, [fuse('a', 'b')], 'replanned').blocks).toBe('a b | c d');
  });

  it('accepts a red pair that has a kernel, with a warning', () => {
    const text = 'a:Relu -> b:Expand -> c:Conv';
    expect(planText(text)).toBe('a b | c');
    expect(plan(text, [fuse('b', 'c')], 'repaired')).toMatchObject({
      blocks: 'a b c',
      outcome: 'applied: Table 3 marks this pair red: the fused kernel may be slower than two.',
    });
    const reductions = 'a:ReduceMean -> b:ReduceMean';
    expect(plan(reductions, [fuse('a', 'b')], 'repaired').blocks).toBe('a b');
  });

  it('refuses what has no kernel, cycles, opaque operators and unknown shapes', () => {
    const message = (text: string, a: string, b: string): string =>
      plan(text, [fuse(a, b)], 'repaired', 'none').outcome;
    expect(message('a:Conv -> b:Conv', 'a', 'b')).toBe(
      'refused: Not possible: there is no kernel for Conv "a" and Conv "b" ' +
        '(Conv and Conv are all Many-to-Many).',
    );
    expect(message('a:Relu -> b:Sigmoid -> c:Add; a -> c', 'a', 'c')).toBe(
      'refused: Not possible: fusing Relu "a" and Add "c" would close a cycle between blocks ' +
        '(a value goes through Sigmoid outside and back).',
    );
    expect(message('a:Relu -> b:NonZero', 'a', 'b')).toMatch(/opaque operator/);
    expect(message('a:Relu -> b:Add[?]', 'a', 'b')).toMatch(/shapes .* not known well enough/);
    expect(message('a:Relu', 'a', 'a')).toBe('refused: An operator cannot be fused with itself.');
  });

  it('takes along what stands between when everything is planned again', () => {
    const text = 'a:Relu -> b:Sigmoid -> c:Add; a -> c';
    expect(plan(text, [fuse('a', 'c')], 'replanned', 'none').blocks).toBe('a b c');
  });

  it('marks the edge', () => {
    const ecg = ecgOf(CHAIN);
    const { plan: fused } = plan(CHAIN, [fuse('a', 'b')], 'repaired');
    expect(fused.verdicts[0]).toEqual({ fused: true, reason: 'user-fuse' });
    expect(explainVerdict(ecg, fused, 0)).toBe(
      'Conv → Relu: fused: fused by hand; saves 1.0 kB of traffic.',
    );
  });
});

describe('cut', () => {
  it('splits the block into the largest parts', () => {
    const text = 'a:Relu -> b:Add -> c:Mul -> d:Relu';
    expect(plan(text, [cut('b', 'c')], 'repaired').blocks).toBe('a b | c d');
    const diamond = 'a:Relu -> b:Add; a -> c:Sigmoid -> d:Mul; b -> d';
    expect(plan(diamond, [cut('a', 'd')], 'repaired').blocks).toBe('a b c | d');
    expect(plan(diamond, [cut('a', 'b')], 'repaired').blocks).toBe('a c | b d');
  });

  it('holds over the whole plan, also through other paths', () => {
    const text = 'a:Relu -> b:Add -> c:Mul';
    for (const when of ['repaired', 'replanned'] as const) {
      const { blocks, plan: result } = plan(text, [cut('a', 'c')], when);
      expect(blocks).toBe('a b | c');
      expect(result.verdicts[1]!.reason).toBe('user-cut');
    }
  });

  it('replaces an earlier fuse of the same pair, and the other way round', () => {
    const both = [fuse('a', 'b'), cut('b', 'a')];
    for (const when of ['repaired', 'replanned'] as const) {
      const { blocks, plan: result } = plan('a:Relu -> b:Add', both, when);
      expect(blocks).toBe('a | b');
      expect(result.overrides.map(({ status }) => status)).toEqual(['refused', 'applied']);
      expect(plan('a:Relu -> b:Add', [...both].reverse(), when).blocks).toBe('a b');
    }
  });

  it('is refused inside what was fused or pinned by hand', () => {
    const text = 'a:Relu -> b:Add -> c:Mul';
    const held = [fuse('a', 'b'), fuse('b', 'c'), cut('a', 'c')];
    for (const when of ['repaired', 'replanned'] as const) {
      expect(plan(text, held, when)).toMatchObject({
        blocks: 'a b c',
        outcome:
          'refused: Not possible: Relu "a" and Mul "c" are held together by operators fused by hand.',
      });
      expect(plan(text, [pin('a', 'b', 'c'), cut('a', 'b')], when).outcome).toMatch(
        /^refused: .* pinned together; unpin the block first\.$/,
      );
    }
  });
});

describe('seed and noSeed', () => {
  it('lets a block grow from elsewhere', () => {
    // From b the block takes c; seeded at d it is c and d, and b goes to a.
    const text = 'a:Conv -> b:Relu[1] -> c:Conv -> d:Relu';
    expect(planText(text)).toBe('a | b c d');
    for (const when of ['repaired', 'replanned'] as const) {
      expect(plan(text, [seed('d')], when).blocks).toBe('a | b c d');
      expect(plan(text, [seed('a')], when).blocks).toBe('a b | c d');
      const { plan: result } = plan(text, [seed('a')], when);
      expect(result.blocks.map(({ seed: from }) => from)).toEqual([0, 3]);
    }
  });

  it('takes a seed away', () => {
    const text = 'a:Relu -> b:Add';
    for (const when of ['repaired', 'replanned'] as const) {
      const { plan: result, blocks } = plan(text, [noSeed('a')], when);
      expect(blocks).toBe('a b');
      expect(result.blocks[0]!.seed).toBe(1);
    }
    expect(plan(text, [noSeed('a'), noSeed('b')], 'replanned').blocks).toBe('a | b');
  });

  it('means nothing to other planners, and says so', () => {
    expect(plan('a:Relu -> b:Add', [seed('b')], 'repaired', 'none').outcome).toMatch(
      /^applied: The planner "none" grows no blocks from seeds/,
    );
  });

  it('refuses opaque operators', () => {
    expect(plan('a:NonZero', [seed('a')], 'repaired').outcome).toMatch(/^refused: .*opaque/);
  });
});

describe('pin', () => {
  it('makes exactly these operators one block', () => {
    const text = 'a:Relu -> b:Add -> c:Mul -> d:Relu';
    for (const when of ['repaired', 'replanned'] as const) {
      const { blocks, plan: result } = plan(text, [pin('b', 'c')], when);
      expect(blocks).toBe('a | b c | d');
      expect(result.blocks.map(({ pinned }) => pinned)).toEqual([false, true, false]);
      expect(result.verdicts.map(({ reason }) => reason)).toEqual([
        'user-pin-border',
        'user-pin',
        'user-pin-border',
      ]);
      expect(plan(text, [pin('b', 'c'), fuse('a', 'b')], when).outcome).toMatch(/unpin it first/);
    }
  });

  it('refuses what cannot be one block', () => {
    const text = 'a:Relu -> b:Sigmoid -> c:Add; a -> c';
    for (const when of ['repaired', 'replanned'] as const) {
      expect(plan(text, [pin('a', 'c')], when).outcome).toMatch(/close a cycle/);
      expect(plan(text, [pin()], when).outcome).toBe('refused: A pin names no operator.');
      expect(plan(text, [pin('a', 'b'), pin('b', 'c')], when).outcome).toMatch(/another pinned/);
    }
  });
});

describe('overrides that do not fit the model', () => {
  it('are kept and listed', () => {
    for (const when of ['repaired', 'replanned'] as const) {
      const { plan: result } = plan('a:Relu -> b:Add', [fuse('a', 'zz'), cut('a', 'b')], when);
      expect(result.overrides).toEqual([
        {
          override: fuse('a', 'zz'),
          status: 'unmatched',
          message: 'The model has no operator "zz".',
        },
        { override: cut('a', 'b'), status: 'applied' },
      ]);
    }
  });

  it('are ignored beyond a limit', () => {
    const many = Array.from({ length: MAX_OVERRIDES + 2 }, () => cut('a', 'b'));
    const { plan: result } = plan('a:Relu -> b:Add', many, 'replanned');
    expect(result.overrides.map(({ status }) => status).slice(-3)).toEqual([
      'applied',
      'refused',
      'refused',
    ]);
    expect(result.overrides).toHaveLength(many.length);
  });
});

describe('planner', () => {
  it('remembers plans: undo gives the very plan from before', () => {
    const ecg = ecgOf(CHAIN);
    const planner = createPlanner(ecg);
    const first = planner.plan(NO_EDITS);
    const second = planner.plan({ ...NO_EDITS, overrides: [fuse('a', 'b')] });
    expect(second).not.toBe(first);
    expect(planner.plan(NO_EDITS)).toBe(first);
    expect(planner.plan({ ...NO_EDITS, overrides: [fuse('a', 'b')] })).toBe(second);
  });
});

describe('whatIf', () => {
  it('says what a click would do', () => {
    const ecg = ecgOf(CHAIN);
    const now = planGraph(ecg, NO_EDITS);
    expect(whatIf(ecg, now, NO_EDITS, 2, 3)).toEqual({
      verdict: 'allowed',
      sentence: 'Cut Conv "c" and Relu "d": 1 block more, 512 B of intermediate results more.',
    });
    expect(whatIf(ecg, now, NO_EDITS, 0, 1)).toMatchObject({ verdict: 'warned' });
    expect(whatIf(ecg, now, NO_EDITS, 0, 2)).toMatchObject({
      verdict: 'refused',
      sentence: expect.stringContaining('no kernel') as string,
    });
    expect(whatIf(ecg, now, NO_EDITS, 0, 99).verdict).toBe('refused');
  });
});

function planText(text: string): string {
  const ecg = ecgOf(text);
  return blocksText(ecg, planGraph(ecg, NO_EDITS));
}
