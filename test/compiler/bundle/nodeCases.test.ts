// ONNX's operator cases as bundles, fused, run on the interpreter through arena and phases: what lowering can do comes
// out right, whatever memory plan and schedule made of it.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Unsupported } from '../../../compiler/lower/unsupported.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { openModelFile } from '../../../compiler/onnx/source.ts';
import { compareTensors, toleranceOf } from '../../../compiler/tensor/compare.ts';
import { readTensorProto, TensorFileError } from '../../../compiler/tensor/protoFile.ts';
import type { Tensor } from '../../../compiler/tensor/tensor.ts';
import type { NodeTestCase } from '../../setup/nodeTests.ts';
import { nodeTestCases } from '../../setup/nodeTests.ts';
import { bundleOf, runBundle } from './bundling.ts';

/** ONNX's own tolerance for its cases is wider than the project's for models. */
const ONNX = { relative: 1e-3, ofRms: 1e-3 };

type Verdict = 'passed' | 'folded' | 'unsupported' | string;

async function judge({ model, dataSets }: NodeTestCase): Promise<Verdict> {
  const source = openModelFile(model);
  try {
    const imported = importModel(source);
    let steps = 0;
    for (const data of dataSets) {
      const [inputs, expected] = [data.inputs, data.outputs].map((files) => files.map(readFile));
      const bundle = await bundleOf(imported, { inputs: inputs!, planner: 'dnnfusion' });
      steps += bundle.steps.filter(({ block }) => block >= 0).length;
      const outputs = runBundle(bundle, source, inputs!);
      for (const [i, output] of outputs.entries()) {
        const exact = toleranceOf(output.dtype) === undefined || output.dtype.endsWith('16');
        const result = compareTensors(output, expected![i]!, exact ? undefined : ONNX);
        if (result.passed) continue;
        return `output ${i}: ${result.mismatch ?? `${result.largestError} at ${result.at}`}`;
      }
    }
    return steps === 0 ? 'folded' : 'passed';
  } catch (error) {
    if (error instanceof Unsupported || error instanceof TensorFileError) return 'unsupported';
    return (error as Error).stack?.slice(0, 400) ?? 'failed';
  } finally {
    source.close();
  }
}

function readFile(path: string): Tensor {
  return readTensorProto(new Uint8Array(readFileSync(path)));
}

describe('operator cases as bundles', () => {
  it('pass or say why not', { timeout: 300_000 }, async () => {
    const counts = new Map<Verdict, number>();
    const wrong: (readonly [string, Verdict])[] = [];
    for (const testCase of nodeTestCases()) {
      const verdict = await judge(testCase);
      const known = ['passed', 'folded', 'unsupported'].includes(verdict);
      if (!known) wrong.push([testCase.name, verdict]);
      counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    }
    expect(wrong).toEqual([]);
    expect(counts.get('passed')).toBeGreaterThanOrEqual(700);
    if (process.env.FUSION_REASONS) console.log([...counts]);
  });
});
