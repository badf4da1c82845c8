/**
 * Numbers for the sizes that a model's inputs leave open: those given by name, and those that actual inputs have.
 */
import type { Bindings, Dim } from '../graph/dim.ts';
import { evaluateDim, formatDim, formatShape } from '../graph/dim.ts';
import type { Model } from '../graph/graph.ts';
import { quoted } from '../onnx/names.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { BundleError } from './bundleError.ts';

/** Throws BundleError where the inputs contradict the model, each other or the given sizes. */
export function bindSizes(
  { graph, symbols }: Model,
  dims: Bindings,
  inputs: readonly (Tensor | undefined)[],
): Bindings {
  const sizes = new Map<string, number>();
  for (const [name, size] of dims) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new BundleError(`${quoted(name)} cannot be ${size}: sizes are whole numbers.`);
    }
    if (!symbols.has(name)) throw new BundleError(`The model has no size ${quoted(name)}.`);
    sizes.set(name, size);
  }
  if (inputs.length > graph.inputs.length) {
    throw new BundleError(
      `The model has ${graph.inputs.length} inputs, ${inputs.length} are given.`,
    );
  }
  const checks: (() => void)[] = [];
  inputs.forEach((tensor, at) => {
    const { type, name } = graph.values[graph.inputs[at]!]!;
    if (tensor === undefined || type.kind === 'unknown') return;
    if (type.kind !== 'tensor' || (type.dtype !== 'undefined' && type.dtype !== tensor.dtype)) {
      const wanted = type.kind === 'tensor' ? type.dtype : type.kind;
      throw new BundleError(`Input ${quoted(name)} is ${tensor.dtype}, the model takes ${wanted}.`);
    }
    const { shape } = type;
    if (shape === null) return;
    const misfit = (): never => {
      const [own, wanted] = [formatShape(tensor.dims), formatShape(shape)];
      throw new BundleError(`Input ${quoted(name)} is ${own}, the model takes ${wanted}.`);
    };
    if (shape.length !== tensor.dims.length) misfit();
    shape.forEach((dim, axis) => {
      bindDim(dim, tensor.dims[axis]!, sizes);
      checks.push(() => {
        const expected = evaluateDim(dim, (symbol) => sizes.get(symbol) ?? Number.NaN);
        if (!Number.isNaN(expected) && expected !== tensor.dims[axis]) misfit();
      });
    });
  });
  for (const check of checks) check();
  return sizes;
}

/** A dim that is one symbol and nothing else takes the size. */
function bindDim(dim: Dim, actual: number, sizes: Map<string, number>): void {
  if (typeof dim === 'number' || dim.terms.length !== 1) return;
  const [term] = dim.terms;
  const [atom] = term!.atoms;
  if (term!.coefficient !== 1 || term!.atoms.length !== 1 || atom?.kind !== 'symbol') return;
  if (formatDim(dim) === atom.name && !sizes.has(atom.name)) sizes.set(atom.name, actual);
}
