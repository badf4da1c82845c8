import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nodeTestCases } from './nodeTests.ts';

describe('ONNX operator test cases', () => {
  it('lists all cases with their data files in argument order', () => {
    const cases = nodeTestCases();
    expect(cases.length).toBe(901);
    expect(cases.filter((one) => !existsSync(one.model))).toEqual([]);
    expect(cases.filter((one) => one.dataSets.length === 0)).toEqual([]);

    const where = cases.find((one) => one.name === 'test_clip_expanded');
    expect(where?.dataSets[0]?.inputs.map((file) => file.slice(-10))).toEqual([
      'input_0.pb',
      'input_1.pb',
      'input_2.pb',
    ]);
    expect(where?.dataSets[0]?.outputs).toHaveLength(1);
  });
});
