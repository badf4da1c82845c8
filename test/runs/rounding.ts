// What rounding does to a network: ONNX Runtime's own answers when floats among the inputs move by about what a few
// layers' rounding amounts to. A chaotic network cannot be held closer to a reference than that.
import { compareTensors, toleranceOf } from '../../compiler/tensor/compare.ts';
import { Random } from '../../compiler/tensor/randomInput.ts';
import type { Tensor } from '../../compiler/tensor/tensor.ts';
import type { Reference } from './reference.ts';

/** Relative change of an input. */
const MOVED_BY = 2 ** -21;
/** Our tensors may be that much further away than those of moved inputs. */
const CHAOS_FACTOR = 8;
const MOVES = 3;
/** Share of places that may be others where two that are as good change places, and only one of them is selected. */
const OPEN_PLACES = 0.01;

export type NamedTensors = ReadonlyMap<string, Tensor>;

export interface JudgeOptions {
  /** The model selects the best of thousands: where two are as good up to rounding, their order is open. */
  readonly selects?: boolean;
}

export interface Verdict {
  /** Within the tolerance; 'rounding': beyond it, but not beyond what rounding does there. */
  readonly kind: 'same' | 'rounding' | 'wrong';
  /** What is wrong. */
  readonly text: string;
}

export interface Judge {
  readonly expected: NamedTensors;
  /** `name` is among the expected. */
  verdict(name: string, value: Tensor): Verdict;
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

export async function judgeOf(
  reference: Pick<Reference, 'run'>,
  inputs: NamedTensors,
  options: JudgeOptions = {},
): Promise<Judge> {
  const expected = await reference.run(inputs);
  const moved: NamedTensors[] = [];
  for (let move = 1; move <= MOVES; move++) {
    moved.push(await reference.run(movedInputs(inputs, move)));
  }
  const verdict = (name: string, value: Tensor): Verdict => {
    const wanted = expected.get(name)!;
    const others = moved.map((values) => values.get(name)!);
    return verdictOn(value, wanted, others, options);
  };
  return {
    expected,
    verdict,
    complaint: (name, value) => {
      if (!expected.has(name)) return `${name}: nothing to compare with`;
      const { kind, text } = verdict(name, value);
      return kind === 'wrong' ? `${name}: ${text}` : undefined;
    },
  };
}

/**
 * Sizes that depend on data move with rounding too: a value of another size is held against the reference's own answers
 * of that size, and is wrong where it never gives one. What has another size says nothing about how far elements move.
 */
function verdictOn(
  value: Tensor,
  expected: Tensor,
  moved: readonly Tensor[],
  { selects = false }: JudgeOptions,
): Verdict {
  const first = compareTensors(value, expected);
  if (first.passed) return { kind: 'same', text: '' };
  const answers = [expected, ...moved];
  const ofThatSize = answers.filter((each) => compareTensors(value, each).mismatch === undefined);
  const [wanted] = ofThatSize;
  if (!wanted) return { kind: 'wrong', text: first.mismatch! };
  const { worstOfTolerance } = compareTensors(value, wanted);
  const rounding = Math.max(
    ...ofThatSize.map((each) => compareTensors(each, wanted).worstOfTolerance),
  );
  const limit = Math.max(1, CHAOS_FACTOR * rounding);
  if (worstOfTolerance <= limit) return { kind: 'rounding', text: '' };
  if (selects) {
    const order = compareTensors(sorted(value), sorted(wanted)).worstOfTolerance;
    if (order <= limit) return { kind: 'rounding', text: '' };
    // Places in an order that is open; what is found at them is judged where it is read.
    const moves = answers.some((each) => compareTensors(each, expected).mismatch !== undefined);
    const isPlaces = toleranceOf(value.dtype) === undefined;
    if (isPlaces && (moves || othersIn(value, wanted) <= OPEN_PLACES)) {
      return { kind: 'rounding', text: '' };
    }
  }
  const text = `${worstOfTolerance} of the tolerance, rounding makes ${rounding}`;
  return { kind: 'wrong', text };
}

/** Share of the elements that are none of the other tensor's; 1 for what are no places. */
function othersIn(value: Tensor, wanted: Tensor): number {
  if (value.dtype !== 'int64') return 1;
  const elementsOf = ({ bytes }: Tensor): BigInt64Array =>
    new BigInt64Array(Uint8Array.from(bytes).buffer);
  const left = new Map<bigint, number>();
  for (const place of elementsOf(wanted)) left.set(place, (left.get(place) ?? 0) + 1);
  const places = elementsOf(value);
  let others = 0;
  for (const place of places) {
    const count = left.get(place) ?? 0;
    if (count === 0) others++;
    else left.set(place, count - 1);
  }
  return others / places.length;
}

/** The same elements in ascending order. */
function sorted(tensor: Tensor): Tensor {
  const bytes = Uint8Array.from(tensor.bytes);
  const { dtype } = tensor;
  if (dtype === 'float32') new Float32Array(bytes.buffer).sort();
  else if (dtype === 'int64') new BigInt64Array(bytes.buffer).sort();
  else bytes.sort();
  return { ...tensor, bytes };
}
