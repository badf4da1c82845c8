// What a hostile model goes through: import, inference, ECG, planning with every planner. A model may be
// refused with a ModelError; anything else that is thrown is a mistake of the compiler.
import { analysePass, importPass, planPass } from '../../compiler/compile.ts';
import { ModelError } from '../../compiler/diagnostics.ts';
import { PLANNERS } from '../../compiler/fusion/plan.ts';
import type { PlanEdits } from '../../compiler/fusion/plan.ts';
import { printGraph } from '../../compiler/graph/print.ts';
import { assertSound } from '../../compiler/graph/verify.ts';
import type { ModelSource } from '../../compiler/onnx/source.ts';

const NO_EDITS: PlanEdits = { planner: 'none', overrides: [], replannedAt: 0, bindings: {} };

/** Returns 'planned' or the code of the ModelError. */
export async function compileHostile(source: ModelSource): Promise<string> {
  try {
    const imported = await importPass(source);
    assertSound(imported.model.graph, 'import');
    if (imported.model.graph.operators.length < 2000) printGraph(imported.model.graph);
    const analysed = await analysePass(imported, new Map());
    assertSound(analysed.model.graph, 'inference');
    for (const planner of PLANNERS) await planPass(analysed, { ...NO_EDITS, planner });
    for (const { message } of analysed.model.diagnostics) assertOneLine(message);
    return 'planned';
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    assertOneLine(error.message);
    return error.code;
  }
}

/** Names of the model must not break a message into lines. */
function assertOneLine(message: string): void {
  if (/[\n\r\u2028\u2029]/.test(message)) throw new Error(`several lines: ${message}`);
}
