// Random graphs, fused by the planner, against ONNX Runtime: fused and unfused could be wrong alike.
// FUZZ_GRAPHS=n runs n graphs, FUZZ_SEED starts elsewhere.
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../compiler/lower/runGraph.ts';
import { runGraph } from '../../compiler/lower/runGraph.ts';
import { floats, planOf, prepareSpec } from '../compiler/lower/running.ts';
import { model } from '../compiler/onnx/protoWriter.ts';
import { loadOnnxRuntime, onnxRuntimeInstalled } from '../setup/onnxRuntime.ts';
import { Random } from './random.ts';
import type { RandomGraph } from './randomGraph.ts';
import { randomElements, randomGraph } from './randomGraph.ts';

const GRAPHS = Number(process.env['FUZZ_GRAPHS'] ?? 60);
const FIRST = Number(process.env['FUZZ_SEED'] ?? 5000);

type Feeds = ReadonlyMap<string, Tensor>;

async function expectedOf({ spec }: RandomGraph, feeds: Feeds) {
  const { InferenceSession, Tensor: Made } = loadOnnxRuntime();
  const session = await InferenceSession.create(model(spec), {
    logSeverityLevel: 4,
    graphOptimizationLevel: 'disabled',
  });
  const given = session.inputNames.map((name) => {
    const { dims, elements } = feeds.get(name)!;
    return [name, new Made('float32', Float32Array.from(elements.map(Number)), dims)] as const;
  });
  const results = await session.run(Object.fromEntries(given));
  await session.release();
  return results;
}

/** Where a result is further off than rounding explains. */
function difference(result: Tensor, dims: readonly number[], data: readonly number[]) {
  if (dims.join() !== result.dims.join()) return `shape ${result.dims.join()}, not ${dims.join()}`;
  const rms = Math.sqrt(data.reduce((sum, b) => sum + b * b, 0) / data.length);
  const at = data.findIndex((b, i) => {
    const a = Number(result.elements[i]);
    const close = Math.abs(a - b) <= 1e-3 * Math.abs(b) + 1e-4 * rms;
    return !close && a !== b && !(Number.isNaN(a) && Number.isNaN(b));
  });
  return at < 0 ? undefined : `element ${at} is ${result.elements[at]}, not ${data[at]}`;
}

describe.skipIf(!onnxRuntimeInstalled())('random graphs', () => {
  it(`${GRAPHS} of them give what ONNX Runtime gives`, async () => {
    let compared = 0;
    for (let seed = FIRST; seed < FIRST + GRAPHS; seed++) {
      const graph = randomGraph(seed, { continuous: true });
      const random = new Random(seed);
      const feeds: Feeds = new Map(
        graph.inputs.map((value) => [
          value.name,
          floats(value.dims, randomElements(value, random)),
        ]),
      );
      const expected = await expectedOf(graph, feeds);
      const { model: own, ecg } = prepareSpec(graph.spec);
      const name = (value: number): string => own.graph.values[value]!.name;
      const inputs = own.graph.inputs.map((value) => feeds.get(name(value))!);
      const results = runGraph(own, planOf(ecg, 'dnnfusion'), inputs, { maxSteps: 2e7 });
      own.graph.outputs.forEach((value, i) => {
        const { dims, data } = expected[name(value)]!;
        const wanted = [...(data as Float32Array)].map(Number);
        expect(difference(results[i]!, dims, wanted), `seed ${seed}, ${name(value)}`).toBe(
          undefined,
        );
        compared++;
      });
    }
    expect(compared).toBeGreaterThan(GRAPHS);
  }, 600_000);
});
