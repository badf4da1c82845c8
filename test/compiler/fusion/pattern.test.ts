import { describe, expect, it } from 'vitest';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import { planGraph } from '../../../compiler/fusion/planGraph.ts';
import { blocksText, ecgOf } from './ecgFixture.ts';
import { modelEcg } from './modelEcg.ts';

function blocks(text: string): string {
  const ecg = ecgOf(text);
  return blocksText(ecg, planGraph(ecg, { ...NO_EDITS, planner: 'pattern' }));
}

describe('pattern planner', () => {
  const cases: readonly [name: string, graph: string, expected: string][] = [
    ['Conv, BatchNormalization, Relu', 'a:Conv -> b:BatchNormalization -> c:Relu', 'a b c'],
    [
      'takes the residual into the convolution',
      'x:Sigmoid; a:Conv -> b:Add -> c:Relu; x -> b',
      'x | a b c',
    ],
    ['MatMul, bias, activation', 'a:MatMul -> b:Add -> c:Relu -> d:Relu', 'a b c | d'],
    ['elementwise chains', 'a:Conv -> r:Reshape -> b:Add -> c:Mul -> d:Relu', 'a | r | b c d'],
    ['nothing through Reshape and Transpose', 'a:Conv -> b:Reshape -> c:Transpose', 'a | b | c'],
    ['nothing before an anchor', 'a:Relu -> b:Conv', 'a | b'],
    ['nothing that others read', 'a:Conv -> b:Relu -> c:MatMul; a -> c', 'a | b | c'],
    ['nothing that the graph returns', 'a:Conv! -> b:Relu', 'a | b'],
  ];
  it.each(cases)('%s', (_name, graph, expected) => {
    const sorted = (text: string): string[] => text.split(' | ').sort();
    expect(sorted(blocks(graph))).toEqual(sorted(expected));
  });

  it('notes why an edge is not fused', () => {
    const plan = planGraph(ecgOf('a:Relu -> b:Conv'), { ...NO_EDITS, planner: 'pattern' });
    expect(plan.verdicts[0]).toEqual({ fused: false, reason: 'not-in-pattern' });
  });

  it('finds layer normalisation and Gelu in a transformer', () => {
    const ecg = modelEcg('tinybert');
    const plan = planGraph(ecg, { ...NO_EDITS, planner: 'pattern' });
    const texts = plan.blocks.map(({ operators }) =>
      operators.map((operator) => ecg.nodes[operator]!.operator.type).join(' '),
    );
    const count = (text: string): number => texts.filter((block) => block === text).length;
    expect(count('ReduceMean Sub Pow ReduceMean Add Sqrt Div Mul Add')).toBe(9);
    expect(count('Div Erf Add Mul Mul')).toBe(4);
  });
});
