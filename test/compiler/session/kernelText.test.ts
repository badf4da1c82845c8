// Kernels as people read them: named operators and shapes at the top, hostile names harmless, equal kernels once.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { analysePass, importPass, planPass } from '../../../compiler/compile.ts';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import type { PlannerName } from '../../../compiler/fusion/plan.ts';
import { modelFromBytes } from '../../../compiler/onnx/source.ts';
import { kernelText, kernelTexts } from '../../../compiler/session/kernelText.ts';

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
  const { name, text } = kernelText(model, plan, block, 'x86_64-avx2');
  expect(name).toMatch(/^k0_\w+\.c$/);
  for (const operator of plan.blocks[block]!.operators) {
    expect(text).toContain(model.graph.operators[operator]!.type);
  }
  expect(text).toMatch(/\d+x\d+.* -> /);
  expect(text).toContain('int32_t k0_');
});

test('two plans of one model differ in their kernels, equal blocks are written once', async () => {
  const checkpoint = (): Promise<void> => Promise.resolve();
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
