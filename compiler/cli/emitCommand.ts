/**
 * `fusion-studio emit`: writes what a run would build: sources of the kernels with what they compute in comments, the C
 * runtime or the WebAssembly module, the weights, and a manifest of blocks and files.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { blockLines } from '../bundle/blockLines.ts';
import { buildBundle } from '../bundle/buildBundle.ts';
import type { Bundle } from '../bundle/bundle.ts';
import { importPass } from '../compile.ts';
import { emitCKernel, translationUnit } from '../emit/c/emitKernel.ts';
import { KERNEL_HEADER } from '../emit/c/kernelHeader.ts';
import type { FusionPlan } from '../fusion/plan.ts';
import { PLANNERS } from '../fusion/plan.ts';
import { openModelFile } from '../onnx/source.ts';
import { COMPILE_FLAGS, LINK_FLAGS, supportFiles } from '../run/buildNative.ts';
import { emitWasm } from '../run/emitWasm.ts';
import { packWeights } from '../run/packWeights.ts';
import { prepareModel } from '../run/prepareModel.ts';
import type { PreparedModel } from '../run/prepareModel.ts';
import { readable } from '../run/runModel.ts';
import { runTables } from '../run/runTables.ts';
import { findToolchain } from '../run/toolchain.ts';
import { MODULE_FILE, PROGRAM_FILE } from '../run/wasm/wasmProgram.ts';
import type { Target, TargetName } from '../target/target.ts';
import { TARGETS } from '../target/target.ts';
import { UsageError, onlyPositional, readArguments } from './command.ts';
import type { Command } from './command.ts';
import { readEdits } from './editArguments.ts';
import { readTensors, runSettings, showStage, withCancelling } from './runCommand.ts';
import { printable } from './terminal.ts';

const TARGET_NAMES = Object.keys(TARGETS) as TargetName[];

export const emitCommand: Command = {
  name: 'emit',
  synopsis:
    `MODEL --target ${['native', ...TARGET_NAMES].join('|')} -o DIR\n` +
    `      [--planner ${PLANNERS.join('|')}] [--overrides FILE] [--dim NAME=N] [--inputs DIR]`,
  summary: 'Write the kernels of a model, what runs them, and a manifest.',
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      target: { type: 'string' },
      output: { type: 'string', short: 'o' },
      planner: { type: 'string' },
      overrides: { type: 'string' },
      dim: { type: 'string', multiple: true },
      inputs: { type: 'string' },
    },
  });
  const path = onlyPositional(positionals, 'MODEL');
  const folder = values.output;
  if (folder === undefined) throw new UsageError('-o DIR is missing');
  if (values.target === undefined) throw new UsageError('--target is missing');
  const { edits } = await readEdits(path, values);
  const inputs = values.inputs === undefined ? [] : await readTensors(values.inputs, 'input');
  const target = await readTarget(values.target);
  const source = openModelFile(path);
  try {
    const done = await withCancelling(async (signal) => {
      const checkpoint = async (stage: string, fraction: number): Promise<void> => {
        showStage(stage, fraction);
        await new Promise((resolve) => setImmediate(resolve));
        signal.throwIfAborted();
      };
      try {
        const imported = await importPass(source);
        const dims = new Map(Object.entries(edits.bindings));
        const prepared = prepareModel(imported, { dims, inputs, rewrite: edits.rewrite });
        const plan = prepared.planner.plan(edits);
        const bundle = await buildBundle(prepared.bound, plan, target, { checkpoint });
        await mkdir(folder, { recursive: true });
        return await writeAll(folder, prepared, plan, bundle);
      } catch (error) {
        throw readable(error, signal);
      }
    });
    if (typeof done === 'number') return done;
    const { files } = done;
    process.stdout.write(
      `${printable(basename(path))}: ${files.length} files in ${printable(folder)}\n`,
    );
    return 0;
  } finally {
    source.close();
  }
}

async function writeAll(
  folder: string,
  prepared: PreparedModel,
  plan: FusionPlan,
  bundle: Bundle,
): Promise<{ readonly files: readonly string[] }> {
  const files = new Map<string, string | Uint8Array>();
  const { language } = bundle.target;
  if (language === 'wasm') {
    const { module, exports, emitted } = emitWasm(bundle, false);
    files.set(MODULE_FILE, module);
    files.set(PROGRAM_FILE, JSON.stringify({ tables: runTables(bundle, emitted), exports }));
  }
  // C for people where the target has no sources of its own.
  const kernels = bundle.kernels.map(({ name, phased }) => emitCKernel(name, phased.program));
  kernels.forEach((kernel, i) => {
    const about = aboutKernel(prepared, plan, bundle, i);
    files.set(`${kernel.name}.c`, translationUnit([kernel], about));
  });
  if (language === 'c') {
    const functions = kernels.map(({ name }) => name);
    const tables = runTables(bundle, kernels);
    for (const [name, text] of supportFiles(tables, { header: KERNEL_HEADER, functions })) {
      files.set(name, text);
    }
  }
  files.set('manifest.json', `${JSON.stringify(manifest(prepared, plan, bundle), null, 2)}\n`);
  for (const [name, content] of files) await writeFile(join(folder, name), content);
  await packWeights(bundle, prepared.imported.source, join(folder, 'weights.bin'));
  return { files: [...files.keys(), 'weights.bin'] };
}

/** What the kernel's first block computes; others with the same kernel differ in names only. */
function aboutKernel(
  { bound }: PreparedModel,
  plan: FusionPlan,
  { steps }: Bundle,
  kernel: number,
): readonly string[] {
  const blocks = steps.flatMap((step) => (step.kernel === kernel ? [step.block] : []));
  const block = plan.blocks[blocks[0] ?? -1];
  if (block === undefined) return ['A step between blocks'];
  const lines = blockLines(bound.model.graph, block.operators);
  return blocks.length === 1 ? lines : [...lines, `and ${blocks.length - 1} more blocks like it`];
}

/** Everything there is to know beside the code: for people and for programs that load it. */
function manifest({ bound }: PreparedModel, plan: FusionPlan, bundle: Bundle): object {
  const { graph } = bound.model;
  const { target, kernels, steps, inputs, outputs, arenaBytes, weightBytes, report } = bundle;
  const tensors = (list: Bundle['inputs']) =>
    list.map(({ name, position, storage, dims, buffer }) => ({
      name,
      position,
      storage,
      dims: dims.map((dim) => (dim.kind === 'constant' ? dim.value : dim)),
      ...bundle.buffers[buffer],
    }));
  return {
    target: target.name,
    ...(target.language === 'c'
      ? { compile: [...COMPILE_FLAGS, ...target.flags], link: LINK_FLAGS }
      : {}),
    planner: plan.planner,
    arenaBytes,
    weightBytes,
    ...report,
    inputs: tensors(inputs),
    outputs: tensors(outputs),
    kernels: kernels.map(({ name }) => ({ name, file: `${name}.c` })),
    steps: steps.map(({ block, kernel }) => ({
      block: plan.blocks[block]?.id ?? null,
      kernel: kernels[kernel]!.name,
      operators: (plan.blocks[block]?.operators ?? []).map((operator) => {
        const { id, type } = graph.operators[operator]!;
        return { id, type };
      }),
    })),
  };
}

async function readTarget(name: string): Promise<Target> {
  if (name === 'native') {
    const found = await withCancelling((signal) => findToolchain({ ...runSettings(), signal }));
    if (typeof found === 'number') throw new UsageError('--target native needs a C compiler');
    return found.target;
  }
  const target = TARGET_NAMES.find((candidate) => candidate === name);
  if (target === undefined) {
    throw new UsageError(`--target is native or one of ${TARGET_NAMES.join(', ')}, not '${name}'`);
  }
  return TARGETS[target];
}
