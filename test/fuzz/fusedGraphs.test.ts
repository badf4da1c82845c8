// Random graphs, random legal blocks: what the planners and random overrides make is compiled, every access is proven,
// and gives bit for bit what the operators alone give. FUZZ_GRAPHS=n runs n graphs, FUZZ_SEED starts elsewhere.
import { describe, expect, it } from 'vitest';
import { plannerFor } from '../../compiler/compile.ts';
import type { FusionPlan, Override } from '../../compiler/fusion/plan.ts';
import { NO_EDITS } from '../../compiler/fusion/plan.ts';
import { unprovenAccesses } from '../../compiler/loop/bounds.ts';
import { printProgram } from '../../compiler/loop/print.ts';
import type { LoweredBlock } from '../../compiler/lower/block.ts';
import type { Tensor } from '../../compiler/lower/runGraph.ts';
import { runGraph } from '../../compiler/lower/runGraph.ts';
import type { Prepared } from '../compiler/lower/running.ts';
import { floats, prepareSpec } from '../compiler/lower/running.ts';
import { Random } from './random.ts';
import { randomElements, randomGraph } from './randomGraph.ts';

const GRAPHS = Number(process.env['FUZZ_GRAPHS'] ?? 120);
const FIRST = Number(process.env['FUZZ_SEED'] ?? 0);

function randomOverrides({ ecg }: Prepared, random: Random): readonly Override[] {
  if (ecg.edges.length === 0) return [];
  return Array.from({ length: 1 + random.below(5) }, () => {
    const { from, to } = random.pick(ecg.edges);
    const [a, b] = [ecg.nodes[from]!.operator.id, ecg.nodes[to]!.operator.id];
    return { kind: random.pick(['fuse', 'fuse', 'fuse', 'cut'] as const), a, b };
  });
}

function plansOf(prepared: Prepared, random: Random): Readonly<Record<string, FusionPlan>> {
  const planner = plannerFor(prepared.model, prepared.ecg);
  const overrides = randomOverrides(prepared, random);
  const replannedAt = random.below(overrides.length + 1);
  return {
    none: planner.plan({ ...NO_EDITS, planner: 'none' }),
    pattern: planner.plan({ ...NO_EDITS, planner: 'pattern' }),
    dnnfusion: planner.plan({ ...NO_EDITS, planner: 'dnnfusion' }),
    extended: planner.plan({ ...NO_EDITS, planner: 'extended' }),
    fused: planner.plan({ ...NO_EDITS, planner: 'none', overrides }),
    overridden: planner.plan({ ...NO_EDITS, planner: 'dnnfusion', overrides, replannedAt }),
  };
}

function bits({ storage, dims, elements }: Tensor): string {
  return JSON.stringify([storage, dims, elements.map((element) => `${element}`)]);
}

describe('random graphs', () => {
  it(`${GRAPHS} of them give the same, however they are fused`, () => {
    let fused = 0;
    const kinds = new Set<string>();
    for (let seed = FIRST; seed < FIRST + GRAPHS; seed++) {
      const { spec, inputs } = randomGraph(seed);
      const prepared = prepareSpec(spec);
      const random = new Random(seed ^ 0x5eed);
      const given = new Map(
        inputs.map((value) => [value.name, floats(value.dims, randomElements(value, random))]),
      );
      const { graph, diagnostics } = prepared.model;
      expect(diagnostics, `seed ${seed}`).toEqual([]);
      const feeds = graph.inputs.map((value) => given.get(graph.values[value]!.name)!);
      let reference: readonly string[] | undefined;
      for (const [name, plan] of Object.entries(plansOf(prepared, random))) {
        const programs: LoweredBlock[] = [];
        const where = (): string =>
          `seed ${seed}, ${name}:\n${programs.map(({ program }) => printProgram(program)).join('\n')}`;
        let results: readonly string[];
        try {
          const onProgram = (block: LoweredBlock): void => void programs.push(block);
          results = runGraph(prepared.model, plan, feeds, { maxSteps: 2e7, onProgram }).map(bits);
        } catch (error) {
          throw new Error(where(), { cause: error });
        }
        reference ??= results;
        if (results.join() !== reference.join()) expect(results, where()).toEqual(reference);
        const open = programs.flatMap(({ program }) => unprovenAccesses(program));
        if (open.length > 0) expect(open, where()).toEqual([]);
        fused += plan.blocks.filter(({ operators }) => operators.length > 1).length;
      }
      for (const { type } of graph.operators) kinds.add(type);
    }
    // The test means something only where operators of many kinds were fused.
    expect(fused).toBeGreaterThan(GRAPHS * 2);
    if (GRAPHS >= 100) expect(kinds.size).toBeGreaterThan(50);
  }, 600_000);
});
