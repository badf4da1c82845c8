// The conformance command's parts on ONNX's own cases: what passes, what a wrong expectation gives, what is left out.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findCases } from '../../../compiler/cli/conformanceCases.ts';
import { conformanceReport, conformanceText } from '../../../compiler/cli/conformanceReport.ts';
import type { CaseResult } from '../../../compiler/cli/conformanceRun.ts';
import { interpreterRunner, runCase } from '../../../compiler/cli/conformanceRun.ts';
import { sideBySide } from '../../../compiler/cli/conformanceTargets.ts';
import { readTensorProto, writeTensorProto } from '../../../compiler/tensor/protoFile.ts';
import { nodeTestCases } from '../../setup/nodeTests.ts';

const folder = mkdtempSync(join(tmpdir(), 'fusion-studio-conformance-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NAMES = [
  'test_abs',
  'test_cast_FLOAT_to_UINT4',
  'test_lstm_reverse',
  'test_string_concat',
  'test_swiglu_float16',
  'test_top_k_smallest',
];

function copied(names: readonly string[], to: string): string {
  const all = new Map(nodeTestCases().map(({ name, model }) => [name, dirname(model)]));
  const target = join(folder, to);
  for (const name of names) cpSync(all.get(name)!, join(target, 'node', name), { recursive: true });
  return target;
}

async function run(path: string): Promise<readonly CaseResult[]> {
  return sideBySide(findCases(path), 2, (item) => runCase(item, interpreterRunner()));
}

describe('conformance', () => {
  it('counts what passes, what has no kernel and what is left out', async () => {
    const report = conformanceReport('interpreter', await run(copied(NAMES, 'some')));
    expect(report.counts).toEqual({ passed: 3, failed: 0, unsupported: 0 });
    expect(report.small).toEqual({ passed: 1, failed: 0, unsupported: 1 });
    expect(report.excluded).toBe(1);
    const text = conformanceText(report);
    expect(text).toContain('3 passed, 0 failed, 0 without a kernel (100.0 % passed)');
    expect(text).toContain('1  strings');
    expect(text).toContain('uint4');
  });

  it('fails a case whose expected output differs by more than the tolerance', async () => {
    const path = copied(['test_lstm_reverse'], 'wrong');
    const file = join(path, 'node', 'test_lstm_reverse', 'test_data_set_0', 'output_0.pb');
    const tensor = readTensorProto(readFileSync(file));
    const numbers = new Float32Array(tensor.bytes.buffer, tensor.bytes.byteOffset, 2);
    numbers[1] = numbers[1]! * 1.002;
    writeFileSync(file, writeTensorProto(tensor));
    const [result] = await run(path);
    expect(result).toMatchObject({ name: 'test_lstm_reverse', verdict: 'failed', small: false });
    expect(result?.reason).toMatch(/^output 0: element 1 is /);
  });

  it('says that a folder has no cases', () => {
    expect(() => findCases(join(folder, 'nothing'))).toThrow(/no model\.onnx/);
  });
});
