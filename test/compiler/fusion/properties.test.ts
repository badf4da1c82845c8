// Random graphs, random overrides: every plan is valid, deterministic, compilable, and local repairs leave
// what they do not touch alone.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ecg } from '../../../compiler/ecg/ecg.ts';
import { canCompile } from '../../../compiler/fusion/canCompile.ts';
import { explainVerdict } from '../../../compiler/fusion/explain.ts';
import { PLANNERS } from '../../../compiler/fusion/plan.ts';
import type { FusionPlan, Override, PlanEdits } from '../../../compiler/fusion/plan.ts';
import { planGraph } from '../../../compiler/fusion/planGraph.ts';
import { createPlanner } from '../../../compiler/fusion/planner.ts';
import { whatIf } from '../../../compiler/fusion/whatIf.ts';
import { ecgFrom, FIXTURE_MAPPINGS } from './ecgFixture.ts';

const TYPES = Object.keys(FIXTURE_MAPPINGS).filter((type) => type !== 'NonZero');
const SHAPES = [[1, 8, 4, 4], [1, 8, 4, 4], [1, 8, 4, 1], [1, 8, 8, 8], null];

const operators = fc.array(
  fc.record({
    type: fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...TYPES) }, fc.constant('NonZero')),
    shape: fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...SHAPES) }, fc.constant(null)),
    // Distances back to the producers: mostly the operator before, sometimes a long skip.
    back: fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 12 })), { maxLength: 3 }),
    isOutput: fc.boolean(),
  }),
  { minLength: 1, maxLength: 30 },
);

const graphs = operators.map((list) =>
  ecgFrom(
    list.map(({ type, shape, back, isOutput }, index) => ({
      name: `n${index}`,
      type,
      shape,
      isOutput: isOutput && index % 5 === 0,
      reads: [...new Set(back.map((steps) => index - steps))].filter((from) => from >= 0),
    })),
  ),
);

const id = fc.integer({ min: 0, max: 31 }).map((n) => `n${n}`);
const neighbour = fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 3 }));
const pairs = neighbour.map(([n, steps]) => ({ a: `n${n}`, b: `n${n + steps}` }));
const overrides: fc.Arbitrary<readonly Override[]> = fc.array(
  fc.oneof(
    pairs.map((pair): Override => ({ kind: 'fuse', ...pair })),
    pairs.map(({ a, b }): Override => ({ kind: 'fuse', a: b, b: a })),
    pairs.map((pair): Override => ({ kind: 'cut', ...pair })),
    id.map((op): Override => ({ kind: 'seed', op })),
    id.map((op): Override => ({ kind: 'noSeed', op })),
    fc
      .tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 4 }))
      .map(([first, count]): Override => {
        return { kind: 'pin', ops: Array.from({ length: count }, (_, i) => `n${first + i}`) };
      }),
  ),
  { maxLength: 8 },
);

const edits: fc.Arbitrary<PlanEdits> = fc.record({
  planner: fc.constantFrom(...PLANNERS),
  overrides,
  replannedAt: fc.integer({ min: 0, max: 8 }),
  bindings: fc.constant({}),
});

/** Own check, independent of the planner's order: repeatedly takes away blocks that nothing remaining feeds. */
function isAcyclic(ecg: Ecg, { blockOf, blocks }: FusionPlan): boolean {
  const remaining = new Set(blocks.map(({ index }) => index));
  for (;;) {
    const fed = new Set(
      ecg.edges
        .filter(({ from, to }) => blockOf[from] !== blockOf[to] && remaining.has(blockOf[from]!))
        .map(({ to }) => blockOf[to]!),
    );
    const free = [...remaining].filter((block) => !fed.has(block));
    if (free.length === 0) return remaining.size === 0;
    free.forEach((block) => remaining.delete(block));
  }
}

/** Blocks that an override may change, by the rules in localReplan.ts. */
function touched(ecg: Ecg, plan: FusionPlan, override: Override): Set<number> {
  const index = (op: string): number => ecg.nodes.findIndex(({ operator }) => operator.id === op);
  const ops =
    override.kind === 'pin'
      ? override.ops
      : override.kind === 'fuse' || override.kind === 'cut'
        ? [override.a, override.b]
        : [override.op];
  const blocks = new Set(ops.map((op) => plan.blockOf[index(op)]!));
  if (override.kind === 'seed') {
    for (const { from, to } of ecg.edges) {
      const [a, b] = [plan.blockOf[from]!, plan.blockOf[to]!];
      const home = plan.blockOf[index(override.op)]!;
      if (a === home) blocks.add(b);
      if (b === home) blocks.add(a);
    }
  }
  return blocks;
}

/** What the page offers to fuse: one operator reads, directly or not, from the other. */
function isDependent(ecg: Ecg, override: Override): boolean {
  if (override.kind !== 'fuse') return true;
  const index = (op: string): number => ecg.nodes.findIndex(({ operator }) => operator.id === op);
  const ends = [index(override.a), index(override.b)].sort((x, y) => x - y);
  const reached = new Set([ends[0]!]);
  for (const operator of reached) ecg.nodes[operator]!.consumers.forEach((o) => reached.add(o));
  return reached.has(ends[1]!);
}

describe('every plan', () => {
  it('is valid, acyclic, compilable, explained and deterministic', () => {
    fc.assert(
      fc.property(graphs, edits, (ecg, decided) => {
        const plan = planGraph(ecg, decided);
        expect(isAcyclic(ecg, plan)).toBe(true);
        for (const { operators: members, index } of plan.blocks) {
          const answer = canCompile(ecg, members);
          expect(answer.ok, `block ${index}: ${JSON.stringify(answer)}`).toBe(true);
        }
        for (const { index } of ecg.edges) {
          expect(explainVerdict(ecg, plan, index)).toMatch(/^\w+ → \w+: (not )?fused: .+\.$/);
        }
        expect(plan.overrides.map(({ override }) => override)).toEqual(decided.overrides);
        expect(planGraph(ecg, decided)).toEqual(plan);
      }),
      { numRuns: 800 },
    );
  });

  it('is the same when planned step by step', () => {
    fc.assert(
      fc.property(graphs, edits, (ecg, decided) => {
        const planner = createPlanner(ecg);
        for (let count = 0; count <= decided.overrides.length; count++) {
          const some = { ...decided, overrides: decided.overrides.slice(0, count) };
          expect(planner.plan(some)).toEqual(planGraph(ecg, some));
        }
        expect(planner.plan(decided)).toBe(planner.plan(decided));
      }),
      { numRuns: 150 },
    );
  });

  it('keeps the blocks that the last override does not touch', () => {
    fc.assert(
      fc.property(graphs, edits, (ecg, decided) => {
        const { overrides: all } = decided;
        const last = all[all.length - 1];
        if (last === undefined) return;
        const replannedAt = Math.min(decided.replannedAt, all.length - 1);
        const before = planGraph(ecg, { ...decided, overrides: all.slice(0, -1), replannedAt });
        const after = planGraph(ecg, { ...decided, replannedAt });
        const members = after.blocks.map(({ operators: list }) => list.join());
        const status = after.overrides[all.length - 1]!.status;
        const changed = status === 'applied' ? touched(ecg, before, last) : new Set<number>();
        for (const { index, operators: list } of before.blocks) {
          if (!changed.has(index)) expect(members).toContain(list.join());
        }
      }),
      { numRuns: 800 },
    );
  });

  it('still takes every override that was applied when all is planned again', () => {
    fc.assert(
      fc.property(graphs, edits, (ecg, decided) => {
        const local = planGraph(ecg, { ...decided, replannedAt: 0 });
        const applied = local.overrides.filter(({ status }) => status === 'applied');
        const kept = applied.map(({ override }) => override).filter((o) => isDependent(ecg, o));
        const again = planGraph(ecg, { ...decided, overrides: kept, replannedAt: kept.length });
        for (const { status, message } of again.overrides) {
          expect(status, message).toBe('applied');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with what hovering foretold', () => {
    fc.assert(
      fc.property(graphs, edits, fc.nat(29), fc.nat(29), (ecg, decided, x, y) => {
        const [a, b] = [x % ecg.nodes.length, y % ecg.nodes.length];
        if (a === b) return;
        const plan = planGraph(ecg, decided);
        const together = plan.blockOf[a] === plan.blockOf[b];
        const override: Override = {
          kind: together ? 'cut' : 'fuse',
          a: ecg.nodes[a]!.operator.id,
          b: ecg.nodes[b]!.operator.id,
        };
        const { verdict } = whatIf(ecg, plan, decided, a, b);
        const overridden = [...decided.overrides, override];
        const replannedAt = Math.min(decided.replannedAt, decided.overrides.length);
        const next = planGraph(ecg, { ...decided, overrides: overridden, replannedAt });
        const { status } = next.overrides[overridden.length - 1]!;
        expect(status === 'applied').toBe(verdict !== 'refused');
        if (status === 'applied') expect(next.blockOf[a] === next.blockOf[b]).toBe(!together);
      }),
      { numRuns: 400 },
    );
  });
});
