// ONNX's operator cases, simplified and written again, load and give the same in ONNX Runtime as the original does.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { modelBytes, writeModel } from '../../../compiler/export/writeModel.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { openModelFile } from '../../../compiler/onnx/source.ts';
import { DEFAULT_REWRITES } from '../../../compiler/rewrite/rewrite.ts';
import { simplifyModel } from '../../../compiler/rewrite/simplifyModel.ts';
import { compareTensors } from '../../../compiler/tensor/compare.ts';
import { readTensorProto } from '../../../compiler/tensor/protoFile.ts';
import type { Tensor } from '../../../compiler/tensor/tensor.ts';
import { openReference } from '../../runs/reference.ts';
import { nodeTestCases } from '../../setup/nodeTests.ts';
import type { NodeTestCase } from '../../setup/nodeTests.ts';
import { onnxRuntimeInstalled } from '../../setup/onnxRuntime.ts';

const folder = mkdtempSync(join(tmpdir(), 'fusion-studio-export-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SAME = { relative: 1e-3, ofRms: 1e-3 };
const RANDOM = /bernoulli|random|multinomial|dropout.*(train|random)|training_dropout/;

async function outputsOf(
  path: string,
  { dataSets }: NodeTestCase,
): Promise<readonly (readonly [string, Tensor])[]> {
  const source = openModelFile(path);
  const { graph } = importModel(source);
  source.close();
  const inputs = dataSets[0]!.inputs.map((file) => readTensorProto(readFileSync(file)));
  const session = await openReference(path, []);
  try {
    const named = graph.inputs.map((value, i) => [graph.values[value]!.name, inputs[i]!] as const);
    return [...(await session.run(new Map(named)))];
  } finally {
    await session.close();
  }
}

async function judge(testCase: NodeTestCase): Promise<string> {
  let wanted: readonly (readonly [string, Tensor])[];
  try {
    wanted = await outputsOf(testCase.model, testCase);
  } catch {
    // ONNX Runtime does not run the original, or the case is about no tensors of numbers.
    return 'unknown';
  }
  try {
    const source = openModelFile(testCase.model);
    const { model } = simplifyModel(importModel(source), new Map(), DEFAULT_REWRITES);
    const written = writeModel(model, { source, beside: false, dataFile: 'model.data' });
    const path = join(folder, 'model.onnx');
    writeFileSync(path, modelBytes(written));
    source.close();
    const own = new Map(await outputsOf(path, testCase));
    for (const [name, tensor] of wanted) {
      const result = own.get(name);
      if (result === undefined) return `output ${name} is missing`;
      const isExact = !tensor.dtype.startsWith('float');
      const { passed, mismatch, largestError } = compareTensors(
        result,
        tensor,
        isExact ? undefined : SAME,
      );
      if (!passed) return `output ${name}: ${mismatch ?? largestError}`;
    }
    return 'same';
  } catch (error) {
    return (error as Error).message;
  }
}

describe.skipIf(!onnxRuntimeInstalled())('operator cases written as models', () => {
  it('give the same in ONNX Runtime', { timeout: 300_000 }, async () => {
    const counts = new Map<string, number>();
    const wrong: string[] = [];
    for (const testCase of nodeTestCases()) {
      if (RANDOM.test(testCase.name)) continue;
      const verdict = await judge(testCase);
      const known = verdict === 'same' || verdict === 'unknown';
      if (!known) wrong.push(`${testCase.name}: ${verdict}`);
      counts.set(known ? verdict : 'wrong', (counts.get(known ? verdict : 'wrong') ?? 0) + 1);
    }
    if (process.env.FUSION_REASONS) console.log([...counts]);
    expect(wrong).toEqual([]);
    expect(counts.get('same')).toBeGreaterThan(500);
  });
});
