/**
 * Makes a model definite before kernels are built: every size of an input becomes a number, and inputs whose values
 * shapes or kernels depend on (Reshape targets, axes, the k of TopK …) become constants. Which inputs those are is
 * found by trying which operators near short inputs cannot be built until the values are known. A bundle is built
 * for those sizes and values and runs for no others.
 */
import type { DiagnosticCode } from '../diagnostics.ts';
import type { Bindings } from '../graph/dim.ts';
import { symbolsOf } from '../graph/dim.ts';
import type { Model, Value } from '../graph/graph.ts';
import { tensorType } from '../graph/types.ts';
import { inferModel } from '../infer/inferModel.ts';
import { decodeElements } from '../onnx/elements.ts';
import { quoted } from '../onnx/names.ts';
import { NO_REWRITES } from '../rewrite/rewrite.ts';
import type { RewriteSettings } from '../rewrite/rewrite.ts';
import { simplifyInferred } from '../rewrite/simplifyModel.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { countOf } from '../tensor/tensor.ts';
import { bindSizes } from './bindSizes.ts';
import type { BoundInput } from './bundle.ts';
import { BundleError } from './bundleError.ts';
import { stuckOperators } from './stuckOperators.ts';

export interface BoundModel {
  /** Inferred, rewritten, constants folded; its inputs have plain numbers as sizes. */
  readonly model: Model;
  readonly bindings: Bindings;
  /** Position among the inputs of the model file, by input of the graph. */
  readonly positions: readonly number[];
  readonly bound: readonly BoundInput[];
}

export interface BindOptions {
  /** Sizes by symbol. */
  readonly dims?: Bindings;
  /** Actual inputs in the order of the graph's; where missing, only the declared shape counts. */
  readonly inputs?: Inputs;
  /** Default: no rewriting. */
  readonly rewrite?: RewriteSettings;
}

type Inputs = readonly (Tensor | undefined)[];

/** Elements of an input that may be a parameter. */
const MOST_INTEGERS = 4096;
const MOST_FLOATS = 64;

/**
 * @param imported canonical, not yet inferred.
 * Throws BundleError where a size is still open, an input does not fit the model, or a value is needed that
 * is not given.
 */
export function bindModel(
  imported: Model,
  { dims, inputs = [], rewrite = NO_REWRITES }: BindOptions,
): BoundModel {
  const bindings = bindSizes(imported, dims ?? new Map(), inputs);
  const sized = withSizes(imported, inputs);
  const inputAt = (at: number): Value => sized.graph.values[sized.graph.inputs[at]!]!;
  const all = sized.graph.inputs.map((_, at) => at);
  const candidates = all.filter((at) => mayBeParameter(inputAt(at), inputs[at]));
  const names = new Set(candidates.map((at) => inputAt(at).name));
  const attempt = (positions: readonly number[]): Attempt => {
    const model = inferModel(withValues(sized, positions, inputs), { bindings });
    return { positions, model, stuck: stuckOperators(model, names) };
  };
  const chosen = fewestValues(attempt, candidates, inputs);
  refuseMistakes(chosen.model);
  refuseOpenSizes(chosen.model);
  const missing = candidates.filter((at) => inputs[at] === undefined).map(inputAt);
  refuseMissingValues(chosen, missing);
  return {
    model: simplifyInferred(chosen.model, bindings, rewrite).model,
    bindings,
    positions: all.filter((at) => !chosen.positions.includes(at)),
    bound: [...chosen.positions]
      .sort((a, b) => a - b)
      .map((at) => ({ position: at, name: inputAt(at).name, tensor: inputs[at]! })),
  };
}

interface Attempt {
  readonly positions: readonly number[];
  readonly model: Model;
  /** Ids of operators that cannot be built. */
  readonly stuck: readonly string[];
}

/** As little as possible is bound: data has to stay data. */
function fewestValues(
  attempt: (positions: readonly number[]) => Attempt,
  candidates: readonly number[],
  inputs: Inputs,
): Attempt {
  const none = attempt([]);
  const given = candidates.filter((at) => inputs[at] !== undefined);
  if (none.stuck.length === 0 || given.length === 0) return none;
  let best = attempt(given);
  if (best.stuck.length >= none.stuck.length) return none;
  const suspects = [...given].sort((a, b) => suspicion(inputs[b]!) - suspicion(inputs[a]!));
  for (const suspect of suspects) {
    const without = attempt(best.positions.filter((at) => at !== suspect));
    if (without.stuck.length <= best.stuck.length) best = without;
  }
  return best;
}

/** Floats and long lists are the least likely parameters: whether they are needed is tried first. */
function suspicion({ dtype, dims }: Tensor): number {
  return (dtype.startsWith('int') ? 0 : 2 * MOST_INTEGERS) + countOf(dims);
}

/** Scalars and short lists of numbers; images and texts are data. */
function mayBeParameter({ type }: Value, given: Tensor | undefined): boolean {
  if (type.kind !== 'tensor') return false;
  const rank = given?.dims.length ?? type.shape?.length ?? 0;
  if (rank > 1 || !/^(u?int|bool|float(32|64)$)/.test(type.dtype)) return false;
  const most = type.dtype.startsWith('float') ? MOST_FLOATS : MOST_INTEGERS;
  return given === undefined || countOf(given.dims) <= most;
}

/** Inputs have the shapes of the tensors that are there. */
function withSizes(model: Model, inputs: Inputs): Model {
  const { graph } = model;
  const given = new Map(graph.inputs.map((value, at) => [value, inputs[at]]));
  const values = graph.values.map((value) => {
    const tensor = given.get(value.index);
    return tensor ? { ...value, type: tensorType(tensor.dtype, tensor.dims) } : value;
  });
  return { ...model, graph: { ...graph, values } };
}

function withValues(model: Model, positions: readonly number[], inputs: Inputs): Model {
  if (positions.length === 0) return model;
  const { graph } = model;
  const tensors = new Map(positions.map((at) => [graph.inputs[at]!, inputs[at]!]));
  const values = graph.values.map((value): Value => {
    const tensor = tensors.get(value.index);
    return tensor === undefined ? value : asConstant(value, tensor);
  });
  const left = graph.inputs.filter((value) => !tensors.has(value));
  return { ...model, graph: { ...graph, values, inputs: left } };
}

function asConstant(value: Value, { dtype, dims, bytes }: Tensor): Value {
  const data = Array.from(decodeElements(bytes, dtype, countOf(dims)));
  const constant = { dtype, dims, source: { kind: 'bytes', bytes } } as const;
  return { ...value, isInput: false, constant, known: { dtype, dims, data } };
}

/** What such an operator gives is not defined. */
const MISTAKES: ReadonlySet<DiagnosticCode> = new Set([
  'model/bad-attribute',
  'operator/bad-arity',
  'shape/mismatch',
  'type/mismatch',
]);

function refuseMistakes({ graph, diagnostics }: Model): void {
  const ids = new Set(graph.operators.map(({ id }) => id));
  const mistake = diagnostics.find(({ code, node }) => {
    return MISTAKES.has(code) && node !== undefined && ids.has(node);
  });
  if (mistake !== undefined) throw new BundleError(`The model cannot run: ${mistake.message}`);
}

function refuseOpenSizes({ graph }: Model): void {
  const open = new Set<string>();
  for (const input of graph.inputs) {
    const { type, name } = graph.values[input]!;
    if (type.kind !== 'tensor') {
      throw new BundleError(`Input ${quoted(name)} is no tensor: such models cannot run here.`);
    }
    if (type.shape === null) {
      throw new BundleError(`The shape of input ${quoted(name)} is not known: give the input.`);
    }
    for (const dim of type.shape) symbolsOf(dim, open);
  }
  if (open.size === 0) return;
  const names = [...open].map((name) => quoted(name)).join(', ');
  throw new BundleError(`Sizes are open: give a number for ${names}.`);
}

function refuseMissingValues({ stuck, model }: Attempt, missing: readonly Value[]): void {
  const [id] = stuck;
  if (id === undefined || missing.length === 0) return;
  const type = model.graph.operators.find((operator) => operator.id === id)?.type ?? '';
  // Floats are rarely what is needed.
  const whole = missing.filter(
    (value) => value.type.kind === 'tensor' && !value.type.dtype.startsWith('float'),
  );
  const wanted = whole.length > 0 ? whole : missing;
  const names = wanted.map(({ name }) => quoted(name)).join(', ');
  throw new BundleError(`${type} ${quoted(id)} needs the values of inputs: give ${names}.`);
}
