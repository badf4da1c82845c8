// Small loop programs for tests, and a one-line way to run them.
import type { Scalar } from '../../../compiler/loop/arithmetic.ts';
import type { Buffer, Expr } from '../../../compiler/loop/expr.ts';
import { binary, literal, load, read } from '../../../compiler/loop/expr.ts';
import { constant, size, variable } from '../../../compiler/loop/indexExpr.ts';
import type { RunOptions } from '../../../compiler/loop/interpret.ts';
import { interpret, shapeOf } from '../../../compiler/loop/interpret.ts';
import type { LoopProgram, Stmt } from '../../../compiler/loop/ir.ts';
import { globalBuffer, loop, store } from '../../../compiler/loop/ir.ts';
import { allocate, cellsOf, elementsOf } from '../../../compiler/loop/memory.ts';
import type { Cells } from '../../../compiler/loop/memory.ts';
import type { StorageType } from '../../../compiler/loop/scalarType.ts';

/** Runs a program on the given inputs; the elements of its outputs, in order. */
export function run(
  program: LoopProgram,
  inputs: readonly (readonly Scalar[])[],
  sizes: Readonly<Record<string, number>> = {},
  options: RunOptions = {},
): readonly (readonly Scalar[])[] {
  const sizeMap = new Map(Object.entries(sizes));
  const memory = new Map<string, Cells>();
  program.inputs.forEach((buffer, i) => {
    memory.set(buffer.name, cellsOf(buffer.storage, inputs[i] ?? []));
  });
  for (const buffer of program.outputs) {
    const count = shapeOf(buffer.shape, sizeMap).reduce((product, dim) => product * dim, 1);
    memory.set(buffer.name, allocate(buffer.storage, count, 'poisoned'));
  }
  interpret(program, sizeMap, memory, options);
  return program.outputs.map(({ name }) => elementsOf(memory.get(name)!));
}

/** `out[0] = value` over the named inputs. */
export function scalarProgram(
  storage: StorageType,
  inputs: readonly StorageType[],
  of: (...operands: Expr[]) => Expr,
): LoopProgram {
  const buffers = inputs.map((type, i) => globalBuffer(`in${i}`, type, []));
  const out = globalBuffer('out', storage, []);
  const value = of(...buffers.map((buffer) => load(buffer, [])));
  return programOf(buffers, [out], [store(out, [], value)]);
}

export function programOf(
  inputs: readonly Buffer[],
  outputs: readonly Buffer[],
  body: readonly Stmt[],
  sizes: Readonly<Record<string, number>> = {},
): LoopProgram {
  return {
    name: 'test',
    sizes: Object.entries(sizes).map(([name, atLeast]) => ({ name, atLeast })),
    inputs,
    outputs,
    body,
  };
}

/** out[i] = sum over k of x[i, k]. */
export function rowSums(): LoopProgram {
  const x = globalBuffer('x', 'f32', [size('n'), constant(3)]);
  const out = globalBuffer('out', 'f32', [size('n')]);
  const [i, k] = [variable('i'), variable('k')];
  const sum = read('sum', 'f32');
  const body = loop(
    'i',
    size('n'),
    [
      { kind: 'variable', name: 'sum', initial: literal('f32', 0) },
      loop('k', constant(3), [
        { kind: 'assign', name: 'sum', value: binary('add', sum, load(x, [i, k])) },
      ]),
      store(out, [i], sum),
    ],
    'parallel',
  );
  return programOf([x], [out], [body], { n: 1 });
}
