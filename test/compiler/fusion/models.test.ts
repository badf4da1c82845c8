// The paper's 15 models: blocks per planner as golden text, the summary table, and the bar.
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { canCompile } from '../../../compiler/fusion/canCompile.ts';
import type { FusionPlan } from '../../../compiler/fusion/plan.ts';
import { NO_EDITS, PLANNERS } from '../../../compiler/fusion/plan.ts';
import { planGraph } from '../../../compiler/fusion/planGraph.ts';
import { printPlan } from '../../../compiler/fusion/printPlan.ts';
import type { Summary } from '../../../compiler/fusion/summary.ts';
import { summarisePlan } from '../../../compiler/fusion/summary.ts';
import { expectGolden } from '../../goldens.ts';
import { modelEcg } from './modelEcg.ts';

/** Fused layers under DNNFusion as the paper reports them; its graphs have other operator counts. */
const PAPER: Readonly<Record<string, number>> = {
  'efficientnet-b0': 97,
  'vgg-16': 17,
  'mobilenetv1-ssd': 71,
  'yolo-v4': 135,
  c3d: 16,
  s3d: 98,
  'u-net': 82,
  'faster-rcnn': 942,
  'mask-rcnn': 981,
  tinybert: 74,
  distilbert: 109,
  albert: 225,
  'bert-base': 216,
  mobilebert: 510,
  'gpt-2': 254,
};
const PRODUCTS: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);
const HEAVY: ReadonlySet<string> = new Set(['many-to-many', 'opaque']);
const DETECTORS: ReadonlySet<string> = new Set(['mobilenetv1-ssd', 'faster-rcnn', 'mask-rcnn']);
const NAMES = Object.keys(PAPER);

const golden = (name: string): URL => new URL(`./goldens/${name}.txt`, import.meta.url);

describe('models', () => {
  it('are the 15 of the paper', () => {
    const files = readdirSync(new URL('../../models', import.meta.url));
    const models = files.filter((file) => file.endsWith('.onnx')).map((file) => file.slice(0, -5));
    expect(models.sort()).toEqual([...NAMES].sort());
  });

  it.each(NAMES)('%s has the golden blocks', (name) => {
    const ecg = modelEcg(name);
    const text = (['pattern', 'dnnfusion', 'extended'] as const).map((planner) => {
      const plan = planGraph(ecg, { ...NO_EDITS, planner });
      for (const { operators } of plan.blocks) expect(canCompile(ecg, operators).ok).toBe(true);
      return printPlan(ecg, plan);
    });
    expectGolden(golden(name), text.join('\n'));
  });

  it('meet the bar: at most max(paper, 1.25 L), never above `pattern`; `extended` never above `dnnfusion`', () => {
    const header = [
      'model',
      'operators',
      'L',
      'paper',
      'none',
      'pattern',
      'dnnfusion',
      'extended',
      'bar',
      'met',
    ];
    const rows = NAMES.map((name) => {
      const ecg = modelEcg(name);
      const [none, pattern, dnnfusion, extended] = PLANNERS.map((planner) =>
        summarisePlan(ecg, planGraph(ecg, { ...NO_EDITS, planner })),
      ) as [Summary, Summary, Summary, Summary];
      const { operators, lowerBound } = none;
      const bar = Math.max(PAPER[name]!, Math.floor(1.25 * lowerBound));
      expect(none.blocks).toBe(operators);
      const met = dnnfusion.blocks <= Math.min(bar, pattern.blocks);
      expect(met, `${name}: ${dnnfusion.blocks} blocks, bar ${bar}`).toBe(true);
      expect(extended.blocks, name).toBeLessThanOrEqual(dnnfusion.blocks);
      expect(extended.intermediateBytesAfter, name).toBeLessThanOrEqual(
        dnnfusion.intermediateBytesAfter,
      );
      const blocks = [none, pattern, dnnfusion, extended].map((summary) => summary.blocks);
      const numbers = [operators, lowerBound, PAPER[name]!, ...blocks, bar];
      return [name, ...numbers.map(String), 'yes'];
    });
    const lines = [header, ...rows].map(([name, ...cells]) =>
      [name!.padEnd(16), ...cells.map((cell) => cell.padStart(9))].join(' '),
    );
    expectGolden(golden('models'), lines.join('\n'));
  });

  it('under `extended`, beside its bar: as many blocks as products, for detectors half of those of `dnnfusion`', () => {
    const rows = NAMES.map((name) => {
      const ecg = modelEcg(name);
      const [dnnfusion, { blocks }] = (['dnnfusion', 'extended'] as const).map((planner) =>
        planGraph(ecg, { ...NO_EDITS, planner }),
      ) as [FusionPlan, FusionPlan];
      const type = (operator: number): string => ecg.nodes[operator]!.operator.type;
      const products = ecg.nodes.filter(({ index }) => PRODUCTS.has(type(index))).length;
      const bar = DETECTORS.has(name) ? Math.floor(dnnfusion.blocks.length / 2) : products;
      // What keeps a plan from its bar: blocks by the Many-to-Many and opaque operators in them.
      const others = new Map<string, number>();
      for (const { operators } of blocks) {
        if (operators.some((operator) => PRODUCTS.has(type(operator)))) continue;
        const heavy = operators.filter((o) => HEAVY.has(ecg.nodes[o]!.mapping));
        const what = [...new Set(heavy.map(type))].join('+') || 'light';
        others.set(what, (others.get(what) ?? 0) + 1);
      }
      const counts = [...others].sort(([, a], [, b]) => b - a).map(([what, n]) => `${n} ${what}`);
      const numbers = [products, dnnfusion.blocks.length, blocks.length, bar];
      const met = blocks.length <= bar ? 'yes' : 'no';
      return [name, ...numbers.map(String), met, counts.join(', ')];
    });
    const header = [
      'model',
      'products',
      'dnnfusion',
      'extended',
      'bar',
      'met',
      'without a product',
    ];
    const lines = [header, ...rows].map((cells) =>
      cells.map((cell, i) => (i === 0 ? cell.padEnd(16) : i < 6 ? cell.padStart(9) : ` ${cell}`)),
    );
    expectGolden(
      golden('extended-bar'),
      lines.map((cells) => cells.join(' ').trimEnd()).join('\n'),
    );
  });
});
