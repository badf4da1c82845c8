import { describe, expect, it } from 'vitest';
import type { RewriteRow } from '../../../compiler/protocol.ts';
import { DEFAULT_REWRITES } from '../../../compiler/rewrite/rewrite.ts';
import { formatCount, formatInteger } from '../../../webview/state/format.ts';
import { changeText, groupText, namesOf, rulesOf } from '../../../webview/state/rewrites.ts';

function row(place: string, rule = 'gelu'): RewriteRow {
  return {
    id: `${rule}@${place}`,
    rule,
    ruleClass: 'identity',
    operators: [],
    originalIds: ['other'],
    saves: { flops: 0, bytes: 0, operators: 4 },
  };
}

describe('what the page says of rewrites', () => {
  it('names applications by their place, without the path that all share', () => {
    expect(namesOf([row('/m/layer.0/mlp/Mul'), row('/m/layer.1/mlp/Mul')])).toEqual([
      '…/layer.0/mlp/Mul',
      '…/layer.1/mlp/Mul',
    ]);
    expect(namesOf([row('/m/layer.0/Mul')])).toEqual(['…/Mul']);
    expect(namesOf([row('a'), row('b/c')])).toEqual(['a', 'b/c']);
  });

  it('says how far a cost fell, also where it rounds to the same', () => {
    expect(changeText(28, 11, formatInteger)).toBe('28 → 11 (−61 %)');
    expect(changeText(4_300_000_000, 4_299_000_000, formatCount)).toBe('4.30 G (less than 0.1 %)');
    expect(changeText(7, 7, formatInteger)).toBe('7');
    expect(changeText(0, 2, formatInteger)).toBe('0 → 2');
  });

  it('says what a rule without applications waits for', () => {
    const snapshot = {
      settings: DEFAULT_REWRITES,
      applications: [],
      declined: [row('x')],
      before: { operators: 0, flops: 0, bytes: 0 },
      after: { operators: 0, flops: 0, bytes: 0 },
    };
    const [group] = rulesOf(snapshot);
    expect(groupText(group!, DEFAULT_REWRITES)).toBe('needs fast math; would save 4 operators');
    const off = { ...DEFAULT_REWRITES, offRules: ['gelu'] };
    expect(groupText(group!, off)).toBe('off; would save 4 operators');
  });
});
