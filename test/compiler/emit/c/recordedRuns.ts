// What the interpreter was asked to run, with what it read and wrote: material for every emitter.
import type { Scalar } from '../../../../compiler/loop/arithmetic.ts';
import type * as Interpreter from '../../../../compiler/loop/interpret.ts';
import type { LoopProgram } from '../../../../compiler/loop/ir.ts';
import type { Cells } from '../../../../compiler/loop/memory.ts';

export interface RecordedRun {
  readonly program: LoopProgram;
  readonly sizes: Readonly<Record<string, number>>;
  readonly inputs: readonly (readonly Scalar[])[];
  /** `undefined`: never written. */
  readonly outputs: readonly (readonly (Scalar | undefined)[])[];
  /** The operator whose check failed. */
  readonly failed?: string;
}

type Run = typeof Interpreter.interpret;

/** An `interpret` that keeps a record of every run that ended by itself. */
export function recording(run: Run, isRunError: (error: unknown) => error is Interpreter.RunError) {
  const runs: RecordedRun[] = [];
  const interpret: Run = (program, sizes, memory, options) => {
    const of = (buffers: LoopProgram['inputs']) =>
      buffers.map(({ name }) => elements(memory.get(name)!));
    const inputs = of(program.inputs).map((list) => list.map((element) => element ?? 0));
    const record = { program, sizes: Object.fromEntries(sizes), inputs };
    try {
      run(program, sizes, memory, options);
    } catch (error) {
      if (isRunError(error)) runs.push({ ...record, outputs: [], failed: error.operator });
      throw error;
    }
    runs.push({ ...record, outputs: of(program.outputs) });
  };
  return { interpret, runs };
}

function elements(cells: Cells): (Scalar | undefined)[] {
  return Array.from({ length: cells.length }, (_, at) => {
    try {
      return cells.get(at);
    } catch {
      return undefined;
    }
  });
}
