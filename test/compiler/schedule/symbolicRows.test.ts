// Rows whose number only a run knows (boxes of a detector) are tiled like any others.
import { expect, test } from 'vitest';
import { analysePass, importPass } from '../../../compiler/compile.ts';
import { blockContext, lowerBlock } from '../../../compiler/lower/block.ts';
import { openModelFile } from '../../../compiler/onnx/source.ts';
import { scheduleProgram } from '../../../compiler/schedule/scheduleProgram.ts';
import { TARGETS } from '../../../compiler/target/target.ts';

test.each(['box_head/fc6/Gemm', 'mask_head.0/mask_head.0.0/Conv'])('%s', async (part) => {
  const imported = await importPass(openModelFile('test/models/mask-rcnn.onnx'));
  const { model } = await analysePass(imported, new Map());
  const operator = model.graph.operators.find(({ id }) => id.includes(part))!;
  const { program } = lowerBlock(blockContext(model), [operator.index], 'k');
  expect(program.sizes.length).toBe(1);
  const request = {
    target: TARGETS['x86_64-avx2'],
    constants: new Set<string>(),
    layouts: new Map(),
  };
  const { nests } = scheduleProgram(program, request);
  const [nest] = nests;
  expect(nest?.refused).toBeUndefined();
  expect(nest?.request?.axes.filter(({ points = 1 }) => points > 1).length).toBeGreaterThan(0);
});
