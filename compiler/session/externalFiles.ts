/**
 * The weight files beside a model, for copying it whole. Importing once more and listening to what is
 * looked up finds all of them, those of unused tensors too; refused locations are left out. A model that came
 * as bytes has no folder here, so whether a file is there is the host's to find out.
 */
import { locationProblem } from '../onnx/externalData.ts';
import { importModel } from '../onnx/importModel.ts';
import type { ModelSource } from '../onnx/source.ts';

/** Locations relative to the model's folder, in the order of the file. */
export function externalFiles(source: ModelSource): string[] {
  const found = new Set<string>();
  importModel({
    name: source.name,
    size: source.size,
    read: (offset, length) => source.read(offset, length),
    external(location) {
      const lookup = source.external(location);
      const isHarmless = lookup.state !== 'refused' && locationProblem(location) === undefined;
      if (isHarmless) found.add(location);
      return lookup;
    },
    // The document goes on with the source.
    close: () => undefined,
  });
  return [...found];
}
