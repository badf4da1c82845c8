// Planner `extended` on small graphs: epilogues before prologues, what may not become one, and repairs.
import { describe, expect, it } from 'vitest';
import { explainVerdict } from '../../../compiler/fusion/explain.ts';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import type { FusionPlan, Override } from '../../../compiler/fusion/plan.ts';
import { planGraph } from '../../../compiler/fusion/planGraph.ts';
import { summarisePlan } from '../../../compiler/fusion/summary.ts';
import type { Ecg } from '../../../compiler/ecg/ecg.ts';
import { blocksText, ecgOf } from './ecgFixture.ts';
import { modelEcg } from './modelEcg.ts';

function planned(ecg: Ecg, overrides: readonly Override[] = [], replannedAt = 0): FusionPlan {
  return planGraph(ecg, { ...NO_EDITS, planner: 'extended', overrides, replannedAt });
}

/** Blocks in alphabetical order, members too. */
function sorted(text: string): string[] {
  return text
    .split(' | ')
    .map((block) => block.split(' ').sort().join(' '))
    .sort();
}

function blocks(text: string, overrides: readonly Override[] = []): string[] {
  const ecg = ecgOf(text);
  return sorted(blocksText(ecg, planned(ecg, overrides, overrides.length)));
}

describe('extended', () => {
  const cases: readonly [name: string, graph: string, expected: string][] = [
    ['makes an activation the epilogue of the one before', 'a:Conv -> b:Relu -> c:Conv', 'a b | c'],
    [
      'takes a gate of two readers to what computes it',
      'a:Conv -> b:Sigmoid -> c:Mul -> d:ReduceMean; a -> c; c -> e:Conv; d -> e',
      'a b c | d | e',
    ],
    [
      'takes a residual Add to the last of its producers',
      'a:Conv -> b:Relu -> c:Conv -> d:Add -> e:Relu -> f:Conv; a -> d',
      'a b | c d e | f',
    ],
    [
      'leaves to the consumer what comes from several, larger than each',
      'a:Conv -> x:Relu; b:Conv -> c:Add[1x16x4x4] -> d:Conv; a -> c',
      'a x | b | c d',
    ],
    ['gives the input of the model a prologue', 'a:Relu -> b:Conv -> c:Relu', 'a b c'],
    [
      'does not let a product store neighbours apart',
      'a:MatMul -> b:Reshape -> c:Transpose -> d:NonZero',
      'a b | c | d',
    ],
    [
      'turns them in front of who reads them instead',
      'a:MatMul -> b:Transpose -> c:MatMul',
      'a | b c',
    ],
    ['fuses chains without One-to-One', 'a:NonZero -> b:Reshape -> c:Transpose', 'a | b c'],
    [
      'joins blocks without a Many-to-Many operator',
      'a:NonZero -> b:Transpose -> c:Add -> f:NonZero; b -> d:Mul -> g:NonZero; b -> e:Sigmoid -> h:NonZero',
      'a | b c d e | f | g | h',
    ],
    ['keeps opaque operators alone', 'a:Relu -> b:NonZero -> c:Relu', 'a | b | c'],
    ['does not feed One-to-Many to Many-to-Many', 'a:Relu -> b:Expand -> c:Conv', 'a b | c'],
    [
      'gives a normalisation one block',
      'a:MatMul -> m:ReduceMean -> s:Add -> v:ReduceMean -> d:Mul -> b:MatMul; a -> s; s -> d',
      'a | m s v d | b',
    ],
    [
      'keeps reductions of other rows apart',
      'a:MatMul -> m:ReduceMean -> s:Add[1x4x8x4] -> v:ReduceMean; a -> s',
      'a | m s | v',
    ],
    [
      'keeps reductions apart between which something else is computed',
      'm:ReduceMean -> c:Conv -> s:Add -> v:ReduceMean; m -> s',
      'm | c s | v',
    ],
    ['plans an empty graph', '', ''],
  ];
  it.each(cases)('%s', (_name, graph, expected) => {
    expect(blocks(graph)).toEqual(sorted(expected));
  });

  it('says why a result is not stored turned', () => {
    const ecg = ecgOf('a:MatMul -> b:Transpose -> c:NonZero');
    expect(explainVerdict(ecg, planned(ecg), 0)).toBe(
      'MatMul → Transpose: not fused: Many-to-Many followed by Shuffle is yellow (Table 3) and would not ' +
        'pay off (Transpose would store every result apart from its neighbour).',
    );
  });

  it('says why reductions share a kernel, and leaves them apart where the user wants that', () => {
    const text = 'm:ReduceMean -> s:Add -> v:ReduceMean';
    const ecg = ecgOf(text);
    const plan = planned(ecg);
    expect(plan.blocks.map(({ seed }) => seed)).toEqual([2]);
    expect(ecg.edges.map(({ index }) => explainVerdict(ecg, plan, index))[0]).toBe(
      'ReduceMean → Add: fused: one kernel takes row after row through both (both reduce the same rows); ' +
        'saves 1.0 kB of traffic.',
    );
    const apart = sorted('m s | v');
    expect(blocks(text, [{ kind: 'cut', a: 'm', b: 'v' }])).toEqual(apart);
    expect(sorted(blocksText(ecg, planned(ecg, [{ kind: 'cut', a: 'm', b: 'v' }])))).toEqual(apart);
    expect(blocks(text, [{ kind: 'noSeed', op: 'v' }])).toEqual(apart);
    expect(blocks(text, [{ kind: 'pin', ops: ['v'] }])).toEqual(apart);
  });

  it('grows blocks from Many-to-Many operators, which `noSeed` keeps them from', () => {
    const ecg = ecgOf('a:Conv -> b:Relu -> c:Conv');
    expect(planned(ecg).blocks.map(({ seed }) => seed)).toEqual([0, -1]);
    const noSeed: Override = { kind: 'noSeed', op: 'a' };
    const expected = sorted('a | b c');
    expect(blocks('a:Conv -> b:Relu -> c:Conv', [noSeed])).toEqual(expected);
    // The repair plans the block alone: `b` is its seed now.
    expect(sorted(blocksText(ecg, planned(ecg, [noSeed])))).toEqual(sorted('a b | c'));
  });

  it('grows from a `seed` first, at once and as a repair', () => {
    const text = 'a:Conv -> b:Relu -> c:Conv';
    const seed: Override = { kind: 'seed', op: 'b' };
    expect(blocks(text, [seed])).toEqual(sorted('a | b c'));
    const ecg = ecgOf(text);
    expect(sorted(blocksText(ecg, planned(ecg, [seed])))).toEqual(sorted('a | b c'));
  });

  it('keeps cuts and pins', () => {
    const text = 'a:Conv -> b:Relu -> c:Relu -> d:Conv';
    expect(blocks(text, [{ kind: 'cut', a: 'a', b: 'b' }])).toEqual(sorted('a | b c d'));
    expect(blocks(text, [{ kind: 'pin', ops: ['b', 'c'] }])).toEqual(sorted('a | b c | d'));
  });
});

describe('on models', () => {
  it('gives squeeze and excitation one write of every large tensor', () => {
    const ecg = modelEcg('efficientnet-b0');
    const plan = planned(ecg);
    const names = plan.blocks.map(({ operators }) =>
      operators.map((operator) => ecg.nodes[operator]!.operator.type).join(' '),
    );
    // The gate is the prologue of the projection, the residual its epilogue.
    expect(names.filter((name) => name === 'Mul Conv' || name === 'Mul Conv Add')).toHaveLength(16);
    expect(names.filter((name) => name === 'GlobalAveragePool').length).toBeGreaterThan(15);
    const gate = ecg.edges.find(
      ({ from, to }) =>
        plan.blockOf[from] === plan.blockOf[to] &&
        type(ecg, from) === 'Mul' &&
        type(ecg, to) === 'Conv',
    )!;
    expect(explainVerdict(ecg, plan, gate.index)).toMatch(
      /^Mul → Conv: fused: broadcasting aside, One-to-One followed by Many-to-Many is green/,
    );
    const bytes = (planner: 'dnnfusion' | 'extended'): number =>
      summarisePlan(ecg, planGraph(ecg, { ...NO_EDITS, planner })).intermediateBytesAfter;
    expect(bytes('extended')).toBeLessThan(0.7 * bytes('dnnfusion'));
  });

  it('stores heads of attention as they are read, and turns no picture behind a convolution', () => {
    const heads = modelEcg('tinybert');
    const texts = blockTypes(heads);
    expect(texts.some((text) => /^MatMul Add Reshape Transpose/.test(text))).toBe(true);
    const detector = modelEcg('mobilenetv1-ssd');
    // Of one pixel: nothing moves.
    const turned = blockTypes(detector).filter((text) => text.startsWith('Conv Transpose'));
    expect(turned).toEqual(['Conv Transpose Reshape']);
  });
});

function type(ecg: Ecg, operator: number): string {
  return ecg.nodes[operator]!.operator.type;
}

function blockTypes(ecg: Ecg): string[] {
  return planned(ecg).blocks.map(({ operators }) => operators.map((o) => type(ecg, o)).join(' '));
}
