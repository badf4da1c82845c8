/**
 * Sizes that a model leaves open, for commands that need numbers: taken as planning ranks with them, and said.
 */
import type { PlanEdits } from '../fusion/plan.ts';
import { importModel } from '../onnx/importModel.ts';
import { openModelFile } from '../onnx/source.ts';
import { printable } from './terminal.ts';

/** The edits with every size of the inputs bound. Throws ModelError. */
export function bindOpenSizes(path: string, edits: PlanEdits): PlanEdits {
  const source = openModelFile(path);
  try {
    const open = [...importModel(source).symbols.values()].filter(
      ({ name, origin }) => origin === 'input' && !Object.hasOwn(edits.bindings, name),
    );
    if (open.length === 0) return edits;
    const shown = open.map(({ name, fallback }) => `${name} = ${fallback}`).join(', ');
    process.stderr.write(
      `Sizes that the model leaves open are taken as ${printable(shown)} (--dim NAME=N sets others).\n`,
    );
    const assumed = Object.fromEntries(open.map(({ name, fallback }) => [name, fallback]));
    return { ...edits, bindings: { ...assumed, ...edits.bindings } };
  } finally {
    source.close();
  }
}
