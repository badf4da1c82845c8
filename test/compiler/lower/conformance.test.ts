// Lowering and interpreter on ONNX's operator cases: nothing may be wrong in silence.
import { describe, expect, it } from 'vitest';
import { nodeTestCases } from '../../setup/nodeTests.ts';
import type { CaseResult } from './conformance.ts';
import { judge } from './conformance.ts';

describe('operator cases of ONNX', () => {
  const results = nodeTestCases().map((one) => judge(one));
  const of = (kind: CaseResult['verdict']['kind'], half = false): readonly CaseResult[] =>
    results.filter(({ verdict, half: isHalf }) => verdict.kind === kind && isHalf === half);

  it('fail nowhere', () => {
    const failed = [...of('failed'), ...of('failed', true)];
    expect(failed.map(({ name, verdict }) => [name, verdict])).toEqual([]);
  });

  it('pass where the operator has a kernel', () => {
    const [passed, folded, unsupported] = [of('passed'), of('folded'), of('unsupported')];
    const reasons = new Map<string, number>();
    for (const { verdict } of unsupported) {
      if (verdict.kind !== 'unsupported') continue;
      reasons.set(verdict.reason, (reasons.get(verdict.reason) ?? 0) + 1);
    }
    console.log(
      `passed ${passed.length}, folded ${folded.length}, unsupported ${unsupported.length}; ` +
        `16-bit and smaller: passed ${of('passed', true).length}, unsupported ${of('unsupported', true).length}`,
    );
    if (process.env.FUSION_REASONS) console.log([...reasons].sort((a, b) => b[1] - a[1]));
    expect(passed.length).toBeGreaterThanOrEqual(724);
  });

  it('are proven in bounds', () => {
    const open = results.filter(({ unproven }) => unproven.length > 0);
    expect(open.map(({ name, unproven }) => [name, unproven[0]])).toEqual([]);
  });
});
