// Damaged and hostile models on the way to a bundle and through a run: refused with one of the errors that users see,
// never with a mistake of the compiler, and without taking memory for what is not there.
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { bindModel } from '../../../compiler/bundle/bindModel.ts';
import { buildBundle } from '../../../compiler/bundle/buildBundle.ts';
import { BundleError } from '../../../compiler/bundle/bundleError.ts';
import { runBundleOnInterpreter } from '../../../compiler/bundle/interpretBundle.ts';
import { weightsInMemory } from '../../../compiler/bundle/weights.ts';
import { ModelError } from '../../../compiler/diagnostics.ts';
import { RunError, StepLimitError } from '../../../compiler/loop/interpret.ts';
import { Unsupported } from '../../../compiler/lower/unsupported.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { modelFromBytes } from '../../../compiler/onnx/source.ts';
import { TARGETS } from '../../../compiler/target/target.ts';
import { integerRangeOf, randomTensor } from '../../../compiler/tensor/randomInput.ts';
import { dtypeOf } from '../../../compiler/tensor/tensor.ts';
import { mutatedModel } from '../../fuzz/mutate.ts';
import { seedModels } from '../../fuzz/seeds.ts';

const CASES = Number(process.env.FUSION_FUZZ ?? 250);
const MOST_BYTES = 2 ** 24;

async function outcome(bytes: Uint8Array): Promise<string> {
  try {
    const source = modelFromBytes(bytes);
    const imported = importModel(source);
    const dims = new Map(
      [...imported.symbols.values()].flatMap(({ name, origin }) =>
        origin === 'input' ? [[name, 2] as const] : [],
      ),
    );
    const bound = bindModel(imported, { dims });
    const { graph } = bound.model;
    const blocks = graph.operators.map(({ index }) => ({ operators: [index] }));
    const options = { mostBytes: MOST_BYTES };
    const bundle = await buildBundle(bound, { blocks }, TARGETS.wasm, options);
    const inputs = bundle.inputs.map(({ storage, buffer }, i) => {
      const range = integerRangeOf(graph, graph.inputs[i]!);
      return randomTensor(dtypeOf(storage), bundle.buffers[buffer]!.physical, i, range);
    });
    runBundleOnInterpreter(bundle, weightsInMemory(bundle, source), inputs, { maxSteps: 20_000 });
    return 'ran';
  } catch (error) {
    for (const known of [ModelError, BundleError, Unsupported, RunError, StepLimitError]) {
      if (error instanceof known) return known.name;
    }
    throw error;
  }
}

describe('hostile models', () => {
  it('end in an error that says what is wrong', { timeout: 300_000 }, async () => {
    const seeds = seedModels(fileURLToPath(new URL('../../models', import.meta.url)));
    const counts = new Map<string, number>();
    const mistakes: string[] = [];
    for (let number = 0; number < CASES; number++) {
      const { kind, bytes } = mutatedModel(number, seeds);
      const result = await outcome(bytes).catch((error: Error) => {
        mistakes.push(`case ${number} (${kind}): ${error.stack?.slice(0, 400)}`);
        return 'mistake';
      });
      counts.set(result, (counts.get(result) ?? 0) + 1);
    }
    expect(mistakes).toEqual([]);
    expect(counts.get('ran')).toBeGreaterThan(CASES / 20);
    if (process.env.FUSION_REASONS) console.log([...counts]);
  });
});
