// Models of the paper on a phone of the tests: NEON kernels, pushed through the real adb, run by an emulated arm64
// processor, pulled back and compared with ONNX Runtime. Every output, and one that could not tell two inputs apart
// proves nothing and fails. MODELS=a,b runs others.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_EDITS } from '../../compiler/fusion/plan.ts';
import type { PreparedModel } from '../../compiler/run/prepareModel.ts';
import { prepareModel } from '../../compiler/run/prepareModel.ts';
import { runModel } from '../../compiler/run/runModel.ts';
import type { ModelRun } from '../../compiler/run/runModel.ts';
import { GOOD_SHARE, shareApart } from '../../compiler/tensor/compare.ts';
import type { Tensor } from '../../compiler/tensor/tensor.ts';
import type { DeviceRuns } from '../compiler/device/deviceRuns.ts';
import { leftOnDevice, openDeviceRuns } from '../compiler/device/deviceRuns.ts';
import type { TestDevice } from '../device/device.ts';
import { armDeviceLacks, skipName } from '../device/deviceLacks.ts';
import { phoneProfile } from '../device/phoneProfile.ts';
import { onnxRuntimeInstalled } from '../setup/onnxRuntime.ts';
import { materialised, MODELS } from './materialised.ts';
import type { ModelName } from './materialised.ts';
import { openReference } from './reference.ts';
import { judgeOf } from './rounding.ts';

const SMALL: readonly ModelName[] = ['efficientnet-b0', 'mobilenetv1-ssd', 'tinybert'];
const asked = process.env['MODELS']?.split(',');
const chosen = asked === undefined ? SMALL : MODELS.filter((name) => asked.includes(name));
const TIMEOUT = 900_000;

const lacks = armDeviceLacks() ?? (onnxRuntimeInstalled() ? undefined : 'no ONNX Runtime');

describe.skipIf(lacks)(skipName('on an arm64 phone', lacks), () => {
  let runs: DeviceRuns;
  let phone: TestDevice;
  beforeAll(async () => {
    runs = await openDeviceRuns();
    phone = await runs.plug({ profile: phoneProfile });
  });
  afterAll(() => runs.close());

  const run = (name: ModelName): Promise<ModelRun> =>
    runModel({
      ...runs.options(phone),
      location: { kind: 'file', path: materialised(name) },
      edits: { ...NO_EDITS, planner: 'dnnfusion' },
      runs: 0,
      seed: 1,
    });

  it.each(chosen)(
    '%s gives what ONNX Runtime gives',
    async (name) => {
      const mine = await run(name);
      expect(mine.report.device).toMatchObject({ abi: 'arm64-v8a' });
      const reference = await openReference(materialised(name), []);
      const judge = await judgeOf(reference, namedInputs(mine.prepared));
      const { imported } = mine.prepared;
      const others = namedInputs(prepareModel(imported, { dims: new Map(), seed: 1001 }));
      const elsewhere = await reference.run(others);
      await reference.close();
      const complaints = mine.bundle.outputs.map((output, i) =>
        judge.complaint(output.name, mine.outputs[i]!),
      );
      expect(complaints.filter((complaint) => complaint !== undefined)).toEqual([]);
      expect(complaints.length).toBeGreaterThan(0);
      for (const [output, value] of judge.expected) {
        const share = shareApart(value, elsewhere.get(output)!);
        expect(share, output).toBeGreaterThanOrEqual(GOOD_SHARE);
      }
      expect(leftOnDevice(phone)).toEqual([]);
    },
    TIMEOUT,
  );
});

/** By name; inputs that packaging bound are among them. */
function namedInputs({ imported, inputs }: PreparedModel): ReadonlyMap<string, Tensor> {
  const { graph } = imported.model;
  return new Map(graph.inputs.map((value, i) => [graph.values[value]!.name, inputs[i]!]));
}
