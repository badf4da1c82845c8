// What rounding does to a network: ONNX Runtime's own answers when floats among the inputs move by about what a few
// layers' rounding amounts to. A chaotic network cannot be held closer to a reference than that.
import { compareTensors } from '../../compiler/tensor/compare.ts';
import { Random } from '../../compiler/tensor/randomInput.ts';
import type { Tensor } from '../../compiler/tensor/tensor.ts';
import type { Reference } from './reference.ts';

/** Relative change of an input. */
const MOVED_BY = 2 ** -21;
/** Our tensors may be that much further away than those of moved inputs. */
export const CHAOS_FACTOR = 8;
export const MOVES = 3;

export type NamedTensors = ReadonlyMap<string, Tensor>;

export interface Judge {
  readonly expected: NamedTensors;
  /** What is beyond both the tolerance and what rounding does; undefined: nothing. */
  complaint(name: string, value: Tensor): string | undefined;
}

/** Floats moved a little, everything else as it is. */
export function movedInputs(inputs: NamedTensors, seed: number): NamedTensors {
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

export async function judgeOf(reference: Reference, inputs: NamedTensors): Promise<Judge> {
  const expected = await reference.run(inputs);
  const moved: NamedTensors[] = [];
  for (let move = 1; move <= MOVES; move++) {
    moved.push(await reference.run(movedInputs(inputs, move)));
  }
  return {
    expected,
    complaint: (name, value) => {
      const wanted = expected.get(name);
      if (!wanted) return `${name}: nothing to compare with`;
      const { passed, worstOfTolerance, mismatch } = compareTensors(value, wanted);
      if (passed) return undefined;
      const apart = (values: NamedTensors): number =>
        compareTensors(values.get(name)!, wanted).worstOfTolerance;
      const limit = CHAOS_FACTOR * Math.max(...moved.map(apart));
      if (mismatch === undefined && worstOfTolerance <= limit) return undefined;
      return `${name}: ${mismatch ?? `${worstOfTolerance} of the tolerance, rounding makes ${limit / CHAOS_FACTOR}`}`;
    },
  };
}
