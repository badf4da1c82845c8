/**
 * Which buffers share one place in the arena: an output may be written over an input that the step is the last to
 * read, where the kernel reads each element before that.
 */
import type { EmittedKernel } from '../emit/kernel.ts';
import type { BufferDraft } from './bufferTable.ts';
import type { BundleStep } from './bundle.ts';
import { mayReplace } from './inPlace.ts';
import type { LiveRange } from './memoryPlan.ts';

export interface SharedPlaces {
  readonly ranges: readonly LiveRange[];
  /** Index into `ranges` of each arena buffer. */
  readonly rangeOf: ReadonlyMap<number, number>;
}

interface Place {
  readonly bytes: number;
  readonly first: number;
  last: number;
}

/** `inPlace` off: every buffer has a place of its own. */
export function sharedPlaces(
  drafts: readonly BufferDraft[],
  steps: readonly BundleStep[],
  kernels: readonly EmittedKernel[],
  inPlace: boolean,
): SharedPlaces {
  const replaced = inPlace ? replacements(drafts, steps, kernels) : new Map<number, number>();
  const ranges: Place[] = [];
  const rangeOf = new Map<number, number>();
  // Buffers are in the order of the steps: what is replaced comes before what replaces it.
  drafts.forEach(({ space, bytes, first, last }, i) => {
    if (space !== 'arena') return;
    const before = replaced.get(i);
    if (before === undefined) {
      rangeOf.set(i, ranges.push({ bytes, first, last }) - 1);
      return;
    }
    const place = rangeOf.get(before)!;
    rangeOf.set(i, place);
    ranges[place]!.last = Math.max(ranges[place]!.last, last);
  });
  return { ranges, rangeOf };
}

/** The buffer in whose place another one is written, by the latter. */
function replacements(
  drafts: readonly BufferDraft[],
  steps: readonly BundleStep[],
  kernels: readonly EmittedKernel[],
): ReadonlyMap<number, number> {
  const answers = new Map<string, boolean>();
  const allows = (kernel: number, input: number, output: number): boolean => {
    const key = `${kernel} ${input} ${output}`;
    const known = answers.get(key) ?? mayReplace(kernels[kernel]!.phased, input, output);
    answers.set(key, known);
    return known;
  };
  const replaced = new Map<number, number>();
  steps.forEach(({ kernel, buffers }, step) => {
    const { inputs, outputs } = kernels[kernel]!.phased.program;
    const taken = new Set<number>();
    outputs.forEach((_, output) => {
      const own = buffers[inputs.length + output]!;
      const { bytes, value } = drafts[own]!;
      if (value < 0) return;
      const input = inputs.findIndex((_, at) => {
        const draft = drafts[buffers[at]!]!;
        const dies = draft.space === 'arena' && draft.last === step && draft.bytes === bytes;
        return dies && !taken.has(buffers[at]!) && allows(kernel, at, output);
      });
      if (input < 0) return;
      taken.add(buffers[input]!);
      replaced.set(own, buffers[input]!);
    });
  });
  return replaced;
}
