// Shortcuts of the rewriting tests: small graphs as text, rules one at a time, both sides on the interpreter.
import { buildEcg } from '../../../compiler/ecg/buildEcg.ts';
import type { Model } from '../../../compiler/graph/graph.ts';
import type { DataType } from '../../../compiler/graph/types.ts';
import { inferModel } from '../../../compiler/infer/inferModel.ts';
import type { Scalar } from '../../../compiler/loop/arithmetic.ts';
import type { Tensor } from '../../../compiler/lower/runGraph.ts';
import { runGraph } from '../../../compiler/lower/runGraph.ts';
import { storageOf } from '../../../compiler/lower/storage.ts';
import type { RewriteResult, RewriteSettings } from '../../../compiler/rewrite/rewrite.ts';
import { DEFAULT_REWRITES } from '../../../compiler/rewrite/rewrite.ts';
import { rewriteModel } from '../../../compiler/rewrite/rewriteModel.ts';
import { ALL_RULES } from '../../../compiler/rewrite/rules/index.ts';
import { Random } from '../../fuzz/random.ts';
import { planOf } from '../lower/running.ts';
import { importSpec } from '../onnx/importing.ts';
import type { AttributeSpec } from '../onnx/protoWriter.ts';
import { input, node, tensor } from '../onnx/protoWriter.ts';

/** Letters stand for sizes that a test draws; `float16 m 3` names an element type. */
export type TensorText = string;

export interface GraphText {
  readonly inputs: Readonly<Record<string, TensorText>>;
  /** Weights: a shape (random elements), or a shape and elements (`2 = 1 2`; one element fills the shape). */
  readonly constants?: Readonly<Record<string, TensorText>>;
  /** Lines `y = Add(a, b) {axis=1}`; the last one's results are outputs, and those marked `out`. */
  readonly nodes: string;
  readonly opset?: number;
  /** Numbers of inputs are not below this (roots, logarithms). */
  readonly least?: number;
}

export type Sizes = Readonly<Record<string, number>>;

interface Declared {
  readonly dtype: DataType;
  readonly dims: readonly number[];
  readonly data?: readonly number[];
}

function declared(text: TensorText, sizes: Sizes): Declared {
  const [shape = '', elements] = text.split('=');
  const words = shape.trim().split(/\s+/).filter(Boolean);
  const dtype = /^(b?float|u?int|bool)/.test(words[0] ?? '') ? words.shift() : 'float32';
  const dims = words.map((word) => sizes[word] ?? Number(word));
  const count = dims.reduce((a, b) => a * b, 1);
  const given = elements?.trim().split(/\s+/).map(Number);
  const data =
    given?.length === 1 && count !== 1 ? new Array<number>(count).fill(given[0]!) : given;
  return { dtype: dtype as DataType, dims, ...(data && { data }) };
}

function elementsOf(type: Declared, random: Random, least: number): number[] {
  const count = type.dims.reduce((a, b) => a * b, 1);
  return Array.from({ length: count }, () => {
    if (type.dtype.startsWith('float')) {
      const value = Math.fround(random.below(4001) / 1000 - 2);
      return least > -2 ? Math.fround(least + Math.abs(value)) : value;
    }
    if (type.dtype === 'bool') return random.below(2);
    return type.dtype.startsWith('u') ? random.below(200) : random.below(21) - 10;
  });
}

export interface Built {
  readonly model: Model;
  readonly feeds: readonly Tensor[];
}

/** The inferred model and inputs for it. */
export function build(text: GraphText, sizes: Sizes = SIZES, seed = 1): Built {
  const random = new Random(seed);
  const least = text.least ?? -2;
  const inputs = Object.entries(text.inputs).map(
    ([name, type]) => [name, declared(type, sizes)] as const,
  );
  const initializers = Object.entries(text.constants ?? {}).map(([name, type]) => {
    const { dtype, dims, data } = declared(type, sizes);
    return tensor(name, dtype, dims, data ?? elementsOf({ dtype, dims }, random, least));
  });
  const outputs: string[] = [];
  const lines = text.nodes.split('\n').flatMap((line) => line.split(';'));
  const nodes = lines
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line, i, all) => {
      const parts = /^(out )?(.*?) = ([\w.]+)\((.*?)\)(?:\s*\{(.*)\})?$/.exec(line);
      if (!parts) throw new Error(`no line of a graph: ${line}`);
      const [, marked, left = '', type = '', operands = '', attributes] = parts;
      const results = left.split(',').map((name) => name.trim());
      if (marked || i === all.length - 1) outputs.push(...results.filter(Boolean));
      const dot = type.lastIndexOf('.');
      return node(
        type.slice(dot + 1),
        operands.split(',').map((name) => name.trim()),
        results,
        attributesOf(attributes, sizes),
        dot < 0 ? {} : { domain: type.slice(0, dot) },
      );
    });
  const model = importSpec({
    opset: text.opset ?? 17,
    inputs: inputs.map(([name, { dtype, dims }]) => input(name, dtype, dims)),
    nodes,
    outputs,
    initializers,
  });
  const feeds = inputs.map(([, type]): Tensor => ({
    storage: storageOf(type.dtype)!,
    dims: type.dims,
    elements: stored(type.dtype, elementsOf(type, random, least)),
  }));
  return { model: inferModel(model, { bindings: new Map() }), feeds };
}

function stored(dtype: DataType, elements: readonly number[]): readonly Scalar[] {
  return dtype === 'int64' || dtype === 'uint64' ? elements.map(BigInt) : elements;
}

function attributesOf(text: string | undefined, sizes: Sizes): Record<string, AttributeSpec> {
  const found: Record<string, AttributeSpec> = {};
  for (const [, name = '', value = ''] of (text ?? '').matchAll(/(\w+)=(\[[^\]]*\]|[^,\s]+)/g)) {
    const number = (word: string): number => sizes[word] ?? Number(word);
    if (value.startsWith('[')) {
      found[name] = value
        .slice(1, -1)
        .split(/[\s,]+/)
        .filter(Boolean)
        .map(number);
    } else if (/^[A-Z_]{2,}$|^[a-z]{2,}$/.test(value)) found[name] = value;
    else found[name] = value.includes('.') ? { float: Number(value) } : number(value);
  }
  return found;
}

/** Distinct, so that a wrong axis shows. */
export const SIZES: Sizes = { b: 2, m: 3, n: 4, k: 5, c: 2, h: 4, w: 5 };

export function randomSizes(random: Random): Sizes {
  const draw = (): number => 1 + random.below(5);
  return { b: draw(), m: draw(), n: draw(), k: draw(), c: draw(), h: 3 + draw(), w: 3 + draw() };
}

/** Settings that leave one rule on. */
export function only(rule: string): RewriteSettings {
  return {
    ...DEFAULT_REWRITES,
    fastMath: true,
    offRules: ALL_RULES.map(({ name }) => name).filter((name) => name !== rule),
  };
}

export function run(model: Model, feeds: readonly Tensor[]): readonly Tensor[] {
  return runGraph(model, planOf(buildEcg(model, new Map()), 'none'), feeds, { maxSteps: 2e7 });
}

/** Types of operators in graph order. */
export function typesOf({ model }: Pick<RewriteResult, 'model'>): string {
  return model.graph.operators.map(({ type }) => type).join(' ');
}

export function rewrite(text: GraphText, settings: Partial<RewriteSettings> = {}): RewriteResult {
  return rewriteModel(build(text).model, { ...DEFAULT_REWRITES, ...settings });
}

/** The first difference between results, as text; undefined where there is none. */
export function differenceOf(
  expected: readonly Tensor[],
  found: readonly Tensor[],
  tolerance: number,
): string | undefined {
  for (const [i, a] of expected.entries()) {
    const b = found[i];
    if (!b || a.storage !== b.storage || a.dims.join() !== b.dims.join()) {
      return `output ${i}: ${a.storage} ${a.dims.join('×')} became ${b?.storage} ${b?.dims.join('×')}`;
    }
    const scale = Math.max(
      1,
      ...a.elements.map((x) => Math.abs(Number(x))).filter(Number.isFinite),
    );
    for (const [at, x] of a.elements.entries()) {
      const y = b.elements[at]!;
      // Zeros are equal whatever their sign.
      if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
      const error = Math.abs(Number(x) - Number(y));
      if (!(error <= tolerance * scale)) return `output ${i} element ${at}: ${x} became ${y}`;
    }
  }
  return undefined;
}
