// Lowers every block of the 15 models under the planners: what has a kernel, that programs are sound, that
// every access is proven. Nothing is run here.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { unprovenAccesses } from '../../../compiler/loop/bounds.ts';
import { verifyProgram } from '../../../compiler/loop/verify.ts';
import { blockContext, lowerBlock } from '../../../compiler/lower/block.ts';
import { Unsupported } from '../../../compiler/lower/unsupported.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { openModelFile } from '../../../compiler/onnx/source.ts';
import { planOf, prepare } from './running.ts';

const folder = new URL('../../models/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.onnx'));

describe('the 15 models', () => {
  it.each(names)('%s', (name) => {
    const source = openModelFile(fileURLToPath(new URL(name, folder)));
    const { model, ecg } = prepare(importModel(source));
    source.close();
    const context = blockContext(model);
    const refused = new Map<string, number>();
    const unproven: string[] = [];
    // Unfused blocks are the operators alone: what a planner may always fall back to.
    const blocks = (['dnnfusion', 'extended', 'none'] as const).flatMap(
      (planner) => planOf(ecg, planner).blocks,
    );
    const start = performance.now();
    let slowest = 0;
    for (const { operators } of blocks) {
      const before = performance.now();
      try {
        const { program } = lowerBlock(context, operators, 'block');
        expect(verifyProgram(program)).toEqual([]);
        unproven.push(...unprovenAccesses(program));
      } catch (error) {
        if (!(error instanceof Unsupported)) throw error;
        refused.set(error.reason, (refused.get(error.reason) ?? 0) + 1);
      }
      slowest = Math.max(slowest, performance.now() - before);
    }
    if (process.env.FUSION_REASONS) {
      const time = Math.round(performance.now() - start);
      console.log(`${name}: ${blocks.length} blocks in ${time} ms, slowest ${Math.round(slowest)}`);
    }
    expect(unproven).toEqual([]);
    expect([...refused.keys()]).toEqual([]);
  });
});
