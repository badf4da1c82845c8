/**
 * The kernels of a plan as people read them: what *Show kernel* opens and *Compare kernels* puts side by side. OpenCL C
 * for a GPU, C for everything else, of the programs that a run has there; sizes that are not bound stay parameters.
 */
import { blockLines } from '../bundle/blockLines.ts';
import { kernelName } from '../bundle/kernelName.ts';
import type { CKernel } from '../emit/c/emitKernel.ts';
import { emitCKernel, translationUnit } from '../emit/c/emitKernel.ts';
import { headerComment } from '../emit/c/safeComment.ts';
import type { GpuKernel } from '../emit/opencl/emitKernel.ts';
import { emitGpuKernel, gpuProgram } from '../emit/opencl/emitKernel.ts';
import type { FusionPlan } from '../fusion/plan.ts';
import type { Model } from '../graph/graph.ts';
import type { LoopProgram } from '../loop/ir.ts';
import type { KernelText } from '../protocol.ts';
import type { TargetName } from '../target/target.ts';
import { TARGETS } from '../target/target.ts';
import { PlanKernels } from './planKernels.ts';

interface Language<Kernel extends { readonly code: string }> {
  /** Of files. */
  readonly extension: string;
  readonly emit: (name: string, program: LoopProgram) => Kernel;
  /** Kernels and everything they call. */
  readonly unit: (kernels: readonly Kernel[], about: readonly string[]) => string;
}

const C: Language<CKernel> = { extension: 'c', emit: emitCKernel, unit: translationUnit };
const OPENCL: Language<GpuKernel> = { extension: 'cl', emit: emitGpuKernel, unit: gpuProgram };

/** One block. A block without a kernel gives a comment that says why. */
export async function kernelText(
  model: Model,
  plan: FusionPlan,
  block: number,
  target: TargetName,
  checkpoint: () => Promise<void>,
): Promise<KernelText> {
  const kernels = await PlanKernels.of(model, plan, TARGETS[target], checkpoint);
  const { operators } = plan.blocks[block]!;
  return isGpu(target)
    ? textOfBlock(OPENCL, model, operators, block, kernels)
    : textOfBlock(C, model, operators, block, kernels);
}

/** All blocks in order, each kernel once; numbered by kind, so that two plans differ only where their blocks do. */
export async function kernelTexts(
  model: Model,
  plan: FusionPlan,
  target: TargetName,
  checkpoint: () => Promise<void>,
): Promise<KernelText> {
  const kernels = await PlanKernels.of(model, plan, TARGETS[target], checkpoint);
  return isGpu(target)
    ? textOfPlan(OPENCL, model, plan, kernels, checkpoint)
    : textOfPlan(C, model, plan, kernels, checkpoint);
}

function isGpu(target: TargetName): boolean {
  return TARGETS[target].language === 'opencl';
}

function textOfBlock<Kernel extends { readonly code: string }>(
  { extension, emit, unit }: Language<Kernel>,
  model: Model,
  operators: readonly number[],
  block: number,
  kernels: PlanKernels,
): KernelText {
  const about = blockLines(model.graph, operators);
  const own = nameOf(model, operators);
  const program = kernels.program(block, own);
  const name = `${own}.${extension}`;
  if (typeof program === 'string') {
    return { name, text: `${headerComment([...about, '', program])}\n` };
  }
  const top = [`${about[0]} (${kernels.target.name})`, ...about.slice(1)];
  return { name, text: unit([emit(own, program)], top) };
}

async function textOfPlan<Kernel extends { readonly code: string }>(
  { extension, emit, unit }: Language<Kernel>,
  model: Model,
  { blocks }: FusionPlan,
  planned: PlanKernels,
  checkpoint: () => Promise<void>,
): Promise<KernelText> {
  const kernels: Kernel[] = [];
  const seen = new Set<string>();
  const numbers = new Map<string, number>();
  const context: string[] = [];
  for (const [block, { operators }] of blocks.entries()) {
    await checkpoint();
    const about = headerComment(blockLines(model.graph, operators));
    const program = planned.program(block, PLACEHOLDER);
    if (typeof program === 'string') {
      context.push(headerComment([...blockLines(model.graph, operators), '', program]));
      continue;
    }
    const kernel = emit(PLACEHOLDER, program);
    if (seen.has(kernel.code)) continue;
    seen.add(kernel.code);
    const kind = nameOf(model, operators).replace(/^k0_/, '');
    const number = numbers.get(kind) ?? 0;
    numbers.set(kind, number + 1);
    const code = kernel.code.replaceAll(PLACEHOLDER, `${kind}_${number}`);
    kernels.push({ ...kernel, code: `${about}\n${code}` });
  }
  const all = unit(kernels, [`All kernels of the plan (${planned.target.name})`]);
  return { name: `plan.${extension}`, text: [all, ...context].join('\n') };
}

/** Not part of any identifier that emitters make. */
const PLACEHOLDER = 'kernel_of_this_block';

function nameOf(model: Model, operators: readonly number[]): string {
  return kernelName(
    0,
    operators.map((operator) => model.graph.operators[operator]!.type),
  );
}
