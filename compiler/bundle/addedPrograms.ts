/**
 * Small programs that no operator stands for: a graph output that is an input or a constant is copied, and a tensor
 * of sizes that somebody outside reads is written from the sizes.
 */
import type { KnownTensor, Model } from '../graph/graph.ts';
import { cast, indexValue, literal, load } from '../loop/expr.ts';
import type { Expr } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { constant, variable } from '../loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../loop/ir.ts';
import { globalBuffer, loop, store } from '../loop/ir.ts';
import type { StorageType } from '../loop/scalarType.ts';
import { isFloat, isWide, registerType } from '../loop/scalarType.ts';
import type { LoweredBlock } from '../lower/block.ts';
import { Sizes } from '../lower/sizes.ts';
import { BundleError } from './bundleError.ts';

const NOTHING_ELSE = {
  bodyConstants: new Map<number, never>(),
  counts: [],
  symbols: new Map<string, string>(),
} as const;

/** Writes the elements of value `from` to value `to`, both row-major. */
export function copyProgram(
  from: number,
  to: number,
  storage: StorageType,
  dims: readonly number[],
): LoweredBlock {
  const shape = dims.map(constant);
  const input = globalBuffer('in0', storage, shape);
  const output = globalBuffer('out0', storage, shape);
  const at = dims.map((_, axis): Index => variable(`i${axis}`));
  const copy = store(output, at, load(input, at));
  const body = dims.reduceRight<readonly Stmt[]>(
    (inner, dim, axis) => [
      loop(`i${axis}`, constant(dim), inner, axis === 0 ? 'parallel' : 'serial'),
    ],
    [copy],
  );
  const program = { name: 'copy', sizes: [], inputs: [input], outputs: [output], body };
  return { ...NOTHING_ELSE, program, inputs: [from], outputs: [to] };
}

/** Writes whole numbers that are known as expressions of sizes. */
export function sizesProgram(
  model: Model,
  value: number,
  known: KnownTensor,
  storage: StorageType,
): LoweredBlock {
  const sizes = new Sizes(model.symbols);
  const output = globalBuffer('out0', storage, known.dims.map(constant));
  const body = known.data.map((element, i): Stmt => {
    if (element === undefined) {
      const { name } = model.graph.values[value]!;
      throw new BundleError(`An element of ${name} is not known before the model runs.`);
    }
    const number =
      typeof element === 'number'
        ? plain(storage, element)
        : cast(registerType(storage), indexValue(sizes.indexOf(element)));
    return store(output, position(i, known.dims), number);
  });
  const { parameters } = sizes;
  const program: LoopProgram = {
    name: 'sizes',
    sizes: parameters.map(({ name, atLeast, atMost }) => ({
      name,
      atLeast,
      ...(atMost !== undefined && { atMost }),
    })),
    inputs: [],
    outputs: [output],
    body,
  };
  const symbols = new Map(parameters.map(({ name, symbol }) => [name, symbol]));
  return { ...NOTHING_ELSE, program, inputs: [], outputs: [value], symbols };
}

function plain(storage: StorageType, element: number): Expr {
  const type = registerType(storage);
  return literal(type, isWide(type) || isFloat(type) ? element : Math.trunc(element));
}

function position(flat: number, dims: readonly number[]): readonly Index[] {
  const at: Index[] = [];
  let rest = flat;
  for (const dim of [...dims].reverse()) {
    at.unshift(constant(rest % dim));
    rest = Math.floor(rest / dim);
  }
  return at;
}
