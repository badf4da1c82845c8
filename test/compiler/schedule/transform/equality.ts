// Whether a transform kept a program's meaning: both run on the interpreter on the same random inputs, the
// result is verified, and no access lost its proof.
import { expect } from 'vitest';
import type { Scalar } from '../../../../compiler/loop/arithmetic.ts';
import { unprovenAccesses } from '../../../../compiler/loop/bounds.ts';
import type { Buffer } from '../../../../compiler/loop/expr.ts';
import { constant } from '../../../../compiler/loop/indexExpr.ts';
import { interpret, shapeOf } from '../../../../compiler/loop/interpret.ts';
import type { LoopProgram } from '../../../../compiler/loop/ir.ts';
import type { Layout } from '../../../../compiler/loop/layout.ts';
import { physicalIndex } from '../../../../compiler/loop/layout.ts';
import type { Cells } from '../../../../compiler/loop/memory.ts';
import { allocate, cellsOf } from '../../../../compiler/loop/memory.ts';
import { printProgram } from '../../../../compiler/loop/print.ts';
import { isFloat, isWide, registerType } from '../../../../compiler/loop/scalarType.ts';
import { verifyProgram } from '../../../../compiler/loop/verify.ts';
import { lowerPlan } from '../../../../compiler/lower/runGraph.ts';
import type { ModelSpec } from '../../onnx/protoWriter.ts';
import { Random } from '../../lower/randomGraphs.ts';
import { oneBlock, prepareSpec } from '../../lower/running.ts';

/** The program of a model as a single block. */
export function lowered(spec: Omit<ModelSpec, 'opset'>): LoopProgram {
  const { model } = prepareSpec({ opset: 20, ...spec });
  const [block] = lowerPlan(model, oneBlock(model));
  return block!.program;
}

export interface Comparison {
  readonly sizes?: Readonly<Record<string, number>>;
  /** Layouts that `after` has and `before` has not, by buffer name. */
  readonly layouts?: ReadonlyMap<string, Layout>;
  /** Largest difference relative to the largest result; 0: bit for bit. */
  readonly tolerance?: number;
  /** Least and most of integer inputs. */
  readonly integers?: readonly [number, number];
}

/** Fails, with both programs as text, where they differ. */
export function expectSame(
  before: LoopProgram,
  after: LoopProgram,
  { sizes = {}, layouts = new Map(), tolerance = 0, integers = [0, 3] }: Comparison = {},
): void {
  const text = (): string => `${printProgram(before)}\n${printProgram(after)}`;
  expect(verifyProgram(after), text()).toEqual([]);
  expect(unprovenAccesses(after), text()).toEqual([]);
  const sizeMap = new Map(Object.entries(sizes));
  const random = new Random(7);
  const data = before.inputs.map((buffer) => randomElements(buffer, sizeMap, random, integers));
  const first = runOn(before, before, data, sizeMap, new Map());
  const second = runOn(after, before, data, sizeMap, layouts);
  before.outputs.forEach(({ name }, i) => {
    const [a, b] = [first[i]!, second[i]!];
    if (tolerance === 0) {
      if (a.some((value, at) => !Object.is(value, b[at])))
        expect(b, `${name}\n${text()}`).toEqual(a);
      return;
    }
    const scale = Math.max(...a.map((value) => Math.abs(Number(value))), 1e-30);
    const worst = Math.max(
      ...a.map((value, at) => Math.abs(Number(value) - Number(b[at])) / scale),
    );
    expect(worst, `${name}\n${text()}`).toBeLessThanOrEqual(tolerance);
  });
}

/** Outputs in row-major order of `logical`, the program before its buffers got layouts. */
function runOn(
  program: LoopProgram,
  logical: LoopProgram,
  data: readonly (readonly Scalar[])[],
  sizes: ReadonlyMap<string, number>,
  layouts: ReadonlyMap<string, Layout>,
): readonly (readonly Scalar[])[] {
  const memory = new Map<string, Cells>();
  program.inputs.forEach((buffer, i) => {
    const layout = layouts.get(buffer.name);
    const dims = shapeOf(logical.inputs[i]!.shape, sizes);
    const elements = layout ? packed(buffer, layout, dims, data[i]!, sizes) : data[i]!;
    const cells = cellsOf(buffer.storage, elements);
    memory.set(buffer.name, cells);
  });
  for (const buffer of program.outputs) {
    memory.set(buffer.name, allocate(buffer.storage, count(buffer, sizes), 'poisoned'));
  }
  interpret(program, sizes, memory, { maxSteps: 3e7 });
  return program.outputs.map((buffer, i) => {
    const cells = memory.get(buffer.name)!;
    const layout = layouts.get(buffer.name);
    if (layout === undefined) return Array.from({ length: cells.length }, (_, at) => cells.get(at));
    const dims = shapeOf(logical.outputs[i]!.shape, sizes);
    return places(layout, dims, buffer, sizes).map((at) => cells.get(at));
  });
}

/** Physical position of every logical element, in row-major order of the logical ones. */
function places(
  layout: Layout,
  dims: readonly number[],
  buffer: Buffer,
  sizes: ReadonlyMap<string, number>,
): readonly number[] {
  const physical = shapeOf(buffer.shape, sizes);
  const total = dims.reduce((product, dim) => product * dim, 1);
  return Array.from({ length: total }, (_, flat) => {
    let rest = flat;
    const index = [...dims].reverse().map((dim) => {
      const value = rest % dim;
      rest = Math.floor(rest / dim);
      return constant(value);
    });
    return physicalIndex(layout, index.reverse()).reduce((at, part, axis) => {
      if (part.kind !== 'constant') throw new Error('a layout of constants gives constants');
      return at * physical[axis]! + part.value;
    }, 0);
  });
}

function packed(
  buffer: Buffer,
  layout: Layout,
  dims: readonly number[],
  elements: readonly Scalar[],
  sizes: ReadonlyMap<string, number>,
): readonly Scalar[] {
  const zero = isWide(registerType(buffer.storage)) ? 0n : 0;
  const result = new Array<Scalar>(count(buffer, sizes)).fill(zero);
  places(layout, dims, buffer, sizes).forEach((at, i) => {
    result[at] = elements[i]!;
  });
  return result;
}

function count({ shape }: Buffer, sizes: ReadonlyMap<string, number>): number {
  return shapeOf(shape, sizes).reduce((product, dim) => product * dim, 1);
}

function randomElements(
  buffer: Buffer,
  sizes: ReadonlyMap<string, number>,
  random: Random,
  [least, most]: readonly [number, number],
): readonly Scalar[] {
  const type = registerType(buffer.storage);
  return Array.from({ length: count(buffer, sizes) }, () => {
    if (isFloat(type)) return Math.fround(random.real());
    const value = least + random.below(most - least + 1);
    return isWide(type) ? BigInt(value) : type === 'bool' ? value & 1 : value;
  });
}
