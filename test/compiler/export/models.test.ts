// The paper's models, rewritten and written beside the originals, whose weights they refer to: ONNX Runtime loads them and
// gives the same. Networks with made-up weights can be chaotic: what is beyond the tolerance is held against what
// the original does when its inputs move by rounding errors. MODELS=all (or names) runs more than the small ones.
import { rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { saveModel } from '../../../compiler/export/saveModel.ts';
import { bindOpenSizes } from '../../../compiler/fusion/openSizes.ts';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { openModelFile } from '../../../compiler/onnx/source.ts';
import { DEFAULT_REWRITES } from '../../../compiler/rewrite/rewrite.ts';
import { simplifyModel } from '../../../compiler/rewrite/simplifyModel.ts';
import { prepareModel } from '../../../compiler/run/prepareModel.ts';
import { compareTensors } from '../../../compiler/tensor/compare.ts';
import { Random } from '../../../compiler/tensor/randomInput.ts';
import type { Tensor } from '../../../compiler/tensor/tensor.ts';
import { materialised, MODELS } from '../../runs/materialised.ts';
import type { ModelName } from '../../runs/materialised.ts';
import { openReference } from '../../runs/reference.ts';
import { onnxRuntimeInstalled } from '../../setup/onnxRuntime.ts';

const SMALL: readonly ModelName[] = ['mobilenetv1-ssd', 'tinybert', 's3d', 'faster-rcnn'];
const asked = process.env['MODELS'];
const chosen: readonly ModelName[] =
  asked === undefined
    ? SMALL
    : MODELS.filter((name) => asked === 'all' || asked.split(',').includes(name));

/** Relative change of an input, about what a few layers' rounding amounts to. */
const MOVED_BY = 2 ** -21;
const CHAOS_FACTOR = 8;
const MOVES = 3;

type Named = ReadonlyMap<string, Tensor>;

function inputsOf(path: string): Named {
  const source = openModelFile(path);
  const imported = { source, model: importModel(source), importMs: 0 };
  const { edits } = bindOpenSizes(NO_EDITS, imported.model.symbols.values());
  const { inputs } = prepareModel(imported, { dims: new Map(Object.entries(edits.bindings)) });
  source.close();
  const { graph } = imported.model;
  return new Map(graph.inputs.map((value, i) => [graph.values[value]!.name, inputs[i]!]));
}

function moved(inputs: Named, seed: number): Named {
  const random = new Random(seed);
  return new Map(
    [...inputs].map(([name, tensor]) => {
      if (tensor.dtype !== 'float32') return [name, tensor];
      const bytes = Uint8Array.from(tensor.bytes);
      const view = new Float32Array(bytes.buffer);
      view.forEach((x, i) => (view[i] = x * (1 + MOVED_BY * (2 * random.unit() - 1))));
      return [name, { ...tensor, bytes }];
    }),
  );
}

describe.skipIf(!onnxRuntimeInstalled()).each(chosen)('%s', (name) => {
  it('is written as a model that gives the same', { timeout: 900_000 }, async () => {
    const path = materialised(name);
    const written = join(dirname(path), `rewritten-${process.pid}.onnx`);
    const source = openModelFile(path);
    try {
      const { model, inferred } = simplifyModel(importModel(source), new Map(), DEFAULT_REWRITES);
      const { opset } = await saveModel(model, source, path, written);
      const inputs = inputsOf(path);
      const original = await openReference(path, []);
      const expected = await original.run(inputs);
      const own = await openReference(written, []);
      const results = await own.run(inputs);
      await own.close();
      expect([...results.keys()]).toEqual([...expected.keys()]);
      const chaos: Named[] = [];
      for (const [output, wanted] of expected) {
        const result = results.get(output)!;
        const { passed, worstOfTolerance, mismatch } = compareTensors(result, wanted);
        if (passed) continue;
        for (let move = chaos.length; move < MOVES; move++) {
          chaos.push(await original.run(moved(inputs, move + 1)));
        }
        const allowed = Math.max(
          ...chaos.map((each) => compareTensors(each.get(output)!, wanted).worstOfTolerance),
        );
        expect(mismatch, `${output} of ${basename(path)}`).toBeUndefined();
        expect(worstOfTolerance, output).toBeLessThanOrEqual(CHAOS_FACTOR * allowed);
      }
      await original.close();
      const again = openModelFile(written);
      const read = simplifyModel(importModel(again), new Map(), DEFAULT_REWRITES);
      again.close();
      // What was settled stays settled: no operator comes back.
      expect(read.inferred.graph.operators.length).toBe(model.graph.operators.length);
      if (process.env.FUSION_REASONS) {
        const [before, after] = [inferred, model].map(({ graph }) => graph.operators.length);
        console.log(
          `${name}: ${before} to ${after} operators, opset ${opset}, ${chaos.length > 0 ? 'chaotic' : 'equal'}`,
        );
      }
    } finally {
      source.close();
      rmSync(written, { force: true });
    }
  });
});
