// The 15 models become bundles without their weights: arenas near the largest sum of what lives at one time, equal
// layers one kernel, every size bound. FUSION_REASONS=1 prints the table, FUSION_ALL=1 adds the unfused plans of all models.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { openModelFile } from '../../../compiler/onnx/source.ts';
import { TARGETS } from '../../../compiler/target/target.ts';
import { bundleOf } from './bundling.ts';

const folder = new URL('../../models/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.onnx'));
const MIB = 2 ** 20;

/** Unfused plans have many more blocks, which take their time to schedule. */
const SMALL = ['efficientnet-b0.onnx', 'tinybert.onnx'];
const cases = [
  ...names.map((name) => [name, 'dnnfusion'] as const),
  ...(process.env.FUSION_ALL ? names : SMALL).map((name) => [name, 'none'] as const),
];

describe('bundles of the 15 models', () => {
  it.each(cases)('%s planned by %s', { timeout: 60_000 }, async (name, planner) => {
    const source = openModelFile(fileURLToPath(new URL(name, folder)));
    const imported = importModel(source);
    source.close();
    const bundle = await bundleOf(imported, { planner, target: TARGETS['x86_64-avx512'] });
    const { arenaBytes, weightBytes, report, steps, kernels, buffers } = bundle;
    if (process.env.FUSION_REASONS) {
      const ratio = (arenaBytes / report.peakLiveBytes).toFixed(3);
      const [arena, weights, moved] = [arenaBytes, weightBytes, report.movedBytes].map((bytes) =>
        (bytes / MIB).toFixed(1),
      );
      console.log(
        `${name} ${planner}: ${steps.length} steps, ${kernels.length} kernels, arena ${arena} MiB ` +
          `(${ratio} of the peak), weights ${weights} MiB, moved ${moved} MiB`,
      );
    }
    expect(arenaBytes).toBeGreaterThanOrEqual(report.peakLiveBytes);
    expect(arenaBytes / report.peakLiveBytes).toBeLessThanOrEqual(1.15);
    for (const { offset, bytes, space } of buffers) {
      expect(offset + bytes).toBeLessThanOrEqual(space === 'arena' ? arenaBytes : weightBytes);
    }
    // Attention layers are all alike.
    if (/bert|gpt/.test(name)) expect(kernels.length).toBeLessThan(steps.length / 3);
  });
});
