// The paper's models, run for real: every output and every tensor between blocks against ONNX Runtime on the same
// inputs. A comparison that could not tell two different inputs apart proves nothing and fails.
// Networks with made-up weights can be chaotic: a rounding error at the start grows beyond any tolerance, and ONNX
// Runtime with its optimisations misses it against itself without them. A tensor beyond the tolerance is therefore held
// against what ONNX Runtime does when its inputs move by rounding errors; how many needed that is printed. A detector
// selects the best of thousands: where two are as good up to rounding, their order is open, not which are selected.
// MODELS=all (or a list of names) runs more than the small ones: npm run test:models. TARGETS=opencl runs them on an OpenCL
// device instead.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlannerName } from '../../compiler/fusion/plan.ts';
import { NO_EDITS } from '../../compiler/fusion/plan.ts';
import { runModel } from '../../compiler/run/runModel.ts';
import type { ModelRun } from '../../compiler/run/runModel.ts';
import { compareTensors, GOOD_SHARE, shareApart } from '../../compiler/tensor/compare.ts';
import type { Tensor } from '../../compiler/tensor/tensor.ts';
import { NO_REWRITES } from '../../compiler/rewrite/rewrite.ts';
import type { RunTarget } from '../../compiler/run/runProtocol.ts';
import { bundle } from '../setup/bundle.ts';
import { onnxRuntimeInstalled } from '../setup/onnxRuntime.ts';
import { boundaryTensors } from './boundaryTensors.ts';
import { materialised, MODELS } from './materialised.ts';
import type { ModelName } from './materialised.ts';
import { openReference } from './reference.ts';
import type { Judge } from './rounding.ts';
import { judgeOf } from './rounding.ts';

const SMALL: readonly ModelName[] = [
  'efficientnet-b0',
  'mobilenetv1-ssd',
  'tinybert',
  's3d',
  'faster-rcnn',
];
const asked = process.env['MODELS'];
const chosen: readonly ModelName[] =
  asked === undefined
    ? SMALL
    : asked === 'all'
      ? MODELS
      : MODELS.filter((name) => asked.split(',').includes(name));
const targets = (process.env['TARGETS']?.split(',') ?? ['native', 'wasm']) as RunTarget[];
const planners = (process.env['PLANNERS']?.split(',') ?? ['none', 'dnnfusion']) as PlannerName[];
/** Drivers that compile for a processor take minutes for a detector. */
const TIMEOUT = targets.includes('opencl') ? 3_600_000 : 900_000;
/** Share of the tensors between blocks that rewriting may have made. */
const MOST_MADE = 0.6;
const SELECTING: readonly ModelName[] = ['faster-rcnn', 'mask-rcnn'];

let folder = '';
let script = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fusion-runs-'));
  script = join(folder, 'runWorker.cjs');
  await bundle(fileURLToPath(new URL('../../compiler/runWorker.ts', import.meta.url)), script);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (
  name: ModelName,
  target: RunTarget,
  planner: PlannerName,
  seed: number,
): Promise<ModelRun> =>
  runModel({
    location: { kind: 'file', path: materialised(name) },
    // Unfused is the model as it stands in the file: all of its tensors are there to be compared.
    edits: { ...NO_EDITS, planner, ...(planner === 'none' ? { rewrite: NO_REWRITES } : {}) },
    target,
    threads: 2,
    warmup: 0,
    runs: 0,
    seed,
    verify: false,
    dump: true,
    limitSeconds: TIMEOUT / 1000,
    script,
  });

/** By name; inputs that packaging bound are among them. */
function namedInputs({ prepared, inputs }: ModelRun): ReadonlyMap<string, Tensor> {
  const { graph } = prepared.imported.model;
  return new Map(graph.inputs.map((value, i) => [graph.values[value]!.name, inputs[i]!]));
}

describe.skipIf(!onnxRuntimeInstalled()).each(chosen)('%s', (name) => {
  /** Planners have the tensors of the unfused plan between blocks; asked for once. */
  let judge: Judge | undefined;

  it(
    'gives what ONNX Runtime gives for every tensor between blocks',
    async () => {
      const failures: string[] = [];
      let compared = 0;
      let chaotic = 0;
      for (const target of targets) {
        for (const planner of planners) {
          const mine = await run(name, target, planner, 1);
          const own = boundaryTensors(mine);
          if (judge === undefined) {
            const { graph } = mine.prepared.imported.model;
            const known = new Set(graph.values.map((value) => value.name));
            // Asked for all of them, ONNX Runtime optimises less: for few, its own rounding is another.
            const unfused =
              planner === 'none' ? own : boundaryTensors(await run(name, target, 'none', 1));
            const all = new Set([...unfused.keys(), ...own.keys()]);
            const names = [...all].filter((tensor) => known.has(tensor));
            const reference = await openReference(materialised(name), names);
            judge = await judgeOf(reference, namedInputs(mine), {
              selects: SELECTING.includes(name),
            });
            await reference.close();
          }
          const { expected } = judge;
          const place = `${target}, ${planner}`;
          const missing = [...own.keys()].filter((tensor) => !expected.has(tensor));
          // Rewriting makes tensors that the file does not have.
          const most = planner === 'none' ? 0.1 : MOST_MADE;
          if (missing.length > most * own.size) {
            failures.push(`${place}: nothing to compare ${missing.length} of ${own.size} with`);
          }
          for (const [tensor, value] of own) {
            if (!expected.has(tensor)) continue;
            compared++;
            const { kind, text } = judge.verdict(tensor, value);
            if (kind === 'rounding') chaotic++;
            if (kind === 'wrong') failures.push(`${place}: ${tensor}: ${text}`);
          }
          mine.outputs.forEach((output, i) => {
            const wanted = expected.get(mine.bundle.outputs[i]!.name);
            const same = own.get(mine.bundle.outputs[i]!.name);
            // What is compared above is what the run gave out.
            if (!wanted || (same && !compareTensors(output, same).passed)) {
              failures.push(`${place}: output ${i} is not the tensor that its block gave`);
            }
          });
        }
      }
      console.log(
        `${name}: ${compared} tensors compared, ${chaotic} within what rounding does there`,
      );
      expect(failures.slice(0, 12)).toEqual([]);
    },
    TIMEOUT,
  );

  it(
    'can be judged: other inputs give other outputs',
    async () => {
      const outputs: (readonly Tensor[])[] = [];
      for (const seed of [1, 1001]) {
        const { outputs: given } = await run(name, targets[0]!, planners.at(-1)!, seed);
        outputs.push(given);
      }
      const [first = [], second = []] = outputs;
      first.forEach((output, i) => {
        expect(shareApart(output, second[i]!), `output ${i}`).toBeGreaterThanOrEqual(GOOD_SHARE);
      });
    },
    TIMEOUT,
  );
});
