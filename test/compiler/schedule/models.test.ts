// Schedules of whole models: every nest finds one, programs stay sound, and layouts follow the convolutions.
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { unprovenAccesses } from '../../../compiler/loop/bounds.ts';
import type { Layout } from '../../../compiler/loop/layout.ts';
import { printProgram } from '../../../compiler/loop/print.ts';
import type { LoweredBlock } from '../../../compiler/lower/block.ts';
import { blockContext, lowerBlock } from '../../../compiler/lower/block.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { openModelFile } from '../../../compiler/onnx/source.ts';
import { chooseLayouts } from '../../../compiler/schedule/chooseLayouts.ts';
import { scheduleProgram } from '../../../compiler/schedule/scheduleProgram.ts';
import { TARGETS } from '../../../compiler/target/target.ts';
import { planOf, prepare } from '../lower/running.ts';

const target = TARGETS['x86_64-avx512'];

function blocksOf(name: string) {
  const path = fileURLToPath(new URL(`../../models/${name}.onnx`, import.meta.url));
  const source = openModelFile(path);
  const { model, ecg } = prepare(importModel(source));
  source.close();
  const context = blockContext(model);
  const blocks = planOf(ecg, 'dnnfusion').blocks.map(({ operators }, i) =>
    lowerBlock(context, operators, `block${i}`),
  );
  return { graph: model.graph, blocks };
}

function layoutsOf(
  { program, inputs, outputs }: LoweredBlock,
  chosen: ReadonlyMap<number, Layout>,
): ReadonlyMap<string, Layout> {
  const layouts = new Map<string, Layout>();
  const add = (name: string, value: number | undefined): void => {
    const layout = value === undefined ? undefined : chosen.get(value);
    if (layout !== undefined) layouts.set(name, layout);
  };
  program.inputs.forEach(({ name }, i) => add(name, inputs[i]));
  program.outputs.forEach(({ name }, i) => add(name, outputs[i]));
  return layouts;
}

describe.each([
  { name: 'tinybert', blocked: 0, conversions: 0 },
  { name: 'efficientnet-b0', blocked: 70, conversions: 0 },
  { name: 'mobilenetv1-ssd', blocked: 38, conversions: 6 },
])('$name', ({ name, blocked, conversions }) => {
  const { graph, blocks } = blocksOf(name);
  const choice = chooseLayouts(blocks, graph.values, target);

  it('has its convolutions in blocks of channels, and rows at its ends', () => {
    expect(choice.layouts.size).toBeGreaterThanOrEqual(blocked);
    if (blocked === 0) expect(choice.layouts.size).toBe(0);
    expect(choice.conversions.count).toBeLessThanOrEqual(conversions);
    for (const value of choice.layouts.keys()) {
      const { isInput, isOutput, constant } = graph.values[value]!;
      expect([isInput, isOutput, constant]).toEqual([false, false, undefined]);
    }
  });

  it('has a schedule for every nest', { timeout: 120_000 }, () => {
    const refused: string[] = [];
    const seen = new Set<string>();
    for (const block of blocks) {
      const layouts = layoutsOf(block, choice.layouts);
      const key = printProgram(block.program) + JSON.stringify([...layouts]);
      if (seen.has(key)) continue;
      seen.add(key);
      const constants = new Set(
        block.program.inputs.flatMap((buffer, i) =>
          graph.values[block.inputs[i]!]?.constant ? [buffer.name] : [],
        ),
      );
      const { program, nests } = scheduleProgram(block.program, { target, constants, layouts });
      expect(unprovenAccesses(program)).toEqual([]);
      for (const { kind, refused: reason } of nests) {
        if (reason !== undefined) refused.push(`${block.program.name}, ${kind}: ${reason}`);
      }
    }
    expect(refused).toEqual([]);
  });
});
