// Hostile models through import, inference and planning. FUZZ_CASES (default 2,000) and FUZZ_FROM choose the
// cases; 20,000 take about two minutes. A failure names its case: FUZZ_FROM=N FUZZ_CASES=1 repeats it.
import { describe, expect, it } from 'vitest';
import { fuzzModels } from './fuzzModels.ts';
import { mutatedModel } from './mutate.ts';
import { seedModels } from './seeds.ts';
import { fileURLToPath } from 'node:url';

const count = Number(process.env['FUZZ_CASES'] ?? 2000);
const from = Number(process.env['FUZZ_FROM'] ?? 0);

describe('hostile models', () => {
  it('are the same models every time', () => {
    const seeds = seedModels(fileURLToPath(new URL('../models', import.meta.url)));
    for (const number of [0, 1, 2, 12345]) {
      expect(mutatedModel(number, seeds)).toEqual(mutatedModel(number, seeds));
    }
  });

  it(
    `${count} of them never crash, hang or fill the memory`,
    { timeout: 60_000 + count * 60 },
    async () => {
      const result = await fuzzModels(from, count);
      const outcomes = [...result.outcomes].sort(([, a], [, b]) => b - a);
      console.log(
        `${result.cases} cases from ${from}; slowest ${result.slowest.ms.toFixed(0)} ms ` +
          `(case ${result.slowest.number}); peak ${result.peakMb.toFixed(0)} MB; ` +
          outcomes.map(([outcome, times]) => `${outcome} ${times}`).join(', '),
      );
      expect(result.failures).toEqual([]);
      expect(result.cases).toBe(count);
      // Most must get past the first checks, or nothing behind them is tested.
      if (count >= 500) expect(result.outcomes.get('planned') ?? 0).toBeGreaterThan(count / 4);
    },
  );
});
