// Kernels as people read them: named operators and shapes at the top, hostile names harmless, equal kernels once.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { buildBundle } from '../../../compiler/bundle/buildBundle.ts';
import type { Bundle } from '../../../compiler/bundle/bundle.ts';
import { analysePass, importPass, planPass } from '../../../compiler/compile.ts';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import type { PlannerName } from '../../../compiler/fusion/plan.ts';
import { modelFromBytes } from '../../../compiler/onnx/source.ts';
import { emitNative } from '../../../compiler/run/emitNative.ts';
import { emitGpu } from '../../../compiler/run/opencl/emitGpu.ts';
import { planFor, prepareModel } from '../../../compiler/run/prepareModel.ts';
import { kernelText, kernelTexts } from '../../../compiler/session/kernelText.ts';
import { TARGETS } from '../../../compiler/target/target.ts';
import { input, model as modelOf, node, tensor } from '../onnx/protoWriter.ts';

const checkpoint = (): Promise<void> => Promise.resolve();

async function planned(planner: PlannerName) {
  const bytes = readFileSync('test/models/tinybert.onnx');
  const imported = await importPass(modelFromBytes(bytes, 'tinybert.onnx'));
  const analysed = await analysePass(imported, new Map());
  const { plan } = await planPass(analysed, { ...NO_EDITS, planner });
  return { model: analysed.model, plan };
}

test('a kernel says which operators it computes, with shapes', async () => {
  const { model, plan } = await planned('dnnfusion');
  const block = plan.blocks.findIndex(({ operators }) => operators.length > 3);
  const { name, text } = await kernelText(model, plan, block, 'x86_64-avx2', checkpoint);
  expect(name).toMatch(/^k0_\w+\.c$/);
  for (const operator of plan.blocks[block]!.operators) {
    expect(text).toContain(model.graph.operators[operator]!.type);
  }
  expect(text).toMatch(/\d+x\d+.* -> /);
  expect(text).toContain('int32_t k0_');
});

test('two plans of one model differ in their kernels, equal blocks are written once', async () => {
  const texts = await Promise.all(
    (['none', 'dnnfusion'] as const).map(async (planner) => {
      const { model, plan } = await planned(planner);
      const { text } = await kernelTexts(model, plan, 'x86_64-avx2', checkpoint);
      return { text, blocks: plan.blocks.length };
    }),
  );
  expect(texts[0]!.text).not.toBe(texts[1]!.text);
  for (const { text, blocks } of texts) {
    const kernels = text.match(/^int32_t \w+\(/gm) ?? [];
    expect(kernels.length).toBeGreaterThan(3);
    expect(kernels.length).toBeLessThan(blocks);
    expect(new Set(kernels).size).toBe(kernels.length);
  }
});

/** Convolutions whose channels are worth a layout, then a choice that a GPU makes in another way. */
const LAID_OUT = modelOf({
  opset: 17,
  inputs: [input('x', 'float32', [1, 3, 12, 12])],
  initializers: [
    tensor('first', 'float32', [32, 3, 3, 3], Array<number>(864).fill(0.1)),
    tensor('second', 'float32', [32, 32, 3, 3], Array<number>(9216).fill(0.1)),
    tensor('row', 'int64', [2], [1, -1]),
    tensor('five', 'int64', [1], [5]),
  ],
  nodes: [
    node('Conv', ['x', 'first'], ['a']),
    node('Relu', ['a'], ['b']),
    node('Conv', ['b', 'second'], ['c']),
    node('Relu', ['c'], ['d']),
    node('Reshape', ['d', 'row'], ['flat']),
    node('TopK', ['flat', 'five'], ['best', 'places']),
  ],
  outputs: ['best', 'places'],
});

const EMITTED = {
  opencl: async (bundle) => (await emitGpu(bundle)).emitted.map(({ code }) => code),
  'x86_64-avx2': async (bundle) => (await emitNative(bundle)).emitted.map(({ code }) => code),
} as const satisfies Record<string, (bundle: Bundle) => Promise<readonly string[]>>;

test.each(['opencl', 'x86_64-avx2'] as const)('kernels are those of a run: %s', async (target) => {
  const prepared = prepareModel(await importPass(modelFromBytes(LAID_OUT, 'laid-out.onnx')), {
    dims: new Map(),
  });
  const { model } = prepared.bound;
  const plan = planFor(prepared, NO_EDITS);
  const bundle = await buildBundle(prepared.bound, plan, TARGETS[target]);
  const codes = await EMITTED[target](bundle);
  const all = await kernelTexts(model, plan, target, checkpoint);
  expect(all.name).toBe(target === 'opencl' ? 'plan.cl' : 'plan.c');
  const steps = bundle.steps.filter(({ block }) => block >= 0);
  expect(steps.length).toBe(plan.blocks.length);
  const isLaidOut = bundle.buffers.some(({ space, layout }) => space === 'arena' && layout);
  expect(isLaidOut).toBe(target !== 'opencl');
  for (const { block, kernel } of steps) {
    const { name, text } = await kernelText(model, plan, block, target, checkpoint);
    const placeholder = target === 'opencl' ? `k${kernel}` : `k_${'0'.repeat(20)}`;
    const code = codes[kernel]!;
    expect(text).toContain(code.replaceAll(placeholder, name.replace(/\.\w+$/, '')));
    // Numbered by kind.
    const kind = name.replace(/^k0_(\w+)\.\w+$/, '$1');
    const numbered = steps.map((_, i) => code.replaceAll(placeholder, `${kind}_${i}`));
    expect(numbered.some((own) => all.text.includes(own))).toBe(true);
  }
});
