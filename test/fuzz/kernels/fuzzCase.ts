// One seed of the kernel fuzzer: a random graph, random inputs, several plans of it (random overrides among them). The
// same seed gives the same case on every machine.
import { bindModel } from '../../../compiler/bundle/bindModel.ts';
import type { BoundModel } from '../../../compiler/bundle/bindModel.ts';
import { plannerFor } from '../../../compiler/compile.ts';
import { buildEcg } from '../../../compiler/ecg/buildEcg.ts';
import type { Ecg } from '../../../compiler/ecg/ecg.ts';
import type { FusionPlan, Override, PlanEdits } from '../../../compiler/fusion/plan.ts';
import { NO_EDITS, PLANNERS } from '../../../compiler/fusion/plan.ts';
import { printModel } from '../../../compiler/graph/print.ts';
import type { ModelSource } from '../../../compiler/onnx/source.ts';
import { modelFromBytes } from '../../../compiler/onnx/source.ts';
import type { Tensor } from '../../../compiler/tensor/tensor.ts';
import { tensorOf } from '../../../compiler/tensor/tensor.ts';
import { importBytes } from '../../compiler/onnx/importing.ts';
import { model } from '../../compiler/onnx/protoWriter.ts';
import { Random } from '../random.ts';
import type { RandomGraph } from '../randomGraph.ts';
import { randomElements, randomGraph } from '../randomGraph.ts';
import { tiledGraph } from './tiledGraph.ts';

export interface CasePlan {
  readonly name: string;
  readonly edits: PlanEdits;
  readonly plan: FusionPlan;
}

export interface FuzzCase {
  readonly seed: number;
  readonly bound: BoundModel;
  readonly source: ModelSource;
  /** In the order of the graph's inputs. */
  readonly inputs: readonly Tensor[];
  /** Unfused first. */
  readonly plans: readonly CasePlan[];
}

export function fuzzCase(seed: number): FuzzCase {
  const { spec, inputs } = graphOf(seed);
  const bytes = model(spec);
  const bound = bindModel(importBytes(bytes), {});
  const { diagnostics } = bound.model;
  if (diagnostics.length > 0) throw new Error(`seed ${seed}: ${diagnostics[0]!.message}`);
  const random = new Random(seed ^ 0x5eed);
  return {
    seed,
    bound,
    source: modelFromBytes(bytes),
    inputs: inputs.map((value) => tensorOf(value.dtype, value.dims, randomElements(value, random))),
    plans: plansOf(bound, random),
  };
}

/** Every tenth graph has sizes for vectors and tiles: as much work as the nine others. */
const TILED_EVERY = 10;

function graphOf(seed: number): RandomGraph {
  if (seed % TILED_EVERY === TILED_EVERY - 1) return tiledGraph(seed);
  // Half of the others have nothing that jumps: there, every output can be compared.
  return randomGraph(seed, { continuous: seed % 2 === 1 });
}

function plansOf({ model: own, bindings }: BoundModel, random: Random): readonly CasePlan[] {
  const ecg = buildEcg(own, bindings);
  const planner = plannerFor(own, ecg);
  const overrides = randomOverrides(ecg, random);
  const replannedAt = random.below(overrides.length + 1);
  const base = random.pick([...PLANNERS, 'dnnfusion'] as const);
  const edits: Readonly<Record<string, PlanEdits>> = {
    unfused: { ...NO_EDITS, planner: 'none' },
    dnnfusion: { ...NO_EDITS, planner: 'dnnfusion' },
    extended: { ...NO_EDITS, planner: 'extended' },
    overridden: { ...NO_EDITS, planner: base, overrides, replannedAt },
  };
  return Object.entries(edits).map(([name, own]) => ({
    name,
    edits: own,
    plan: planner.plan(own),
  }));
}

/** Mostly fuse: what legal blocks there are shall be tried. */
function randomOverrides({ edges, nodes }: Ecg, random: Random): readonly Override[] {
  if (edges.length === 0) return [];
  const idOf = (node: number): string => nodes[node]!.operator.id;
  return Array.from({ length: 1 + random.below(6) }, (): Override => {
    const { from, to } = random.pick(edges);
    const kind = random.pick(['fuse', 'fuse', 'fuse', 'fuse', 'cut', 'seed', 'noSeed'] as const);
    if (kind === 'seed' || kind === 'noSeed') return { kind, op: idOf(to) };
    return { kind, a: idOf(from), b: idOf(to) };
  });
}

/** All that is needed to understand a failure of a case and to repeat it. */
export function describeCase({ seed, bound }: FuzzCase, { name, edits, plan }: CasePlan): string {
  const { planner, overrides, replannedAt } = edits;
  const { operators } = bound.model.graph;
  const blocks = plan.blocks.map(({ operators: members }) =>
    members.map((member) => `${operators[member]!.type} ${operators[member]!.id}`).join(' + '),
  );
  return [
    `seed ${seed}, plan ${name} (repeat: FUZZ_FROM=${seed} FUZZ_GRAPHS=1)`,
    `planner ${planner}, replanned at ${replannedAt}, overrides ${JSON.stringify(overrides)}`,
    `blocks ${blocks.join(' | ')}`,
    printModel(bound.model),
  ].join('\n');
}
