/**
 * The blocks of a plan as a run on a target makes kernels of them: lowered for processors or for GPUs, with the layouts
 * that all blocks together choose. Sizes that are not bound stay parameters.
 */
import { constantInputs } from '../bundle/constantInputs.ts';
import type { FusionPlan } from '../fusion/plan.ts';
import type { Model } from '../graph/graph.ts';
import type { LoopProgram } from '../loop/ir.ts';
import type { Layout } from '../loop/layout.ts';
import type { LoweredBlock } from '../lower/block.ts';
import { blockContext, lowerBlock } from '../lower/block.ts';
import { Unsupported } from '../lower/unsupported.ts';
import { chooseLayouts } from '../schedule/chooseLayouts.ts';
import { scheduleProgram } from '../schedule/scheduleProgram.ts';
import type { Target } from '../target/target.ts';

/** By plan, for the target asked for last: block after block of one plan is looked at. */
const known = new WeakMap<FusionPlan, PlanKernels>();

export class PlanKernels {
  private constructor(
    private readonly model: Model,
    readonly target: Target,
    /** By block; a text says why there is no kernel. */
    private readonly lowered: readonly (LoweredBlock | string)[],
    private readonly layouts: ReadonlyMap<number, Layout>,
  ) {}

  /** `checkpoint` is awaited between blocks and may throw to cancel. */
  static async of(
    model: Model,
    plan: FusionPlan,
    target: Target,
    checkpoint: () => Promise<void>,
  ): Promise<PlanKernels> {
    const kept = known.get(plan);
    if (kept?.model === model && kept.target === target) return kept;
    const isGpu = target.language === 'opencl';
    const context = { ...blockContext(model, !isGpu), manyThreads: isGpu };
    const lowered: (LoweredBlock | string)[] = [];
    for (const { operators } of plan.blocks) {
      await checkpoint();
      lowered.push(orReason(() => lowerBlock(context, operators, 'kernel')));
    }
    const blocks = lowered.filter((block) => typeof block !== 'string');
    const { layouts } = chooseLayouts(blocks, model.graph.values, target);
    const made = new PlanKernels(model, target, lowered, layouts);
    known.set(plan, made);
    return made;
  }

  /** Scheduled, under this name; or why there is no kernel. */
  program(block: number, name: string): LoopProgram | string {
    const lowered = this.lowered[block]!;
    if (typeof lowered === 'string') return lowered;
    const constants = constantInputs(this.model.graph, lowered);
    const request = { target: this.target, constants, layouts: this.layoutsIn(lowered) };
    return orReason(() => scheduleProgram({ ...lowered.program, name }, request).program);
  }

  private layoutsIn({ program, inputs, outputs }: LoweredBlock): ReadonlyMap<string, Layout> {
    const buffers = [...program.inputs, ...program.outputs];
    const values = [...inputs, ...outputs];
    return new Map(
      buffers.flatMap(({ name }, place) => {
        const layout = this.layouts.get(values[place] ?? -1);
        return layout === undefined ? [] : [[name, layout] as const];
      }),
    );
  }
}

function orReason<T>(make: () => T): T | string {
  try {
    return make();
  } catch (error) {
    if (error instanceof Unsupported) return `No kernel: ${error.message}`;
    throw error;
  }
}
