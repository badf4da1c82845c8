// Some inputs of ONNX's operator cases are parameters in every real model (axes, shapes, pads, scales): here
// they become constants, while data stays data.
import type { Model } from '../../../compiler/graph/graph.ts';
import { withoutDeclaredResults, withKnownInputs } from '../infer/nodeCases.ts';

export { withoutDeclaredResults };

/** Input slots that are parameters, by operator; -1: all from slot 1 on. */
const PARAMETERS: Readonly<Record<string, readonly number[]>> = {
  Range: [0, 1, 2],
  ConstantOfShape: [0],
  OneHot: [1],
  Pad: [1, 3],
  Resize: [1, 2, 3],
  MelWeightMatrix: [0, 1, 2, 3, 4],
  HannWindow: [0],
  HammingWindow: [0],
  BlackmanWindow: [0],
  MaxUnpool: [2],
  Clip: [],
  GroupNormalization: [],
};
const FROM_ONE =
  /^(Reduce|Reshape|Expand|Tile|Slice|Squeeze|Unsqueeze|Split|TopK|CumSum|CumProd|DFT|STFT|AffineGrid|Col2Im|Trilu|Dropout|Upsample|CenterCropPad)/;

export interface Bound {
  readonly model: Model;
  /** Files of the inputs that are left. */
  readonly files: readonly (string | undefined)[];
}

export function withKnownParameters(model: Model, files: readonly string[]): Bound {
  const { graph } = model;
  const isParameter = graph.inputs.map((input) => {
    const readers = graph.values[input]!.consumers.map((at) => graph.operators[at]!);
    return (
      readers.length > 0 &&
      readers.every(({ type, inputs }) =>
        inputs.every((value, slot) => {
          if (value !== input) return true;
          return PARAMETERS[type]?.includes(slot) ?? (FROM_ONE.test(type) && slot > 0);
        }),
      )
    );
  });
  const known = files.map((file, i) => (isParameter[i] ? file : undefined));
  const bound = withKnownInputs(model, known as readonly string[]);
  const left = bound.graph.inputs.map((input) => files[graph.inputs.indexOf(input)]);
  return { model: bound, files: left };
}
