import { describe, expect, it } from 'vitest';
import { comparisonText, groupsOf } from '../../../webview/state/comparison.ts';
import { initialState } from '../../../webview/state/state.ts';

const rows = [false, true].flatMap((rewriting) =>
  (['none', 'dnnfusion'] as const).map((planner) => ({
    planner,
    rewriting,
    operators: rewriting ? 11 : 28,
    blocks: 4,
    flops: 2000,
    bytes: 1536,
  })),
);

describe('planners side by side', () => {
  it('are grouped by graph, with what planners cannot change said once', () => {
    expect(
      groupsOf(rows).map(({ title, note, rows: { length } }) => [title, note, length]),
    ).toEqual([
      ['As in the file', '28 operators · 2.00 KFLOPs', 2],
      ['Rewritten', '11 operators · 2.00 KFLOPs', 2],
    ]);
    const [group] = groupsOf([rows[0]!, { ...rows[1]!, flops: 5000 }]);
    expect(group?.note).toBe('28 operators · 2.00 KFLOPs – 5.00 KFLOPs');
  });

  it('are the same columns as CSV and as Markdown', () => {
    const csv = comparisonText(rows, initialState.runs, 'csv').split('\n');
    expect(csv[0]).toBe('planner,rewriting,operators,blocks,FLOPs,bytes between blocks,ms');
    expect(csv[1]).toBe('none,off,28,4,2000,1536,');
    const markdown = comparisonText(rows, initialState.runs, 'markdown').split('\n');
    expect(markdown[4]).toBe('| none | on | 11 | 4 | 2.00 KFLOPs | 1.54 kB |  |');
  });
});
