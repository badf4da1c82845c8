/**
 * The kernels of a plan as C that people read: what *Show kernel* opens and *Compare kernels* puts side by side. Built
 * as for a run, but for sizes that are not bound: these stay parameters.
 */
import { blockLines } from '../bundle/blockLines.ts';
import { constantInputs } from '../bundle/constantInputs.ts';
import { kernelName } from '../bundle/kernelName.ts';
import type { CKernel } from '../emit/c/emitKernel.ts';
import { emitCKernel, translationUnit } from '../emit/c/emitKernel.ts';
import { headerComment } from '../emit/c/safeComment.ts';
import type { FusionPlan } from '../fusion/plan.ts';
import type { Model } from '../graph/graph.ts';
import { blockContext, lowerBlock } from '../lower/block.ts';
import { Unsupported } from '../lower/unsupported.ts';
import type { KernelText } from '../protocol.ts';
import { scheduleProgram } from '../schedule/scheduleProgram.ts';
import type { TargetName } from '../target/target.ts';
import { TARGETS } from '../target/target.ts';

/** One block. A block without a kernel gives a comment that says why. */
export function kernelText(
  model: Model,
  { blocks }: FusionPlan,
  block: number,
  target: TargetName,
): KernelText {
  const { operators } = blocks[block]!;
  const about = blockLines(model.graph, operators);
  const name = nameOf(model, operators, 0);
  const kernel = emitBlock(model, operators, name, target);
  if (typeof kernel === 'string') {
    return { name: `${name}.c`, text: `${headerComment([...about, '', kernel])}\n` };
  }
  return {
    name: `${name}.c`,
    text: translationUnit([kernel], [`${about[0]} (${target})`, ...about.slice(1)]),
  };
}

/** All blocks in order, each kernel once; numbered by kind, so that two plans differ only where their blocks do. */
export async function kernelTexts(
  model: Model,
  { blocks }: FusionPlan,
  target: TargetName,
  checkpoint: () => Promise<void>,
): Promise<KernelText> {
  const kernels: CKernel[] = [];
  const seen = new Map<string, string>();
  const numbers = new Map<string, number>();
  const context: string[] = [];
  for (const { operators } of blocks) {
    await checkpoint();
    const kind = nameOf(model, operators, 0).replace(/^k0_/, '');
    const kernel = emitBlock(model, operators, PLACEHOLDER, target);
    const about = blockLines(model.graph, operators);
    if (typeof kernel === 'string') {
      context.push(headerComment([...about, '', kernel]));
      continue;
    }
    let name = seen.get(kernel.code);
    if (name === undefined) {
      const number = numbers.get(kind) ?? 0;
      numbers.set(kind, number + 1);
      name = `${kind}_${number}`;
      seen.set(kernel.code, name);
      const code = `${headerComment(about)}\n${kernel.code.replaceAll(PLACEHOLDER, name)}`;
      kernels.push({ ...kernel, name, code });
    }
  }
  const unit = translationUnit(kernels, [`All kernels of the plan (${target})`]);
  return { name: 'plan.c', text: [unit, ...context].join('\n') };
}

/** Not part of any identifier that emitters make. */
const PLACEHOLDER = 'kernel_of_this_block';

function nameOf(model: Model, operators: readonly number[], number: number): string {
  return kernelName(
    number,
    operators.map((operator) => model.graph.operators[operator]!.type),
  );
}

function emitBlock(
  model: Model,
  operators: readonly number[],
  name: string,
  target: TargetName,
): CKernel | string {
  try {
    const isCpu = TARGETS[target].language !== 'opencl';
    const lowered = lowerBlock(blockContext(model, isCpu), operators, name);
    const constants = constantInputs(model.graph, lowered);
    const request = { target: TARGETS[target], constants, layouts: new Map() };
    return emitCKernel(name, scheduleProgram(lowered.program, request).program);
  } catch (error) {
    if (error instanceof Unsupported) return `No kernel: ${error.message}`;
    throw error;
  }
}
