// All lowered operator cases of ONNX, scheduled for a small GPU: every program gives what it gave before.
import { expect, it } from 'vitest';
import type { LoopProgram } from '../../../../compiler/loop/ir.ts';
import type { NestNote } from '../../../../compiler/schedule/schedule.ts';
import { nodeTestCases } from '../../../setup/nodeTests.ts';
import { judge } from '../../lower/conformance.ts';
import { runScheduled } from '../runScheduled.ts';
import { GPU, problemsOf } from './judge.ts';

/** FUSION_CASES=conv runs those with `conv` in their names and prints what was refused. */
const wanted = new RegExp(process.env.FUSION_CASES ?? '');

it('operator cases of ONNX in groups and items', { timeout: 300_000 }, () => {
  const notes: NestNote[] = [];
  const wrong: string[] = [];
  let passed = 0;
  for (const testCase of nodeTestCases().filter(({ name }) => wanted.test(name))) {
    const onSchedule = (program: LoopProgram, nests: readonly NestNote[]): void => {
      notes.push(...nests);
      wrong.push(...problemsOf(program).map((problem) => `${testCase.name}: ${problem}`));
    };
    const run = runScheduled({ target: GPU, onSchedule });
    const { verdict, name } = judge(testCase, { run, manyThreads: true });
    if (verdict.kind === 'passed') passed++;
    if (verdict.kind !== 'failed') continue;
    const plain = judge(testCase).verdict;
    if (plain.kind !== 'failed') wrong.push(`${name}: ${verdict.reason}`);
  }
  if (process.env.FUSION_CASES) {
    const refusals = notes.flatMap(({ kind, refused }) => (refused ? [`${kind}: ${refused}`] : []));
    console.log(`${passed} passed, ${notes.length} nests`, refusals);
  }
  expect(wrong).toEqual([]);
  if (wanted.source === '(?:)') expect(passed).toBeGreaterThan(500);
});
