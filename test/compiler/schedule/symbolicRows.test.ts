// Products over a number of boxes that only a run knows are tiled like any others, in all layouts, and rows of the
// tile are pixels where there are pixels: boxes lie far apart.
import { expect, test } from 'vitest';
import { analysePass, importPass } from '../../../compiler/compile.ts';
import { blockContext, lowerBlock } from '../../../compiler/lower/block.ts';
import { openModelFile } from '../../../compiler/onnx/source.ts';
import { channelLayout } from '../../../compiler/schedule/channelBlock.ts';
import { scheduleProgram } from '../../../compiler/schedule/scheduleProgram.ts';
import { TARGETS } from '../../../compiler/target/target.ts';

const PARTS = [
  'box_head/fc6/Gemm',
  'mask_head.0/mask_head.0.0/Conv',
  'conv5_mask/ConvTranspose',
  'mask_fcn_logits/Conv',
];

const imported = await importPass(openModelFile('test/models/mask-rcnn.onnx'));
const { model } = await analysePass(imported, new Map());

test.each(PARTS)('%s', (part) => {
  const operator = model.graph.operators.find(({ id }) => id.includes(part))!;
  const { program } = lowerBlock(blockContext(model), [operator.index], 'k');
  expect(program.sizes.length).toBe(1);
  const [data, ...weights] = program.inputs;
  const constants = new Set(weights.map(({ name }) => name));
  for (const target of [TARGETS['x86_64-avx2'], TARGETS['x86_64-avx512'], TARGETS.wasm]) {
    const blocked = [data!, ...program.outputs].flatMap((buffer) => {
      const layout = channelLayout(buffer, target);
      return layout === undefined ? [] : [[buffer.name, layout] as const];
    });
    for (const layouts of [new Map(), new Map(blocked)]) {
      const request = { target, constants, layouts };
      const { nests } = scheduleProgram(program, { ...request, blocking: () => undefined });
      const [nest] = nests;
      expect(nest?.refused).toBeUndefined();
      const tiled = nest!.request!.axes.filter(({ points = 1 }) => points > 1);
      const rows = tiled.map(({ variable }) => variable);
      expect(rows.length).toBe(2);
      expect(rows.includes('i0')).toBe(part.endsWith('Gemm'));
    }
  }
});

test('3 x 3 taps go through the domain box by box', () => {
  const operator = model.graph.operators.find(({ id }) => id.includes('mask_head.2.0/Conv'))!;
  const { program } = lowerBlock(blockContext(model), [operator.index], 'k');
  const [, filter, bias] = program.inputs;
  const constants = new Set([filter!.name, bias!.name]);
  const target = TARGETS['x86_64-avx512'];
  const { filters } = scheduleProgram(program, { target, constants, layouts: new Map() });
  expect([...filters!.keys()]).toEqual([filter!.name]);
});

test('maps of all boxes as one list of rows are made box by box', () => {
  const parts = [
    'mask_fcn_logits/Conv_output_0',
    'roi_heads/Sigmoid_output_0',
    'Flatten_1_output_0',
  ];
  const operators = parts.map(
    (part) => model.graph.operators.find(({ id }) => id.endsWith(part))!.index,
  );
  const { program } = lowerBlock(blockContext(model), operators, 'k');
  const [, ...weights] = program.inputs;
  const constants = new Set(weights.map(({ name }) => name));
  const target = TARGETS['x86_64-avx512'];
  const { nests, packed } = scheduleProgram(program, { target, constants, layouts: new Map() });
  expect(nests.map(({ kind }) => kind)).toEqual(['contraction']);
  expect([...packed.keys()]).toContain(weights[0]!.name);
});
