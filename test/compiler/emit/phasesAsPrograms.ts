// Phases as loop programs, so that the interpreter can run them one after another.
import type { PhasedProgram } from '../../../compiler/emit/kernel.ts';
import type { Scalar } from '../../../compiler/loop/arithmetic.ts';
import { interpret, shapeOf } from '../../../compiler/loop/interpret.ts';
import type { LoopProgram } from '../../../compiler/loop/ir.ts';
import { loop } from '../../../compiler/loop/ir.ts';
import type { Cells } from '../../../compiler/loop/memory.ts';
import { allocate, cellsOf, elementsOf } from '../../../compiler/loop/memory.ts';

/** Each phase sees arguments and shared buffers only: a name of another phase would be unbound. */
export function phasesAsPrograms({ program, phases, shared }: PhasedProgram): LoopProgram[] {
  return phases.map(({ parallel, before, body }, i) => {
    const inner =
      parallel === undefined ? body : [loop(parallel.variable, parallel.extent, body, 'parallel')];
    const buffers = shared.map((buffer) => ({ ...buffer, space: 'global' as const }));
    const outputs = [...program.outputs, ...buffers];
    return { ...program, name: `${program.name}_${i}`, outputs, body: [...before, ...inner] };
  });
}

/** Like `run` of the loop tests, but phase by phase. */
export function runPhases(
  phased: PhasedProgram,
  inputs: readonly (readonly Scalar[])[],
  sizes: Readonly<Record<string, number>> = {},
): readonly (readonly Scalar[])[] {
  const { program, shared } = phased;
  const sizeMap = new Map(Object.entries(sizes));
  const memory = new Map<string, Cells>();
  program.inputs.forEach((buffer, i) => {
    memory.set(buffer.name, cellsOf(buffer.storage, inputs[i] ?? []));
  });
  for (const { name, storage, shape } of [...program.outputs, ...shared]) {
    const count = shapeOf(shape, sizeMap).reduce((product, dim) => product * dim, 1);
    memory.set(name, allocate(storage, count, 'poisoned'));
  }
  for (const phase of phasesAsPrograms(phased)) interpret(phase, sizeMap, memory);
  return program.outputs.map(({ name }) => elementsOf(memory.get(name)!));
}
