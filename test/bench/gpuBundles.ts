// Bundles of models for a machine that has a GPU, OpenCL and a C compiler, but no Node: per model and planner a folder of
// sources, kernels, inputs and a recipe for weights (numbers of the right spread; values change nothing but the number of
// boxes that detectors keep). `test/bench/gpu/run.sh FOLDER` builds and times them there.
//   npm run bench -- gpuBundles FOLDER [--models a,b] [--planners none,dnnfusion,extended] [--target native] [--units 132]
// units: multiprocessors of the GPU, for the choice of tiles.
// native: C for x86-64 with AVX-512, in the steps of `npm run bench -- breakdown`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bundle, BundleBuffer, BundleConstant } from '../../compiler/bundle/bundle.ts';
import { buildBundle } from '../../compiler/bundle/buildBundle.ts';
import { writeWeights } from '../../compiler/bundle/weights.ts';
import { importPass } from '../../compiler/compile.ts';
import { bindOpenSizes } from '../../compiler/fusion/openSizes.ts';
import type { ModelSource } from '../../compiler/onnx/source.ts';
import { openModelFile } from '../../compiler/onnx/source.ts';
import { emitGpu } from '../../compiler/run/opencl/emitGpu.ts';
import { kernelFileName, supportFiles } from '../../compiler/run/buildNative.ts';
import { emitNative } from '../../compiler/run/emitNative.ts';
import { gpuFiles } from '../../compiler/run/opencl/gpuFiles.ts';
import { prepareModel } from '../../compiler/run/prepareModel.ts';
import type { RunTables } from '../../compiler/run/runTables.ts';
import { runTables } from '../../compiler/run/runTables.ts';
import type { Target } from '../../compiler/target/target.ts';
import { TARGETS } from '../../compiler/target/target.ts';
import { MODELS } from '../runs/materialised.ts';
import type { Step } from './steps/breakdown.ts';
import { BREAKDOWN, editsOf } from './steps/breakdown.ts';

/** Larger constants are made where they are used. */
const MOST_CARRIED = 16 << 10;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    models: { type: 'string' },
    planners: { type: 'string' },
    target: { type: 'string', default: 'opencl' },
    units: { type: 'string', default: String(TARGETS.opencl.computeUnits) },
  },
});
const [folder] = positionals;
if (folder === undefined) throw new Error('npm run bench -- gpuBundles FOLDER');
const models = values.models?.split(',') ?? MODELS;
const isNative = values.target === 'native';
const target: Target = isNative
  ? TARGETS['x86_64-avx512']
  : { ...TARGETS.opencl, computeUnits: Number(values.units) };
// On a GPU unfused is the model as it stands in the file; values have one layout there.
const GPU_STEPS: readonly Step[] = [
  { name: 'none', planner: 'none', rewriting: false, layouts: 'chosen' },
  { name: 'dnnfusion', planner: 'dnnfusion', rewriting: true, layouts: 'chosen' },
  { name: 'extended', planner: 'extended', rewriting: true, layouts: 'chosen' },
];
const STEPS = isNative ? BREAKDOWN : GPU_STEPS;
const steps = STEPS.filter(({ name }) => values.planners?.split(',').includes(name) ?? true);

for (const name of models) {
  const source = openModelFile(resolve('test/models', `${name}.onnx`));
  const imported = await importPass(source);
  for (const step of steps) {
    const start = performance.now();
    try {
      const { edits } = bindOpenSizes(editsOf(step), imported.model.symbols.values());
      const dims = new Map(Object.entries(edits.bindings));
      const prepared = prepareModel(imported, { dims, rewrite: edits.rewrite });
      const plan = prepared.planner.plan(edits);
      const bundle = await buildBundle(prepared.bound, plan, target, { layouts: step.layouts });
      await write(bundle, source, prepared, join(folder, `${name}-${step.name}`));
      console.log(
        `${name} ${step.name}: ${plan.blocks.length} blocks, ${bundle.kernels.length} kernels, ${((performance.now() - start) / 1000).toFixed(1)} s`,
      );
    } catch (error) {
      console.log(
        `${name} ${step.name}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  source.close();
}

async function write(
  bundle: Bundle,
  source: ModelSource,
  { bound, inputs }: ReturnType<typeof prepareModel>,
  to: string,
): Promise<void> {
  mkdirSync(to, { recursive: true });
  const tables = isNative ? await writeNative(bundle, to) : await writeGpu(bundle, to);
  const given = new Uint8Array(tables.inputBytes);
  tables.inputs.forEach(({ fileOffset }, i) => {
    given.set(inputs[bound.positions[i]!]!.bytes, fileOffset);
  });
  writeFileSync(join(to, 'inputs.bin'), given);
  writeFileSync(join(to, 'recipe.bin'), recipeOf(bundle, source));
}

async function writeGpu(bundle: Bundle, to: string): Promise<RunTables> {
  const { source: kernels, emitted } = await emitGpu(bundle);
  const tables = runTables(bundle, emitted);
  for (const [file, text] of gpuFiles(tables, emitted)) writeFileSync(join(to, file), text);
  writeFileSync(join(to, 'kernels.cl'), kernels);
  return tables;
}

async function writeNative(bundle: Bundle, to: string): Promise<RunTables> {
  const { emitted, ...sources } = await emitNative(bundle);
  const tables = runTables(bundle, emitted);
  for (const [file, text] of supportFiles(tables, sources)) writeFileSync(join(to, file), text);
  sources.kernels.forEach((text, i) => {
    if (sources.functions.indexOf(sources.functions[i]!) !== i) return;
    writeFileSync(join(to, kernelFileName(i)), text);
  });
  return tables;
}

/** Records as `fusion_gpu_main.c` reads them. */
function recipeOf(bundle: Bundle, source: ModelSource): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const constant of bundle.constants ?? []) {
    const { offset, bytes, storage } = bundle.buffers[constant.buffer]!;
    const carried =
      bytes <= MOST_CARRIED || storage !== 'f32' ? bytesOf(bundle, constant, source) : undefined;
    if (carried) {
      parts.push(record(offset, carried.length, 0), carried);
    } else {
      const [first = 1, ...rest] = constant.constant.dims;
      const fanIn = rest.length > 1 ? rest.reduce((a, b) => a * b, 1) : first;
      const deviation = new Float64Array([1 / Math.sqrt(Math.max(1, fanIn))]);
      const axes = axesOf(bundle.buffers[constant.buffer]!, constant.constant.dims);
      const numbers = BigInt64Array.from([seedOf(constant), axes.length, ...axes.flat()], BigInt);
      parts.push(record(offset, bytes, 1), new Uint8Array(deviation.buffer));
      parts.push(new Uint8Array(numbers.buffer));
    }
  }
  return Buffer.concat(parts);
}

/** The same in every bundle of a model: detectors keep the same boxes, fused and unfused. */
function seedOf({ constant }: BundleConstant): number {
  const { source, dims } = constant;
  const text = JSON.stringify([source.kind === 'bytes' ? 'bytes' : source, dims]);
  return [...text].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) % 2 ** 40, 7);
}

/** Of a constant in memory: extents, and strides in the tensor. */
function axesOf(
  { physical, layout }: BundleBuffer,
  dims: readonly number[],
): readonly (readonly [extent: number, stride: number])[] {
  const stride = (axis: number): number => dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  return physical.map((extent, at) => {
    const { axis, divide = 1 } = layout?.[at] ?? { axis: at };
    return [extent, stride(axis) * divide];
  });
}

function record(offset: number, bytes: number, kind: number): Uint8Array {
  return new Uint8Array(BigInt64Array.of(BigInt(offset), BigInt(bytes), BigInt(kind)).buffer);
}

/** Undefined where its bytes are not at hand. */
function bytesOf(
  bundle: Bundle,
  constant: BundleConstant,
  source: ModelSource,
): Uint8Array | undefined {
  const { bytes } = bundle.buffers[constant.buffer]!;
  const alone = bundle.buffers.slice();
  alone[constant.buffer] = { ...bundle.buffers[constant.buffer]!, offset: 0 };
  const chunks: Uint8Array[] = [];
  try {
    writeWeights({ buffers: alone, constants: [constant], weightBytes: bytes }, source, (chunk) => {
      chunks.push(Uint8Array.from(chunk));
    });
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}
