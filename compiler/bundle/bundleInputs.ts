/**
 * Actual inputs of a bundle: checked against what it was built for, and put in its own order.
 */
import { quoted } from '../onnx/names.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { dtypeOf } from '../tensor/tensor.ts';
import type { Bundle } from './bundle.ts';
import { BundleError } from './bundleError.ts';

/**
 * @param given by position among the inputs of the model file; inputs that are bound by value may be missing.
 * Returns tensors for `bundle.inputs`, in order. Throws BundleError where one is missing or does not fit.
 */
export function selectInputs(
  { inputs, bound = [], buffers }: Pick<Bundle, 'inputs' | 'bound' | 'buffers'>,
  given: readonly (Tensor | undefined)[],
): readonly Tensor[] {
  for (const { position, name, tensor } of bound) {
    const own = given[position];
    if (own !== undefined && !isSame(own, tensor)) {
      throw new BundleError(
        `Shapes depend on input ${quoted(name)}: kernels were made for another value of it.`,
      );
    }
  }
  return inputs.map(({ name, storage, buffer, position }, place) => {
    const own = given[position ?? place];
    if (own === undefined) throw new BundleError(`Input ${quoted(name)} is missing.`);
    const [wanted, sizes] = [dtypeOf(storage), buffers[buffer]!.physical.join('×')];
    if (own.dtype !== wanted || own.dims.join('×') !== sizes) {
      const [is, needs] = [`${own.dtype} ${own.dims.join('×')}`, `${wanted} ${sizes}`];
      throw new BundleError(`Input ${quoted(name)} is ${is}, kernels were made for ${needs}.`);
    }
    return own;
  });
}

function isSame(a: Tensor, b: Tensor): boolean {
  if (a.dtype !== b.dtype || a.dims.join() !== b.dims.join()) return false;
  return a.bytes.every((byte, at) => byte === b.bytes[at]);
}
