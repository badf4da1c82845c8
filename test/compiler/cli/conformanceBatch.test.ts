// Operator cases in batches: the same verdicts as alone, one bad case leaves the others theirs, a run that is cancelled
// says what it has.
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findCases } from '../../../compiler/cli/conformanceCases.ts';
import type { CaseResult } from '../../../compiler/cli/conformanceRun.ts';
import { runCases } from '../../../compiler/cli/conformanceTargets.ts';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import { readTensorProto, writeTensorProto } from '../../../compiler/tensor/protoFile.ts';
import { bundle } from '../../setup/bundle.ts';
import { nodeTestCases } from '../../setup/nodeTests.ts';

let folder: string;

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fusion-studio-batch-'));
  await bundle('compiler/cli.ts', join(folder, 'cli.mjs'));
  await bundle('compiler/runWorker.ts', join(folder, 'runWorker.cjs'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Sizes that data decides, control flow, weights, several sets of inputs, no operator at all. */
const GOOD = [
  'test_gather_elements_0',
  'test_compress_0',
  'test_conv_with_strides_padding',
  'test_identity',
  'test_if',
  'test_loop11',
  'test_compress_default_axis',
  'test_scan9_scalar',
  'test_nonmaxsuppression_limit_output_size',
  'test_gather_2d_indices',
  'test_scan9_sum',
  'test_unique_not_sorted_without_axis',
];
const BAD = 'test_gather_0';

function casesIn(name: string, names: readonly string[]): string {
  const all = new Map(nodeTestCases().map(({ name: own, model }) => [own, dirname(model)]));
  const path = join(folder, name);
  for (const each of names) cpSync(all.get(each)!, join(path, each), { recursive: true });
  return path;
}

/** Its indices point outside of the data. */
function spoilGather(path: string): void {
  const file = join(path, BAD, 'test_data_set_0', 'input_1.pb');
  const tensor = readTensorProto(readFileSync(file));
  const indices = new BigInt64Array(tensor.bytes.buffer, tensor.bytes.byteOffset, 1);
  indices[0] = 1_000_000n;
  writeFileSync(file, writeTensorProto(tensor));
}

async function verdicts(path: string, target: 'wasm' | 'native'): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = [];
  const settings = {
    target,
    edits: NO_EDITS,
    script: join(folder, 'runWorker.cjs'),
    cacheFolder: join(folder, 'cache'),
    signal: new AbortController().signal,
    sideBySide: 2,
  };
  await runCases(findCases(path), settings, (result) => results.push(result));
  return results.sort((a, b) => (a.name < b.name ? -1 : 1));
}

describe('conformance in batches', () => {
  it.each(['wasm', 'native'] as const)(
    'isolates a case that ends its run on %s',
    async (target) => {
      const path = casesIn(`mixed-${target}`, [...GOOD, BAD]);
      spoilGather(path);
      const results = await verdicts(path, target);
      const wrong = results.filter(({ verdict }) => verdict !== 'passed');
      expect(wrong.map(({ name, verdict }) => [name, verdict])).toEqual([[BAD, 'failed']]);
      expect(wrong[0]!.reason).toContain('an index is out of range');
      expect(results.map(({ name }) => name)).toEqual([...GOOD, BAD].sort());
    },
  );

  it('prints each case, and what there is when it is cancelled', async () => {
    const path = casesIn(
      'cancelled',
      nodeTestCases()
        .map(({ name }) => name)
        .slice(0, 300),
    );
    const child = spawn(
      process.execPath,
      [join(folder, 'cli.mjs'), 'conformance', path, '--target', 'wasm'],
      { env: { ...process.env, TMPDIR: folder }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      if (text === '') child.kill('SIGINT');
      text += chunk.toString();
    });
    const status = await new Promise((settle) => child.on('close', settle));
    expect(status).toBe(130);
    expect(text).toMatch(/^(passed|left out|no kernel) +test_/);
    expect(text).toMatch(/not run, as the run was cancelled: \d+/);
  });
});
