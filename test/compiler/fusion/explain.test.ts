import { describe, expect, it } from 'vitest';
import { explainVerdict } from '../../../compiler/fusion/explain.ts';
import { NO_EDITS, VERDICT_REASONS } from '../../../compiler/fusion/plan.ts';
import type { FusionPlan, PlannerName } from '../../../compiler/fusion/plan.ts';
import { planGraph } from '../../../compiler/fusion/planGraph.ts';
import { printPlan } from '../../../compiler/fusion/printPlan.ts';
import { summarisePlan } from '../../../compiler/fusion/summary.ts';
import { verifyPlan } from '../../../compiler/fusion/verify.ts';
import { ecgOf } from './ecgFixture.ts';

function sentences(text: string, planner: PlannerName = 'dnnfusion'): string[] {
  const ecg = ecgOf(text);
  const plan = planGraph(ecg, { ...NO_EDITS, planner });
  return ecg.edges.map(({ index }) => explainVerdict(ecg, plan, index));
}

describe('explainVerdict', () => {
  it('says why an edge is fused and what it saves', () => {
    expect(sentences('a:Conv -> b:Relu')).toEqual([
      'Conv → Relu: fused: Many-to-Many followed by One-to-One is green (Table 3); ' +
        'saves 1.0 kB of traffic.',
    ]);
    expect(sentences('a:Relu -> b:Conv -> c:Transpose')[1]).toBe(
      'Conv → Transpose: fused: Many-to-Many followed by Shuffle is yellow (Table 3) and ' +
        'estimated to pay off (estimated 1.0 kB saved, 512 B lost); saves 1.0 kB of traffic.',
    );
    expect(sentences('a:Relu! -> b:Add')[0]).toBe(
      'Relu → Add: fused: One-to-One followed by One-to-One is green (Table 3); ' +
        'saves reading 512 B, the value is stored for others.',
    );
  });

  it('says why an edge is not fused', () => {
    expect(sentences('a:Conv -> b:Relu -> c:Conv')[0]).toBe(
      'Conv → Relu: not fused: Many-to-Many followed by Many-to-Many is red (Table 3); ' +
        "Relu's block is Many-to-Many through Conv.",
    );
    expect(sentences('a:Relu -> b:NonZero -> c:Add; a -> c').sort()).toEqual([
      'NonZero → Add: not fused: NonZero is opaque; nothing fuses with it.',
      'Relu → Add: not fused: the path through NonZero between the two blocks would make a cycle.',
      'Relu → NonZero: not fused: NonZero is opaque; nothing fuses with it.',
    ]);
    expect(sentences('a:Conv -> b:Relu', 'none')[0]).toBe(
      'Conv → Relu: not fused: the planner "none" fuses nothing.',
    );
  });

  it('has a sentence for every reason', () => {
    const ecg = ecgOf('a:Conv -> b:Relu');
    const plan = planGraph(ecg, NO_EDITS);
    for (const reason of VERDICT_REASONS) {
      for (const detail of [undefined, 'some numbers']) {
        const verdict =
          detail === undefined ? { fused: false, reason } : { fused: false, reason, detail };
        const sentence = explainVerdict(ecg, { ...plan, verdicts: [verdict] }, 0);
        expect(sentence).toMatch(/^Conv → Relu: not fused: .{8,}\.$/);
        expect(sentence).not.toMatch(/undefined/);
      }
    }
  });
});

describe('summarisePlan', () => {
  it('counts intermediate results that leave their block', () => {
    const ecg = ecgOf('a:Conv -> b:Relu -> c:Conv -> d:Relu!; b -> e:NonZero');
    // Graph outputs (d, e) are stored under every plan and are not intermediate.
    expect(summarisePlan(ecg, planGraph(ecg, NO_EDITS))).toEqual({
      operators: 5,
      blocks: 3,
      fusionRate: 5 / 3,
      flops: 5 * 128,
      intermediateBytesBefore: 3 * 512,
      intermediateBytesAfter: 2 * 512,
      lowerBound: 3,
    });
    const empty = ecgOf('');
    expect(summarisePlan(empty, planGraph(empty, NO_EDITS)).fusionRate).toBe(1);
  });
});

describe('printPlan', () => {
  it('prints a line a block', () => {
    const ecg = ecgOf('a:Conv -> b:Relu -> c:NonZero');
    expect(printPlan(ecg, planGraph(ecg, NO_EDITS))).toBe(
      'dnnfusion: 3 operators in 2 blocks\n' +
        '0 Many-to-Many "a": Conv Relu*\n' +
        '1 Opaque "c": NonZero\n',
    );
  });
});

describe('verifyPlan', () => {
  const ecg = ecgOf('a:Relu -> b:NonZero -> c:Add; a -> c');
  const plan = planGraph(ecg, NO_EDITS);
  const broken: readonly [name: string, plan: FusionPlan, message: RegExp][] = [
    ['a missing block', { ...plan, blocks: plan.blocks.slice(0, 2) }, /exactly one block/],
    ['a cycle', { ...plan, ...grouped([0, 1, 0]) }, /topological order/],
    ['a missing verdict', { ...plan, verdicts: plan.verdicts.slice(1) }, /verdict/],
    [
      'a broken cut',
      {
        ...planGraph(ecgOf('a:Relu -> b:Add'), NO_EDITS),
        overrides: [{ override: { kind: 'cut', a: 'a', b: 'b' }, status: 'applied' }],
      },
      /overrides in force hold: cut of a and b/,
    ],
    [
      'a removable value that leaves',
      { ...plan, removable: new Uint8Array(4).fill(1) },
      /removable/,
    ],
  ];

  function grouped(blockOf: readonly number[]): Pick<FusionPlan, 'blocks' | 'blockOf'> {
    const count = Math.max(...blockOf) + 1;
    const blocks = Array.from({ length: count }, (_, index) => ({
      ...plan.blocks[0]!,
      index,
      operators: blockOf.flatMap((block, operator) => (block === index ? [operator] : [])),
    }));
    return { blocks, blockOf: Int32Array.from(blockOf) };
  }

  it.each(broken)('finds %s', (name, wrong, message) => {
    const graph = name === 'a broken cut' ? ecgOf('a:Relu -> b:Add') : ecg;
    expect(() => verifyPlan(graph, wrong)).toThrow(message);
  });

  it('accepts a good plan', () => {
    expect(() => verifyPlan(ecg, plan)).not.toThrow();
  });
});
