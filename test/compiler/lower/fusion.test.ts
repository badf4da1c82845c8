// Random graphs give the same numbers, bit for bit, however they are fused: unfused, by every planner, under
// random overrides, and as a single block. FUSION_SWEEP=n runs n times as many.
import { describe, expect, it } from 'vitest';
import type { Override } from '../../../compiler/fusion/plan.ts';
import { unprovenAccesses } from '../../../compiler/loop/bounds.ts';
import { printProgram } from '../../../compiler/loop/print.ts';
import type { Tensor } from '../../../compiler/lower/runGraph.ts';
import { lowerPlan } from '../../../compiler/lower/runGraph.ts';
import type { Prepared } from './running.ts';
import { floats, oneBlock, planOf, prepareSpec, runPrepared } from './running.ts';
import { Random, randomModel } from './randomGraphs.ts';

const GRAPHS = 150 * Number(process.env.FUSION_SWEEP ?? 1);
const FIRST = Number(process.env.FUSION_SEED ?? 0);

function randomOverrides({ ecg }: Prepared, random: Random): readonly Override[] {
  if (ecg.edges.length === 0) return [];
  return Array.from({ length: 1 + random.below(4) }, () => {
    const { from, to } = random.pick(ecg.edges);
    const [a, b] = [ecg.nodes[from]!.operator.id, ecg.nodes[to]!.operator.id];
    return { kind: random.pick(['fuse', 'fuse', 'cut'] as const), a, b };
  });
}

function bits({ storage, dims, elements }: Tensor): unknown {
  return [storage, dims, elements.map((element) => `${element}`)];
}

describe('random graphs', () => {
  it(`${GRAPHS} of them do not change by fusing`, () => {
    let fused = 0;
    for (let seed = FIRST; seed < FIRST + GRAPHS; seed++) {
      const { spec, inputs } = randomModel(seed);
      const prepared = prepareSpec(spec);
      const random = new Random(seed ^ 0x5eed);
      const data = inputs.map(({ dims }) =>
        floats(
          dims,
          Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.real()),
        ),
      );
      const reference = runPrepared(prepared, planOf(prepared.ecg, 'none'), data).map(bits);
      const overrides = randomOverrides(prepared, random);
      const plans = {
        pattern: planOf(prepared.ecg, 'pattern'),
        dnnfusion: planOf(prepared.ecg, 'dnnfusion'),
        extended: planOf(prepared.ecg, 'extended'),
        overridden: planOf(prepared.ecg, 'dnnfusion', { overrides }),
        constrained: planOf(prepared.ecg, 'dnnfusion', {
          overrides,
          replannedAt: overrides.length,
        }),
        'one block': oneBlock(prepared.model),
      };
      for (const [name, plan] of Object.entries(plans)) {
        const programs = lowerPlan(prepared.model, plan).map(({ program }) => program);
        const text = (): string =>
          `seed ${seed}, ${name}:\n${programs.map(printProgram).join('\n')}`;
        const results = runPrepared(prepared, plan, data).map(bits);
        if (JSON.stringify(results) !== JSON.stringify(reference)) {
          expect(results, text()).toEqual(reference);
        }
        const open = programs.flatMap(unprovenAccesses);
        if (open.length > 0) expect(open, text()).toEqual([]);
        fused += plan.blocks.filter(({ operators }) => operators.length > 1).length;
      }
    }
    // The test means something only where operators were fused.
    expect(fused).toBeGreaterThan(GRAPHS * 3);
  }, 300_000);
});
