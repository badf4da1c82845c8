import { describe, expect, it } from 'vitest';
import { blockKey } from '../../../compiler/fusion/blockKey.ts';
import { ecgOf } from './ecgFixture.ts';
import { modelEcg } from './modelEcg.ts';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import { planGraph } from '../../../compiler/fusion/planGraph.ts';

describe('blockKey', () => {
  const key = (text: string, ...operators: number[]): string => blockKey(ecgOf(text), operators);

  it('does not depend on names or on the order in the file', () => {
    const one = key('a:Conv -> b:Relu; a -> c:Sigmoid; b -> d:Add; c -> d', 0, 1, 2, 3);
    expect(key('p:Conv -> q:Sigmoid; p -> r:Relu -> s:Add; q -> s', 0, 1, 2, 3)).toBe(one);
    expect(key('x:Relu; m:Conv -> n:Relu; m -> o:Sigmoid; n -> s:Add; o -> s', 1, 2, 3, 4)).toBe(
      one,
    );
  });

  it('tells shapes, types, wiring and what leaves the block apart', () => {
    const keys = [
      key('a:Conv -> b:Relu', 0, 1),
      key('a:Conv -> b:Relu[1x8x4x8]', 0, 1),
      key('a:Conv -> b:Sigmoid', 0, 1),
      key('a:Conv! -> b:Relu', 0, 1),
      key('a:Conv -> b:Relu', 0),
      key('a:Conv -> b:Relu', 1),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('finds the equal layers of a transformer', () => {
    const ecg = modelEcg('bert-base');
    const plan = planGraph(ecg, NO_EDITS);
    const keys = plan.blocks.map(({ operators }) => blockKey(ecg, operators));
    // Twelve equal layers: about one twelfth of the kernels are different.
    expect(new Set(keys).size).toBeLessThan(plan.blocks.length / 5);
  });
});
