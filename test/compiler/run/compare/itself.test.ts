/**
 * A plan compared with itself, for real: "no difference" in at least 18 of 20 comparisons. Takes minutes and times things, so
 * it runs only where FUSION_STUDIO_TIMED=1 asks for it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NO_EDITS } from '../../../../compiler/fusion/plan.ts';
import { compareModel } from '../../../../compiler/run/compare/compareModel.ts';
import { bundle } from '../../../setup/bundle.ts';
import { inMemory, NETWORK } from '../smallModels.ts';

const COMPARISONS = 20;
let base: string;
let script: string;

describe.skipIf(process.env['FUSION_STUDIO_TIMED'] !== '1')('a plan and itself', () => {
  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), 'fusion-itself-'));
    script = join(base, 'runWorker.cjs');
    await bundle('compiler/runWorker.ts', script);
  });
  afterAll(() => rmSync(base, { recursive: true }));

  test.each([
    ['wasm', 1],
    ['wasm', 2],
    ['native', 1],
    ['native', 2],
    ['opencl', 1],
  ] as const)(
    'are no different on %s with %s threads',
    { timeout: 600_000 },
    async (target, threads) => {
      const verdicts: string[] = [];
      let blocks = 0;
      for (let i = 0; i < COMPARISONS; i++) {
        const report = await compareModel({
          location: inMemory(NETWORK),
          a: NO_EDITS,
          b: NO_EDITS,
          target,
          threads,
          warmup: 5,
          runs: 200,
          budgetMs: 3000,
          script,
          cacheFolder: join(base, 'cache'),
        });
        const { median, low, high } = report.ratio;
        const ratio = [median, low, high].map((value) => value.toFixed(4)).join(' ');
        verdicts.push(`${report.verdict} ${ratio} (${report.pairs} pairs)`);
        if (report.blocks.some(({ verdict }) => verdict !== 'no-difference')) blocks++;
      }
      const equal = verdicts.filter((verdict) => verdict.startsWith('no-difference')).length;
      process.stdout.write(
        `${target} x${threads}: ${equal} of ${COMPARISONS}, a block differs in ${blocks}\n${verdicts.filter((verdict) => !verdict.startsWith('no-difference')).join('\n')}\n`,
      );
      expect(equal, verdicts.join('\n')).toBeGreaterThanOrEqual(18);
    },
  );
});
