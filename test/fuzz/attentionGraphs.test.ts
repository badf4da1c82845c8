// Random attention, planned by `extended` for tiny caches and random overrides: the kernels give bit for bit what the operators
// alone give, their schedules give it up to rounding, and whatever the planner calls cheaper is scheduled block by block.
// FUZZ_GRAPHS=n runs n graphs, FUZZ_SEED starts elsewhere.
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONTEXT } from '../../compiler/fusion/context.ts';
import type { FusionPlan, Override } from '../../compiler/fusion/plan.ts';
import { NO_EDITS } from '../../compiler/fusion/plan.ts';
import { planGraph } from '../../compiler/fusion/planGraph.ts';
import { unprovenAccesses } from '../../compiler/loop/bounds.ts';
import type { LoopProgram } from '../../compiler/loop/ir.ts';
import { bodiesOf } from '../../compiler/loop/ir.ts';
import { printProgram } from '../../compiler/loop/print.ts';
import { loweringCanCompile } from '../../compiler/lower/compilable.ts';
import type { Tensor } from '../../compiler/lower/runGraph.ts';
import { lowerPlan, runGraph } from '../../compiler/lower/runGraph.ts';
import type { Target } from '../../compiler/target/target.ts';
import type { Prepared } from '../compiler/lower/running.ts';
import { floats, prepareSpec } from '../compiler/lower/running.ts';
import { runScheduled, SMALL_TARGET } from '../compiler/schedule/runScheduled.ts';
import { attentionGraph } from './attentionGraph.ts';
import { Random } from './random.ts';
import { randomElements } from './randomGraph.ts';

const GRAPHS = Number(process.env['FUZZ_GRAPHS'] ?? 100);
const FIRST = Number(process.env['FUZZ_SEED'] ?? 0);
/** The scores of the graphs are large for it. */
const TARGET: Target = { ...SMALL_TARGET, cache: [1024, 3072] };

function extendedPlan({ model, ecg }: Prepared, overrides: readonly Override[]): FusionPlan {
  const limits = { ...DEFAULT_CONTEXT.limits, cache: TARGET.cache };
  const edits = { ...NO_EDITS, planner: 'extended', overrides } as const;
  return planGraph(ecg, edits, {
    ...DEFAULT_CONTEXT,
    limits,
    canCompile: loweringCanCompile(model),
  });
}

function randomOverrides({ ecg }: Prepared, random: Random): readonly Override[] {
  return Array.from({ length: 1 + random.below(4) }, () => {
    const { from, to } = random.pick(ecg.edges);
    const [a, b] = [ecg.nodes[from]!.operator.id, ecg.nodes[to]!.operator.id];
    return random.chance(0.2)
      ? { kind: random.pick(['seed', 'noSeed'] as const), op: a }
      : { kind: random.pick(['fuse', 'cut'] as const), a, b };
  });
}

function isAttention({ ecg }: Prepared, operators: readonly number[]): boolean {
  const types = operators.map((operator) => ecg.nodes[operator]!.operator.type);
  return types.includes('Softmax') && types.filter((type) => type === 'MatMul').length === 2;
}

/** Whether some loop of the root has memory of its own for scores and probabilities. */
function isStaged({ body }: LoopProgram): boolean {
  return body.some((stmt) =>
    bodiesOf(stmt).some((inner) => inner.filter(({ kind }) => kind === 'local').length > 1),
  );
}

const bits = ({ storage, dims, elements }: Tensor): string =>
  JSON.stringify([storage, dims, elements.map((element) => `${element}`)]);

function isClose(a: Tensor, b: Tensor): boolean {
  const [x, y] = [a.elements.map(Number), b.elements.map(Number)];
  const scale = Math.max(...y.map(Math.abs), 1e-30);
  return x.every((value, i) => Math.abs(value - y[i]!) <= 1e-5 * scale);
}

describe('random attention', () => {
  it(`${GRAPHS} of it give the same, however they are fused and scheduled`, () => {
    let whole = 0;
    for (let seed = FIRST; seed < FIRST + GRAPHS; seed++) {
      const { spec, inputs } = attentionGraph(seed);
      const prepared = prepareSpec(spec);
      const { model, ecg } = prepared;
      expect(model.diagnostics, `seed ${seed}`).toEqual([]);
      const random = new Random(seed ^ 0xa77e);
      const given = new Map(
        inputs.map((value) => [value.name, floats(value.dims, randomElements(value, random))]),
      );
      const { graph } = model;
      const feeds = graph.inputs.map((value) => given.get(graph.values[value]!.name)!);
      const unfused = planGraph(ecg, { ...NO_EDITS, planner: 'none' });
      const reference = runGraph(model, unfused, feeds);
      for (const overrides of [[], randomOverrides(prepared, random)]) {
        const plan = extendedPlan(prepared, overrides);
        const programs = lowerPlan(model, plan).map(({ program }) => program);
        const where = `seed ${seed}, ${JSON.stringify(overrides)}:\n${programs.map(printProgram).join('\n')}`;
        expect(programs.flatMap(unprovenAccesses), where).toEqual([]);
        expect(runGraph(model, plan, feeds).map(bits), where).toEqual(reference.map(bits));
        const scheduled: LoopProgram[] = [];
        const onSchedule = (program: LoopProgram): void => void scheduled.push(program);
        const run = runScheduled({ target: TARGET, constants: () => new Set(), onSchedule });
        const fast = runGraph(model, plan, feeds, { run });
        expect(
          fast.every((result, i) => isClose(result, reference[i]!)),
          where,
        ).toBe(true);
        if (overrides.length > 0) continue;
        const attention = plan.blocks.filter(({ operators }) => isAttention(prepared, operators));
        for (const { index } of attention) {
          whole++;
          expect(isStaged(scheduled[index]!), `${where}\n${printProgram(scheduled[index]!)}`).toBe(
            true,
          );
        }
      }
    }
    console.log(`${whole} of ${GRAPHS} as one block`);
    if (GRAPHS >= 100) expect(whole).toBeGreaterThan(GRAPHS / 6);
  }, 600_000);
});
