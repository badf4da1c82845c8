// ECGs of the shared models for planner tests.
import { fileURLToPath } from 'node:url';
import { buildEcg } from '../../../compiler/ecg/buildEcg.ts';
import type { Ecg } from '../../../compiler/ecg/ecg.ts';
import type { Model } from '../../../compiler/graph/graph.ts';
import { foldConstants } from '../../../compiler/infer/foldConstants.ts';
import { inferModel } from '../../../compiler/infer/inferModel.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { openModelFile } from '../../../compiler/onnx/source.ts';

/** The ECG of `test/models/NAME.onnx`; `change` sees the model before shapes are inferred. */
export function modelEcg(name: string, change: (model: Model) => Model = (model) => model): Ecg {
  const source = openModelFile(
    fileURLToPath(new URL(`../../models/${name}.onnx`, import.meta.url)),
  );
  try {
    const bindings = new Map<string, number>();
    return buildEcg(foldConstants(inferModel(change(importModel(source)), { bindings })), bindings);
  } finally {
    source.close();
  }
}
