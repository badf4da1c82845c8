// All lowered operator cases of ONNX, scheduled: every program gives what it gave before, for small vectors (so
// that small shapes have whole ones and remainders), with rows and with blocked channels.
import { describe, expect, it } from 'vitest';
import type { NestNote } from '../../../compiler/schedule/schedule.ts';
import { nodeTestCases } from '../../setup/nodeTests.ts';
import { judge } from '../lower/conformance.ts';
import { runScheduled } from './runScheduled.ts';

/** FUSION_CASES=conv runs those with `conv` in their names and prints what was refused. */
const wanted = new RegExp(process.env.FUSION_CASES ?? '');

describe('operator cases of ONNX', () => {
  it.each([false, true])('scheduled, blocked channels %s', { timeout: 300_000 }, (blocked) => {
    const notes: NestNote[] = [];
    const wrong: string[] = [];
    let passed = 0;
    const cases = nodeTestCases().filter(({ name }) => wanted.test(name));
    for (const testCase of cases) {
      const onSchedule = (_: unknown, nests: readonly NestNote[]) => notes.push(...nests);
      const start = performance.now();
      const { verdict, name } = judge(testCase, { run: runScheduled({ blocked, onSchedule }) });
      const time = performance.now() - start;
      if (process.env.FUSION_CASES && time > 1000) console.log(`${name}: ${Math.round(time)} ms`);
      if (verdict.kind === 'passed') passed++;
      if (verdict.kind !== 'failed') continue;
      const plain = judge(testCase).verdict;
      if (plain.kind !== 'failed') wrong.push(`${name}: ${verdict.reason}`);
    }
    if (process.env.FUSION_CASES) {
      const refusals = notes.flatMap(({ kind, refused }) =>
        refused ? [`${kind}: ${refused}`] : [],
      );
      console.log(`${passed} passed, ${notes.length} nests`, refusals);
    }
    expect(wrong).toEqual([]);
    if (wanted.source === '(?:)') expect(passed).toBeGreaterThan(500);
  });
});
